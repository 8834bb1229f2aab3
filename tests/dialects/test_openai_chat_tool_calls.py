"""Which call a piece belongs to, whatever servers leave out or repeat (wire sheet: openai_compatible §2)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.dialects.openai_chat.tool_calls import ToolCalls
from chatkit.fold import Fold
from tests.dialects.openai_chat_case import chunk, finish, message, sse, stream_of, tool_piece, whole


def calls(*deltas: list[dict[str, Any]], answer_id: str | None = "a") -> list[tuple[Any, Any, Any]]:
    """(id, name, args) of the calls that the `tool_calls` of these deltas make."""
    reader, fold = ToolCalls(), Fold()
    for delta in deltas:
        fold.feed_all(reader.read(delta, answer_id))
    fold.feed_all(reader.close())
    return [(block["id"], block["name"], block["args"]) for block in fold.blocks(finished=True)]


def piece(args: Any = None, *, name: Any = None, **call: Any) -> dict[str, Any]:
    return {**call, "function": {"name": name, "arguments": args}}


def test_pieces_meet_by_index() -> None:
    first = [piece("", name="f", index=0, id="1"), piece("", name="g", index=1, id="2")]
    rest = [[piece('{"a"', index=0)], [piece('{"b"', index=1)], [piece(":1}", index=0), piece(":2}", index=1)]]
    assert calls(first, *rest) == [("1", "f", {"a": 1}), ("2", "g", {"b": 2})]


def test_pieces_meet_by_id_when_there_is_no_index() -> None:
    assert calls([piece("{", name="f", id="1")], [piece("{", name="g", id="2")], [piece("}", id="1")], [piece("}", id="2")]) == [
        ("1", "f", {}),
        ("2", "g", {}),
    ]


def test_pieces_without_index_and_id_continue_the_last_call() -> None:
    assert calls([piece('{"a"', name="f", id="1")], [piece(":1}")]) == [("1", "f", {"a": 1})]


def test_whole_calls_without_index_are_calls_of_their_own() -> None:
    one, two = piece('{"a":1}', name="f"), piece('{"a":2}', name="f")
    expected = [("call_a_0", "f", {"a": 1}), ("call_a_1", "f", {"a": 2})]
    assert calls([one, two]) == expected
    assert calls([one], [two]) == expected


def test_an_index_may_start_anywhere() -> None:
    assert calls([piece("{", name="f", index=3, id="1")], [piece("}", index=3)]) == [("1", "f", {})]


def test_a_new_id_on_the_same_index_is_a_new_call() -> None:
    deltas = [[piece('{"a":1}', name="f", index=0, id="1")], [piece('{"a":', name="f", index=0, id="2")], [piece("2}", index=0)]]
    assert calls(*deltas) == [("1", "f", {"a": 1}), ("2", "f", {"a": 2})]


def test_one_index_for_all_calls_of_a_delta() -> None:
    assert calls([piece("{}", name="f", index=0, id=""), piece("{}", name="f", index=0, id="")]) == [
        ("call_a_0", "f", {}),
        ("call_a_1", "f", {}),
    ]


def test_one_index_for_whole_calls_without_ids_in_several_deltas() -> None:
    assert calls([piece('{"a":1}', name="f", index=0)], [piece('{"a":2}', name="f", index=0)]) == [
        ("call_a_0", "f", {"a": 1}),
        ("call_a_1", "f", {"a": 2}),
    ]


@pytest.mark.parametrize("later", [{}, {"name": "f"}, {"name": ""}, {"name": "f", "id": "1"}, {"name": None, "id": ""}])
def test_names_and_ids_may_be_repeated_or_come_empty(later: dict[str, Any]) -> None:
    assert calls([piece('{"a"', name="f", index=0, id="1")], [piece(":1}", index=0, **later)]) == [("1", "f", {"a": 1})]


@pytest.mark.parametrize("id", [None, "", "null"])
def test_ids_are_made_up_where_there_is_none(id: str | None) -> None:
    assert calls([piece("{}", name="f", index=0, id=id)]) == [("call_a_0", "f", {})]
    (made_up,) = calls([piece("{}", name="f", index=0, id=id)], answer_id=None)
    assert len(made_up[0]) > 20


def test_an_id_that_comes_late_does_not_split_a_call() -> None:
    assert calls([piece('{"a"', name="f", index=0)], [piece(":1}", index=0, id="late")]) == [("call_a_0", "f", {"a": 1})]


def test_a_name_that_comes_late() -> None:
    assert calls([piece("", index=0, id="1")], [piece("{}", name="f", index=0)]) == [("1", "f", {})]


@pytest.mark.parametrize(("arguments", "args"), [(None, {}), ("", {}), ({"a": 1}, {"a": 1}), ("{}", {})])
def test_arguments_may_be_missing_or_an_object(arguments: Any, args: dict[str, Any]) -> None:
    assert calls([piece(arguments, name="f", index=0, id="1")]) == [("1", "f", args)]


def test_items_that_hold_an_empty_custom_part() -> None:
    assert calls([{**piece("{}", name="f", id="1"), "custom": {"name": "", "input": ""}}]) == [("1", "f", {})]


def test_free_text_of_custom_tools_becomes_one_argument() -> None:
    start = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "sql", "input": ""}}
    deltas = [[start], [{"index": 0, "custom": {"input": 'SELECT "a'}}], [{"index": 0, "custom": {"input": '"\n☀'}}]]
    assert calls(*deltas) == [("1", "sql", {"__arg1": 'SELECT "a"\n☀'})]
    blocks = message(whole({"tool_calls": [{**start, "custom": {"name": "sql", "input": "SELECT 1"}}]})).content_blocks
    assert blocks == [
        {"type": "tool_call", "name": "sql", "args": {"__arg1": "SELECT 1"}, "id": "1", "extras": {"type": "custom"}}
    ]


def test_a_custom_call_that_is_cut_is_invalid() -> None:
    start = {"index": 0, "id": "1", "type": "custom", "custom": {"name": "sql", "input": "SEL"}}
    fold = Fold().feed_all(ToolCalls().read([start], "a"))
    assert fold.blocks(finished=True)[0]["type"] == "invalid_tool_call"


def test_the_old_function_call_field() -> None:
    streamed = message(stream_of({"function_call": {"name": "f", "arguments": ""}}, {"function_call": {"arguments": '{"a":1}'}}))
    complete = message(whole({"function_call": {"name": "f", "arguments": '{"a":1}'}}))
    assert streamed.tool_calls == complete.tool_calls
    assert streamed.tool_calls == [{"name": "f", "args": {"a": 1}, "id": "call_chatcmpl-1_0", "type": "tool_call"}]


def test_thought_signatures_stay_with_their_call() -> None:
    extra = {"google": {"thought_signature": "sig"}}
    streamed = message(sse(tool_piece(0, "{}", id="1", name="f", extra_content=extra), finish("tool_calls")))
    assert streamed.content_blocks[0]["extras"] == {"extra_content": extra}


def test_a_call_with_its_first_arguments_in_the_first_chunk() -> None:
    first = chunk({"role": "assistant", "content": None, "tool_calls": [piece('{"a', name="f", index=0, id="1")]})
    assert message(sse(first, tool_piece(0, '":1}'), finish("tool_calls"))).tool_calls[0]["args"] == {"a": 1}


def test_arguments_that_are_cut_are_never_a_call() -> None:
    streamed = message(sse(tool_piece(0, '{"city": "Kö', id="1", name="f"), finish("length")))
    assert streamed.tool_calls == []
    assert streamed.invalid_tool_calls[0]["args"] == '{"city": "Kö'


def test_a_call_outside_a_list() -> None:
    call = {"index": 0, "id": "", "type": "function", "function": {"name": "weather", "arguments": '{"city":'}}
    rest = {"index": 0, "id": "", "type": "function", "function": {"name": "", "arguments": '"Oslo"}'}}
    made = message(sse(chunk({"tool_calls": call}), chunk({"tool_calls": rest}), finish()))
    assert [(call["name"], call["args"]) for call in made.tool_calls] == [("weather", {"city": "Oslo"})]

"""What ChatOllama reads from `/api/chat`, at any cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from chatkit.errors import IncompleteStreamError, InvalidResponseError, NotFoundError, ServerError
from chatkit.events import ErrorEvent
from chatkit_ollama import ChatOllama
from tests.providers.codec_case import cuts, events_of, read

MODEL = ChatOllama("qwen3:4b")


def lines(*objects: dict) -> bytes:
    return b"".join(
        json.dumps({"model": "qwen3:4b", "created_at": "2026-08-05T08:11:04Z", **o}, ensure_ascii=False).encode() + b"\n"
        for o in objects
    )


def part(done: bool = False, **message: object) -> dict:
    return {"message": {"role": "assistant", "content": "", **message}, "done": done}


END = part(done=True) | {
    "done_reason": "stop",
    "total_duration": 9,
    "load_duration": 2,
    "prompt_eval_count": 26,
    "eval_count": 298,
}
CALLS = [
    {"id": "call_a", "function": {"index": 0, "name": "weather", "arguments": {"city": "Zürich", "days": 2}}},
    {"id": "call_b", "function": {"index": 1, "name": "now", "arguments": {}}},
]
STREAM = lines(
    part(thinking="Let me"),
    part(thinking=" think…"),
    part(content="It is "),
    part(content="☀ 22°C"),
    part(tool_calls=CALLS[:1]),
    part(tool_calls=CALLS[1:]),
    END,
)


def check(message) -> None:
    assert [b["type"] for b in message.content_blocks] == ["reasoning", "text", "tool_call", "tool_call"]
    assert message.content_blocks[0]["reasoning"] == "Let me think…"
    assert message.text == "It is ☀ 22°C"
    assert message.tool_calls == [
        {"type": "tool_call", "name": "weather", "args": {"city": "Zürich", "days": 2}, "id": "call_a"},
        {"type": "tool_call", "name": "now", "args": {}, "id": "call_b"},
    ]
    assert message.usage_metadata == {"input_tokens": 26, "output_tokens": 298, "total_tokens": 324}
    assert message.response_metadata["model_name"] == "qwen3:4b"
    assert message.response_metadata["finish_reason"] == message.response_metadata["done_reason"] == "stop"
    assert message.response_metadata["total_duration"] == 9
    assert message.response_metadata["created_at"] == "2026-08-05T08:11:04Z"


def test_stream_in_one_piece_and_byte_by_byte() -> None:
    check(read(MODEL, STREAM))
    check(read(MODEL, STREAM, range(len(STREAM))))


@given(cuts(STREAM))
def test_stream_at_any_cut(at) -> None:
    check(read(MODEL, STREAM, at))


def test_whole_answer_is_the_sum_of_the_stream() -> None:
    whole = lines(
        {**END, "message": {"role": "assistant", "content": "It is ☀ 22°C", "thinking": "Let me think…", "tool_calls": CALLS}}
    )
    for body in (whole, whole.rstrip(), b"\r\n" + whole):
        assert read(MODEL, body, stream=False) == read(MODEL, STREAM)


def test_calls_without_id_get_one_each() -> None:
    calls = [{"function": {"name": "f", "arguments": {"a": 1}}}, {"function": {"name": "f", "arguments": None}}]
    message = read(MODEL, lines(part(tool_calls=calls), END))
    first, second = message.tool_calls
    assert (first["args"], second["args"]) == ({"a": 1}, {})
    assert first["id"] and second["id"] and first["id"] != second["id"]


def test_arguments_as_text_are_read_too() -> None:
    message = read(MODEL, lines(part(tool_calls=[{"function": {"name": "f", "arguments": '{"a": 1}'}}]), END))
    assert message.tool_calls[0]["args"] == {"a": 1}


def test_thinking_between_texts_keeps_its_place() -> None:
    message = read(MODEL, lines(part(thinking="a"), part(content="b"), part(thinking="c"), part(content="d"), END))
    assert [b.get("text") or b["reasoning"] for b in message.content_blocks] == ["a", "b", "c", "d"]


def test_logprobs_add_up() -> None:
    body = lines(
        part(content="a") | {"logprobs": [{"token": "a", "logprob": -0.1}]},
        part(content="b") | {"logprobs": [{"token": "b", "logprob": -0.2}]},
        END,
    )
    assert [entry["token"] for entry in read(MODEL, body).response_metadata["logprobs"]["content"]] == ["a", "b"]


def test_zero_counts_are_left_out_on_the_wire() -> None:
    end = part(done=True) | {"done_reason": "length", "eval_count": 3}
    assert read(MODEL, lines(end)).usage_metadata == {"input_tokens": 0, "output_tokens": 3, "total_tokens": 3}


def test_model_that_was_only_loaded_gives_an_empty_message() -> None:
    message = read(MODEL, lines(part(done=True) | {"done_reason": "load"}))
    assert (message.content, message.usage_metadata, message.response_metadata["done_reason"]) == ("", None, "load")


def test_unknown_fields_and_nulls_do_no_harm() -> None:
    body = lines(
        part(content=None, thinking=None, tool_calls=None, novelty=[1]) | {"remote_host": "https://ollama.com", "new": {}},
        part(content="x"),
        END,
    )
    assert read(MODEL, body).text == "x"


def test_error_inside_the_stream_is_raised() -> None:
    body = lines(part(content="half")) + b'{"error":"llama runner process has terminated","status":500}\n'
    events = events_of(MODEL, body)
    assert isinstance(events[-1], ErrorEvent)
    error = events[-1].error
    assert isinstance(error, ServerError)
    assert (error.provider_message, error.status) == ("llama runner process has terminated", 500)


def test_error_as_the_whole_answer() -> None:
    with pytest.raises(ServerError, match="out of memory"):
        read(MODEL, b'{"error":"out of memory"}', stream=False)


def test_error_status() -> None:
    error = MODEL._error(404, {}, b'{"error":"model \'x\' not found"}')
    assert isinstance(error, NotFoundError)
    assert error.provider_message == "model 'x' not found"


@pytest.mark.parametrize("body", [b"", lines(part(content="half")), STREAM[:-20]])
def test_answer_without_end_is_incomplete(body: bytes) -> None:
    with pytest.raises((IncompleteStreamError, InvalidResponseError)):
        read(MODEL, body)


def test_cut_between_lines_is_incomplete() -> None:
    with pytest.raises(IncompleteStreamError, match="done"):
        read(MODEL, lines(part(content="half")))


@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>\n", b'{"message": 3}\n', b'{"message":{"content":"\xff"}}\n', b"[]\n"]
)
def test_what_is_not_ollamas_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="begins"):
        read(MODEL, body)


def test_nothing_is_parsed_twice() -> None:
    """The end of the stream changes nothing that its lines did not say."""
    assert len(events_of(MODEL, STREAM)) == 1 + 2 + 2 + 2 + 2

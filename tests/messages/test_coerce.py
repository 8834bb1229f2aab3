"""What a user may pass as messages, and what is said about the rest (spec 1C, S24, S46)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chatkit.errors import InputError, InputTypeError
from chatkit.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, SystemMessage, ToolMessage, convert_to_messages
from chatkit.messages.coerce import to_messages

CALL = {"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("hi", HumanMessage("hi")),
        (HumanMessage("hi"), HumanMessage("hi")),
        (["hi"], HumanMessage("hi")),
        ([("system", "hi")], SystemMessage("hi")),
        ([["ai", "hi"]], AIMessage("hi")),
        ([{"role": "user", "content": "hi"}], HumanMessage("hi")),
        ([{"type": "human", "content": "hi"}], HumanMessage("hi")),
        ([{"role": "assistant", "content": None}], AIMessage("")),
        ([{"role": "developer", "content": "hi"}], SystemMessage("hi", additional_kwargs={"__openai_role__": "developer"})),
        (
            [{"role": "tool", "content": "hi", "tool_call_id": "1", "status": "error", "artifact": 5}],
            ToolMessage("hi", tool_call_id="1", status="error", artifact=5),
        ),
        (
            [{"role": "user", "content": "hi", "name": "Ann", "id": "m1", "mood": "good"}],
            HumanMessage("hi", name="Ann", id="m1", additional_kwargs={"mood": "good"}),
        ),
        (
            [
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": '{"a": 1}'}}],
                }
            ],
            AIMessage("", tool_calls=[CALL]),
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_understood(given: Any, expected: BaseMessage) -> None:
    assert to_messages(given) == [expected]


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ([], InputError, "at least one message"),
        (5, InputTypeError, "Invalid input type int"),
        (None, InputTypeError, "Invalid input type NoneType"),
        ({"role": "user", "content": "hi"}, InputTypeError, "Invalid input type dict"),
        ([5], InputTypeError, "int is not a message"),
        ([("user", "hi", "ho")], InputError, "must be .role, content."),
        ([{"content": "hi"}], InputError, "must contain 'role' and 'content' keys"),
        ([{"role": "user"}], InputError, "must contain 'role' and 'content' keys"),
        ([{"role": "critic", "content": "hi"}], InputError, "Unexpected message type 'critic'. Use one of 'human'"),
        ([{"role": 5, "content": "hi"}], InputTypeError, "must be a str, not int"),
        ([{"role": "tool", "content": "hi"}], InputError, "tool_call_id"),
        ([{"role": "function", "name": "f", "content": "hi"}], InputError, "'tool' message with the 'tool_call_id'"),
        ([("remove", "")], InputError, "leave that message out"),
        ([("user", [None])], InputTypeError, "items must be str or dict, not NoneType"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_is_refused(given: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        to_messages(given)


def langchain(kind: str, content: Any, **fields: Any) -> Any:
    """As LangChain's messages are seen from here."""
    return SimpleNamespace(type=kind, content=content, additional_kwargs={}, response_metadata={}, **fields)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (langchain("human", "hi", name="Ann"), HumanMessage("hi", name="Ann")),
        (langchain("HumanMessageChunk", "hi"), HumanMessage("hi")),
        (langchain("SystemMessageChunk", "hi"), SystemMessage("hi")),
        (langchain("ToolMessageChunk", "hi", tool_call_id="1"), ToolMessage("hi", tool_call_id="1")),
        (langchain("chat", "hi", role="user"), HumanMessage("hi")),
        (langchain("chat", "hi", role="assistant"), AIMessage("hi")),
        (langchain("AIMessageChunk", "hi", tool_call_chunks=[]), AIMessageChunk("hi", chunk_position="last")),
        (
            langchain("ai", "", tool_calls=[CALL], invalid_tool_calls=[{"name": "g", "args": "{", "id": "2", "error": None}]),
            AIMessage("", tool_calls=[CALL], invalid_tool_calls=[{"name": "g", "args": "{", "id": "2", "error": None}]),
        ),
        (
            langchain("ai", "hi", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
            AIMessage("hi", usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_langchains_messages(given: Any, expected: BaseMessage) -> None:
    assert to_messages([given]) == [expected]


def test_langchains_messages_that_have_no_place_here() -> None:
    with pytest.raises(InputError, match="'critic'"):
        to_messages([langchain("chat", "hi", role="critic")])
    with pytest.raises(InputError, match="leave that message out"):
        to_messages([langchain("remove", "", id="m1")])


def test_messages_pass_through_and_the_input_stays() -> None:
    given = [
        HumanMessage("a"),
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}]},
    ]
    before = [given[0], {**given[1]}]  # type: ignore[dict-item]
    made = convert_to_messages(given)
    assert made[0] is given[0]
    assert given == before
    assert convert_to_messages(made) == made


def test_what_a_tool_gives_back_is_text() -> None:
    assert ToolMessage(5, tool_call_id="1").content == "5"
    assert ToolMessage({"a": 1}, tool_call_id="1").content == "{'a': 1}"
    assert ToolMessage([1, "b", {"type": "text", "text": "c"}], tool_call_id=7).content == [
        "1",
        "b",
        {"type": "text", "text": "c"},
    ]
    assert ToolMessage((1.5, None), tool_call_id="1").content == ["1.5", "None"]


@pytest.mark.parametrize(
    "message",
    [
        HumanMessage("hi", name="Ann"),
        SystemMessage("hi"),
        AIMessage("hi", tool_calls=[CALL]),
        ToolMessage("hi", tool_call_id="1", status="error"),
        AIMessageChunk("hi", chunk_position="last"),
    ],
    ids=lambda message: message.type,
)
def test_a_dump_makes_the_message_again(message: BaseMessage) -> None:
    assert type(message)(**message.model_dump()) == message
    with pytest.raises(InputError, match="the type of a"):
        type(message)(**{**message.model_dump(), "type": "other"})

"""Messages that were stored as JSON, and messages in pydantic models."""

from __future__ import annotations

import json

import pytest
from pydantic import BaseModel, ValidationError

from chatkit.errors import InputError
from chatkit.messages import (
    AIMessage,
    AIMessageChunk,
    AnyMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    message_to_dict,
    messages_from_dict,
)

CALL = {"type": "tool_call", "name": "look", "args": {"at": "ö"}, "id": "1"}
TALK = [
    SystemMessage("Be brief.", id="s"),
    HumanMessage([{"type": "image", "url": "https://example.com/a.png"}], name="Ann"),
    AIMessage("Hi", tool_calls=[CALL], usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
    ToolMessage("there", tool_call_id="1", artifact={"seen": [1]}, status="error"),
    AIMessageChunk("H", id="c"),
]


class Thread(BaseModel):
    """As an application keeps it."""

    messages: list[AnyMessage]
    last: BaseMessage | None = None
    question: HumanMessage | None = None


@pytest.mark.parametrize("message", TALK, ids=lambda message: message.type)
def test_there_and_back(message: BaseMessage) -> None:
    cls = type(message)
    assert json.loads(message.model_dump_json()) == message.model_dump()
    assert message.model_dump_json(indent=2) == json.dumps(message.model_dump(), indent=2, ensure_ascii=False)
    assert cls.model_validate_json(message.model_dump_json()) == message
    assert cls.model_validate(message.model_dump()) == message
    assert cls.model_validate(message) is message
    assert BaseMessage.model_validate(message.model_dump()) == message
    assert messages_from_dict([message_to_dict(message)]) == [message]


def test_a_pydantic_model_holds_messages() -> None:
    thread = Thread(messages=TALK[:4], last=TALK[4], question=HumanMessage("?"))  # pyright: ignore[reportArgumentType]
    assert thread.messages == TALK[:4]
    assert thread.model_dump()["messages"] == [message.model_dump() for message in TALK[:4]]
    assert Thread.model_validate_json(thread.model_dump_json()) == thread
    assert Thread.model_json_schema()["properties"]["messages"]["items"]["type"] == "object"


def test_a_pydantic_model_takes_what_a_model_takes() -> None:
    thread = Thread.model_validate({"messages": [{"role": "user", "content": "Hi"}, ("system", "Be brief."), "Hello"]})
    assert thread.messages == [HumanMessage("Hi"), SystemMessage("Be brief."), HumanMessage("Hello")]


@pytest.mark.parametrize("value", [{"content": "Hi"}, {"role": "poet", "content": "Hi"}, {"role": "user"}, 5, None])
def test_what_is_no_message(value: object) -> None:
    with pytest.raises(ValidationError):
        Thread.model_validate({"messages": [value]})
    with pytest.raises(InputError):
        BaseMessage.model_validate(value)


def test_a_message_of_another_class() -> None:
    with pytest.raises(InputError, match="not a HumanMessage, but AIMessage"):
        HumanMessage.model_validate(AIMessage("Hi").model_dump())
    with pytest.raises(ValidationError, match="not a HumanMessage"):
        Thread.model_validate({"messages": [], "question": AIMessage("Hi")})


def test_what_is_no_json() -> None:
    with pytest.raises(InputError, match="not the JSON of a message: 'Hello'"):
        AIMessage.model_validate_json("Hello")


def test_calls_are_shown_to_people() -> None:
    broken = {"name": "look", "args": '{"at":', "id": "2", "error": "cut off"}
    message = AIMessage("Hi", tool_calls=[CALL], invalid_tool_calls=[broken])
    assert message.pretty_repr().splitlines()[1:] == [
        "",
        "Hi",
        "Tool Calls:",
        "  look (1)",
        " Call ID: 1",
        "  Args:",
        "    at: ö",
        "  look (2)",
        " Call ID: 2",
        "  Error: cut off",
        "  Args:",
        '    {"at":',
    ]

"""Conversions under LangChain's names (spec S145-S152)."""

from __future__ import annotations

from typing import Any, Optional

import pydantic
import pytest

from chatkit.errors import InputError
from chatkit.messages import AIMessage, HumanMessage, ToolMessage
from chatkit.tools import convert_to_json_schema, convert_to_openai_function, convert_to_openai_tool, tool_example_to_messages


class Actor(pydantic.BaseModel):
    name: str


class Movie(pydantic.BaseModel):
    """A movie."""

    title: str = pydantic.Field(description="Its name")
    cast: list[Actor] = []
    budget: Optional[float] = None  # noqa: UP045


FUNCTION: dict[str, Any] = {
    "name": "Movie",
    "description": "A movie.",
    "parameters": {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "Its name"},
            "cast": {
                "type": "array",
                "default": [],
                "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
            },
            "budget": {"anyOf": [{"type": "number"}, {"type": "null"}], "default": None},
        },
        "required": ["title"],
    },
}


def test_function() -> None:
    assert convert_to_openai_function(Movie) == FUNCTION


def test_tool() -> None:
    assert convert_to_openai_tool(Movie) == {"type": "function", "function": FUNCTION}


def test_converting_again_changes_nothing() -> None:
    assert convert_to_openai_tool(convert_to_openai_tool(Movie)) == convert_to_openai_tool(Movie)


def test_strict() -> None:
    strict = convert_to_openai_function(Movie, strict=True)
    assert strict["strict"] is True
    assert strict["parameters"]["required"] == ["title", "cast", "budget"]
    assert strict["parameters"]["properties"]["cast"]["items"]["additionalProperties"] is False
    with pytest.raises(InputError, match="strict"):
        convert_to_openai_function(strict, strict=False)


def test_built_in_tools_pass() -> None:
    given = {"type": "web_search"}
    assert convert_to_openai_tool(given) is given


def test_a_dict_without_description() -> None:
    assert convert_to_openai_function({"title": "T", "properties": {"a": {}}}) == {
        "name": "T",
        "parameters": {"type": "object", "properties": {"a": {}}},
    }


def test_json_schema() -> None:
    assert convert_to_json_schema(Movie) == {"title": "Movie", "description": "A movie.", **FUNCTION["parameters"]}


def test_what_is_given_back_is_the_callers() -> None:
    convert_to_openai_function(Movie)["parameters"]["properties"].clear()
    assert convert_to_openai_function(Movie) == FUNCTION


def test_examples() -> None:
    messages = tool_example_to_messages(
        "A film?", [Movie(title="Up"), {"name": "Other", "args": {}}], ["one", "two"], ai_response="Done."
    )
    human, ai, first, second, answer = messages
    assert isinstance(ai, AIMessage)
    assert human == HumanMessage("A film?")
    assert [(call["name"], call["args"]) for call in ai.tool_calls] == [
        ("Movie", {"title": "Up", "cast": [], "budget": None}),
        ("Other", {}),
    ]
    assert first == ToolMessage("one", tool_call_id=ai.tool_calls[0]["id"])
    assert second == ToolMessage("two", tool_call_id=ai.tool_calls[1]["id"])
    assert answer == AIMessage("Done.")


def test_examples_without_outputs() -> None:
    messages = tool_example_to_messages("A film?", [Movie(title="Up")])
    assert [message.type for message in messages] == ["human", "ai", "tool"]
    with pytest.raises(InputError, match="1 tool calls need as many outputs, not 2"):
        tool_example_to_messages("A film?", [Movie(title="Up")], ["a", "b"])

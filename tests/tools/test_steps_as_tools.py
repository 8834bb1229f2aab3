"""Steps and models as tools (spec S128, S143)."""

from __future__ import annotations

from typing import Any, TypedDict

import pydantic
import pytest

from chatkit import init_chat_model
from chatkit.errors import InputError
from chatkit.runnables import RunnableLambda, runnable
from chatkit.tools import Tool, convert_to_openai_tool, tool


class Pair(TypedDict):
    """Two numbers."""

    a: int
    b: int


@runnable
def add(pair: Pair) -> int:
    """Add two numbers."""
    return pair["a"] + pair["b"]


def times_two(given: dict[str, Any]) -> Any:
    return given["x"] * 2


def test_arguments_by_annotation() -> None:
    made = add.as_tool()
    assert (made.name, made.description) == ("add", "Add two numbers.")
    assert made.args == {"a": {"type": "integer"}, "b": {"type": "integer"}}
    assert made.invoke({"a": "1", "b": 2}) == 3
    message = made.invoke({"type": "tool_call", "name": "add", "args": {"a": 1, "b": 2}, "id": "call_1"})
    assert (message.content, message.tool_call_id) == ("3", "call_1")


def test_arguments_by_types() -> None:
    made = RunnableLambda(times_two).as_tool(name="double", description="Doubles.", arg_types={"x": int})
    assert made.invoke({"x": 4}) == 8
    assert convert_to_openai_tool(made)["function"] == {
        "name": "double",
        "description": "Doubles.",
        "parameters": {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]},
    }


def test_arguments_by_schema() -> None:
    class Args(pydantic.BaseModel):
        """Doubles, too."""

        x: float = 1.0

    made = RunnableLambda(times_two).as_tool(Args, name="twice")
    assert (made.description, made.invoke({"x": 4}), made.invoke({})) == ("Doubles, too.", 8.0, 2.0)


@pytest.mark.anyio
async def test_a_text() -> None:
    @runnable
    async def shout(text: str) -> str:
        """Shout."""
        return text.upper()

    made = shout.as_tool()
    assert isinstance(made, Tool)
    assert await made.ainvoke("hi") == "HI"


def test_a_model_is_a_tool() -> None:
    made = init_chat_model("simulator:parrot").as_tool(name="parrot", description="Asks a parrot.")
    assert made.invoke("Hello").text == "Hi there! How can I help today?"
    call = {"type": "tool_call", "name": "parrot", "args": {"tool_input": "Hello"}, "id": "call_1"}
    assert made.invoke(call).content == "Hi there! How can I help today?"


def test_a_tool_of_a_step_calls_inside_its_run() -> None:
    seen: list[Any] = []

    @runnable
    def look(pair: Pair, config: Any) -> str:
        """Look."""
        seen.append(config["tags"])
        return "seen"

    for made in (look.as_tool(), tool("look", look, args_schema=Pair)):
        assert made.invoke({"a": 1, "b": 2}, {"tags": ["demo"]}) == "seen"
    assert seen == [["demo"], ["demo"]]


@pytest.mark.parametrize(("options", "why"), [({"description": "d"}, "arg_types="), ({"arg_types": {"x": int}}, "docstring")])
def test_too_little_is_said(options: dict[str, Any], why: str) -> None:
    with pytest.raises(InputError, match=why):
        RunnableLambda(times_two).as_tool(name="t", **options)

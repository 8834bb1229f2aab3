"""What goes wrong in tools, and who hears of it (spec S138, S139, W25, W27)."""

from __future__ import annotations

import pickle
from typing import Any, Literal

import pydantic
import pytest

from chatkit.tools import ToolException, ToolInputError, tool

CALL: dict[str, Any] = {"type": "tool_call", "name": "weather", "args": {}, "id": "call_1"}


def make(**options: Any) -> Any:
    @tool(**options)
    def weather(location: str, days: int = 1, unit: Literal["c", "f"] = "c") -> str:
        """Get the weather."""
        if location == "Atlantis":
            raise ToolException("there is no such place")
        if location == "Mordor":
            raise RuntimeError("no sun here")
        return "sunny"

    return weather


BAD = {"days": "many", "unit": "k"}
TEXT = (
    "The arguments do not fit the tool 'weather': location: is required but missing; days: Expected `int`, got `str`; "
    "unit: must be one of 'c', 'f', not 'k'"
)


def test_all_errors_in_one_readable_text() -> None:
    with pytest.raises(ToolInputError) as caught:
        make().invoke({**CALL, "args": BAD})
    assert str(caught.value) == TEXT
    assert caught.value.tool == "weather"
    assert len(caught.value.errors) == 3
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == TEXT


@pytest.mark.parametrize(
    ("handler", "content"),
    [(True, TEXT), ("Try again.", "Try again."), (lambda error: f"{len(error.errors)} errors", "3 errors")],
    ids=["true", "text", "function"],
)
def test_handle_validation_error(handler: Any, content: str) -> None:
    message = make(handle_validation_error=handler).invoke({**CALL, "args": BAD})
    assert (message.content, message.status, message.tool_call_id) == (content, "error", "call_1")


@pytest.mark.parametrize(
    ("handler", "content"),
    [(True, "there is no such place"), ("Failed.", "Failed."), (lambda error: str(error).upper(), "THERE IS NO SUCH PLACE")],
    ids=["true", "text", "function"],
)
def test_handle_tool_error(handler: Any, content: str) -> None:
    message = make(handle_tool_error=handler).invoke({**CALL, "args": {"location": "Atlantis"}})
    assert (message.content, message.status) == (content, "error")


def test_a_tool_error_without_text_still_says_something() -> None:
    @tool(handle_tool_error=True)
    def fail() -> str:
        """Fail."""
        raise ToolException

    assert fail.invoke({**CALL, "args": {}}).content == "Tool execution error"


def test_unhandled() -> None:
    with pytest.raises(ToolException, match="no such place"):
        make().invoke({"location": "Atlantis"})


def test_other_exceptions_always_pass() -> None:
    with pytest.raises(RuntimeError, match="no sun"):
        make(handle_tool_error=True, handle_validation_error=True).invoke({"location": "Mordor"})


@pytest.mark.anyio
async def test_async_twin() -> None:
    weather = make(handle_tool_error=True)
    assert (await weather.ainvoke({**CALL, "args": {"location": "Atlantis"}})).status == "error"
    with pytest.raises(ToolInputError):
        await weather.ainvoke({})


def test_more_arguments_are_dropped_with_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"'weather' has no arguments \['colour'\]"):
        assert make().invoke({"location": "Rome", "colour": "red"}) == "sunny"


def test_arguments_that_are_no_object() -> None:
    with pytest.raises(ToolInputError, match="Expected `object`, got `list`"):
        make().invoke([1])


def test_pydantics_error_is_the_cause() -> None:
    class Args(pydantic.BaseModel):
        n: int = pydantic.Field(ge=1)

    @tool(args_schema=Args)
    def count(n: int) -> int:
        """Count."""
        return n

    with pytest.raises(ToolInputError, match="n: Input should be greater than or equal to 1") as caught:
        count.invoke({"n": 0})
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


def test_errors_of_a_tool_inside_are_not_mine() -> None:
    inner = make()

    @tool(handle_validation_error=True)
    def outer() -> str:
        """Ask another tool."""
        return inner.invoke({})

    with pytest.raises(ToolInputError, match="'weather'"):
        outer.invoke({**CALL, "args": {}})

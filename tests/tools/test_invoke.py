"""Running tools: sync and async, with a call, with arguments, with a text (spec S136-S141)."""

from __future__ import annotations

import datetime
import threading
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import anyio
import pytest

from chatkit.config import RunnableConfig  # noqa: TC001  # read when the tool is made
from chatkit.errors import InputError
from chatkit.messages import AIMessage, ToolMessage
from chatkit.tools import StructuredTool, tool


@tool
def double(x: int) -> int:
    """Double a number."""
    return x * 2


@tool
async def slowly(x: int) -> int:
    """Double a number, async."""
    await anyio.sleep(0)
    return x * 2


CALL: dict[str, Any] = {"type": "tool_call", "name": "double", "args": {"x": 4}, "id": "call_1"}
ANSWER = ToolMessage("8", name="double", tool_call_id="call_1")


@pytest.mark.parametrize("which", [double, slowly], ids=["sync", "async"])
def test_invoke_with_a_call(which: StructuredTool) -> None:
    message = which.invoke(CALL)
    assert message == ANSWER.model_copy(update={"name": which.name})
    assert message.status == "success"


@pytest.mark.anyio
@pytest.mark.parametrize("which", [double, slowly], ids=["sync", "async"])
async def test_ainvoke_with_a_call(which: StructuredTool) -> None:
    assert (await which.ainvoke(CALL)).content == "8"


@pytest.mark.parametrize("which", [double, slowly], ids=["sync", "async"])
def test_arguments_and_text_give_the_plain_result(which: StructuredTool) -> None:
    assert which.invoke({"x": "4"}) == which.invoke("4") == which.run({"x": 4}) == 8


def test_arguments_with_an_id_give_a_message() -> None:
    assert double.invoke({"x": 4}, tool_call_id="call_1") == ANSWER


def test_a_call_without_id() -> None:
    with pytest.raises(InputError, match="has no id"):
        double.invoke({**CALL, "id": None})


@pytest.mark.anyio
async def test_an_async_tool_runs_sync_under_a_loop() -> None:
    assert slowly.invoke({"x": 4}) == 8


@pytest.mark.anyio
async def test_a_sync_tool_does_not_block_the_loop() -> None:
    @tool
    def where() -> int:
        """Which thread."""
        return threading.get_ident()

    assert await where.ainvoke({}) != threading.get_ident()


@pytest.mark.anyio
async def test_cancelling_does_not_wait_for_the_thread() -> None:
    @tool
    def sleep() -> None:
        """Sleep."""
        time.sleep(1)

    begin = time.monotonic()
    with anyio.move_on_after(0.05) as scope:
        await sleep.ainvoke({})
    assert scope.cancelled_caught
    assert time.monotonic() - begin < 0.7


def test_both_functions() -> None:
    async def later() -> str:
        return "async"

    both = StructuredTool.from_function(lambda: "sync", later, name="both", description="Both.")
    assert both.invoke({}) == "sync"
    assert anyio.run(both.ainvoke, {}) == "async"


def test_no_function() -> None:
    with pytest.raises(ValueError, match="Function and/or coroutine must be provided"):
        StructuredTool.from_function(name="x", description="y")


@pytest.mark.anyio
async def test_astream_gives_the_result() -> None:
    assert [item async for item in double.astream({"x": 1})] == [2]


def test_positional_only_and_more() -> None:
    @tool
    def function(a: int, /, b: int, *, c: int = 0, **more: Any) -> Any:
        """Take all."""
        return [a, b, c, more]

    assert function.invoke({"a": 1, "b": 2, "d": 4}) == [1, 2, 0, {"d": 4}]


@dataclass
class Weather:
    degrees: int
    day: datetime.date


IMAGE = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}


@pytest.mark.parametrize(
    ("result", "content"),
    [
        ("text", "text"),
        ({"a": "ü", "b": [1, None]}, '{"a": "ü", "b": [1, null]}'),
        ([1, 2], "[1, 2]"),
        (3.5, "3.5"),
        (None, "null"),
        ([], "[]"),
        (["a", IMAGE], ["a", IMAGE]),
        (("a", "b"), ["a", "b"]),
        ([{"type": "unknown"}], '[{"type": "unknown"}]'),
        (Weather(20, datetime.date(2024, 5, 1)), '{"degrees":20,"day":"2024-05-01"}'),
        (datetime.date(2024, 5, 1), "2024-05-01"),
        (Decimal("1.50"), "1.50"),
        (AIMessage("of another model"), "of another model"),
        (1 + 2j, "(1+2j)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_results_as_content(result: Any, content: Any) -> None:
    @tool
    def give() -> Any:
        """Give it."""
        return result

    assert give.invoke({**CALL, "args": {}}).content == content


def test_a_message_goes_on_untouched() -> None:
    message = ToolMessage("mine", tool_call_id="other")

    @tool
    def give() -> Any:
        """Give it."""
        return message

    assert give.invoke({**CALL, "args": {}}) is message


def test_content_and_artifact() -> None:
    picture = object()

    @tool(response_format="content_and_artifact")
    def draw(what: str) -> tuple[str, object]:
        """Draw."""
        return f"a {what}", picture

    message = draw.invoke({**CALL, "args": {"what": "cat"}})
    assert (message.content, message.artifact) == ("a cat", picture)
    assert draw.invoke({"what": "cat"}) == "a cat"


@pytest.mark.parametrize("result", ["text", ("a", "b", "c"), ["a", "b"]])
def test_artifact_wants_two(result: Any) -> None:
    @tool(response_format="content_and_artifact")
    def draw() -> Any:
        """Draw."""
        return result

    with pytest.raises(ValueError, match="two-tuple"):
        draw.invoke({})


def test_run_takes_the_config_by_name() -> None:
    @tool
    def tags(config: RunnableConfig) -> list[str]:
        """Tags of the config."""
        return config.get("tags") or []

    assert tags.run({}, tags=["a"], config={"tags": ["b"]}) == ["b", "a"]
    assert anyio.run(lambda: tags.arun({}, tags=["a"], tool_call_id="7")).tool_call_id == "7"

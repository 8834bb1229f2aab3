"""What handlers hear of tools (spec S142)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from chatkit.messages import ToolMessage
from chatkit.simulator.model import SimulatedChatModel
from chatkit.simulator.reply import Reply
from chatkit.tools import ToolException, run_tools, tool

if TYPE_CHECKING:
    from chatkit.config import RunnableConfig

CALL: dict[str, Any] = {"type": "tool_call", "name": "half", "args": {"n": 4}, "id": "call_1"}


@tool(tags=["math"])
def half(n: int) -> int:
    """Half of an even number."""
    if n % 2:
        raise ToolException("odd")
    return n // 2


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        self.heard.append(("start", serialized["name"], kwargs["inputs"], kwargs["tags"]))

    def on_tool_end(self, output: Any, **kwargs: Any) -> None:
        self.heard.append(("end", kwargs["name"], output))

    def on_tool_error(self, error: BaseException, **kwargs: Any) -> None:
        self.heard.append(("error", type(error).__name__))


class AsyncListener(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    async def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        await anyio.sleep(0)
        self.heard.append("start")

    async def on_tool_end(self, output: Any, **kwargs: Any) -> None:
        await anyio.sleep(0)
        self.heard.append("end")

    async def on_tool_error(self, error: BaseException, **kwargs: Any) -> None:
        self.heard.append("error")


HEARD = [("start", "half", {"n": 4}, ["run", "math"]), ("end", "half", ToolMessage("2", name="half", tool_call_id="call_1"))]


def test_start_and_end() -> None:
    listener, later = Listener(), AsyncListener()
    half.invoke(CALL, {"callbacks": [listener, later], "tags": ["run"]})
    assert listener.heard == HEARD
    assert later.heard == ["start", "end"]


@pytest.mark.anyio
async def test_async() -> None:
    listener, later = Listener(), AsyncListener()
    await half.ainvoke(CALL, {"callbacks": [listener, later], "tags": ["run"]})
    assert listener.heard == HEARD
    assert later.heard == ["start", "end"]


@pytest.mark.anyio
async def test_errors() -> None:
    listener = Listener()
    with pytest.raises(ToolException):
        await half.ainvoke({"n": 3}, {"callbacks": [listener]})
    with pytest.raises(ToolException):
        half.invoke({"n": 3}, {"callbacks": [listener]})
    assert [item[0] for item in listener.heard] == ["start", "error"] * 2


def test_a_handled_error_is_an_end() -> None:
    listener = Listener()
    kind = tool(handle_tool_error=True, callbacks=[listener])(half.func)
    assert kind.invoke({"n": 3}) == "odd"
    assert [item[0] for item in listener.heard] == ["start", "end"]


@pytest.mark.anyio
async def test_cancelling_is_an_error() -> None:
    listener, later = Listener(), AsyncListener()

    @tool
    async def wait() -> None:
        """Wait."""
        await anyio.sleep(5)

    with anyio.move_on_after(0.02):
        await wait.ainvoke({}, {"callbacks": [listener, later]})
    assert listener.heard[-1][0] == "error"
    await anyio.sleep(0.01)
    assert later.heard == ["start", "error"]


class Runs(BaseCallbackHandler):
    def __init__(self) -> None:
        self.tool: Any = None
        self.model_parents: list[Any] = []

    def on_tool_start(self, serialized: dict[str, Any], input_str: str, **kwargs: Any) -> None:
        self.tool = kwargs["run_id"]

    def on_chat_model_start(self, serialized: dict[str, Any], messages: Any, **kwargs: Any) -> None:
        self.model_parents.append(kwargs["parent_run_id"])


@pytest.mark.anyio
async def test_a_model_inside_belongs_to_the_tool() -> None:
    inner = SimulatedChatModel("parrot", replies=["inner", "inner"])

    @tool
    def ask(config: RunnableConfig) -> str:
        """Ask, sync, in a worker thread."""
        return inner.invoke("q").text + ",".join(config["tags"])

    runs = Runs()
    outer = SimulatedChatModel("parrot", replies=[Reply(tool_calls=[("ask", {})]), "done"])
    run = await run_tools(outer, "q", [ask], config={"callbacks": [runs], "tags": ["a"]})
    assert run.messages[2].content == "innera"
    assert runs.model_parents == [None, runs.tool, None]

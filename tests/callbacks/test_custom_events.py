"""Events of the application's own."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chatkit.callbacks import adispatch_custom_event, dispatch_custom_event
from chatkit.errors import InputError
from chatkit.steps import runnable
from chatkit.tools import tool
from tests.callbacks.listener import AsyncListener, Listener

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("kind", [Listener, AsyncListener])
async def test_from_steps_tools_and_threads(anyio_backend: str, kind: type[Listener]) -> None:
    listener = kind("on_chain_start", "on_tool_start", "on_custom_event")

    @tool
    def count(n: int) -> int:
        """Count."""
        dispatch_custom_event("counted", {"n": n})
        return n

    @runnable
    async def step(_: Any) -> None:
        await adispatch_custom_event("begun", 1)
        await count.ainvoke({"n": 2})

    await step.ainvoke("x", {"callbacks": [listener], "tags": ["t"]})
    chain, begun, used, counted = listener.heard
    assert (begun.args, begun.run_id, begun.tags) == (("begun", 1), chain.run_id, ["t"])
    assert (counted.args, counted.run_id) == (("counted", {"n": 2}), used.run_id)


def test_a_config_says_where_it_belongs() -> None:
    listener = Listener("on_custom_event")

    @runnable
    def step(_: Any, config: Any) -> None:
        thread = threading.Thread(target=dispatch_custom_event, args=("event", 1), kwargs={"config": config})
        thread.start()
        thread.join()

    step.invoke("x", {"callbacks": [listener]})
    assert [heard.args for heard in listener.heard] == [("event", 1)]


async def test_outside_of_everything(anyio_backend: str) -> None:
    with pytest.raises(InputError, match="inside a step or a tool"):
        await adispatch_custom_event("event", 1)

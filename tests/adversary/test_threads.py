"""One model, used from everywhere at once."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from typing import Any

import pytest
import trio

from chatkit_openai import ChatOpenAI
from tests.net.clients import NAMED, skip_if_missing
from tests.net.origin import Origin

SECONDS = 1.2


def loop_of(name: str) -> Any:
    return {"asyncio": lambda work: asyncio.run(work()), "trio": trio.run}[name]


class Load:
    """Threads that call, stream, leave and cancel; what went wrong is in `errors`."""

    def __init__(self, model: ChatOpenAI) -> None:
        self.model = model
        self.until = time.monotonic() + SECONDS
        self.errors: list[BaseException] = []
        self.calls = 0

    def run(self, work: Any, *args: Any) -> None:
        random.seed(threading.get_ident())
        while time.monotonic() < self.until and not self.errors:
            try:
                work(*args)
                self.calls += 1
            except BaseException as error:
                self.errors.append(error)

    def asks(self) -> None:
        assert self.model.invoke("x").text == "Hi"

    def streams(self) -> None:
        seen = 0
        for chunk in self.model.stream("x"):
            assert chunk.text in (f"t{seen} ", "") or chunk.text.startswith(f"t{seen} ")
            seen += 1
            if random.random() < 0.1:
                break

    def loops(self, backend: str) -> None:
        loop_of(backend)(self._many)

    async def _many(self) -> None:
        import anyio

        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(self._one)

    async def _one(self) -> None:
        import anyio

        with anyio.move_on_after(random.random() * 0.02):
            async for _ in self.model.astream("x"):
                if random.random() < 0.05:
                    break
        assert (await self.model.ainvoke("x")).text == "Hi"


@pytest.mark.parametrize("library", NAMED)
def test_sixteen_threads_and_loops_at_once(library: str) -> None:
    """Sync calls and streams, asyncio and trio loops that come and go, exits at random: every answer belongs to its question."""
    skip_if_missing(library, "asyncio")
    with Origin(ticks=20, delay=0.0005) as origin:
        load = Load(ChatOpenAI("m", api_key="k", base_url=origin.url, http_client=library))
        work = [(load.asks,), (load.streams,), (load.loops, "asyncio"), (load.loops, "trio")] * 4
        threads = [threading.Thread(target=load.run, args=args) for args in work]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert not any(thread.is_alive() for thread in threads), "somebody hangs"
        assert load.errors == []
        assert load.calls > 50
        deadline = time.monotonic() + 5
        while origin.open > 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert origin.open <= 20, "only what the background loop keeps for the next request"
        assert len([thread for thread in threading.enumerate() if thread.name == "chatkit-portal"]) == 1

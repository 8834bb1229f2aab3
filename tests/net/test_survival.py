"""Storms of cancellations, several loops, threads, forks: the next request works."""

from __future__ import annotations

import asyncio
import os
import random
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.net.clients import NAMED, WAYS, settings, skip_if_missing
from tests.net.origin import Origin
from tests.toy import ToyModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(ticks=20, delay=0.001) as server:
        yield server


@pytest.mark.parametrize("cancels", [1, 3], ids=["cancelled once", "cancelled again while cleaning up"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore:coroutine 'connect_tcp")  # anyio, when cancelled before its first step
def test_requests_succeed_after_a_storm_of_cancellations(origin: Origin, way: str, cancels: int) -> None:
    """20 workers on a pool of 10, each call cancelled at a random moment; then 5 of 5 plain requests succeed."""
    skip_if_missing(way, "asyncio")

    async def storm() -> int:
        async with settings(way, connections=10) as how:
            model = ToyModel("m", base_url=origin.url, api_key="k", **how)
            until = time.monotonic() + 1.0
            await asyncio.gather(*(_cancel_at_random(model, until, cancels) for _ in range(20)))
            return len([await asyncio.wait_for(model.ainvoke("x"), 5) for _ in range(5)])

    assert asyncio.run(storm()) == 5


async def _cancel_at_random(model: ToyModel, until: float, cancels: int) -> None:
    async def call() -> None:
        async for _ in model.astream("x"):
            pass

    while time.monotonic() < until:
        task = asyncio.ensure_future(call())
        await asyncio.sleep(random.random() * 0.02)
        for _ in range(cancels):
            task.cancel()
            await asyncio.sleep(0)
        await asyncio.wait([task])


@pytest.mark.parametrize("way", NAMED)
def test_one_model_in_four_loops_makes_four_requests(origin: Origin, way: str) -> None:
    """No connection of a dead loop is used, and no request is sent twice."""
    skip_if_missing(way, "asyncio")
    model = ToyModel("m", base_url=origin.url, api_key="k", http_client=way)
    assert [asyncio.run(model.ainvoke("x")).text for _ in range(4)] == ["Hi"] * 4
    assert origin.requests == 4


def test_invoke_works_inside_a_running_loop(origin: Origin) -> None:
    """As in a notebook."""
    model = ToyModel("m", base_url=origin.url, api_key="k")

    async def cell() -> str:
        return model.invoke("x").text

    assert asyncio.run(cell()) == "Hi"


def test_invoke_works_in_eight_threads_at_once(origin: Origin) -> None:
    model = ToyModel("m", base_url=origin.url, api_key="k")
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(model.invoke("x").text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert answers == ["Hi"] * 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("way", NAMED)
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_forked_child_makes_its_own_connections(origin: Origin, way: str) -> None:
    skip_if_missing(way, "asyncio")
    model = ToyModel("m", base_url=origin.url, api_key="k", http_client=way)
    assert model.invoke("x").text == "Hi"
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if model.invoke("x").text == "Hi" and asyncio.run(model.ainvoke("x")).text == "Hi" else 2
        finally:
            sys.stdout.flush()
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert model.invoke("x").text == "Hi"


@pytest.mark.parametrize("way", NAMED)
def test_leaving_a_sync_stream_closes_the_socket(way: str) -> None:
    skip_if_missing(way, "asyncio")
    with Origin(ticks=100_000) as server:
        model = ToyModel("m", base_url=server.url, api_key="k", http_client=way)
        for chunk in model.stream("x"):
            if chunk.text == "t3 ":
                break
        left = time.monotonic()
        while not server.closed and time.monotonic() < left + 2:
            time.sleep(0.001)
        assert server.closed
        assert server.closed[0] - left < 0.05


def _until_it_stands_still(counter: Callable[[], int], seconds: float = 20.0) -> int:
    """The number at which a counter stops for half a second; the kernel's buffers may take long to fill on a busy machine."""
    end, last = time.monotonic() + seconds, -1
    while (now := counter()) != last:
        assert time.monotonic() < end, f"still counting: {now}"
        last = now
        time.sleep(0.5)
    return last


@pytest.mark.parametrize("way", NAMED)
def test_a_paused_sync_reader_stops_the_server(way: str) -> None:
    """Backpressure reaches the server through the portal's window and the socket's buffers."""
    skip_if_missing(way, "asyncio")
    with Origin(ticks=400_000, delay=0) as server:
        model = ToyModel("m", base_url=server.url, api_key="k", http_client=way)
        stream = model.stream("x")
        next(stream)
        sent = _until_it_stands_still(lambda: server.sent)
        assert 0 < sent < server.ticks // 2
        time.sleep(0.3)
        assert server.sent == sent
        stream.close()  # type: ignore[attr-defined]

"""However a stream is left, its socket is closed at once and nothing stays behind.

Every exit x asyncio and trio x every way to carry a request.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.net.clients import WAYS, settings, skip_if_missing
from tests.net.leaks import live
from tests.net.origin import Origin, assert_at_once
from tests.toy import ToyModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROUNDS = 9


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin(ticks=100_000) as server:
        yield server


@pytest.fixture(params=WAYS)
async def model(request: pytest.FixtureRequest, origin: Origin, anyio_backend: str) -> AsyncIterator[ToyModel]:
    skip_if_missing(request.param, anyio_backend)
    async with settings(request.param) as how:
        yield ToyModel("m", base_url=origin.url, api_key="k", **how)


async def leave_by_break(model: ToyModel) -> float:
    async for chunk in model.astream("x"):
        if chunk.text == "t2 ":
            break
    return time.monotonic()


async def leave_by_break_with_the_stream_kept(model: ToyModel) -> float:
    stream = model.astream("x")
    async for chunk in stream:
        if chunk.text == "t2 ":
            break
    left = time.monotonic()
    assert stream.message.text.startswith("t0 t1 t2 ")  # and more, if more came with it
    assert stream.message.response_metadata["interrupted"] is True
    return left


async def leave_by_dropping_the_stream(model: ToyModel) -> float:
    stream = model.astream("x")
    await stream.__anext__()
    del stream
    return time.monotonic()


async def leave_by_exception(model: ToyModel) -> float:
    with pytest.raises(ValueError, match="enough"):
        async for chunk in model.astream("x"):
            if chunk.text == "t2 ":
                raise ValueError("enough")
    return time.monotonic()


async def leave_by_scope(model: ToyModel) -> float:
    with anyio.CancelScope() as scope:
        async for _ in model.astream("x"):
            scope.deadline = min(scope.deadline, anyio.current_time() + 0.01)
    return time.monotonic()


async def leave_by_task_cancel(model: ToyModel) -> float:
    reading = anyio.Event()

    async def read() -> None:
        async for _ in model.astream("x"):
            reading.set()

    if sys.modules["sniffio"].current_async_library() == "trio":
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await reading.wait()
            group.cancel_scope.cancel()
        return time.monotonic()
    task = asyncio.ensure_future(read())
    await reading.wait()
    task.cancel()
    left = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await task
    return left


async def leave_by_the_end_of_a_block(model: ToyModel) -> float:
    async with model.open_stream("x") as stream:
        async for _ in stream:
            break
    assert stream.message.text.startswith("t0 ")
    return time.monotonic()


async def leave_by_cancel(model: ToyModel) -> float:
    stream = model.open_stream("x")
    await stream.__anext__()
    message = await stream.cancel()
    assert message.response_metadata["interrupted"] is True
    return time.monotonic()


EXITS = [value for name, value in list(globals().items()) if name.startswith("leave_by_")]


@pytest.mark.anyio
@pytest.mark.parametrize("leave", EXITS, ids=lambda leave: leave.__name__)
async def test_every_exit_closes_the_socket_and_leaves_nothing(leave: Any, model: ToyModel, origin: Origin) -> None:
    """Within 5 ms as the server sees it; no async generator and no task is left, with the collector off."""
    before = live()
    gc.disable()
    try:
        await assert_at_once(origin, lambda: leave(model), ROUNDS)
        await anyio.sleep(0.01)
        assert live() == before
    finally:
        gc.enable()


@pytest.mark.anyio
@pytest.mark.parametrize("way", WAYS)
async def test_the_end_keeps_the_connection_for_the_next_request(way: str, anyio_backend: str) -> None:
    """An answer that was read to its end gives the connection back."""
    skip_if_missing(way, anyio_backend)
    with Origin(ticks=3, delay=0) as server:
        async with settings(way) as how:
            model = ToyModel("m", base_url=server.url, api_key="k", **how)
            for _ in range(3):
                assert "".join([chunk.text async for chunk in model.astream("x")]) == "t0 t1 t2 "
            assert (server.requests, server.open, server.closed) == (3, 1, [])


@pytest.mark.anyio
async def test_a_stop_button_in_another_task_ends_the_reading(model: ToyModel, origin: Origin) -> None:
    """`cancel()` while somebody reads: the reader's loop just ends, both have the message as far as it came."""
    stream, texts, seen, reading = model.astream("x"), [], len(origin.closed), anyio.Event()

    async def read() -> None:
        async for chunk in stream:
            texts.append(chunk.text)
            reading.set()

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await reading.wait()
        stopped = await stream.cancel()
    assert stopped.response_metadata["interrupted"] is True
    assert "".join(texts) == stopped.text == stream.message.text
    with anyio.fail_after(1):
        while len(origin.closed) <= seen:
            await anyio.sleep(0.001)

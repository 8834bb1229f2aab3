"""A stop button in another task works at any moment of a call: before the head, before the first output, between attempts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from chatkit import RetryPolicy
from chatkit.simulator import Fault, simulate
from chatkit_openai import ChatOpenAI

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatkit.net.stream import ChunkStream
    from chatkit.simulator.server import Server

pytestmark = pytest.mark.anyio

LONG_WAIT = RetryPolicy(initial_delay=60, jitter=0)


async def stopped(stream: ChunkStream, when: Callable[[], Awaitable[None]]) -> list[str]:
    """What a reader of the stream got, when another task stops it at some moment."""
    texts: list[str] = []

    async def read() -> None:
        texts.extend([chunk.text async for chunk in stream])

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(read)
            await when()
            message = await stream.cancel()
    assert message.response_metadata["interrupted"] is True
    assert "".join(texts) == message.text == stream.message.text
    return texts


async def has_come(server: Server, status: int | None = None) -> None:
    while not server.requests or (status is not None and server.requests[-1].status != status):
        await anyio.sleep(0.001)
    await anyio.sleep(0.05)


async def is_gone(server: Server) -> None:
    """The server has seen that the client has left."""
    asked = time.monotonic()
    with anyio.fail_after(2):
        while server.requests[-1].closed_at is None:
            await anyio.sleep(0.001)
    assert server.requests[-1].closed_at - asked < 0.5


@pytest.mark.parametrize("client", ["default", "injected"])
@pytest.mark.parametrize("fault", [Fault(stall="headers"), Fault(stall="first"), Fault(comments=3, stall="first")], ids=str)
async def test_before_the_first_output(fault: Fault, client: str, anyio_backend: str) -> None:
    """The reader's loop ends at once, and the server sees the socket close."""
    async with httpx.AsyncClient() as injected, simulate(["Hello"], fault=fault) as server:
        more: dict[str, Any] = {} if client == "default" else {"http_client": injected}
        model = ChatOpenAI("m", api_key="k", base_url=f"{server.url}/v1", **more)
        assert await stopped(model.astream("x"), lambda: has_come(server)) == [""]
        await is_gone(server)
        assert len(server.requests) == 1


async def test_between_two_attempts(anyio_backend: str) -> None:
    async with simulate(fault=Fault(status=503)) as server:
        model = ChatOpenAI("m", api_key="k", base_url=f"{server.url}/v1", max_retries=LONG_WAIT)
        assert await stopped(model.astream("x"), lambda: has_come(server, 503)) == [""]
        assert len(server.requests) == 1


async def test_a_stopped_stream_does_not_restart(anyio_backend: str) -> None:
    """Even where the policy says `restart`: the socket that breaks was closed by the stop."""
    policy = RetryPolicy(initial_delay=0.001, restart=True)
    async with simulate(["Hello there"] * 3, fault=Fault(stall="middle")) as server:
        model = ChatOpenAI("m", api_key="k", base_url=f"{server.url}/v1", max_retries=policy)
        texts = await stopped(model.astream("x"), lambda: has_come(server))
        assert "".join(texts) == "Hello"
        await is_gone(server)
        assert len(server.requests) == 1

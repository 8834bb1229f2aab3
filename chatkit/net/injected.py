"""Requests over a client that the caller owns: `httpx.AsyncClient`, `httpx2.AsyncClient`, or a look-alike.

Its pool is never contended: we queue in front of it, first come first served. On asyncio every await on the client
runs in a task of its own, so that a second cancellation cannot interrupt the client's own clean-up.
"""

from __future__ import annotations

import time
import weakref
from typing import TYPE_CHECKING, Any

import anyio

from chatkit.net.bodies import body_of, run_out, set_body
from chatkit.net.failures import failure, no_response
from chatkit.net.loops import attempt, current_loop, finish, finish_soon, guarded
from chatkit.net.sockets import shut

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatkit.codec import Request
    from chatkit.net.transport import Response
    from chatkit.timeouts import Timeouts

__all__ = ["InjectedClient"]

_queues: weakref.WeakKeyDictionary[Any, tuple[Any, anyio.Semaphore]] = weakref.WeakKeyDictionary()


def _pool_size(client: Any) -> int:
    """How many connections the client allows; httpx shows it nowhere public, 100 is its default."""
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    size = getattr(pool, "_max_connections", None)
    return size if isinstance(size, int) and 0 < size < 1_000_000 else 100


def _queue(client: Any) -> anyio.Semaphore:
    loop = current_loop()
    known = _queues.get(client)
    if known is None or known[0] is not loop:
        known = _queues[client] = (loop, anyio.Semaphore(_pool_size(client), fast_acquire=True))
    return known[1]


class InjectedClient:
    """Opens requests on the caller's client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> Response:
        """Send a request and wait for the response's head."""
        client, queue, loop = self._client, _queue(self._client), current_loop()
        await queue.acquire()
        late: list[Any] = []  # a response that came although the caller had gone
        try:
            message = client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.body,
                extensions={"timeout": {"connect": timeouts.connect, "read": None, "write": wait, "pool": None}},
            )
            set_body(message, request.body)
            response = await guarded(client.send(message, stream=True), late.append, wait)
        except BaseException as error:
            await finish(_leave(client, queue, late))
            if isinstance(error, TimeoutError):
                raise no_response(wait) from None
            if isinstance(error, Exception):
                raise failure(error, "first_event") from error
            raise
        return _InjectedResponse(loop, queue, response)


async def _leave(client: Any, queue: anyio.Semaphore, late: list[Any]) -> None:
    """Give the place in the queue back, but only when the client has cleaned up: its pool must never be contended."""
    try:
        for response in late:
            await _close(response, body_of(response))
        await _free_stuck_connections(client)
    finally:
        queue.release()


async def _free_stuck_connections(client: Any) -> None:
    """Take out of httpx's pool what a cancelled request left there.

    A request that is cancelled while its connection is being made leaves the connection in httpx 0.28's pool for
    good: neither idle, nor closed, nor anybody's. Ten of them and a pool of ten never answers again. httpx offers
    nothing to repair this, so its insides are used; other clients (httpx2) do not have them and do not need it.
    """
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    requests, held = getattr(pool, "_requests", None), getattr(pool, "_connections", None)
    if type(pool).__module__.partition(".")[0] != "httpcore" or requests is None or held is None:
        return
    in_use = {id(request.connection) for request in requests}
    stuck = [c for c in held if id(c) not in in_use and not c.is_idle() and not c.is_closed()]
    held[:] = [c for c in held if c not in stuck]
    for connection in stuck:
        await attempt(connection.aclose())


def _shut(response: Any) -> bool:
    """End the connection of a response for both sides, without awaiting; False where it has none of its own.

    The socket is not closed, that is left to the client: its pool may still take the connection for an idle one, and
    httpcore asks every idle connection of the pool whether it is readable, which a closed trio socket answers with
    ValueError, for every later request.
    """
    network = response.extensions.get("network_stream")
    shared = response.extensions.get("http_version") == b"HTTP/2"
    sock = network.get_extra_info("socket") if network is not None and not shared else None
    if sock is None:
        return False
    shut(sock)
    return True


async def _close(response: Any, body: AsyncIterator[bytes] | None) -> None:
    """Close a response.

    Args:
        body: what is left of it; None when it was read to its end.
    """
    if body is not None:
        if not _shut(response):
            await attempt(response.aclose())
        with anyio.move_on_after(0.01):
            await attempt(run_out(body))
    await attempt(response.aclose())


class _InjectedResponse:
    __slots__ = ("_body", "_ended", "_loop", "_queue", "_response", "headers", "status")

    def __init__(self, loop: Any, queue: anyio.Semaphore, response: Any) -> None:
        self._loop = loop
        self._queue: anyio.Semaphore | None = queue
        self._response = response
        self.status: int = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._body = body_of(response)
        self._ended = False

    async def receive(self, deadline: float | None) -> bytes:
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        data = await guarded(_next(self._body), _nothing, wait)
        self._ended = not data
        if self._queue is None:  # closed by another task, which could not end a body that was being read
            await attempt(run_out(self._body))
        return data

    def abandon(self) -> None:
        queue, self._queue = self._queue, None
        if queue is None:
            return
        _shut(self._response)
        response, body = self._response, self._body

        async def close() -> None:
            await _close(response, body)
            queue.release()

        finish_soon(self._loop, close)

    async def aclose(self) -> None:
        queue, self._queue = self._queue, None
        if queue is None:
            return
        try:
            await finish(_close(self._response, None if self._ended else self._body))
        finally:
            queue.release()


async def _next(body: AsyncIterator[bytes]) -> bytes:
    try:
        return await body.__anext__()
    except StopAsyncIteration:
        return b""


def _nothing(_: object) -> None:
    pass

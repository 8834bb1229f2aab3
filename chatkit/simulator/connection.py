"""One connection of the loopback server: requests in, responses out, and when the client goes away."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from typing import TYPE_CHECKING, cast

from chatkit.simulator.http1 import CONTINUE, LAST_CHUNK, BadRequest, RequestReader, chunk, head, wants_close
from chatkit.simulator.steps import Abort

if TYPE_CHECKING:
    from chatkit.codec import Request
    from chatkit.simulator.response import Response
    from chatkit.simulator.simulator import Simulator

__all__ = ["Connection"]

_TURN = 16
"""Pieces that are sent before other connections have their turn."""


class Connection(asyncio.Protocol):
    """Answers the requests of one client, one after the other.

    A client that closes its sending half counts as gone at that moment: clients of chat APIs never do that and
    still read.
    """

    def __init__(self, simulator: Simulator, all: set[Connection]) -> None:
        self._simulator = simulator
        self._all = all
        self._reader = RequestReader()
        self._waiting: deque[Request] = deque()
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None
        self._response: Response | None = None
        self._closing = False

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._all.add(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._waiting.extend(self._reader.feed(data))
        except BadRequest as error:
            body = str(error).encode()
            self._transport.write(head(400, {"content-type": "text/plain", "connection": "close"}, len(body)) + body)
            self._transport.close()
            return
        if self._reader.expects:
            self._transport.write(CONTINUE)
            self._reader.expects = False
        if self._waiting and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._serve())

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def eof_received(self) -> bool:
        self._gone()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone()
        self._all.discard(self)

    def _gone(self) -> None:
        if self._response is not None and not self._closing:
            self._response.seen.closed_at = time.monotonic()
            self._response = None
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Drop the connection, whatever it does."""
        self._transport.abort()

    # What it does.

    async def _serve(self) -> None:
        try:
            await self._answer_all()
        except Exception:
            self._transport.abort()  # a fault of the simulator's own must not leave the client waiting
            raise
        self._task = None

    async def _answer_all(self) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            response = self._response = self._simulator.respond(request)
            complete = await self._send(response)
            self._response = None
            if complete:
                response.seen.ended_at = time.monotonic()
            if not complete or wants_close(request):
                self._closing = True
                self._transport.close()
                return

    async def _send(self, response: Response) -> bool:
        """Send a response; False when its steps end with a cut."""
        await _wait(response.delay)
        write = self._transport.write
        write(head(response.status, response.headers, response.length))
        for nth, step in enumerate(response.steps, 1):
            if self._transport.is_closing():
                await _wait(math.inf)  # the client has gone; this task is about to be cancelled
            if isinstance(step, bytes):
                write(step if response.length is not None else chunk(step))
                if not self._writable.is_set():
                    await self._writable.wait()
                elif not nth % _TURN:
                    await asyncio.sleep(0)
            elif isinstance(step, Abort):
                return False
            else:
                await _wait(step)
        if response.length is None:
            write(LAST_CHUNK)
        return True


async def _wait(seconds: float) -> None:
    if seconds == math.inf:
        await asyncio.get_running_loop().create_future()
    elif seconds > 0:
        await asyncio.sleep(seconds)

"""The simulator in the same process: `Transport` (chatkit.net.transport) without a socket.

The bytes are those that the server would send, and the real parser reads them.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio

from chatkit.codec import Request
from chatkit.errors import APITimeoutError
from chatkit.simulator.steps import Abort

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator.response import Response
    from chatkit.simulator.simulator import Simulator
    from chatkit.simulator.steps import Step
    from chatkit.timeouts import Timeouts

__all__ = ["SimulatedTransport"]


class SimulatedTransport:
    """Opens requests on a simulator."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> _Received:
        """Have a request answered."""
        url = urlsplit(request.url)
        target = url.path + (f"?{url.query}" if url.query else "")
        response = self._simulator.respond(Request(target, request.body, request.headers, request.method))
        try:
            await _sleep(response.delay, None if wait is None else time.monotonic() + wait)
        except TimeoutError:
            response.seen.closed_at = time.monotonic()
            raise APITimeoutError(f"no response within {wait:.3g} s", phase="first_event") from None
        return _Received(response)


class _Received:
    """A response whose body is made as it is read."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers = response.headers
        self._seen = response.seen
        self._steps: Iterator[Step] = iter(response.steps)

    async def receive(self, deadline: float | None) -> bytes:
        for step in self._steps:
            if isinstance(step, bytes):
                return step
            if isinstance(step, Abort):
                raise ConnectionResetError("the simulator cut the connection")
            await _sleep(step, deadline)
        self._seen.ended_at = self._seen.ended_at or time.monotonic()
        return b""

    def abandon(self) -> None:
        if self._seen.ended_at is None:
            self._seen.closed_at = time.monotonic()

    async def aclose(self) -> None:
        self.abandon()


async def _sleep(seconds: float, deadline: float | None) -> None:
    """Wait; TimeoutError when the deadline comes first."""
    if not seconds:
        return
    left = math.inf if deadline is None else deadline - time.monotonic()
    if seconds > left:
        await anyio.sleep(max(0.0, left))
        raise TimeoutError
    if seconds == math.inf:
        await anyio.sleep_forever()
    await anyio.sleep(seconds)

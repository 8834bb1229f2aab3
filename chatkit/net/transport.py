"""The one seam to HTTP: `open(Request) -> Response`, and `Response.receive()` gives bytes until b""."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from chatkit.version import __version__

if TYPE_CHECKING:
    from chatkit.codec import Request
    from chatkit.timeouts import Timeouts

__all__ = ["HEADERS", "KEEPALIVE_SECONDS", "MAX_CONNECTIONS", "Response", "Transport"]

MAX_CONNECTIONS = 1000
"""Open connections of one event loop; further requests wait in line."""

KEEPALIVE_SECONDS = 30.0
"""How long an idle connection waits for the next request."""

HEADERS = {"user-agent": f"chatkit/{__version__}", "accept-encoding": "identity"}
"""What every request carries that says nothing else."""


class Transport(Protocol):
    """Anything that can open a request: the connections of this loop, an injected client, the simulator."""

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> Response:
        """Send a request and wait for the response's head, `wait` seconds at most."""
        ...


class Response(Protocol):
    """The head of a response, and its body to be read piece by piece."""

    status: int
    headers: dict[str, str]

    async def receive(self, deadline: float | None) -> bytes:
        """The next bytes, b"" at the end; TimeoutError when `time.monotonic()` passes the deadline first."""
        ...

    def abandon(self) -> None:
        """Close without awaiting: the socket is shut now, the rest follows on the loop."""
        ...

    async def aclose(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        ...

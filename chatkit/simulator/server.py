"""The loopback server: `with simulate() as server: ... server.url ...`."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any, Self

from chatkit.simulator.connection import Connection
from chatkit.simulator.simulator import Simulator

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from chatkit.simulator.response import Seen

__all__ = ["Server", "simulate"]

_HOST = "127.0.0.1"


class Server:
    """A simulator behind HTTP/1.1 on 127.0.0.1, with an event loop and a thread of its own.

    A context manager, for sync and for async code.

    Attributes:
        simulator: what answers.
        port: where it listens; known once it has started.
    """

    def __init__(self, simulator: Simulator, port: int = 0) -> None:
        self.simulator = simulator
        self.port = port
        self._connections: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop: Callable[[], None] = lambda: None

    @property
    def url(self) -> str:
        """The address, without a path: `base_url=f"{server.url}/v1"` for OpenAI's client."""
        return f"http://{_HOST}:{self.port}"

    @property
    def requests(self) -> deque[Seen]:
        """The requests that came, oldest first."""
        return self.simulator.requests

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._connections)

    def start(self) -> Self:
        """Listen, on a thread of its own. Raises OSError when the port is taken."""
        started: threading.Event = threading.Event()
        failed: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._serve(started.set))
            except BaseException as error:
                failed.append(error)
            finally:
                started.set()

        self._thread = threading.Thread(target=run, name="chatkit-simulator", daemon=True)
        self._thread.start()
        started.wait()
        if failed:
            self._thread.join()
            raise failed[0]
        return self

    def stop(self) -> None:
        """Drop all connections and end the thread."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop)
            self._thread.join()
            self._loop = self._thread = None

    def run(self, ready: Callable[[], None]) -> None:
        """Serve on this thread until KeyboardInterrupt; `ready` is called when it listens."""
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: Callable[[], None]) -> None:
        loop = self._loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        self._stop = ended.set
        server = await loop.create_server(lambda: Connection(self.simulator, self._connections), _HOST, self.port, backlog=2048)
        self.port = server.sockets[0].getsockname()[1]
        ready()
        try:
            await ended.wait()
        finally:
            server.close()
            for connection in list(self._connections):
                connection.close()
            await asyncio.sleep(0)  # their tasks end

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        from anyio.to_thread import run_sync

        return await run_sync(self.start)

    async def __aexit__(self, *error: object) -> None:
        from anyio import CancelScope
        from anyio.to_thread import run_sync

        with CancelScope(shield=True):
            await run_sync(self.stop)


def simulate(replies: Any = None, *, port: int = 0, **options: Any) -> Server:
    """A simulator's server for tests of applications: `with simulate(["Hello"]) as server`, or `async with`.

    Args:
        replies: see `Simulator`: a list of replies, a `Script`, a function, or None for the built-in rules.
        port: 0 takes a free one.
        options: the other arguments of `Simulator`: first, every, limits, fault.
    """
    return Server(Simulator(replies, **options), port)

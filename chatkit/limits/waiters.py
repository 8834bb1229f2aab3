"""Who stands in a line: tasks of any loop and threads, and how each sleeps and is woken."""

from __future__ import annotations

import asyncio
import math
import threading
from typing import TYPE_CHECKING

import anyio

from chatkit.net.loops import call_on, current_loop

if TYPE_CHECKING:
    from chatkit.limits.budget import Ticket

__all__ = ["AnyioWaiter", "AsyncioWaiter", "ThreadWaiter", "Waiter"]


class Waiter:
    """Somebody in line."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        self.ticket = ticket
        self.arrived = arrived
        self.alarm = math.inf  # when it looks again by itself

    def wake(self, seconds: float) -> bool:
        """Have it look again after so many seconds, or at once if it prefers to sleep itself. False: its loop is dead."""
        raise NotImplementedError


class AnyioWaiter(Waiter):
    """A task of any event loop."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        super().__init__(ticket, arrived)
        self._loop = current_loop()
        self._event = anyio.Event()

    def wake(self, seconds: float) -> bool:
        return call_on(self._loop, self._set)

    def _set(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Sleep so long, or until somebody wakes it."""
        if seconds == math.inf:
            await self._event.wait()
        else:
            with anyio.move_on_after(seconds):
                await self._event.wait()
        self._event = anyio.Event()


class AsyncioWaiter(Waiter):
    """A task of asyncio, where one who wakes another can set its timer: so each wakes once, when it is due."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        super().__init__(ticket, arrived)
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None

    def wake(self, seconds: float) -> bool:
        return call_on(self._loop, lambda: self._set(seconds))

    def _set(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._ring) if 0 < seconds < math.inf else None
        if seconds <= 0:
            self._ring()

    def _ring(self) -> None:
        if not self._future.done():
            self._future.set_result(None)

    async def wait(self, seconds: float) -> None:
        """Sleep so long, or until somebody wakes it."""
        self._set(seconds)
        try:
            await self._future
        finally:
            self._set(math.inf)
            self._future = self._loop.create_future()


class ThreadWaiter(Waiter):
    """A thread."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        super().__init__(ticket, arrived)
        self._event = threading.Event()

    def wake(self, seconds: float) -> bool:
        self._event.set()
        return True

    def wait(self, seconds: float) -> None:
        """Sleep so long, or until somebody wakes it."""
        self._event.wait(None if seconds == math.inf else seconds)
        self._event.clear()

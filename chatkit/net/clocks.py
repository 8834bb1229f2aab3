"""Waiting with an end: what turns the numbers of `Timeouts` into a `TimeoutError`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

__all__ = ["Alarm", "within"]

T = TypeVar("T")


class Alarm:
    """One timer for a whole stream on asyncio: moved by assigning a number, not by a scope around each read.

    When `time.monotonic()` passes `deadline`, `ring` is called once and `rang` is set. None means: not now.
    """

    __slots__ = ("_due", "_loop", "_ring", "_timer", "deadline", "rang")

    def __init__(self, loop: asyncio.AbstractEventLoop, ring: Callable[[], None]) -> None:
        self._loop = loop
        self._ring = ring
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0  # when the timer ends
        self.deadline: float | None = None
        self.rang = False

    def set(self, deadline: float) -> None:
        """Ring at `deadline` unless it is moved before."""
        self.deadline = deadline
        if self._timer is None or deadline < self._due:
            self.cancel()
            self.deadline = self._due = deadline
            self._timer = self._loop.call_at(deadline, self._look)

    def _look(self) -> None:
        self._timer = None
        if self.deadline is None:
            return
        if time.monotonic() < self.deadline:
            self._due = self.deadline
            self._timer = self._loop.call_at(self._due, self._look)
            return
        self.rang = True
        self._ring()

    def cancel(self) -> None:
        """Never ring."""
        self.deadline = None
        if self._timer is not None:
            if not self._loop.is_closed():
                self._timer.cancel()
            self._timer = None


async def within(work: Coroutine[Any, Any, T], deadline: float | None) -> T:
    """Await something until `time.monotonic()` passes the deadline; then TimeoutError."""
    if deadline is None:
        return await work
    with anyio.fail_after(max(0.0, deadline - time.monotonic())):
        return await work

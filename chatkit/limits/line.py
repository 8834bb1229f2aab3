"""The line in front of a budget: first come, first served, over tasks, threads and event loops.

Only the first in line has a clock running: it sleeps until its ticket is due, takes it, and wakes the next. So a pause,
a refund or a new rate concerns one sleeper, and a waiter that gives up leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
import weakref
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, TypeVar

import anyio

from chatkit.net.loops import after_fork, call_on, current_loop, in_trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.limits.budget import Budget, Ticket

__all__ = ["Line"]

T = TypeVar("T")
LATE = 0.1
"""Seconds that a timer may ring late without the rate suffering: the next ticket counts from the time it was due."""

OVERDUE = 1.0
"""Seconds after which one who should have gone through is looked after: its loop may be dead."""


class _Waiter:
    """Somebody in line."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        self.ticket = ticket
        self.arrived = arrived
        self.alarm = math.inf  # when it looks again by itself

    def wake(self, seconds: float) -> bool:
        """Have it look again after so many seconds, or at once if it prefers to sleep itself. False: its loop is dead."""
        raise NotImplementedError


class _Task(_Waiter):
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
        if seconds == math.inf:
            await self._event.wait()
        else:
            with anyio.move_on_after(seconds):
                await self._event.wait()
        self._event = anyio.Event()


class _AsyncioTask(_Waiter):
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
        self._set(seconds)
        try:
            await self._future
        finally:
            self._set(math.inf)
            self._future = self._loop.create_future()


class _Thread(_Waiter):
    """A thread."""

    def __init__(self, ticket: Ticket, arrived: float) -> None:
        super().__init__(ticket, arrived)
        self._event = threading.Event()

    def wake(self, seconds: float) -> bool:
        self._event.set()
        return True

    def wait(self, seconds: float) -> None:
        self._event.wait(None if seconds == math.inf else seconds)
        self._event.clear()


class Line:
    """Lets tickets through when the budget has room for them, in the order in which they came.

    Args:
        budget: what is shared.
        clock: seconds, the same that the budget's `now` was taken from.
    """

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.monotonic) -> None:
        self._budget = budget
        self._clock = clock
        self._forget()
        _all.add(self)

    def _forget(self) -> None:
        """Nobody is in line: at the start, and in a forked child, where the parent's waiters do not exist."""
        self._lock = threading.Lock()
        self._waiting: OrderedDict[_Waiter, None] = OrderedDict()
        self._changes: deque[Callable[[Budget, float], object]] = deque()

    # Going through.

    def try_enter(self, ticket: Ticket) -> bool:
        """Take a ticket if that needs no waiting."""
        return self._locked(lambda: self._take_now(ticket))

    def enter(self, ticket: Ticket) -> None:
        """Wait in this thread until the ticket is taken."""
        if self.try_enter(ticket):
            return
        waiter = _Thread(ticket, self._clock())
        self._locked(lambda: self._join(waiter, False))
        try:
            while (seconds := self._locked(lambda: self._step(waiter))) is not None:
                waiter.wait(seconds)
        except BaseException:
            self._locked(lambda: self._leave(waiter))
            raise

    async def aenter(self, ticket: Ticket, first: bool = False) -> None:
        """Wait in this task until the ticket is taken; a cancelled one takes nothing.

        Args:
            first: stand at the head of the line, as one who was served before and must come again.
        """
        if self.try_enter(ticket):
            return
        waiter = (_Task if in_trio() else _AsyncioTask)(ticket, self._clock())
        self._locked(lambda: self._join(waiter, first))
        try:
            while (seconds := self._locked(lambda: self._step(waiter))) is not None:
                await waiter.wait(seconds)
        except BaseException:
            self._locked(lambda: self._leave(waiter))
            raise

    def change(self, action: Callable[[Budget, float], object]) -> None:
        """Change the budget, from any thread and at any moment, even out of `__del__`; action(budget, now)."""
        self._changes.append(action)
        self._apply_changes()

    # All below but the last two happens under the lock.

    def _take_now(self, ticket: Ticket) -> bool:
        now = self._clock()
        if self._waiting:
            if next(iter(self._waiting)).alarm < now - OVERDUE:
                self._wake_first()
            return False
        if self._budget.due(ticket) > now:
            return False
        self._budget.take(ticket, now)
        return True

    def _join(self, waiter: _Waiter, first: bool) -> None:
        self._waiting[waiter] = None
        if first:
            self._waiting.move_to_end(waiter, last=False)

    def _step(self, waiter: _Waiter) -> float | None:
        """Seconds until it makes sense to ask again; None: the ticket is taken."""
        if next(iter(self._waiting)) is not waiter:
            waiter.alarm = math.inf
            return math.inf
        now = self._clock()
        due = waiter.alarm = self._budget.due(waiter.ticket)
        if due > now:
            return due - now
        self._budget.take(waiter.ticket, max(due, waiter.arrived, now - LATE))
        self._leave(waiter)
        return None

    def _leave(self, waiter: _Waiter) -> None:
        if waiter in self._waiting:
            was_first = next(iter(self._waiting)) is waiter
            del self._waiting[waiter]
            if was_first:
                self._wake_first()

    def _wake_first(self) -> None:
        while self._waiting:
            first = next(iter(self._waiting))
            first.alarm = self._budget.due(first.ticket)
            if first.wake(first.alarm - self._clock()):
                return
            del self._waiting[first]

    def _change(self) -> None:
        now = self._clock()
        while self._changes:
            self._changes.popleft()(self._budget, now)
        first = next(iter(self._waiting), None)
        if first is not None and self._budget.due(first.ticket) < first.alarm:
            self._wake_first()

    def _locked(self, step: Callable[[], T]) -> T:
        with self._lock:
            result = step()
        self._apply_changes()
        return result

    def _apply_changes(self) -> None:
        """Whoever holds the lock meanwhile does it afterwards: nobody waits here, so a finalizer cannot lock itself out."""
        while self._changes and self._lock.acquire(blocking=False):
            try:
                self._change()
            finally:
                self._lock.release()


_all: weakref.WeakSet[Line] = weakref.WeakSet()


def _forget_all() -> None:
    for line in _all:
        line._forget()


after_fork(_forget_all)

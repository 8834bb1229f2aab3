"""The line in front of a budget: first come, first served, over tasks, threads and event loops.

Only the first in line has a clock running: it sleeps until its ticket is due, takes it, and wakes the next. So a pause,
a refund or a new rate concerns one sleeper, and a waiter that gives up leaves nothing behind.
"""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, TypeVar

from chatkit.limits.waiters import AnyioWaiter, AsyncioWaiter, ThreadWaiter
from chatkit.net.loops import after_fork, in_trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.limits.budget import Budget, Ticket
    from chatkit.limits.waiters import Waiter

__all__ = ["Line"]

T = TypeVar("T")
LATE = 0.1
"""Seconds that a timer may ring late without the rate suffering: the next ticket counts from the time it was due."""

OVERDUE = 1.0
"""Seconds after which one who should have gone through is looked after: its loop may be dead."""


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
        self._waiting: OrderedDict[Waiter, None] = OrderedDict()
        self._changes: deque[Callable[[Budget, float], object]] = deque()

    # Going through.

    def try_enter(self, ticket: Ticket) -> bool:
        """Take a ticket if that needs no waiting."""
        return self._locked(lambda: self._take_now(ticket))

    def enter(self, ticket: Ticket) -> None:
        """Wait in this thread until the ticket is taken."""
        if self.try_enter(ticket):
            return
        waiter = ThreadWaiter(ticket, self._clock())
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
        waiter = (AnyioWaiter if in_trio() else AsyncioWaiter)(ticket, self._clock())
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

    def _join(self, waiter: Waiter, first: bool) -> None:
        self._waiting[waiter] = None
        if first:
            self._waiting.move_to_end(waiter, last=False)

    def _step(self, waiter: Waiter) -> float | None:
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

    def _leave(self, waiter: Waiter) -> None:
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

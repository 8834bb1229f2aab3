"""Async iterables for sync callers: the whole loop runs on the portal, and items come out on a queue.

A hop between threads for every item would cost a hundred times more.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import queue
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chatkit.net.leaving import aclose
from chatkit.net.loops import finish
from chatkit.net.portal import is_ending, working

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterator

__all__ = ["iterate"]

T = TypeVar("T")
AHEAD = 256
"""Items that a producer may be ahead of its caller; then it stops reading, and the socket's backpressure works."""
_END = object()


class _Failure:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


def iterate(source: Callable[[], AsyncIterable[T]], ahead: int = AHEAD) -> Iterator[T]:
    """The items of an async iterable, for a caller that cannot await. Leaving the loop cancels it and waits for its end.

    Args:
        source: makes the iterable, on the portal's loop.
        ahead: items that it may be ahead of the caller.
    """
    items: queue.SimpleQueue[Any] = queue.SimpleQueue()
    window = _Window(ahead)

    async def pump() -> None:
        window.attach()
        iterable = source()
        try:
            async for item in iterable:
                items.put(item)
                await window.sent()
        except BaseException as error:
            if not (is_ending() and isinstance(error, asyncio.CancelledError)):
                items.put(_Failure(error))
            await finish(aclose(iterable))
            if not isinstance(error, Exception):
                raise
        else:
            items.put(_END)

    with working(pump) as job:
        job.add_done_callback(lambda done: items.put(_Failure(_reason(done))))  # if it never began
        while (item := items.get()) is not _END:
            if isinstance(item, _Failure):
                raise item.error
            window.taken()
            yield cast("T", item)


def _reason(job: concurrent.futures.Future[None]) -> BaseException:
    """Why a job gave nothing: it was cancelled, or the iterable could not even be made."""
    return (None if job.cancelled() else job.exception()) or concurrent.futures.CancelledError()


class _Window:
    """Keeps the producer at most so many items in front of the consumer."""

    __slots__ = ("_ahead", "_lock", "_loop", "_open", "_waiting")

    def __init__(self, ahead: int) -> None:
        self._ahead = ahead
        self._open = 0
        self._lock = threading.Lock()
        self._waiting: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def attach(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def sent(self) -> None:
        with self._lock:
            self._open += 1
            if self._open < self._ahead or self._loop is None:
                return
            waiting = self._waiting = self._loop.create_future()
        await waiting

    def taken(self) -> None:
        with self._lock:
            self._open -= 1
            waiting = self._waiting
            if waiting is None or self._open > self._ahead // 2:
                return
            self._waiting = None
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_wake, waiting)


def _wake(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)

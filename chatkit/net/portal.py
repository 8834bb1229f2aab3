"""Async work for sync callers: one background event loop per process, started on first use.

`run` gives one result, `chatkit.net.iterate` the items of an async iterator. Works under a running loop, in notebooks,
in many threads at once, and in a forked child, which starts a loop of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import concurrent.futures
import contextlib
import contextvars
import sys
import threading
from typing import TYPE_CHECKING, Any, TypeVar

from chatkit.errors import InputError
from chatkit.net.loops import after_fork

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator

__all__ = ["Calls", "Job", "calls_of_thread", "is_ending", "run", "working"]

T = TypeVar("T")


class _Portal:
    """An event loop on a daemon thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._serve, name="chatkit-portal", daemon=True)
        try:
            self.thread.start()
        except RuntimeError as error:
            self.loop.close()
            raise InputError("the interpreter is ending: no call can be made any more, e.g. by an atexit function") from error

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        try:
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            while tasks := asyncio.all_tasks(self.loop):  # a cancelled call may leave a clean-up behind
                self.loop.run_until_complete(asyncio.wait(tasks))
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        finally:
            self.loop.close()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(2)

    def submit(self, work: Callable[[], Coroutine[Any, Any, T]]) -> Job[T]:
        job: Job[T] = Job(self.loop)
        context = contextvars.copy_context()
        context.run(_say_asyncio)
        self.loop.call_soon_threadsafe(job.start, work, context)
        return job


def _say_asyncio() -> None:
    """A caller under trio has that in its context, where anyio would look it up on the portal's loop."""
    sniffio = sys.modules.get("sniffio")
    if sniffio is not None:
        sniffio.current_async_library_cvar.set("asyncio")


class Job(concurrent.futures.Future[T]):
    """The result of a coroutine that runs on the portal's loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._task: asyncio.Task[T] | None = None

    def start(self, work: Callable[[], Coroutine[Any, Any, T]], context: contextvars.Context) -> None:
        """Begin, on the loop."""
        self._task = self._loop.create_task(work(), context=context)
        self._task.add_done_callback(self._copy)

    def _copy(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            if not _ending:
                self.set_exception(concurrent.futures.CancelledError())
        elif (error := task.exception()) is not None:
            self.set_exception(error)
        else:
            self.set_result(task.result())

    def cancel_soon(self) -> None:
        """Cancel the work, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(lambda: self._task and self._task.cancel())

    def stop(self) -> None:
        """Cancel the work and wait until it has cleaned up."""
        if self._loop.is_closed():
            return
        self.cancel_soon()
        concurrent.futures.wait([self], timeout=5)


class Calls:
    """What a worker thread has running here. Stopped together when nobody waits for the thread any more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: set[Job[Any]] = set()
        self._stopped = False

    def add(self, job: Job[Any]) -> None:
        """One more; stopped at once when nobody waits any more."""
        with self._lock:
            self._jobs.add(job)
            stopped = self._stopped
        if stopped:
            job.cancel_soon()

    def discard(self, job: Job[Any]) -> None:
        """One less."""
        with self._lock:
            self._jobs.discard(job)

    def stop(self) -> None:
        """Cancel what runs, and whatever is still to be started."""
        with self._lock:
            self._stopped, jobs = True, list(self._jobs)
        for job in jobs:
            job.cancel_soon()


calls_of_thread: contextvars.ContextVar[Calls | None] = contextvars.ContextVar("chatkit_calls_of_thread", default=None)


_portal: _Portal | None = None
_lock = threading.Lock()


def _get() -> _Portal:
    global _portal
    with _lock:
        if _portal is None or not _portal.thread.is_alive():
            _portal = _Portal()
        return _portal


_ending = False


def is_ending() -> bool:
    """The interpreter ends. Callers that still wait are daemon threads: they are left asleep, so that none of them complains."""
    return _ending


def _stop() -> None:
    global _ending
    _ending = True
    if _portal is not None:
        _portal.stop()


def _forget() -> None:
    global _portal, _lock
    _portal, _lock = None, threading.Lock()


atexit.register(_stop)
after_fork(_forget)


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of a coroutine, for a caller that cannot await. Ctrl-C cancels it and waits for its clean-up."""
    with working(work) as job:
        return job.result()


@contextlib.contextmanager
def working(work: Callable[[], Coroutine[Any, Any, T]]) -> Generator[Job[T]]:
    """Some work on the portal's loop; when the block is left before its end, it is stopped."""
    calls = calls_of_thread.get()
    with _borrowed() as portal:
        job = portal.submit(work)
        if calls is not None:
            calls.add(job)
        try:
            yield job
        finally:
            if not job.done():
                job.stop()
            if calls is not None:
                calls.discard(job)


@contextlib.contextmanager
def _borrowed() -> Generator[_Portal]:
    """The portal; or one more, when its own loop is the caller: a sync callback that asks a model cannot wait for itself."""
    portal = _get()
    if threading.current_thread() is not portal.thread:
        yield portal
        return
    aside = _Portal()
    try:
        yield aside
    finally:
        aside.stop()

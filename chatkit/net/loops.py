"""What differs between asyncio and trio, in one place.

On asyncio a task can be cancelled again while it cleans up, and httpcore does not survive that. `guarded` therefore
does the delicate work in a task of its own that is cancelled once at most; trio's scopes need no such help.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from chatkit.logs import log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

__all__ = [
    "after_fork",
    "at_loop_end",
    "attempt",
    "call_on",
    "current_loop",
    "finish",
    "finish_soon",
    "guarded",
    "in_background",
    "in_trio",
]

T = TypeVar("T")

_running: set[asyncio.Task[Any]] = set()  # asyncio keeps only weak references to tasks


def in_trio() -> bool:
    """Whether the caller runs under trio."""
    trio = sys.modules.get("trio")
    return trio is not None and trio.lowlevel.in_trio_run()


def current_loop() -> Any:
    """The running asyncio loop, or trio's token: what sockets belong to."""
    return sys.modules["trio"].lowlevel.current_trio_token() if in_trio() else asyncio.get_running_loop()


def _task(coroutine: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    task = asyncio.get_running_loop().create_task(coroutine)
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def guarded(coroutine: Coroutine[Any, Any, T], discard: Callable[[T], None], seconds: float | None = None) -> T:
    """Run something that must not be cancelled twice.

    Args:
        coroutine: the work; a cancelled caller cancels it once and waits for it.
        discard: takes the result that came although the caller was cancelled.
        seconds: after which the work is cancelled.

    Raises:
        TimeoutError: the time ran out.
    """
    if in_trio():
        return await _within(coroutine, seconds)
    task = _task(coroutine)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
    except BaseException:
        await _stop(task, discard)
        raise
    if not done:
        await _stop(task, discard)
        raise TimeoutError
    return task.result()


async def _within(coroutine: Coroutine[Any, Any, T], seconds: float | None) -> T:
    if seconds is None:
        return await coroutine
    with anyio.fail_after(seconds):
        return await coroutine


async def _stop(task: asyncio.Task[T], discard: Callable[[T], None]) -> None:
    task.cancel()
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            continue  # asked again; the caller raises the first one when the work has stopped
    if not task.cancelled() and task.exception() is None:
        discard(task.result())


async def finish(coroutine: Coroutine[Any, Any, None]) -> None:
    """Await a short clean-up to its end, however often the caller is cancelled meanwhile."""
    if in_trio():
        with sys.modules["trio"].CancelScope(shield=True):
            await coroutine
        return
    task = _task(coroutine)
    cancelled: asyncio.CancelledError | None = None
    try:
        while not task.done():
            try:
                await asyncio.wait((task,))
            except asyncio.CancelledError as error:
                cancelled = cancelled or error
        if cancelled is not None:
            raise cancelled  # not a new one: anyio knows those of its scopes by their message
        task.result()
    finally:
        del cancelled  # it refers to this frame


async def attempt(step: Awaitable[object]) -> None:
    """One step of a clean-up: neither its failure nor a cancelled loop keeps the next step from being done."""
    try:
        await step
    except (Exception, asyncio.CancelledError) as error:
        log.debug("while closing a connection: %r", error)


def finish_soon(loop: Any, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a short clean-up on its loop from code that cannot await (`__del__`), from any thread; not when it is over."""
    call_on(loop, lambda: in_background(lambda: _shielded(work)))


def in_background(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run something beside the caller, in the caller's context, until it ends or the loop does. It must not raise."""
    if in_trio():
        sys.modules["trio"].lowlevel.spawn_system_task(work, name="chatkit", context=contextvars.copy_context())
    else:
        _task(work())


def call_on(loop: Any, callback: Callable[[], object]) -> bool:
    """Call something on its loop, from any thread: at once when that is here. False when the loop is over."""
    if isinstance(loop, asyncio.AbstractEventLoop):
        here, later = _is_running_here(loop), loop.call_soon_threadsafe
    else:
        module = sys.modules.get("trio")
        if module is None:  # the interpreter is being taken down
            return False
        trio = module.lowlevel
        here, later = trio.in_trio_run() and trio.current_trio_token() is loop, loop.run_sync_soon
    if here:
        callback()
        return True
    try:
        later(callback)
    except RuntimeError:  # asyncio: the loop is closed; trio.RunFinishedError is one too
        return False
    return True


async def _shielded(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if not in_trio():
        await work()
        return
    with sys.modules["trio"].CancelScope(shield=True):
        await work()


def _is_running_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


class _LoopEnd:
    """Passes for an async generator that both loops close when they end; that is the one moment they announce."""

    def __init__(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._close = close
        self.ag_frame = None
        self.ag_code = self.__init__.__code__
        self.__qualname__ = type(self).__qualname__

    async def aclose(self) -> None:
        await self._close()


def at_loop_end(close: Callable[[], Coroutine[Any, Any, None]]) -> object:
    """Have `close` awaited when the running loop ends. The returned object must be kept alive until then."""
    end = _LoopEnd(close)
    first_iteration = sys.get_asyncgen_hooks().firstiter
    if first_iteration is not None:
        first_iteration(end)  # type: ignore[arg-type]
    return end


def after_fork(forget: Callable[[], None]) -> None:
    """Have `forget` called in a forked child, where the parent's sockets and threads are not ours."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=forget)

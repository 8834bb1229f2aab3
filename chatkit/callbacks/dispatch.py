"""Calling handlers: who listens to what, inline or awaited, and what happens when one fails."""

from __future__ import annotations

import inspect
import logging
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.callbacks.base import BaseCallbackHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from chatkit.runs import Run

__all__ = [
    "call",
    "facts",
    "failed",
    "failed_soon",
    "fire",
    "fire_now",
    "fire_soon",
    "fire_sync",
    "listeners",
    "rest",
    "settle",
    "wants_streaming",
]

log = logging.getLogger("chatkit")

Later: TypeAlias = "Callable[[], Coroutine[Any, Any, None]]"

_IGNORED_BY: dict[str, tuple[str, ...]] = {
    "chat_model": ("ignore_chat_model",),
    "llm": ("ignore_llm", "ignore_chat_model"),
    "stream": ("ignore_llm", "ignore_chat_model"),
    "chain": ("ignore_chain",),
    "tool": ("ignore_tool", "ignore_agent"),
    "retry": ("ignore_retry",),
    "custom": ("ignore_custom_event",),
}
"""The second word of a hook's name -> attributes of a handler that switch such hooks off."""


def listeners(handlers: Iterable[Any], hook: str) -> list[tuple[Any, Callable[..., Any]]]:
    """(handler, bound method) of those that listen to a hook; the empty methods of the base class do not count."""
    found: list[tuple[Any, Callable[..., Any]]] = []
    silent = getattr(BaseCallbackHandler, hook, None)
    switches = next(switches for word, switches in _IGNORED_BY.items() if hook.startswith(f"on_{word}"))
    for handler in handlers:
        method = getattr(handler, hook, None)
        if method is None or getattr(method, "__func__", None) is silent:
            continue
        if not any(getattr(handler, switch, False) for switch in switches):
            found.append((handler, method))
    return found


def wants_streaming(handlers: Iterable[Any]) -> bool:
    """Whether some handler asks that calls stream inside."""
    return any(getattr(handler, "wants_streaming", False) for handler in handlers)


def facts(run: Run) -> dict[str, Any]:
    """The keyword arguments that every hook gets."""
    return {"run_id": run.id, "parent_run_id": run.parent_id, "tags": run.tags, "metadata": run.metadata}


async def call(handler: Any, hook: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Call one method of one handler, and await what it gives when that can be awaited."""
    try:
        result = method(*args, **kwargs)
        if result is not None and inspect.isawaitable(result):
            await result
    except Exception as error:
        failed(handler, hook, error)


def failed_soon(handler: Any, hook: str, error: Exception) -> Coroutine[Any, Any, None] | None:
    """A handler failed: log it, or have the error raised where it is awaited."""
    if not getattr(handler, "raise_error", False):
        failed(handler, hook, error)
        return None

    async def raising() -> None:
        raise error

    return raising()


async def rest(handler: Any, hook: str, waiting: Awaitable[Any]) -> None:
    """Await what a handler gave."""
    try:
        await waiting
    except Exception as error:
        failed(handler, hook, error)


async def fire(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook of all handlers of a run."""
    if run is not None:
        for handler, method in listeners(run.handlers, hook):
            await call(handler, hook, method, *args, **facts(run), **kwargs)


def fire_now(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> list[Later]:
    """Call the sync handlers of a hook from code that cannot await; gives what `settle` does for the others."""
    later: list[Later] = []
    if run is None:
        return later
    for handler, method in listeners(run.handlers, hook):
        bound = partial(method, *args, **facts(run), **kwargs)
        if inspect.iscoroutinefunction(method):
            later.append(partial(call, handler, hook, bound))
            continue
        try:
            result = bound()
        except Exception as error:
            result = failed_soon(handler, hook, error)
        if inspect.isawaitable(result):
            later.append(partial(rest, handler, hook, result))
    return later


def fire_sync(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook from sync code; async handlers are run on the background loop, to their end."""
    later = fire_now(run, hook, *args, **kwargs)
    if later:
        from chatkit.net.portal import run as run_in_background

        run_in_background(lambda: settle(later))


def fire_soon(run: Run | None, hook: str, *args: Any, loop: Any = None, **kwargs: Any) -> None:
    """Call a hook from code that must not await any more; async handlers are run later, on the given loop or this one."""
    later = fire_now(run, hook, *args, **kwargs)
    if later:
        from chatkit.net.loops import current_loop, finish_soon

        with suppress(RuntimeError):  # dropped after its loop has ended
            finish_soon(loop or current_loop(), lambda: settle(later))


async def settle(later: list[Later]) -> None:
    """Do what `fire_now` left to be done."""
    for work in later:
        await work()


def failed(handler: Any, hook: str, error: Exception) -> None:
    """A handler failed: log it, or raise when the handler asks for that."""
    if getattr(handler, "raise_error", False):
        raise error
    log.warning("callback %s.%s failed: %r", type(handler).__name__, hook, error)

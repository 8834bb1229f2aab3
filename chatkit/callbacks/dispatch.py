"""Calling handlers: who listens to what, inline or awaited, and what happens when one fails."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from chatkit.callbacks.base import BaseCallbackHandler

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterable

    from chatkit.config import Run

__all__ = ["call", "call_now", "facts", "fire", "fire_now", "fire_soon", "fire_sync", "listeners", "settle", "wants_streaming"]

log = logging.getLogger("chatkit")

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


def call_now(handler: Any, hook: str, method: Callable[..., Any], *args: Any, **kwargs: Any) -> Coroutine[Any, Any, None] | None:
    """The same from code that cannot await; gives what an async handler still wants awaited."""
    try:
        result = method(*args, **kwargs)
    except Exception as error:
        return failed_soon(handler, hook, error)
    return None if result is None or not inspect.isawaitable(result) else rest(handler, hook, result)


def failed_soon(handler: Any, hook: str, error: Exception) -> Coroutine[Any, Any, None] | None:
    """A handler failed: log it, or have the error raised where it is awaited."""
    if not getattr(handler, "raise_error", False):
        failed(handler, hook, error)
        return None

    async def raising() -> None:
        raise error

    return raising()


async def rest(handler: Any, hook: str, waiting: Awaitable[Any]) -> None:
    try:
        await waiting
    except Exception as error:
        failed(handler, hook, error)


async def fire(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook of all handlers of a run."""
    if run is not None:
        for handler, method in listeners(run.handlers, hook):
            await call(handler, hook, method, *args, **facts(run), **kwargs)


def fire_now(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> list[Coroutine[Any, Any, None]]:
    """Call a hook from code that cannot await; gives what async handlers still want awaited."""
    if run is None:
        return []
    results = [
        call_now(handler, hook, method, *args, **facts(run), **kwargs) for handler, method in listeners(run.handlers, hook)
    ]
    return [waiting for waiting in results if waiting is not None]


def fire_sync(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook from sync code; async handlers are run on the background loop, to their end."""
    waiting = fire_now(run, hook, *args, **kwargs)
    if waiting:
        from chatkit.net.portal import run as run_in_background

        run_in_background(lambda: settle(waiting))


def fire_soon(run: Run | None, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook from a coroutine that must not await any more; async handlers are run later on the same loop."""
    waiting = fire_now(run, hook, *args, **kwargs)
    if waiting:
        from chatkit.net.loops import current_loop, finish_soon

        try:
            finish_soon(current_loop(), lambda: settle(waiting))
        except RuntimeError:  # dropped after its loop has ended
            for work in waiting:
                work.close()


async def settle(waiting: list[Coroutine[Any, Any, None]]) -> None:
    """Await what `fire_now` gave."""
    for work in waiting:
        await work


def failed(handler: Any, hook: str, error: Exception) -> None:
    """A handler failed: log it, or raise when the handler asks for that."""
    if getattr(handler, "raise_error", False):
        raise error
    log.warning("callback %s.%s failed: %r", type(handler).__name__, hook, error)

"""Calling handlers: who listens to what, inline or awaited, and what happens when one fails."""

from __future__ import annotations

import inspect
import logging
from typing import TYPE_CHECKING, Any

from chatkit.callbacks.base import BaseCallbackHandler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatkit.config import Run

__all__ = ["fire", "fire_now", "listeners", "wants_streaming"]

log = logging.getLogger("chatkit")


def listeners(handlers: Iterable[Any], hook: str, kind: str = "chat_model") -> list[tuple[Any, Callable[..., Any]]]:
    """(handler, bound method) of those that listen to a hook; the empty methods of the base class do not count."""
    found: list[tuple[Any, Callable[..., Any]]] = []
    silent = getattr(BaseCallbackHandler, hook, None)
    for handler in handlers:
        method = getattr(handler, hook, None)
        if method is None or getattr(method, "__func__", None) is silent or getattr(handler, f"ignore_{kind}", False):
            continue
        found.append((handler, method))
    return found


def wants_streaming(handlers: Iterable[Any]) -> bool:
    """Whether some handler asks that calls stream inside."""
    return any(getattr(handler, "wants_streaming", False) for handler in handlers)


def facts(run: Run) -> dict[str, Any]:
    """The keyword arguments that every hook gets."""
    return {"run_id": run.id, "parent_run_id": run.parent_id, "tags": run.tags, "metadata": run.metadata}


async def fire(run: Run, hook: str, *args: Any, **kwargs: Any) -> None:
    """Call a hook of all handlers of a run."""
    for handler, method in listeners(run.handlers, hook, run.kind):
        try:
            result = method(*args, **facts(run), **kwargs)
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            failed(handler, hook, error)


def fire_now(run: Run, hook: str, *args: Any, **kwargs: Any) -> list[Any]:
    """Call a hook from code that cannot await; gives what async handlers still want awaited."""
    waiting: list[Any] = []
    for handler, method in listeners(run.handlers, hook, run.kind):
        try:
            result = method(*args, **facts(run), **kwargs)
            if inspect.isawaitable(result):
                waiting.append(result)
        except Exception as error:
            failed(handler, hook, error)
    return waiting


def failed(handler: Any, hook: str, error: Exception) -> None:
    """A handler failed: log it, or raise when the handler asks for that."""
    if getattr(handler, "raise_error", False):
        raise error
    log.warning("callback %s.%s failed: %r", type(handler).__name__, hook, error)

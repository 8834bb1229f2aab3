"""Sync functions called by async code: in a worker thread, with the caller's context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from anyio import to_thread

from chatkit.net.portal import Calls, calls_of_thread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_thread"]

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    """What a sync function gives.

    A cancelled caller does not wait for the thread, which cannot be stopped; but the requests that the function has
    under way, or begins later, are cancelled: nobody would see their answers.
    """
    calls = Calls()
    token = calls_of_thread.set(calls)
    try:
        # In a tuple: trio takes a coroutine that a function returns for a mistake.
        (result,) = await to_thread.run_sync(lambda: (function(*args, **kwargs),), abandon_on_cancel=True)
    except BaseException as error:
        if not isinstance(error, Exception):
            calls.stop()
        raise
    finally:
        calls_of_thread.reset(token)
    return result

"""What every limiter can do, and how a model asks any of them."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call
    from chatkit.errors import ModelError
    from chatkit.net.exchange import Exchange
    from chatkit.net.plan import Observer

__all__ = ["BaseRateLimiter", "observer_of"]


class BaseRateLimiter(abc.ABC):
    """Decides when a call may start: `init_chat_model(..., rate_limiter=...)`. Write your own by these two methods."""

    @abc.abstractmethod
    def acquire(self, *, blocking: bool = True) -> bool:
        """Take one request from the budget, in this thread.

        Args:
            blocking: wait until there is one. False: return at once whether there was.
        """

    @abc.abstractmethod
    async def aacquire(self, *, blocking: bool = True) -> bool:
        """`acquire` for async code."""

    def observer(self, call: Call) -> Observer:
        """What a model calls before and after each attempt of one call."""
        return _Acquiring(self)


def observer_of(limiter: Any, call: Call) -> Observer:
    """The observer of one call for any limiter: chatkit's, LangChain's, or whatever has `aacquire` or `acquire`."""
    make = getattr(limiter, "observer", None)
    return _Acquiring(limiter) if make is None else make(call)


class _Acquiring:
    """Asks a limiter that knows nothing of calls, once for every attempt."""

    def __init__(self, limiter: Any) -> None:
        self._limiter = limiter

    async def admit(self, exchange: Exchange) -> None:
        if hasattr(self._limiter, "aacquire"):
            await self._limiter.aacquire(blocking=True)
        else:
            await anyio.to_thread.run_sync(lambda: self._limiter.acquire(blocking=True), abandon_on_cancel=True)

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        pass

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        pass

    async def ended(self, exchange: Exchange, error: BaseException | None) -> None:
        pass

    def dropped(self, exchange: Exchange) -> None:
        pass

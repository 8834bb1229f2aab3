"""Limiters of one process: shared by its tasks, threads, event loops and models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NoReturn, Self

from chatkit.errors import InputError
from chatkit.limits.budget import Bucket, Budget
from chatkit.limits.limiter import Limiter, given_buckets, places_of, positive
from chatkit.limits.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.limits.budget import Ticket

__all__ = ["InMemoryRateLimiter", "RateLimiter"]


class _MemoryLimiter(Limiter):
    """A limiter whose buckets are in this process."""

    def __init__(
        self,
        given: Mapping[str, Bucket],
        *,
        places: int | None = None,
        burst: float | None = None,
        adaptive: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(given, places=places, burst=burst, adaptive=adaptive)
        self._line = Line(Budget(given, places, clock()), clock)

    def acquire(self, *, blocking: bool = True, tokens: float = 0) -> bool:
        if not blocking:
            return self._line.try_enter(self.plain_ticket(tokens))
        self._line.enter(self.plain_ticket(tokens))
        return True

    async def aacquire(self, *, blocking: bool = True, tokens: float = 0) -> bool:
        if not blocking:
            return self._line.try_enter(self.plain_ticket(tokens))
        await self._line.aenter(self.plain_ticket(tokens))
        return True

    async def aenter(self, ticket: Ticket, first: bool = False) -> None:
        await self._line.aenter(ticket, first)

    async def settle(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        self.settle_soon(ticket, used)

    def settle_soon(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        self._line.change(lambda budget, _: budget.settle(ticket, used))

    async def pause(self, ticket: Ticket, seconds: float) -> None:
        self._line.change(lambda budget, now: budget.pause(now + seconds, ticket))

    async def _learn(self, name: str, rate: float, size: float) -> None:
        self._line.change(lambda budget, _: budget.learn(name, rate, size))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} limits one process and cannot be sent to another, which would have a budget of its own. "
            "RedisRateLimiter shares one budget among processes and machines"
        )


class InMemoryRateLimiter(_MemoryLimiter):
    """Lets so many requests a second through, on average and exactly.

    Args:
        requests_per_second: may be below 1.
        check_every_n_seconds: has no effect, nothing is polled; LangChain's limiter has this argument.
        max_bucket_size: how many requests may start at once after a time without any.

    Unlike LangChain's, it starts with a full bucket, so the first request need not wait; it keeps the rate that was
    asked for; and retries count. A request that the provider refuses with 429 holds all others up until it may come again.

    Raises:
        InputError: a rate of 0 or less, a bucket that holds less than one request.

    Source: spec S200-S207.
    """

    def __init__(
        self,
        *,
        requests_per_second: float = 1,
        check_every_n_seconds: float = 0.1,
        max_bucket_size: float = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        rate = positive(requests_per_second, "requests_per_second")
        size = positive(max_bucket_size, "max_bucket_size")
        if size < 1:
            raise InputError(f"max_bucket_size must be 1 or more, not {size:g}: a smaller bucket never holds a request")
        super().__init__({"requests": Bucket(rate, size, size)}, clock=clock)
        self._shown = f"requests_per_second={requests_per_second!r}, max_bucket_size={max_bucket_size!r}"

    def __repr__(self) -> str:
        return f"InMemoryRateLimiter({self._shown})"


class RateLimiter(_MemoryLimiter):
    """Keeps calls within a provider's limits of requests and tokens, and learns those limits from its answers.

    Args:
        requests_per_minute: None for no limit but what the provider's headers say.
        tokens_per_minute: input and output together. The expected tokens are reserved, the real ones are settled.
        max_concurrency: calls that may run at the same time, over all models that share the limiter.
        burst: seconds' worth of the budget that may be taken at once after a time without calls. Default 1; 60 allows
            a whole minute's budget at once.
        adaptive: follow `x-ratelimit-*` and `anthropic-ratelimit-*` headers, for each model.

    A request that is refused with 429 holds all others up for as long as the provider asks.

    Raises:
        InputError: a number of 0 or less.
    """

    def __init__(
        self,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        max_concurrency: int | None = None,
        burst: float | None = None,
        *,
        adaptive: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            given_buckets(requests_per_minute, tokens_per_minute, burst),
            places=places_of(max_concurrency),
            burst=burst,
            adaptive=adaptive,
            clock=clock,
        )

    def __repr__(self) -> str:
        shown = {name: round(bucket.rate * 60, 3) for name, bucket in self._given.items()}
        return f"RateLimiter({shown}, max_concurrency={self._places}, burst={self._burst:g})"

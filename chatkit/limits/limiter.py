"""What chatkit's limiters share: which buckets there are, and what a call takes of each."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError, InputTypeError
from chatkit.limits.base import BaseRateLimiter
from chatkit.limits.budget import Bucket, Ticket, size_of
from chatkit.limits.limited import LimitedCall, kind_of
from chatkit.limits.tokens import Forecast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call
    from chatkit.limits.facts import Fact

__all__ = ["DEFAULT_BURST", "MARGIN", "Limiter", "given_buckets", "places_of", "positive"]

DEFAULT_BURST = 1.0
MARGIN = 0.99
"""Share of a learned rate that is used: requests arrive a little earlier or later than they were sent."""


class Limiter(BaseRateLimiter):
    """A limiter with buckets, wherever they are kept.

    The buckets that the user asked for are for all calls. Those that were learned from a provider's headers are for one
    model each, as the provider's limits are, and are named "requests@openai:gpt-5".

    Attributes:
        adaptive: it learns from the headers of answers.
        forecast: what calls are expected to take.
    """

    def __init__(self, given: Mapping[str, Bucket], *, places: int | None, burst: float | None, adaptive: bool) -> None:
        if burst is not None and burst < 0:
            raise InputError(f"burst must be 0 or more seconds, not {burst!r}")
        self._given = dict(given)
        self._places = places
        self._burst = DEFAULT_BURST if burst is None else burst
        self._learned: dict[str, tuple[str, ...]] = {}
        self._rates: dict[str, float] = {}
        self.adaptive = adaptive
        self.forecast = Forecast()

    def observer(self, call: Call) -> LimitedCall:
        return LimitedCall(self, call)

    def ticket(self, call: Call, scope: str) -> Ticket:
        """What a call is expected to take. Tokens are counted only where there is a limit of them."""
        names = self._names(scope)
        only_requests = all(kind_of(name) == "requests" for name in names)
        amounts = {"requests": 1.0} if only_requests else self.forecast.of(call).amounts()
        return Ticket({name: amounts[kind_of(name)] for name in names}, place=self._places is not None)

    def is_stale(self, ticket: Ticket, scope: str) -> bool:
        """Whether limits were learned that a ticket does not know, because it was in line meanwhile."""
        return not ticket.amounts.keys() >= set(self._names(scope))

    def _names(self, scope: str) -> tuple[str, ...]:
        return (*self._given, *self._learned.get(scope, ()))

    def plain_ticket(self, tokens: float = 0) -> Ticket:
        """What a call takes that is not made by a model: no place, since nobody would say when it ends."""
        amounts = {"requests": 1.0, "tokens": float(tokens)}
        return Ticket({name: amounts[name] for name in self._given})

    async def learn(self, ticket: Ticket, scope: str, facts: Mapping[str, Fact]) -> None:
        """Follow what a provider says of its limits in its answer to a ticket."""
        for kind, fact in facts.items():
            name = f"{kind}@{scope}"
            if fact.remaining is not None:
                ticket.remaining[name] = fact.remaining
            if fact.rate is not None and self._rates.get(name) != fact.rate:
                self._rates[name] = fact.rate
                if name not in (known := self._learned.get(scope, ())):
                    self._learned[scope] = (*known, name)
                rate = fact.rate * MARGIN
                await self._learn(name, rate, size_of(rate, self._burst) if fact.size is None else fact.size)

    # Where the buckets are.

    @abc.abstractmethod
    async def aenter(self, ticket: Ticket, first: bool = False) -> None:
        """Wait until the ticket is taken; a cancelled caller takes nothing."""

    @abc.abstractmethod
    async def settle(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        """Replace what a ticket took by what was used, and give its place back."""

    @abc.abstractmethod
    def settle_soon(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        """`settle` out of code that cannot wait."""

    @abc.abstractmethod
    async def pause(self, ticket: Ticket, seconds: float) -> None:
        """Let nobody through for some seconds, because the provider refused the ticket's request."""

    @abc.abstractmethod
    async def _learn(self, name: str, rate: float, size: float) -> None:
        """Make or change a bucket."""


def given_buckets(requests_per_minute: Any, tokens_per_minute: Any, burst: float | None) -> dict[str, Bucket]:
    """The buckets that a user asks for, full."""
    buckets: dict[str, Bucket] = {}
    for name, amount in (("requests", requests_per_minute), ("tokens", tokens_per_minute)):
        if amount is not None:
            rate = positive(amount, f"{name}_per_minute") / 60
            size = size_of(rate, DEFAULT_BURST if burst is None else burst)
            buckets[name] = Bucket(rate, size, size)
    return buckets


def positive(value: Any, name: str) -> float:
    """A number above 0, else an error that says which argument is wrong."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InputTypeError(f"{name} must be a number, not {value!r}")
    if not 0 < value < float("inf"):
        raise InputError(f"{name} must be more than 0, not {value!r}")
    return float(value)


def places_of(max_concurrency: Any) -> int | None:
    """`max_concurrency`, checked."""
    if max_concurrency is None:
        return None
    if not isinstance(max_concurrency, int) or isinstance(max_concurrency, bool):
        raise InputTypeError(f"max_concurrency must be a whole number, not {max_concurrency!r}")
    if max_concurrency < 1:
        raise InputError(f"max_concurrency must be 1 or more, not {max_concurrency!r}")
    return max_concurrency

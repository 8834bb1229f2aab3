"""One call under a limiter of chatkit: reserve, learn from the answer, settle."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from chatkit.errors import ModelError, OverloadedError, RateLimitError
from chatkit.events import OUTPUT_TYPES
from chatkit.limits.facts import facts_of
from chatkit.limits.tokens import usage_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call
    from chatkit.limits.budget import Ticket
    from chatkit.limits.limiter import Limiter
    from chatkit.net.exchange import Exchange

__all__ = ["LimitedCall"]

_WINDOW = re.compile(r"_(second|hour|day|month)\Z")
PAUSE = 1.0
"""Seconds that a refused call holds the others up when nobody says how long."""
LONGEST_PAUSE = 120.0
"""A provider that asks for more has no budget left for minutes or hours: then calls fail, they do not hang."""


class LimitedCall:
    """Observes an exchange (chatkit.net.plan.Observer) for a limiter.

    Every attempt takes a ticket: a request counts whether or not it succeeds. Its tokens are what the answer reports,
    none when there was no answer, and what was expected when the answer was left in the middle.
    """

    def __init__(self, limiter: Limiter, call: Call) -> None:
        self._limiter = limiter
        self._call = call
        self._ticket: Ticket | None = None
        self._attempts = -1

    async def admit(self, exchange: Exchange) -> None:
        scope = scope_of(exchange)
        while not await self._entered(exchange, scope):
            pass

    async def _entered(self, exchange: Exchange, scope: str) -> bool:
        """Take a ticket; False if more limits were learned while it was in line: then it must be one for these too."""
        again = self._attempts >= 0
        ticket = self._limiter.ticket(self._call, scope)
        await self._limiter.aenter(ticket, first=again)
        self._ticket, self._attempts = ticket, exchange.attempts
        if not self._limiter.is_stale(ticket, scope):
            return True
        await self._limiter.settle(ticket, dict.fromkeys(ticket.amounts, 0.0))
        self._ticket = None
        return False

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        if self._ticket is not None and self._limiter.adaptive and (facts := facts_of(headers)):
            await self._limiter.learn(self._ticket, scope_of(exchange), facts)

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        await self._over(exchange, error, delay)

    async def ended(self, exchange: Exchange, error: BaseException | None) -> None:
        await self._over(exchange, error, PAUSE)

    def dropped(self, exchange: Exchange) -> None:
        ticket, self._ticket = self._ticket, None
        if ticket is not None:
            self._limiter.settle_soon(ticket, self._used(exchange, None, ticket))

    async def _over(self, exchange: Exchange, error: BaseException | None, delay: float) -> None:
        ticket, self._ticket = self._ticket, None
        if ticket is None:
            return
        seconds = _pause(error, delay)
        if seconds:
            await self._limiter.pause(ticket, seconds)
        await self._limiter.settle(ticket, self._used(exchange, error, ticket))

    def _used(self, exchange: Exchange, error: BaseException | None, ticket: Ticket) -> Mapping[str, float]:
        """What the attempt really took, by the ticket's names."""
        if exchange.attempts == self._attempts:  # it was given up before it was sent
            return dict.fromkeys(ticket.amounts, 0.0)
        used = usage_in(exchange.events)
        if used is not None:
            self._limiter.forecast.see(self._call, used)
            amounts = used.amounts()
            return {name: amounts[kind_of(name)] for name in ticket.amounts}
        if isinstance(error, ModelError) and not any(type(event) in OUTPUT_TYPES for event in exchange.events):
            return {name: amount if kind_of(name) == "requests" else 0.0 for name, amount in ticket.amounts.items()}
        return ticket.amounts


def scope_of(exchange: Exchange) -> str:
    """What a provider's limits are for: one model."""
    return f"{exchange.plan.provider}:{exchange.plan.call.model}"


def kind_of(name: str) -> str:
    """What a bucket counts: "requests_day@openai:gpt-5" counts "requests"."""
    kind, _, scope = name.partition("@")
    return _WINDOW.sub("", kind) if scope else kind


def _pause(error: BaseException | None, delay: float) -> float:
    """Seconds that everybody waits because of an error: the provider's wish, else until this call tries again."""
    if isinstance(error, RateLimitError) and error.retryable:
        seconds = delay if error.retry_after is None else error.retry_after
    elif isinstance(error, OverloadedError) and error.retry_after is not None:
        seconds = error.retry_after
    else:
        return 0.0
    return seconds if math.isfinite(seconds) and seconds <= LONGEST_PAUSE else 0.0

"""The arithmetic of limits: buckets that fill with time, on whatever clock the caller reads. Waits for nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Bucket", "Budget", "Ticket", "size_of"]


class Ticket(Struct, eq=False):
    """What one call takes.

    Attributes:
        amounts: by bucket: {"requests": 1, "tokens": 512}.
        place: it also takes one of `max_concurrency` places until it is given back.
        at: when it was admitted.
        counts: what each bucket had given until then, this ticket included.
        remaining: what the provider said was left of each after the ticket's request.
        id: names the place, where a server keeps it.
    """

    amounts: dict[str, float]
    place: bool = False
    at: float = 0.0
    counts: dict[str, float] = field(default_factory=dict[str, float])
    remaining: dict[str, float] = field(default_factory=dict[str, float])
    id: str = ""


class Bucket(Struct):
    """Holds `size` at most and fills at `rate` a second. Below zero it is in debt.

    Attributes:
        given: how much was ever taken out.
    """

    rate: float
    size: float
    level: float
    given: float = 0.0


def size_of(rate: float, burst: float, least: float = 1.0) -> float:
    """What a bucket holds: so many seconds of its rate, but never less than one request."""
    return max(least, rate * burst)


class Budget:
    """Several buckets, of which a call needs something each, and a number of places.

    Args:
        buckets: by name; they are full in the beginning.
        places: how many calls may run at the same time, None for any number.
        now: the time on the caller's clock.
    """

    def __init__(self, buckets: Mapping[str, Bucket], places: int | None = None, now: float = 0.0) -> None:
        self.buckets = dict(buckets)
        self._places = places
        self._running = 0
        self._at = now
        self._closed_until = now

    def due(self, ticket: Ticket) -> float:
        """When a ticket can be taken, may be in the past; infinity while no place is free. Of no effect."""
        if ticket.place and self._places is not None and self._running >= self._places:
            return math.inf
        due = max(self._at, self._closed_until)
        for name, amount in ticket.amounts.items():
            bucket = self.buckets.get(name)
            if bucket is not None:  # more than it ever holds is taken when it is full, and leaves a debt
                due = max(due, self._at + (min(amount, bucket.size) - bucket.level) / bucket.rate)
        return due

    def take(self, ticket: Ticket, at: float) -> None:
        """Take a ticket as of some time, not before it is due."""
        self._advance(at)
        ticket.at = at
        self._running += ticket.place
        for name, amount in ticket.amounts.items():
            bucket = self.buckets.get(name)
            if bucket is not None:
                bucket.level -= amount
                bucket.given += amount
                ticket.counts[name] = bucket.given

    def settle(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        """Replace what a ticket took by what its call used, give its place back, and believe the provider where it has less."""
        for name, amount in ticket.amounts.items():
            bucket = self.buckets.get(name)
            if bucket is not None and name in ticket.counts:
                back = amount - used.get(name, amount)
                ticket.counts[name] -= back
                bucket.given -= back
                bucket.level = min(bucket.size, bucket.level + back, self._reported(ticket, name, bucket))
        self._running -= ticket.place
        ticket.place = False
        ticket.amounts = {name: used.get(name, amount) for name, amount in ticket.amounts.items()}

    def _reported(self, ticket: Ticket, name: str, bucket: Bucket) -> float:
        """The level that follows from what the provider said: less what was taken since, and what has come back since."""
        remaining = ticket.remaining.get(name)
        if remaining is None:
            return math.inf
        return remaining - (bucket.given - ticket.counts[name]) + bucket.rate * (self._at - ticket.at)

    def pause(self, until: float, ticket: Ticket) -> None:
        """Give nothing until then, and then no more at once than the ticket that was refused."""
        self._closed_until = max(self._closed_until, until)
        for name, amount in ticket.amounts.items():
            bucket = self.buckets.get(name)
            if bucket is not None:
                bucket.level = min(bucket.level, amount - bucket.rate * max(0.0, until - self._at))

    def learn(self, name: str, rate: float, size: float) -> None:
        """Follow a limit that a provider reports; its bucket is made when it is new."""
        bucket = self.buckets.setdefault(name, Bucket(rate, size, size))
        bucket.rate, bucket.size = rate, size
        bucket.level = min(size, bucket.level)

    def _advance(self, at: float) -> None:
        seconds = at - self._at
        if seconds > 0:
            for bucket in self.buckets.values():
                bucket.level = min(bucket.size, bucket.level + seconds * bucket.rate)
            self._at = at

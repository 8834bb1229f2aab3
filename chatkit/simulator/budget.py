"""A hidden rate limit, as providers have them: buckets that fill with time."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from chatkit.simulator.dialects.dialect import Limits

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Budget"]


class Budget:
    """How many requests and tokens a minute are answered; what is more gets 429 with retry-after.

    Args:
        requests: a minute, None for no limit.
        tokens: a minute, input and output together, None for no limit.
        burst: seconds of the rate that may be taken at once. A minute's worth by default.
        clock: seconds, for tests.
    """

    def __init__(
        self,
        requests: int | None = None,
        tokens: int | None = None,
        *,
        burst: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = None if requests is None else _Bucket(requests, burst, clock)
        self._tokens = None if tokens is None else _Bucket(tokens, burst, clock)
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """A copy has a budget of its own; a lock cannot travel."""
        return {**self.__dict__, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def take(self, tokens: int) -> tuple[Limits, float | None]:
        """Take a request of so many tokens: what is left, and the seconds to wait where it does not fit."""
        with self._lock:
            waits = [bucket.wait(cost) for bucket, cost in ((self._requests, 1), (self._tokens, tokens)) if bucket is not None]
            wait = max(waits, default=0.0)
            if wait <= 0:
                for bucket, cost in ((self._requests, 1), (self._tokens, tokens)):
                    if bucket is not None:
                        bucket.level -= cost
            return self._limits(), wait if wait > 0 else None

    def _limits(self) -> Limits:
        requests, tokens = self._requests, self._tokens
        return Limits(
            *((requests.per_minute, int(requests.level), requests.full_in()) if requests else (None, 0, 0.0)),
            *((tokens.per_minute, int(tokens.level), tokens.full_in()) if tokens else (None, 0, 0.0)),
        )


class _Bucket:
    def __init__(self, per_minute: int, burst: float, clock: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / 60
        self._size = max(1.0, self._rate * burst)
        self.level = self._size
        self._clock = clock
        self._at = clock()

    def wait(self, cost: float) -> float:
        """Seconds until so much is there. What never fits counts as what is full."""
        now = self._clock()
        self.level = min(self._size, self.level + max(0.0, now - self._at) * self._rate)
        self._at = now
        return (min(cost, self._size) - self.level) / self._rate

    def full_in(self) -> float:
        """Seconds until all is back."""
        return (self._size - self.level) / self._rate

"""When to send a failed request again: a value that answers "how long to wait?". It does not wait itself."""

from __future__ import annotations

import random
from typing import Any

from msgspec import Struct

from chatkit.errors import CircuitOpenError, InputError, InputTypeError, ModelError

__all__ = ["RetryPolicy", "as_retry_policy"]


class RetryPolicy(Struct, frozen=True):
    """How failed requests are sent again. Only errors marked `retryable` are, and only before the first output.

    Attributes:
        max_retries: further attempts after the first.
        initial_delay: seconds before the first retry; doubles each time.
        max_delay: seconds that the doubling stops at.
        jitter: share of the delay that is taken off at random, 0 to 1. Where the provider says how long to wait, it is
            added instead (of `max_delay` at most): many who were refused together do not come back together.
        max_retry_after: a provider that asks to wait longer than this many seconds is not waited for.
        budget: seconds since the call began after which no retry is started; None for no limit.
        restart: also retry a stream that broke after output; a `Reset` event says that the answer starts again.
        only: retry only these classes of errors; empty means all retryable ones.
    """

    max_retries: int = 2
    initial_delay: float = 0.5
    max_delay: float = 8.0
    jitter: float = 0.25
    max_retry_after: float = 120.0
    budget: float | None = None
    restart: bool = False
    only: tuple[type[ModelError], ...] = ()

    def delay(self, attempt: int, error: ModelError, elapsed: float = 0.0) -> float | None:
        """Seconds to wait before the next attempt, or None to give up.

        Args:
            attempt: how many retries there were.
            error: what went wrong.
            elapsed: seconds since the call began.
        """
        if attempt >= self.max_retries or not error.retryable or isinstance(error, CircuitOpenError):
            return None
        if self.only and not isinstance(error, self.only):
            return None
        share, asked = self.jitter * random.random(), error.retry_after
        if asked is None:
            wait = min(self.initial_delay * 2**attempt, self.max_delay) * (1 - share)
        elif asked <= self.max_retry_after:
            wait = asked + min(asked, self.max_delay) * share
        else:
            return None
        return None if self.budget is not None and elapsed + wait > self.budget else wait


def as_retry_policy(value: Any) -> RetryPolicy:
    """What a user may pass as `max_retries`: a number, a `RetryPolicy`, or None for the default of 2."""
    if value is None:
        return RetryPolicy()
    if isinstance(value, RetryPolicy):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            raise InputError(f"max_retries must be 0 or more, not {value}")
        return RetryPolicy(max_retries=value)
    raise InputTypeError(f"max_retries must be a whole number or a RetryPolicy, not {value!r}")

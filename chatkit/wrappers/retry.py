"""`with_retry`: the whole call again when it fails (spec S231). A model's own `max_retries` is the better place for
failures of requests; this is for what goes wrong above them, such as output that does not fit a schema."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct

from chatkit.config import merge_configs
from chatkit.errors import InputError, ModelError
from chatkit.wrappers.attempts import AttemptStream, invoke
from chatkit.wrappers.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.verbs import Runnable

__all__ = ["RetryRules", "RunnableRetry"]


class RetryRules(Struct, frozen=True):
    """When `with_retry` calls again, and how long it waits before."""

    types: tuple[type[BaseException], ...] = (Exception,)
    attempts: int = 3
    waits: bool = True
    initial: float = 1.0
    max: float = 60.0
    exp_base: float = 2.0
    jitter: float = 1.0

    def again(self, error: Exception, attempt: int) -> bool:
        """Whether to call again after an attempt (the first is 1) failed.

        Wrong input and errors that the provider would only repeat are hopeless, unless they were asked for by class.
        """
        if attempt >= self.attempts or not isinstance(error, self.types):
            return False
        hopeless = isinstance(error, InputError) or (isinstance(error, ModelError) and not error.retryable)
        return not hopeless or Exception not in self.types

    def delay(self, error: Exception, attempt: int) -> float:
        """Seconds to wait after an attempt."""
        grown = min(self.initial * self.exp_base ** (attempt - 1) + random.uniform(0, self.jitter), self.max)
        return max(grown if self.waits else 0.0, getattr(error, "retry_after", None) or 0.0)


class RunnableRetry(Wrapper):
    """Calls again what fails; made by `with_retry`. Streams are begun again only before their first output."""

    def __init__(self, bound: Runnable[Any], rules: RetryRules) -> None:
        if rules.attempts < 1:
            raise InputError(f"stop_after_attempt must be 1 or more, not {rules.attempts}")
        self.bound = bound
        self.rules = rules

    def _inner(self) -> Sequence[Runnable[Any]]:
        return [self.bound]

    def _around(self, inner: Sequence[Runnable[Any]]) -> RunnableRetry:
        return RunnableRetry(inner[0], self.rules)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output, of the first attempt that gives one. Raises the error of the last attempt."""
        return await invoke(_Attempts(self, input, config), kwargs)

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AttemptStream:
        """The pieces, of the first attempt that gives one."""
        return AttemptStream(_Attempts(self, input, config), kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bound!r}, attempts={self.rules.attempts})"


class _Attempts:
    needs_output = False
    restart = False

    def __init__(self, owner: RunnableRetry, input: Any, config: Any) -> None:
        self._owner = owner
        self._input = input
        self._config = config
        self._attempt = 1

    def now(self) -> tuple[Runnable[Any], Any, Any]:
        config = self._config
        if self._attempt > 1:  # a run of its own
            config = {**merge_configs(config, {"tags": [f"retry:attempt:{self._attempt}"]}), "run_id": None}
        return self._owner.bound, self._input, config

    async def failed(self, error: Exception) -> None:
        rules = self._owner.rules
        if not rules.again(error, self._attempt):
            raise error
        await anyio.sleep(rules.delay(error, self._attempt))
        self._attempt += 1

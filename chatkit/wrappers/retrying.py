"""`with_retry`: call again when it fails (spec S231). Streams are started again only before their first piece."""

from __future__ import annotations

import random
from typing import Any, Self

from chatkit.errors import InputError
from chatkit.runnable import Runnable
from chatkit.wrappers.base import Wrapper

__all__ = ["RunnableRetry"]

JITTER: dict[str, float] = {"initial": 1.0, "max": 60.0, "exp_base": 2.0, "jitter": 1.0}


class RunnableRetry(Wrapper):
    """What is inside, called up to `stop_after_attempt` times.

    Args:
        bound: what is called.
        retry_if_exception_type: which errors are worth another attempt.
        wait_exponential_jitter: wait longer each time, with a random share; else not at all.
        exponential_jitter_params: seconds: `initial`, `max`, `jitter`; and the factor `exp_base`.
        stop_after_attempt: attempts in all.
    """

    def __init__(
        self,
        bound: Runnable[Any],
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] = (Exception,),
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: dict[str, float] | None = None,
        stop_after_attempt: int = 3,
    ) -> None:
        if stop_after_attempt < 1:
            raise InputError(f"stop_after_attempt must be 1 or more, not {stop_after_attempt}")
        unknown = set(exponential_jitter_params or {}) - set(JITTER)
        if unknown:
            raise InputError(f"exponential_jitter_params has no {sorted(unknown)}; it knows {sorted(JITTER)}")
        self.bound = bound
        self._types = retry_if_exception_type
        self._jitter = {**JITTER, **(exponential_jitter_params or {})} if wait_exponential_jitter else None
        self._attempts = stop_after_attempt

    def _around(self, bound: Runnable[Any]) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, bound=bound)
        return copy

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output of the first attempt that works; the last error when none does."""
        return await self._try(lambda: self.bound.ainvoke(input, config, **kwargs))

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The pieces of the first attempt that gives one."""
        from chatkit.wrappers.lazily import Chosen, first_of

        async def start() -> tuple[Any, Any]:
            stream: Any = self.bound.astream(input, config, **kwargs)
            return await first_of(stream), stream

        return Chosen(lambda: self._try(start))

    async def _try(self, work: Any) -> Any:
        import anyio

        for attempt in range(1, self._attempts + 1):
            try:
                return await work()
            except self._types as error:
                if attempt == self._attempts or not isinstance(error, Exception):
                    raise
            await anyio.sleep(self._delay(attempt))
        raise AssertionError("an attempt either gives something or raises")

    def _delay(self, attempt: int) -> float:
        if self._jitter is None:
            return 0.0
        wait = self._jitter["initial"] * self._jitter["exp_base"] ** (attempt - 1) + random.uniform(0, self._jitter["jitter"])
        return min(wait, self._jitter["max"])

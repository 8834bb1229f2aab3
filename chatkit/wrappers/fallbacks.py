"""`with_fallbacks`: when it fails, ask the next (spec S232). Streams fall back only before their first piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from chatkit.errors import InputError, InvalidResponseError
from chatkit.runnable import Runnable
from chatkit.wrappers.base import DECLARATIVE, Wrapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

__all__ = ["RunnableWithFallbacks"]


class RunnableWithFallbacks(Wrapper):
    """What is inside, and what is asked when that fails, in turn.

    When all fail the first error is raised; the others are in its notes. An empty stream counts as a failure.

    Args:
        bound: asked first.
        fallbacks: asked next, in this order.
        exceptions_to_handle: errors that make it go on to the next.
        exception_key: put the error into a dict input under this key for the fallbacks.
    """

    def __init__(
        self,
        bound: Runnable[Any],
        fallbacks: Sequence[Runnable[Any]],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
    ) -> None:
        if not fallbacks:
            raise InputError("with_fallbacks needs at least one fallback")
        self.bound = bound
        self.fallbacks = list(fallbacks)
        self._types = exceptions_to_handle
        self._key = exception_key

    @property
    def runnables(self) -> list[Runnable[Any]]:
        """All, in the order in which they are asked."""
        return [self.bound, *self.fallbacks]

    def __getattr__(self, name: str) -> Any:
        """Declarative methods (`bind_tools` ...) hold for the fallbacks too."""
        value = super().__getattr__(name)
        if name not in DECLARATIVE:
            return value
        return lambda *args, **kwargs: self._with([getattr(one, name)(*args, **kwargs) for one in self.runnables])

    def bind(self, **kwargs: Any) -> Self:
        """The same with parameters of all models changed."""
        return self._with([one.bind(**kwargs) for one in self.runnables])  # type: ignore[attr-defined] # pyright: ignore

    def _with(self, runnables: list[Runnable[Any]]) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, bound=runnables[0], fallbacks=runnables[1:])
        return copy

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output of the first that works."""
        return await self._first(input, lambda one, given: one.ainvoke(given, config, **kwargs))

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The pieces of the first that gives one."""
        from chatkit.wrappers.lazily import NOTHING, Chosen, first_of

        async def start(one: Runnable[Any], given: Any) -> tuple[Any, Any]:
            stream: Any = one.astream(given, config, **kwargs)
            first = await first_of(stream)
            if first is NOTHING:
                raise InvalidResponseError("the stream is empty")
            return first, stream

        return Chosen(lambda: self._first(input, start))

    async def _first(self, input: Any, ask: Callable[[Runnable[Any], Any], Awaitable[Any]]) -> Any:
        errors: list[Exception] = []
        for one in self.runnables:
            given = {**input, self._key: errors[-1]} if self._key and errors else input
            try:
                return await ask(one, given)
            except self._types as error:
                if not isinstance(error, Exception):
                    raise
                errors.append(error)
        first, *others = errors
        for error in others:
            first.add_note(f"then {type(error).__name__}: {error}")
        raise first

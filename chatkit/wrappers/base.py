"""What all wrappers share: they pass on what models can be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from chatkit.errors import InputTypeError
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Wrapper"]


class Wrapper(Runnable[Any]):
    """Something around one or more runnables. Subclasses write `_inner` and `_around`.

    `bind`, `bind_tools` and `with_structured_output` give the same wrapper around runnables that were told so. Plain
    attributes (`model`, `profile` ...) are those of the first.
    """

    def _inner(self) -> Sequence[Runnable[Any]]:
        """What is wrapped."""
        raise NotImplementedError

    def _around(self, inner: Sequence[Runnable[Any]]) -> Self:
        """The same wrapper around something else."""
        raise NotImplementedError

    def bind(self, **kwargs: Any) -> Self:
        """The same with some parameters changed, see `ChatModel.bind`."""
        return self._told("bind", **kwargs)

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Self:
        """The same with tools, see `ChatModel.bind_tools`."""
        return self._told("bind_tools", tools, **kwargs)

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Self:
        """The same with answers that are objects, see `ChatModel.with_structured_output`."""
        return self._told("with_structured_output", schema, **kwargs)

    def _told(self, method: str, *args: Any, **kwargs: Any) -> Self:
        for runnable in self._inner():
            if not hasattr(runnable, method):
                raise InputTypeError(f"{runnable!r} has no {method}")
        return self._around([getattr(runnable, method)(*args, **kwargs) for runnable in self._inner()])

    def __getattr__(self, name: str) -> Any:
        # Methods are not passed on: they would work on one of the wrapped things, past the wrapper.
        if not name.startswith("_"):
            value = getattr(self._inner()[0], name, None)
            if value is not None and not callable(value):
                return value
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

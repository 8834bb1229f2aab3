"""What wrappers share: everything that is not theirs is the wrapped runnable's."""

from __future__ import annotations

from typing import Any, Self

from chatkit.runnable import Runnable

__all__ = ["DECLARATIVE", "Wrapper"]

DECLARATIVE = frozenset({"bind", "bind_tools", "with_structured_output", "with_config", "model_copy"})
"""Methods that give a changed copy: on a wrapper they change what is inside and wrap it again."""


class Wrapper(Runnable[Any]):
    """A runnable around another one.

    Attributes:
        bound: what is inside.
    """

    bound: Runnable[Any]

    def _around(self, bound: Runnable[Any]) -> Self:
        """The same wrapper around something else."""
        raise NotImplementedError

    def bind(self, **kwargs: Any) -> Self:
        """The same with parameters of the wrapped model changed."""
        return self._around(self.bound.bind(**kwargs))  # type: ignore[attr-defined] # pyright: ignore

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or "bound" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        value = getattr(self.bound, name)
        if name in DECLARATIVE:
            return lambda *args, **kwargs: self._around(value(*args, **kwargs))
        return value

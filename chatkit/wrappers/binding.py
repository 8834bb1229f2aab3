"""A runnable with a config or arguments of its own (spec S226, S227)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chatkit.config import merge_configs
from chatkit.wrappers.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from chatkit.verbs import Runnable

__all__ = ["RunnableBinding"]


class RunnableBinding(Wrapper):
    """Calls `bound` with a config and arguments, which those of each call are merged into.

    Args:
        bound: what is called.
        config: a RunnableConfig dict.
        kwargs: arguments.
    """

    def __init__(self, bound: Runnable[Any], config: Any = None, kwargs: dict[str, Any] | None = None) -> None:
        self.bound = bound
        self.kwargs = kwargs or {}
        self._config = merge_configs(config)

    def _inner(self) -> Sequence[Runnable[Any]]:
        return [self.bound]

    def _around(self, inner: Sequence[Runnable[Any]]) -> RunnableBinding:
        return RunnableBinding(inner[0], self._config, self.kwargs)

    def bind(self, **kwargs: Any) -> RunnableBinding:
        """The same with more arguments; these win."""
        return RunnableBinding(self.bound, self._config, {**self.kwargs, **kwargs})

    def with_config(self, config: Any = None, **more: Any) -> RunnableBinding:
        """The same with more config; this wins."""
        return RunnableBinding(self.bound, merge_configs(self._config, config, more), self.kwargs)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`bound.ainvoke`."""
        return await self.bound.ainvoke(input, self._whole(config), **{**self.kwargs, **kwargs})

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`bound.invoke`."""
        return self.bound.invoke(input, self._whole(config), **{**self.kwargs, **kwargs})

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        """`bound.astream`."""
        return self.bound.astream(input, self._whole(config), **{**self.kwargs, **kwargs})

    def stream(self, input: Any, config: Any = None, **kwargs: Any) -> Iterator[Any]:
        """`bound.stream`."""
        return self.bound.stream(input, self._whole(config), **{**self.kwargs, **kwargs})

    def astream_events(self, input: Any, config: Any = None, **options: Any) -> Any:
        """`bound.astream_events`."""
        return cast("Any", self.bound).astream_events(input, self._whole(config), **{**self.kwargs, **options})

    def _whole(self, config: Any) -> Any:
        return merge_configs(self._config, config) if self._config else config

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.bound!r}, {self._config!r}, {self.kwargs!r})"

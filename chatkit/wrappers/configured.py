"""`with_config`: a runnable that brings a config of its own (spec S227)."""

from __future__ import annotations

from typing import Any, Self

from chatkit.config import merge_configs
from chatkit.runnable import Runnable
from chatkit.wrappers.base import Wrapper

__all__ = ["Configured"]


class Configured(Wrapper):
    """What is inside, called with `config` beneath the config of each call."""

    def __init__(self, bound: Runnable[Any], config: dict[str, Any]) -> None:
        self.bound = bound
        self.config = merge_configs(config)

    def _around(self, bound: Runnable[Any]) -> Self:
        return type(self)(bound, self.config)

    def with_config(self, config: Any = None, **kwargs: Any) -> Self:
        """The same with more config on top."""
        return type(self)(self.bound, merge_configs(self.config, config, kwargs))

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output for one input."""
        return await self.bound.ainvoke(input, merge_configs(self.config, config), **kwargs)

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output in pieces."""
        return self.bound.astream(input, merge_configs(self.config, config), **kwargs)

    def abatch_as_completed(self, inputs: Any, config: Any = None, **options: Any) -> Any:
        """A batch; a list of configs is merged with this one's one by one."""
        if isinstance(config, list | tuple):
            merged: Any = [merge_configs(self.config, one) for one in config]  # pyright: ignore[reportUnknownVariableType]
        else:
            merged = merge_configs(self.config, config)
        return self.bound.abatch_as_completed(inputs, merged, **options)

    def __repr__(self) -> str:
        return f"{self.bound!r}.with_config({sorted(self.config)})"

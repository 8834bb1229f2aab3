"""The verbs that everything that can be called has. Whoever writes `ainvoke` and `astream` gets the others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, Generic, TypeVar

__all__ = ["Runnable"]

Output = TypeVar("Output")


class Runnable(Generic[Output]):
    """Something that turns an input into an output: a model, a model with structured output, a fallback chain.

    `config` is a RunnableConfig dict on every verb (spec 1X).
    """

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Output:
        """The output for one input."""
        raise NotImplementedError

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        """The output in pieces, as they come."""
        raise NotImplementedError

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Output:
        """`ainvoke` for sync code. Works anywhere, also under a running event loop (which it blocks)."""
        from chatkit.net.portal import run

        return run(lambda: self.ainvoke(input, config, **kwargs))

    def stream(self, input: Any, config: Any = None, **kwargs: Any) -> Iterator[Any]:
        """`astream` for sync code. Leaving the loop closes the request."""
        from chatkit.net.portal import iterate

        return iterate(lambda: self.astream(input, config, **kwargs))

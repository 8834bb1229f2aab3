"""Steps one after another: `first | second | third`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.callbacks.chain import perform, perform_sync
from chatkit.errors import InputError
from chatkit.runs import open_run
from chatkit.steps.function import as_step
from chatkit.steps.stream import StepStream
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterable

__all__ = ["RunnableSequence"]


class RunnableSequence(Runnable[Any]):
    """Steps whose outputs are the inputs of the next. Streaming gives the pieces of the last step.

    Args:
        steps: models, steps and functions, at least one; sequences among them are taken apart.
        name: shown in events.
    """

    def __init__(self, *steps: Any, name: str | None = None) -> None:
        if not steps:
            raise InputError("a sequence needs at least one step")
        self.steps: list[Runnable[Any]] = []
        for step in map(as_step, steps):
            self.steps += step.steps if type(step) is RunnableSequence and step.name == "RunnableSequence" else [step]
        self.name = name or "RunnableSequence"

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output of the last step. `kwargs` go to the first."""
        run = open_run("chain", self.name, config)

        async def work() -> Any:
            value = await self.steps[0].ainvoke(input, **kwargs)
            for step in self.steps[1:]:
                value = await step.ainvoke(value)
            return value

        return await perform(run, input, work)

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`ainvoke` for sync code. Plain functions run in the caller's thread."""
        run = open_run("chain", self.name, config)

        def work() -> Any:
            value = self.steps[0].invoke(input, **kwargs)
            for step in self.steps[1:]:
                value = step.invoke(value)
            return value

        return perform_sync(run, input, work)

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> StepStream:
        """The pieces of the last step, after the others have given their whole output."""

        async def start() -> AsyncIterable[Any]:
            value, more = input, kwargs
            for step in self.steps[:-1]:
                value, more = await step.ainvoke(value, **more), {}
            return self.steps[-1].astream(value, **more)

        return StepStream(open_run("chain", self.name, config), input, start)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.steps))

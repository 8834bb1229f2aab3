"""A small loop: ask the model, run the tools that it calls, ask again, until it answers.

`run_tools` gives the whole conversation, `stream_tools` shows it while it happens, `run_tools_sync` is for sync code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.net.leaving import Leaving
from chatkit.tools.loop import OnError, ToolLoop, ToolRun, TurnLimitError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatkit.messages import BaseMessage
    from chatkit.model import ChatModel

__all__ = ["ToolRun", "ToolStream", "TurnLimitError", "run_tools", "run_tools_sync", "stream_tools"]


async def run_tools(
    model: ChatModel,
    messages: Any,
    tools: Sequence[Any],
    *,
    max_turns: int = 10,
    tool_choice: Any = None,
    on_error: OnError = "message",
    inject: Mapping[str, Any] | None = None,
    config: Any = None,
    **kwargs: Any,
) -> ToolRun:
    """Let a model work with tools until it answers.

    The calls of one turn run side by side; their results stand in the conversation in the order of the calls.
    Cancelling stops the model's request, or all running tools.

    Args:
        model: the model; `bind_tools` is done here.
        messages: the input, in any form that models take.
        tools: `@tool`s, other tool objects, functions, or the provider's built-in tools as dicts.
        max_turns: how often the model is asked at most. Default 10.
        tool_choice: for the first turn; later ones are free, else a forced choice would never end.
        on_error: "message" tells the model about a failed tool, and the log; "raise" raises the tool's exception.
            Unknown tools and wrong arguments are always told to the model.
        inject: values for the tools' `InjectedToolArg` parameters, by name. A model can never fill in these itself.
        config: a RunnableConfig dict for the model and the tools.
        kwargs: parameters of the model.

    Raises:
        TurnLimitError: there was no answer after `max_turns`.
        ModelError, InputError: as the model raises them.
    """
    loop = ToolLoop(model, messages, tools, max_turns, tool_choice, on_error, inject, config, kwargs)
    while not loop.done:
        await loop.take(await loop.model().ainvoke(loop.run.messages, config))
    return loop.run


def run_tools_sync(model: ChatModel, messages: Any, tools: Sequence[Any], **options: Any) -> ToolRun:
    """`run_tools` for sync code; the same arguments and errors. Sync tools run in worker threads, side by side."""
    from chatkit.net.portal import run

    return run(lambda: run_tools(model, messages, tools, **options))


def stream_tools(
    model: ChatModel,
    messages: Any,
    tools: Sequence[Any],
    *,
    max_turns: int = 10,
    tool_choice: Any = None,
    on_error: OnError = "message",
    inject: Mapping[str, Any] | None = None,
    config: Any = None,
    **kwargs: Any,
) -> ToolStream:
    """`run_tools` as a stream: pieces of the model's messages (AIMessageChunk) and results of tools (ToolMessage).

    Arguments and errors as `run_tools`. Leaving the loop closes the request.
    """
    return ToolStream(ToolLoop(model, messages, tools, max_turns, tool_choice, on_error, inject, config, kwargs))


class ToolStream(Leaving[Any]):
    """The messages of a run while they come: `async for` gives AIMessageChunks and ToolMessages."""

    def __init__(self, loop: ToolLoop) -> None:
        self._loop = loop
        self._source: Any = None
        self._results: list[BaseMessage] = []

    @property
    def run(self) -> ToolRun:
        """The conversation so far."""
        return self._loop.run

    async def _next(self) -> Any:
        while True:
            if self._results:
                return self._results.pop(0)
            if self._source is None:
                if self._loop.done:
                    raise StopAsyncIteration
                self._source = self._loop.model().astream(self.run.messages, self._loop.config)
            try:
                return await anext(self._source)
            except StopAsyncIteration:
                source, self._source = self._source, None
                self._results = await self._loop.take(source.message)

    async def _close(self) -> None:
        if self._source is not None:
            await self._source.aclose()

    def _abandon(self) -> None:
        self._source = None

"""A small loop: ask the model, run the tools that it calls, ask again, until it answers.

`run_tools` gives the whole conversation, `stream_tools` shows it while it happens, `run_tools_sync` is for sync code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from chatkit.tools.loop import OnError, ToolLoop, ToolRun, TurnLimitError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from types import TracebackType

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


class ToolStream:
    """The messages of a run while they come.

    Attributes:
        run: the conversation so far.
    """

    def __init__(self, loop: ToolLoop) -> None:
        self._loop = loop
        self._source: Any = None
        self._results: list[BaseMessage] = []
        self._owned = False

    @property
    def run(self) -> ToolRun:
        return self._loop.run

    def __aiter__(self) -> AsyncIterator[Any]:
        return _Cursor(self)

    async def __anext__(self) -> Any:
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

    async def aclose(self) -> None:
        """Close the model's request."""
        if self._source is not None:
            await self._source.aclose()

    async def __aenter__(self) -> Self:
        self._owned = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


class _Cursor:
    """One `async for`; when it is left, the model's request goes with it."""

    def __init__(self, stream: ToolStream) -> None:
        self._stream = stream

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Any:
        return self._stream.__anext__()

    def __del__(self) -> None:
        if not self._stream._owned:
            self._stream._source = None

"""The run of a model call as an observer of its exchange, and its listener to the pieces."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.callbacks.dispatch import (
    call,
    facts,
    failed,
    failed_soon,
    fire,
    fire_now,
    fire_soon,
    listeners,
    rest,
    settle,
    wants_streaming,
)
from chatkit.callbacks.results import reader_left, result_of
from chatkit.events import OUTPUT_TYPES
from chatkit.messages.buffer import get_buffer_string
from chatkit.messages.chunk import AIMessageChunk
from chatkit.net.loops import current_loop

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Mapping

    from chatkit.codec import Call
    from chatkit.errors import ModelError
    from chatkit.events import Event
    from chatkit.messages.ai import AIMessage
    from chatkit.net.exchange import Exchange
    from chatkit.runs import Run

__all__ = ["ModelRun"]

Heard: TypeAlias = "tuple[Any, Callable[..., Any]]"
"""A handler and its bound method."""


class ModelRun:
    """Tells the handlers of a run what its exchange does.

    Attributes:
        wants_streaming: some handler wants the pieces of the answer, even of `invoke`.
        hears_pieces: some handler listens to pieces or events.
    """

    waits_for = "a handler"

    def __init__(self, run: Run, call: Call) -> None:
        self.run = run
        self._call = call
        self._loop: Any = None
        self._facts = facts(run)
        self._parent_id = run.parent_id
        self._tokens = listeners(run.handlers, "on_llm_new_token")
        self._events = listeners(run.handlers, "on_stream_event")
        self.wants_streaming = wants_streaming(run.handlers)
        self.hears_pieces = bool(self._tokens or self._events)

    async def answered(self, message: AIMessage) -> None:
        """The answer was known already: no exchange is made."""
        await self._begin()
        await fire(self.run, "on_llm_end", result_of(message))

    async def admit(self, exchange: Exchange) -> None:
        if self._loop is None:  # else a further attempt
            await self._begin()

    async def _begin(self) -> None:
        self._loop = current_loop()
        for handler in self.run.handlers:
            await self._start(handler)

    async def _start(self, handler: Any) -> None:
        asked, named = self._call, {"name": self.run.name}
        more = {**self._facts, **named, "invocation_params": {"model": asked.model, **asked.params}}
        more |= {"options": {"stop": asked.params.get("stop")}, "batch_size": 1}
        for _, method in listeners([handler], "on_chat_model_start"):
            if await self._told_start(handler, method, named, [list(asked.messages)], more):
                return
        for _, method in listeners([handler], "on_llm_start"):
            await call(handler, "on_llm_start", method, named, [get_buffer_string(asked.messages)], **more)

    async def _told_start(self, handler: Any, method: Any, named: Any, messages: Any, more: dict[str, Any]) -> bool:
        try:
            result = method(named, messages, **more)
            if inspect.isawaitable(result):
                await result
        except NotImplementedError:  # LangChain's base class raises it: `on_llm_start` is meant (spec S113)
            return False
        except Exception as error:
            failed(handler, "on_chat_model_start", error)
        return True

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        pass

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        message = exchange.message
        model = message.response_metadata.get("model_name") or self._call.model
        more = {"attempt": exchange.attempts, "delay": delay, "model": model, "usage": message.usage_metadata}
        await fire(self.run, "on_retry", error, **more)

    def ended(self, exchange: Exchange, error: BaseException | None) -> Coroutine[Any, Any, None] | None:
        hook = "on_llm_end" if error is None else "on_llm_error"
        if not self._hears(hook):
            return None
        result = result_of(exchange.message)
        later = fire_now(self.run, hook, result) if error is None else fire_now(self.run, hook, _told(error), response=result)
        return settle(later) if later else None

    def dropped(self, exchange: Exchange) -> None:
        if self._hears("on_llm_error"):
            left = _told(GeneratorExit())
            fire_soon(self.run, "on_llm_error", left, response=result_of(exchange.message), loop=self._loop)

    def _hears(self, hook: str) -> bool:
        """Whether the run began, and somebody listens to this hook: else the whole message need not be made for it."""
        return self._loop is not None and bool(listeners(self.run.handlers, hook))

    def piece(self, chunk: AIMessageChunk) -> Coroutine[Any, Any, None] | None:
        """A chunk is about to be given to the reader. Its last event is the piece, `event` was told the others.

        Gives what is still to be awaited: nothing when all handlers are sync, which is the fast case.
        """
        if self._events:
            return self._piece_and_event(chunk)
        text, run, parent_id = chunk.text, self.run, self._parent_id
        waiting = iter(self._tokens)
        for handler, method in waiting:
            try:  # keywords that are spelled out cost half of `**facts`, and this is called for every token
                result = method(text, chunk=chunk, run_id=run.id, parent_run_id=parent_id, tags=run.tags, metadata=run.metadata)
            except Exception as error:
                result = failed_soon(handler, "on_llm_new_token", error)
            if result is not None and inspect.isawaitable(result):
                return self._piece_after(handler, result, waiting, chunk)
        return None

    async def _piece_after(self, handler: Any, result: Any, waiting: Iterable[Heard], chunk: AIMessageChunk) -> None:
        """Await what a handler gave, then tell those behind it."""
        await rest(handler, "on_llm_new_token", result)
        await self._tell_piece(waiting, chunk)

    async def _tell_piece(self, waiting: Iterable[Heard], chunk: AIMessageChunk) -> None:
        for handler, method in waiting:
            await call(handler, "on_llm_new_token", method, chunk.text, chunk=chunk, **self._facts)

    async def _piece_and_event(self, chunk: AIMessageChunk) -> None:
        await self._event(chunk.events[-1])
        await self._tell_piece(self._tokens, chunk)

    def event(self, event: Event) -> Coroutine[Any, Any, None] | None:
        """An event is about to be given to the reader of an event stream, or held back for the next chunk."""
        if type(event) in OUTPUT_TYPES and self._tokens:
            return self.piece(AIMessageChunk.of_events([event], f"run-{self.run.id}"))
        return self._event(event) if self._events else None

    async def _event(self, event: Event) -> None:
        for handler, method in self._events:
            await call(handler, "on_stream_event", method, event, **self._facts)


def _told(error: BaseException) -> BaseException:
    """What handlers are told when the reader just left."""
    return reader_left() if isinstance(error, GeneratorExit) else error

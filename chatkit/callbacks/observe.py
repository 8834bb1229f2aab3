"""The run of a model call as an observer of its exchange, and its listener to the pieces."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from chatkit.callbacks.dispatch import facts, failed, fire, fire_now, listeners, wants_streaming
from chatkit.callbacks.results import result_of
from chatkit.errors import StreamInterruptedError
from chatkit.events import OUTPUT_TYPES
from chatkit.messages.ai import AIMessageChunk
from chatkit.net.loops import current_loop, finish_soon

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from chatkit.codec import Call
    from chatkit.config import Run
    from chatkit.errors import ModelError
    from chatkit.events import Event
    from chatkit.net.exchange import Exchange

__all__ = ["ModelRun"]


class ModelRun:
    """Tells the handlers of a run what its exchange does.

    Attributes:
        wants_streaming: some handler wants the pieces of the answer, even of `invoke`.
        hears_pieces: some handler listens to pieces or events.
    """

    def __init__(self, run: Run, call: Call) -> None:
        self.run = run
        self._call = call
        self._loop: Any = None
        self._facts = facts(run)
        self._tokens = listeners(run.handlers, "on_llm_new_token", run.kind)
        self._events = listeners(run.handlers, "on_stream_event", run.kind)
        self.wants_streaming = wants_streaming(run.handlers)
        self.hears_pieces = bool(self._tokens or self._events)

    async def admit(self, exchange: Exchange) -> None:
        if exchange.attempts:
            return
        self._loop = current_loop()
        starts = listeners(self.run.handlers, "on_chat_model_start", self.run.kind)
        more = {
            "name": self.run.name,
            "invocation_params": {"model": self._call.model, **self._call.params},
            "options": {"stop": self._call.params.get("stop")},
        }
        await fire(self.run, "on_chat_model_start", {"name": self.run.name}, [list(self._call.messages)], **more)
        others = [handler for handler in self.run.handlers if handler not in [known for known, _ in starts]]
        for handler, method in listeners(others, "on_llm_start", self.run.kind):
            await self._guard(
                handler,
                "on_llm_start",
                method({"name": self.run.name}, [m.text for m in self._call.messages], **self._facts, **more),
            )

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        pass

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        await fire(self.run, "on_retry", error, attempt=exchange.attempts, delay=delay, model=self._call.model)

    async def ended(self, exchange: Exchange, error: BaseException | None) -> None:
        result = result_of(exchange.message)
        if error is None:
            await fire(self.run, "on_llm_end", result)
        else:
            await fire(self.run, "on_llm_error", _told(error), response=result)

    def dropped(self, exchange: Exchange) -> None:
        waiting = fire_now(self.run, "on_llm_error", _told(GeneratorExit()), response=result_of(exchange.message))
        if waiting and self._loop is not None:
            finish_soon(self._loop, lambda: _await_all(waiting))

    async def piece(self, chunk: AIMessageChunk) -> None:
        """A chunk is about to be given to the reader."""
        if self._events:
            for event in chunk.events:
                await self._event(event)
        text = chunk.text
        for handler, method in self._tokens:
            try:
                result = method(text, chunk=chunk, **self._facts)
                if result is not None and inspect.isawaitable(result):
                    await result
            except Exception as error:
                failed(handler, "on_llm_new_token", error)

    async def event(self, event: Event) -> None:
        """An event is about to be given to the reader of an event stream."""
        if type(event) in OUTPUT_TYPES and self._tokens:
            await self.piece(AIMessageChunk.of_events([event], str(self.run.id)))
        elif self._events:
            await self._event(event)

    async def _event(self, event: Event) -> None:
        for handler, method in self._events:
            await self._guard(handler, "on_stream_event", method(event, **self._facts))

    async def _guard(self, handler: Any, hook: str, result: Any) -> None:
        try:
            if inspect.isawaitable(result):
                await result
        except Exception as error:
            failed(handler, hook, error)


def _told(error: BaseException) -> BaseException:
    """What handlers are told when the reader just left."""
    return StreamInterruptedError("the stream was left by its reader") if isinstance(error, GeneratorExit) else error


async def _await_all(waiting: list[Awaitable[Any]]) -> None:
    for work in waiting:
        await work

"""`astream_events`, version 2: one dict for everything that happens (spec 1J).

A model alone is pulled: each event is made when the reader asks for it. What has steps inside runs in a task of the
feed's own, which tells through a bounded channel: a reader that pauses stops the provider, one that leaves stops the
task and closes its requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from chatkit.config import merge_configs
from chatkit.feeds.teller import Teller
from chatkit.messages.chunk import AIMessageChunk
from chatkit.net.channel import Channel
from chatkit.net.leaving import Leaving
from chatkit.net.loops import call_on, current_loop, in_background, in_trio

if TYPE_CHECKING:
    import anyio

    from chatkit.feeds.filters import Filters
    from chatkit.model import ChatModel
    from chatkit.runs import Run
    from chatkit.verbs import Runnable

__all__ = ["EventFeed", "StreamEvent", "event_feed"]


class StreamEvent(TypedDict):
    """One event.

    Attributes:
        event: "on_chat_model_start", "on_chat_model_stream", "on_chat_model_end", "on_chat_model_error"; the same with
            "chain" and "tool"; "on_custom_event".
        name: the run's name; for custom events the event's.
        parent_ids: ids of the runs around this one, the outermost first.
        data: `input`, `chunk`, `output` or `error`.
    """

    event: str
    name: str
    run_id: str
    parent_ids: list[str]
    tags: list[str]
    metadata: dict[str, Any]
    data: Any


class EventFeed(Leaving[StreamEvent]):
    """Events as they happen. Leaving the loop in any way stops the call and closes its request."""

    _stoppable = True


def event_feed(runnable: Runnable[Any], input: Any, config: Any, filters: Filters, kwargs: dict[str, Any]) -> EventFeed:
    """The feed of one call."""
    from chatkit.model import ChatModel

    if isinstance(runnable, ChatModel):
        return ModelFeed(runnable, input, config, filters, kwargs)
    return StepFeed(runnable, input, config, filters, kwargs)


def _event(kind: str, run: Run, data: dict[str, Any]) -> StreamEvent:
    return {
        "event": f"on_{kind}",
        "name": run.name,
        "run_id": str(run.id),
        "parent_ids": run.parent_ids,
        "tags": run.tags,
        "metadata": run.metadata,
        "data": data,
    }


class ModelFeed(EventFeed):
    """The events of one model call, each made when it is asked for."""

    def __init__(self, model: ChatModel, input: Any, config: Any, filters: Filters, kwargs: dict[str, Any]) -> None:
        self._input = input
        self._stream, self._run = model._watched(input, config, kwargs)
        self._silent = not filters.want("chat_model", self._run.name, self._run.tags)
        self._head = _event("chat_model_stream", self._run, {})
        self._begun = False
        self._failure: Exception | None = None
        self._done = False

    async def _next(self) -> StreamEvent:
        if not self._begun:
            self._begun = True
            if not self._silent:
                return _event("chat_model_start", self._run, {"input": self._input})
        if self._done:
            if self._failure is not None:
                raise self._failure
            raise StopAsyncIteration
        try:
            while True:
                chunk = await self._stream.__anext__()
                if chunk.chunk_position is None and not self._silent:
                    return {**self._head, "data": {"chunk": chunk}}  # type: ignore[return-value] # pyright: ignore[reportReturnType]
        except StopAsyncIteration:
            self._done = True
            if self._silent:
                raise
            return _event("chat_model_end", self._run, {"output": self._output("last")})
        except Exception as error:
            self._done = True
            if self._silent:
                raise
            self._failure = error.with_traceback(None)
            return _event("chat_model_error", self._run, {"error": error, "output": self._output(None)})

    def _output(self, position: Any) -> AIMessageChunk:
        exchange = self._stream._exchange
        return AIMessageChunk.of_events(list(exchange.events), exchange.id, position, exchange.plan.as_blocks)

    def _abandon(self) -> None:
        self._stream._exchange.abandon()

    async def _close(self) -> None:
        await self._stream.aclose()


class StepFeed(EventFeed):
    """The events of a call with calls inside, told by a handler that all of them inherit."""

    def __init__(self, runnable: Runnable[Any], input: Any, config: Any, filters: Filters, kwargs: dict[str, Any]) -> None:
        self._channel: Channel[StreamEvent] = Channel()
        self._work = _Work(runnable, input, config, kwargs, Teller(self._channel, filters, input), self._channel)

    async def _next(self) -> StreamEvent:
        self._work.start()
        try:
            return await self._channel.receive()
        except StopAsyncIteration:
            if self._work.failure is not None:
                failure, self._work.failure = self._work.failure, None
                raise failure from None
            raise

    def _abandon(self) -> None:
        self._work.stop()

    async def _close(self) -> None:
        self._work.stop()
        await self._work.over()


class _Work:
    """The call itself, in a task that does not know the feed: when the feed is dropped, this is stopped."""

    def __init__(
        self, runnable: Runnable[Any], input: Any, config: Any, kwargs: dict[str, Any], teller: Teller, channel: Channel[Any]
    ) -> None:
        self._runnable = runnable
        self._input = input
        self._config = merge_configs(config, {"callbacks": [teller]})
        self._kwargs = kwargs
        self._channel = channel
        self._scope: anyio.CancelScope | None = None
        self._over: anyio.Event | None = None
        self._loop: Any = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        if self._over is not None:
            return
        import anyio

        self._over, self._scope, self._loop = anyio.Event(), anyio.CancelScope(), current_loop()
        in_background(self._run)

    async def _run(self) -> None:
        assert self._scope is not None
        assert self._over is not None
        try:
            with self._scope:
                async for _ in self._runnable.astream(self._input, self._config, **self._kwargs):
                    pass
        except BaseException as error:
            if not isinstance(error, Exception) and (self._scope.cancel_called or in_trio()):
                raise
            self.failure = error.with_traceback(None)  # also a task that the step awaited and that was cancelled
        finally:
            self._channel.end()
            self._over.set()

    def stop(self) -> None:
        self._channel.leave()
        if self._scope is not None and self._over is not None and not self._over.is_set():
            call_on(self._loop, self._scope.cancel)

    async def over(self) -> None:
        if self._over is not None:
            await self._over.wait()

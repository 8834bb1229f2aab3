"""`astream_events`, version 2: one dict for everything that happens (spec 1J).

A model alone is pulled: each event is made when the reader asks for it. What has steps inside runs in a task of the
feed's own, which tells through a bounded channel: a reader that pauses stops the provider, one that leaves stops the
task and closes its requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

from chatkit.callbacks.base import BaseCallbackHandler, StreamingCallbackHandler
from chatkit.config import current_run, merge_configs
from chatkit.messages.chunk import AIMessageChunk
from chatkit.net.channel import Channel
from chatkit.net.leaving import Leaving
from chatkit.net.loops import call_on, current_loop, in_background, in_trio

if TYPE_CHECKING:
    from collections.abc import Coroutine

    import anyio

    from chatkit.config import Run
    from chatkit.feeds.filters import Filters
    from chatkit.model import ChatModel
    from chatkit.verbs import Runnable

__all__ = ["EventFeed", "StreamEvent", "event_feed"]

Waiting: TypeAlias = "Coroutine[Any, Any, None] | None"


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
        self._work = _Work(runnable, input, config, kwargs, _Teller(self._channel, filters, input), self._channel)

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
        self, runnable: Runnable[Any], input: Any, config: Any, kwargs: dict[str, Any], teller: _Teller, channel: Channel[Any]
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


class _Told:
    """A run that was told of, until it ends."""

    __slots__ = ("input", "name", "nested", "parents", "wanted")

    def __init__(self, name: str, parents: list[str], wanted: bool, input: dict[str, Any], *, nested: bool) -> None:
        self.name = name
        self.parents = parents
        self.wanted = wanted
        self.input = input  # shown again with the end of what is nested, and when a tool fails
        self.nested = nested


class _Teller(StreamingCallbackHandler, BaseCallbackHandler):
    """A handler that makes events of what it hears. Its methods give something to await only when the reader is behind."""

    def __init__(self, channel: Channel[StreamEvent], filters: Filters, input: Any) -> None:
        self._channel = channel
        self._filters = filters
        self._input = input
        outer = current_run.get()
        self._outer = [*outer.parent_ids, str(outer.id)] if outer is not None else []
        self._runs: dict[Any, _Told] = {}

    def _start(self, kind: str, input: Any, run: dict[str, Any]) -> Waiting:
        parent = self._runs.get(run["parent_run_id"])
        parents = [*parent.parents, str(run["parent_run_id"])] if parent else self._outer
        name = run.get("name") or kind
        shown = {"input": self._input if parent is None else input}
        told = _Told(name, parents, self._filters.want(kind, name, run["tags"]), shown, nested=parent is not None)
        self._runs[run["run_id"]] = told
        return self._tell(f"{kind}_start", dict(shown), run)

    def _end(self, word: str, data: dict[str, Any], run: dict[str, Any]) -> Waiting:
        told = self._runs.pop(run["run_id"], None)
        if told is None:
            return None
        shown = told.input if told.nested or word == "tool_error" else {}
        return self._send(told, word, {**data, **shown}, run)

    def _tell(self, word: str, data: Any, run: dict[str, Any], name: str | None = None) -> Waiting:
        told = self._runs.get(run["run_id"])
        return None if told is None else self._send(told, word, data, run, name)

    def _send(self, told: _Told, word: str, data: Any, run: dict[str, Any], name: str | None = None) -> Waiting:
        if not told.wanted:
            return None
        return self._channel.send(
            {
                "event": f"on_{word}",
                "name": name or told.name,
                "run_id": str(run["run_id"]),
                "parent_ids": told.parents,
                "tags": run["tags"],
                "metadata": run["metadata"],
                "data": data,
            }
        )

    def on_chat_model_start(self, serialized: Any, messages: Any, **run: Any) -> Waiting:
        return self._start("chat_model", {"messages": messages}, run)

    def on_llm_new_token(self, token: str, *, chunk: Any = None, **run: Any) -> Waiting:
        return self._tell("chat_model_stream", {"chunk": chunk}, run)

    def on_llm_end(self, response: Any, **run: Any) -> Waiting:
        return self._end("chat_model_end", {"output": response.generations[0][0].message}, run)

    def on_llm_error(self, error: BaseException, *, response: Any, **run: Any) -> Waiting:
        return self._end("chat_model_error", {"error": error, "output": response.generations[0][0].message}, run)

    def on_chain_start(self, serialized: Any, inputs: Any, **run: Any) -> Waiting:
        return self._start("chain", inputs, run)

    def on_chain_stream(self, chunk: Any, **run: Any) -> Waiting:
        return self._tell("chain_stream", {"chunk": chunk}, run)

    def on_chain_end(self, outputs: Any, **run: Any) -> Waiting:
        return self._end("chain_end", {"output": outputs}, run)

    def on_chain_error(self, error: BaseException, **run: Any) -> Waiting:
        return self._end("chain_error", {"error": error}, run)

    def on_tool_start(self, serialized: Any, input_str: str, **run: Any) -> Waiting:
        return self._start("tool", run.get("inputs", input_str), run)

    def on_tool_end(self, output: Any, **run: Any) -> Waiting:
        return self._end("tool_end", {"output": output}, run)

    def on_tool_error(self, error: BaseException, **run: Any) -> Waiting:
        return self._end("tool_error", {"error": error, "tool_call_id": run.get("tool_call_id")}, run)

    def on_custom_event(self, name: str, data: Any, **run: Any) -> Waiting:
        return self._tell("custom_event", data, run, name)

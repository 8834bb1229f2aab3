"""`astream_events(version="v3")`: content-block events, and views of them (spec N1-N4).

The events of an answer are kept until the stream object goes, so that several readers can each read all of them; the
request is read only as far as the reader in front has come. When the last reader leaves, the request is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import anyio

from chatkit.feeds.grammar import BlockWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from chatkit.messages import AIMessage
    from chatkit.net.stream import EventStream

__all__ = ["BlockStream", "Projection"]

T = TypeVar("T")


class _Source:
    """The events so far, and the way to more."""

    def __init__(self, stream: EventStream) -> None:
        self.stream = stream
        self.events: list[dict[str, Any]] = []
        self.writer = BlockWriter(stream._exchange.id)
        self.done = False
        self.failure: Exception | None = None
        self.owned = False
        self.readers = 0
        self._reading: anyio.Lock | None = None

    async def upto(self, length: int) -> bool:
        """Read until there are that many events; False when there will not be."""
        self._reading = self._reading or anyio.Lock(fast_acquire=True)
        async with self._reading:
            while len(self.events) < length and not self.done:
                await self._read()
        return len(self.events) >= length

    async def _read(self) -> None:
        try:
            self.events += self.writer.write(await self.stream.__anext__())
        except StopAsyncIteration:
            self.done = True
            if not self.stream.interrupted:
                self.events += self.writer.finish(self.stream.message)
        except Exception as error:
            self.done = True
            self.failure = error.with_traceback(None)
            self.events += self.writer.fail(error)

    def reader_gone(self) -> None:
        self.readers -= 1
        if self.readers == 0 and not self.owned and not self.done:
            self.stream._exchange.abandon()


class _Reader(Generic[T]):
    """One `async for` over the events, or over a part of each."""

    def __init__(self, source: _Source, part: Callable[[dict[str, Any]], T | None]) -> None:
        self._source = source
        self._part = part
        self._at = 0
        source.readers += 1

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        source = self._source
        while await source.upto(self._at + 1):
            event = source.events[self._at]
            self._at += 1
            part = self._part(event)
            if part is not None:
                return part
        if source.failure is not None:
            raise source.failure
        raise StopAsyncIteration

    def __del__(self) -> None:
        self._source.reader_gone()


class Projection(Generic[T]):
    """One view of an answer: iterate it for the pieces, await it for the whole."""

    def __init__(self, source: _Source, part: Callable[[dict[str, Any]], Any], whole: Callable[[AIMessage], T]) -> None:
        self._source = source
        self._part = part
        self._whole = whole

    def __aiter__(self) -> _Reader[Any]:
        return _Reader(self._source, self._part)

    async def get(self) -> T:
        """The whole, when the answer is complete."""
        async for _ in self:
            pass
        return self._whole(self._source.stream.message)

    def __await__(self) -> Generator[Any, Any, T]:
        return self.get().__await__()


class BlockStream:
    """Content-block events of one answer; iterate it, or one of its views.

    Attributes:
        text, reasoning: pieces of text; awaited: all of it.
        tool_calls: tool call chunks; awaited: the list of calls.
        output: awaited: the message, its content as standard blocks.
    """

    def __init__(self, stream: EventStream) -> None:
        self._source = source = _Source(stream)
        self.text: Projection[str] = Projection(source, _text, lambda message: message.text)
        self.reasoning: Projection[str] = Projection(source, _reasoning, _all_reasoning)
        self.tool_calls: Projection[list[Any]] = Projection(source, _tool_call, lambda message: message.tool_calls)
        self.output: Projection[AIMessage] = Projection(source, lambda event: event, _as_blocks)

    @property
    def message_id(self) -> str | None:
        """The message's id, as soon as it is known."""
        return next((event["id"] for event in self._source.events if event["event"] == "message-start"), None)

    @property
    def done(self) -> bool:
        """The answer has ended."""
        return self._source.done

    def __aiter__(self) -> _Reader[dict[str, Any]]:
        return _Reader(self._source, lambda event: event)

    def __await__(self) -> Generator[Any, Any, Self]:
        """`stream = await model.astream_events(..., version="v3")` works as in LangChain; nothing is awaited."""
        yield from ()
        return self

    async def aclose(self) -> None:
        """Close the request; readers end with what has come."""
        await self._source.stream.aclose()

    async def __aenter__(self) -> Self:
        self._source.owned = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


def _delta(event: dict[str, Any], kind: str, field: str) -> str | None:
    delta: dict[str, Any] = event.get("delta") or {}
    return delta.get(field) if delta.get("type") == kind else None


def _text(event: dict[str, Any]) -> str | None:
    return _delta(event, "text-delta", "text")


def _reasoning(event: dict[str, Any]) -> str | None:
    return _delta(event, "reasoning-delta", "reasoning")


def _tool_call(event: dict[str, Any]) -> dict[str, Any] | None:
    content: dict[str, Any] = event.get("content") or {}
    if event["event"] == "content-block-start" and content.get("type") == "tool_call_chunk":
        return {**content, "index": event["index"]}
    args = _delta(event, "tool-call-delta", "args")
    return None if args is None else {"type": "tool_call_chunk", "id": None, "name": None, "args": args, "index": event["index"]}


def _all_reasoning(message: AIMessage) -> str:
    return "".join(block.get("reasoning") or "" for block in message.content_blocks if block["type"] == "reasoning")


def _as_blocks(message: AIMessage) -> AIMessage:
    metadata = {**message.response_metadata, "output_version": "v1"}
    return message.model_copy(update={"content": message.content_blocks, "response_metadata": metadata})

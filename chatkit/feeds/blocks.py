"""`astream_events(version="v3")`: content-block events, and views of them (spec N1-N4).

The request is read only as far as the reader in front has come. What was read is kept, as the message needs it anyway,
so that every reader, late ones too, sees all of it. When the last reader leaves, the request is closed.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import anyio

from chatkit.events import Start
from chatkit.feeds.views import AllView, BlocksView, CallsView, ReasoningView, TextView, View

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import TracebackType

    from chatkit.events import Event
    from chatkit.messages import AIMessage
    from chatkit.net.stream import EventStream

__all__ = ["BlockStream", "Projection"]

T = TypeVar("T")


class _Source:
    """The events so far, and the way to more."""

    def __init__(self, stream: EventStream) -> None:
        self.stream = stream
        self.events: list[Event] = []
        self.done = False
        self.failure: Exception | None = None
        self.owned = False
        self.readers = 0
        self._reading: anyio.Lock | None = None

    async def upto(self, length: int) -> bool:
        """Read until there are that many events; False when there will not be."""
        if len(self.events) >= length:
            return True
        self._reading = self._reading or anyio.Lock(fast_acquire=True)
        async with self._reading:
            while len(self.events) < length and not self.done:
                await self._read()
        return len(self.events) >= length

    async def _read(self) -> None:
        try:
            self.events.append(await self.stream.__anext__())
        except StopAsyncIteration:
            self.done = True
        except Exception as error:
            self.done = True
            self.failure = error.with_traceback(None)

    def reader_gone(self) -> None:
        self.readers -= 1
        if self.readers == 0 and not self.owned and not self.done:
            self.stream._exchange.abandon()


class _Reader(Generic[T]):
    """One `async for` over a view of the events."""

    def __init__(self, source: _Source, view: View[T]) -> None:
        self._source = source
        self._view = view
        self._at = 0
        self._ready: deque[T] = deque()
        self._ended = False
        source.readers += 1

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        source = self._source
        while not self._ready:
            if await source.upto(self._at + 1):
                self._ready += self._view.of(source.events[self._at])
                self._at += 1
            elif not self._ended:
                self._ended = True
                self._ready += self._view.end(source.stream, source.failure)
            elif source.failure is not None:
                raise source.failure
            else:
                raise StopAsyncIteration
        return self._ready.popleft()

    def __del__(self) -> None:
        self._source.reader_gone()


class Projection(Generic[T]):
    """One view of an answer: iterate it for the pieces, await it for the whole."""

    def __init__(self, source: _Source, view: Callable[[], View[Any]], whole: Callable[[AIMessage], T]) -> None:
        self._source = source
        self._view = view
        self._whole = whole

    def __aiter__(self) -> _Reader[Any]:
        return _Reader(self._source, self._view())

    async def get(self) -> T:
        """The whole, when the answer is complete."""
        async for _ in _Reader(self._source, AllView()):
            pass
        return self._whole(self._source.stream.message)

    def __await__(self) -> Generator[Any, Any, T]:
        return self.get().__await__()


class BlockStream:
    """Content-block events of one answer: iterate it, or one of its views, or several side by side.

        stream = await model.astream_events("Hello", version="v3")
        async for text in stream.text: ...
        message = await stream.output

    The request starts with the first reader. Leaving the last loop, or dropping the stream, closes it; inside
    `async with stream` the end of the block does. A reader that is cancelled while it waits for the provider ends the
    stream for all.

    Attributes:
        text, reasoning: pieces of text; awaited: all of it.
        tool_calls: tool call chunks; awaited: the list of calls.
        output: awaited: the message, its content as standard blocks.
        namespace, node: where in a graph this is; always nowhere, LangChain's streams have them.
    """

    namespace: ClassVar[list[str]] = []
    node: ClassVar[str | None] = None

    def __init__(self, stream: EventStream) -> None:
        self._source = source = _Source(stream)
        self.text: Projection[str] = Projection(source, TextView, lambda message: message.text)
        self.reasoning: Projection[str] = Projection(source, ReasoningView, _reasoning)
        self.tool_calls: Projection[list[Any]] = Projection(source, CallsView, lambda message: message.tool_calls)
        self.output: Projection[AIMessage] = Projection(source, self._blocks, _as_blocks)

    def _blocks(self) -> View[dict[str, Any]]:
        return BlocksView(self._source.stream._exchange.id)

    @property
    def message_id(self) -> str | None:
        """The message's id, as soon as something has come."""
        source = self._source
        given = [event.id for event in source.events if isinstance(event, Start) and event.id]
        return given[-1] if given else source.stream._exchange.id if source.events else None

    @property
    def done(self) -> bool:
        """The answer has ended."""
        return self._source.done

    def __aiter__(self) -> _Reader[dict[str, Any]]:
        return _Reader(self._source, self._blocks())

    def __await__(self) -> Generator[Any, Any, OpenedBlockStream]:
        """`stream = await model.astream_events(..., version="v3")`, as LangChain has it. Nothing is waited for."""
        yield from ()
        opened = object.__new__(OpenedBlockStream)
        opened.__dict__.update(self.__dict__)
        return opened

    async def aclose(self) -> None:
        """Close the request; readers end with what has come."""
        await self._source.stream.aclose()

    async def __aenter__(self) -> Self:
        self._source.owned = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()


class OpenedBlockStream(BlockStream):
    """A block stream that was awaited once; awaited again it gives the message."""

    def __await__(self) -> Generator[Any, Any, AIMessage]:  # pyright: ignore[reportIncompatibleMethodOverride]
        return self.output.__await__()


def _reasoning(message: AIMessage) -> str:
    return "".join(block.get("reasoning") or "" for block in message.content_blocks if block["type"] == "reasoning")


def _as_blocks(message: AIMessage) -> AIMessage:
    metadata = {**message.response_metadata, "output_version": "v1"}
    return message.model_copy(update={"content": message.content_blocks, "response_metadata": metadata})

"""What users hold while an answer arrives: `EventStream` (typed events) and `ChunkStream` (message chunks)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chatkit.events import OUTPUT_TYPES, Event, Reset, Start
from chatkit.messages.chunk import AIMessageChunk
from chatkit.net.leaving import Leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

    from chatkit.messages.ai import AIMessage
    from chatkit.net.exchange import Exchange

__all__ = ["ChunkStream", "EventStream"]

T = TypeVar("T")


class Listener(Protocol):
    """Who hears every piece before the reader gets it (callbacks)."""

    hears_pieces: bool

    def piece(self, chunk: AIMessageChunk) -> Awaitable[None] | None:
        """Hear a chunk; what it gives is awaited before the reader gets the chunk."""
        ...

    def event(self, event: Event) -> Awaitable[None] | None:
        """The same for the readers of events."""
        ...


class _Stream(Leaving[T]):
    """What both streams share. An exchange knows itself how it is left, so a piece costs nothing for that."""

    def __init__(self, exchange: Exchange, listener: Listener | None = None) -> None:
        self._exchange = exchange
        self._listener = listener if listener is not None and listener.hears_pieces else None
        self._batch: Iterator[Event] = iter(())

    async def _tell(self, heard: Awaitable[None]) -> None:
        """Let the listener hear a piece; one that fails, or is cancelled while it hears, ends the request."""
        try:
            await heard
        except GeneratorExit:
            self._exchange.abandon()
            raise
        except BaseException as error:
            await self._exchange.fail(error)
            raise

    @property
    def message(self) -> AIMessage:
        """The message as far as it came; whole after the end, marked `interrupted` when left early."""
        return self._exchange.message

    @property
    def usage(self) -> Any:
        """The last reported usage, or None."""
        return self._exchange.usage

    @property
    def response_metadata(self) -> dict[str, Any]:
        """What the provider said about the answer so far."""
        return self.message.response_metadata

    @property
    def interrupted(self) -> bool:
        """The answer was left or broke before its end."""
        return self._exchange.interrupted

    async def aclose(self) -> None:
        """Close the request. `.message` keeps what came."""
        await self._exchange.aclose()

    async def cancel(self) -> AIMessage:
        """Close the request and give the message as far as it came."""
        await self._exchange.aclose()
        return self.message

    def _leave(self) -> None:
        if not self._exchange.closed:
            self._exchange.abandon()


class EventStream(_Stream[Event]):
    """The events of one answer: `async with model.open_stream(...) as stream: async for event in stream`."""

    async def __anext__(self) -> Event:
        while True:
            for event in self._batch:
                if self._listener is not None and (heard := self._listener.event(event)) is not None:
                    await self._tell(heard)
                return event
            batch = await self._exchange.batch()
            if batch is None:
                raise StopAsyncIteration
            self._batch = iter(batch)

    async def collect(self) -> AIMessage:
        """Read to the end and give the whole message."""
        return await self._exchange.collect()


class ChunkStream(_Stream[AIMessageChunk]):
    """The pieces of one answer, as `astream` gives them.

    Events that a user cannot see (start, usage, finish) ride on the next visible piece or on the last one, which is
    marked `chunk_position="last"`.
    """

    def __init__(self, exchange: Exchange, listener: Listener | None = None) -> None:
        super().__init__(exchange, listener)
        self._held: list[Event] = []
        self._finished = False
        self._id = exchange.id
        self._as_blocks = exchange.plan.as_blocks

    async def __anext__(self) -> AIMessageChunk:
        while True:
            for event in self._batch:
                if type(event) in OUTPUT_TYPES:
                    if self._held:
                        events = [*self._held, event]
                        self._held = []
                    else:
                        events = [event]
                    chunk = AIMessageChunk.of_events(events, self._id, None, self._as_blocks)
                    if self._listener is not None and (heard := self._listener.piece(chunk)) is not None:
                        await self._tell(heard)
                    return chunk
                if self._listener is not None and (heard := self._listener.event(event)) is not None:
                    await self._tell(heard)
                self._hold(event)
            if self._finished:
                raise StopAsyncIteration
            batch = await self._exchange.batch()
            if batch is not None:
                self._batch = iter(batch)
                continue
            self._finished = True
            return AIMessageChunk.of_events(self._held, self._id, "last", self._as_blocks)

    def _hold(self, event: Event) -> None:
        if isinstance(event, Reset):
            self._held = []
        elif isinstance(event, Start) and event.id:
            self._id = event.id
        self._held.append(event)

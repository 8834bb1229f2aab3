"""The model's message in pieces.

A chunk is a view of a list of events. `full + chunk` shares the list, so that a sum of n chunks costs n steps;
what the events mean is worked out by `Fold` when a field is first read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from chatkit.errors import InputError
from chatkit.events import Event, Finish, Metadata, ReasoningDelta, Start, TextDelta, ToolCallChunk, Usage
from chatkit.fold import Fold
from chatkit.jsons import is_list
from chatkit.messages.ai import AIMessage, fill, message_of_fold
from chatkit.messages.events_of import events_of_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatkit.messages.blocks import ToolCallChunk as ToolCallChunkBlock

__all__ = ["AIMessageChunk"]


class _Log:
    """Events shared by a chain of sums, and what those at its front mean."""

    __slots__ = ("events", "fold", "folded")

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.fold = Fold()
        self.folded = 0

    def upto(self, end: int) -> Fold:
        """The fold of the first `end` events; linear as long as it is asked for growing ends."""
        if end < self.folded:
            return Fold().feed_all(self.events[:end])
        self.fold.feed_all(self.events[self.folded : end])
        self.folded = end
        return self.fold


class AIMessageChunk(AIMessage):
    """A piece of the model's message; pieces add up with `+`.

    Attributes:
        tool_call_chunks: pieces of calls, `args` as JSON text.
        tool_calls: the calls in this sum; their arguments as far as they came, until `chunk_position` is "last".
        chunk_position: "last" on the last piece and on sums that contain it.
    """

    __slots__ = ("_as_blocks", "_end", "_log", "chunk_position", "tool_call_chunks")
    type = "AIMessageChunk"
    FIELDS: ClassVar[tuple[str, ...]] = (*AIMessage.FIELDS, "tool_call_chunks", "chunk_position")

    tool_call_chunks: list[ToolCallChunkBlock]
    chunk_position: Literal["last"] | None

    def __init__(
        self,
        content: str | list[Any] | None = None,
        *,
        tool_call_chunks: Sequence[Any] | None = None,
        chunk_position: Literal["last"] | None = None,
        tool_calls: Sequence[Any] | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(content, tool_calls=tool_calls, **fields)
        if chunk_position not in (None, "last"):
            raise InputError(f"chunk_position must be None or 'last', not {chunk_position!r}")
        log = _Log(_events_of_fields(self, tool_call_chunks or ()))
        id = self.id
        self._view(log, len(log.events), id, chunk_position, as_blocks=is_list(self.content))
        for field in ("content", "tool_calls", "invalid_tool_calls", "usage_metadata", "response_metadata"):
            delattr(self, field)  # read again from the events, so that a chunk and a sum answer alike

    def _view(
        self, log: _Log | list[Event], end: int, id: str | None, position: Literal["last"] | None, *, as_blocks: bool
    ) -> None:
        self._log = log
        self._end = end
        self.id = id
        self.chunk_position = position
        self._as_blocks = as_blocks

    @classmethod
    def of_events(
        cls, events: list[Event], id: str | None = None, position: Literal["last"] | None = None, as_blocks: bool = False
    ) -> AIMessageChunk:
        """The chunk that says what some events say."""
        chunk = cls.__new__(cls)
        chunk._log = events
        chunk._end = len(events)
        chunk.id = id
        chunk.chunk_position = position
        chunk._as_blocks = as_blocks
        return chunk

    def __getattr__(self, name: str) -> Any:
        """A field that was not read before: work out all of them."""
        if name not in AIMessageChunk.FIELDS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if name in ("additional_kwargs", "name"):
            value: Any = {} if name == "additional_kwargs" else None
            setattr(self, name, value)
            return value
        log = self._log
        if name == "tool_call_chunks" and isinstance(log, list):
            self.tool_call_chunks = cast("Any", [_chunk_of_event(event) for event in log if type(event) is ToolCallChunk])
            return self.tool_call_chunks
        fold = self._fold()
        last = self.chunk_position == "last"
        if name == "tool_calls" and not last:
            self.tool_calls = cast("Any", fold.partial_tool_calls())
            return self.tool_calls
        blocks = fold.blocks(finished=last)
        fill(self, fold, blocks, self._as_blocks)
        chunks = blocks if not last else fold.blocks(finished=False)
        self.tool_call_chunks = cast("Any", [_with_index(b) for b in chunks if b["type"] == "tool_call_chunk"])
        if not last:
            del self.tool_calls  # arguments are parsed only when somebody looks at them
        return object.__getattribute__(self, name)

    def _fold(self) -> Fold:
        log = self._log
        if isinstance(log, list):
            log = self._log = _Log(log)
        return log.upto(self._end)

    @property
    def text(self) -> str:
        """The text of this piece, or of this sum so far."""
        log = self._log
        if type(log) is list and len(log) == 1:
            event = log[0]
            return event.text if type(event) is TextDelta else ""
        return self._fold().text()

    @property
    def content_blocks(self) -> list[dict[str, Any]]:
        """The content as standard blocks: `tool_call_chunk` blocks until the last piece, then `tool_call`."""
        return self._fold().blocks(finished=self.chunk_position == "last")

    def __add__(self, other: Any) -> AIMessageChunk:
        if isinstance(other, AIMessageChunk):
            return self._plus(other)
        if is_list(other) or isinstance(other, tuple):
            total = self
            for chunk in cast("Iterable[Any]", other):
                total = total + chunk
            return total
        return NotImplemented

    def _plus(self, other: AIMessageChunk) -> AIMessageChunk:
        log = self._log
        if isinstance(log, list) or len(log.events) != self._end:
            # A first sum, or a second sum from the same chunk: it gets a list of its own.
            events = log if isinstance(log, list) else log.events
            log = _Log(list(events[: self._end]))
        theirs = other._log
        log.events.extend(theirs if isinstance(theirs, list) else theirs.events[: other._end])
        total = AIMessageChunk.__new__(AIMessageChunk)
        total._log = log
        total._end = len(log.events)
        total.id = _better_id(self.id, other.id)
        total.chunk_position = self.chunk_position or other.chunk_position
        total._as_blocks = self._as_blocks or other._as_blocks
        return total

    def __radd__(self, other: Any) -> AIMessageChunk:
        """Lets `sum(chunks)` work, which starts from 0."""
        return self if other == 0 else NotImplemented

    @property
    def events(self) -> list[Event]:
        """The typed events that this piece, or this sum, was made of."""
        log = self._log
        return log if isinstance(log, list) else log.events[: self._end]

    @property
    def message(self) -> AIMessageChunk:
        """The chunk itself: handlers written for LangChain read `chunk.message`."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _revived, (self.events, self.id, self.chunk_position, self._as_blocks, self.name, self.additional_kwargs)

    def to_message(self) -> AIMessage:
        """The sum as a finished AIMessage."""
        return message_of_fold(self._fold(), id=self.id, as_blocks=self._as_blocks)


def _revived(
    events: list[Event],
    id: str | None,
    position: Literal["last"] | None,
    as_blocks: bool,
    name: str | None,
    kwargs: dict[str, Any],
) -> AIMessageChunk:
    chunk = AIMessageChunk.of_events(events, id, position, as_blocks)
    chunk.name, chunk.additional_kwargs = name, kwargs
    return chunk


def _chunk_of_event(event: ToolCallChunk) -> dict[str, Any]:
    return {"type": "tool_call_chunk", "name": event.name, "args": event.args, "id": event.id, "index": event.index}


def _with_index(block: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "tool_call_chunk",
        "name": block["name"],
        "args": block["args"],
        "id": block["id"],
        "index": block.get("index"),
    }


def _better_id(left: str | None, right: str | None) -> str | None:
    """A provider's id beats one that was made up here (spec S61)."""
    if left == right:
        return left
    if left is None or (right is not None and left.startswith(("run-", "lc_")) and not right.startswith(("run-", "lc_"))):
        return right
    return left


def _events_of_fields(chunk: AIMessageChunk, tool_call_chunks: Iterable[Any]) -> list[Event]:
    """What a chunk that was built by hand says, as events."""
    events: list[Event] = []
    if chunk.id is not None and not chunk.id.startswith(("run-", "lc_")):
        events.append(Start(id=chunk.id))
    reasoning = chunk.additional_kwargs.get("reasoning_content")  # LangChain's place for it with Ollama and DeepSeek
    if isinstance(reasoning, str) and reasoning:
        events.append(ReasoningDelta(reasoning))
    if isinstance(chunk.content, str):
        events += [TextDelta(chunk.content)] if chunk.content else []
    else:
        events += events_of_blocks(chunk.content)
    shown: set[Any] = {event.id for event in events if isinstance(event, ToolCallChunk) and event.id}
    pieces = [piece for piece in tool_call_chunks if piece.get("id") not in shown]
    for piece in pieces:
        events.append(
            ToolCallChunk(args=piece.get("args") or "", index=piece.get("index"), id=piece.get("id"), name=piece.get("name"))
        )
    shown |= {piece.get("id") for piece in pieces}
    for call in chunk.tool_calls:
        if call["id"] not in shown:
            events += events_of_blocks([dict(call)])
    metadata = dict(chunk.response_metadata)
    if "finish_reason" in metadata:
        events.append(Finish(metadata.pop("finish_reason")))
    if metadata:
        events.append(Metadata(metadata))
    if chunk.usage_metadata:
        events.append(Usage(cast("dict[str, Any]", chunk.usage_metadata)))
    return events

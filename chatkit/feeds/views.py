"""What the readers of a block stream see of each typed event: block events, texts, calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from chatkit.events import ReasoningDelta, TextDelta, ToolCallChunk
from chatkit.feeds.grammar import BlockWriter

if TYPE_CHECKING:
    from chatkit.events import Event
    from chatkit.net.stream import EventStream

__all__ = ["AllView", "BlocksView", "CallsView", "ReasoningView", "TextView", "View"]

T = TypeVar("T")


class View(Protocol[T]):
    """One reader's way to see the events, one after another."""

    def of(self, event: Event) -> list[T]:
        """What an event shows."""
        ...

    def end(self, stream: EventStream, failure: Exception | None) -> list[T]:
        """What the end shows."""
        ...


class BlocksView:
    """Content-block events."""

    def __init__(self, id: str) -> None:
        self._writer = BlockWriter(id)

    def of(self, event: Event) -> list[dict[str, Any]]:
        return self._writer.write(event)

    def end(self, stream: EventStream, failure: Exception | None) -> list[dict[str, Any]]:
        if failure is not None:
            return self._writer.fail(failure)
        return [] if stream.interrupted else self._writer.finish(stream.message)


class AllView:
    """Nothing: for readers that only wait for the end."""

    def of(self, event: Event) -> list[Any]:
        return []

    def end(self, stream: EventStream, failure: Exception | None) -> list[Any]:
        return []


class TextView(AllView):
    """Pieces of the text."""

    def of(self, event: Event) -> list[str]:
        return [event.text] if type(event) is TextDelta and event.text else []


class ReasoningView(AllView):
    """Pieces of the reasoning."""

    def of(self, event: Event) -> list[str]:
        return [event.text] if type(event) is ReasoningDelta and event.text else []


class CallsView(AllView):
    """Pieces of tool calls; each says which call it belongs to, also where the provider says it only once."""

    def __init__(self) -> None:
        self._calls: dict[Any, dict[str, Any]] = {}

    def of(self, event: Event) -> list[dict[str, Any]]:
        if type(event) is not ToolCallChunk:
            return []
        call = self._calls.get(event.index)
        if call is None or (event.id and call["id"] and event.id != call["id"]):
            call = self._calls[event.index] = {"type": "tool_call_chunk", "id": event.id, "name": event.name}
        call["id"], call["name"] = event.id or call["id"], event.name or call["name"]
        return [{**call, "args": event.args, "index": event.index}]

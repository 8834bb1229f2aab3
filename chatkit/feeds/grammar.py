"""From typed events to the content-block events of version 3 (spec N3): pure, one event in, some dicts out.

message-start, then per block content-block-start, -delta ..., -finish, then message-finish; `error` instead of it when
the answer breaks. Blocks are numbered 0, 1, 2 ... and closed when the next one begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import (
    Citation,
    Event,
    Media,
    Raw,
    ReasoningDelta,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    TextDelta,
    ToolCallChunk,
)
from chatkit.fold import Fold

if TYPE_CHECKING:
    from chatkit.messages import AIMessage

__all__ = ["BlockWriter"]

_KINDS: dict[type, str] = {
    TextDelta: "text",
    Citation: "text",
    ReasoningDelta: "reasoning",
    ToolCallChunk: "tool_call_chunk",
    ServerToolCallChunk: "server_tool_call_chunk",
}
_WHOLE = (ServerToolCall, ServerToolResult, Media, Raw)


class _Block:
    """The block that is open."""

    def __init__(self, number: int, kind: str, first: Any) -> None:
        self.number = number
        self.kind = kind
        self.index = first.index
        self.id = getattr(first, "id", None)
        self.fold = Fold()

    def takes(self, kind: str, event: Any) -> bool:
        """Whether an event continues this block."""
        if kind != self.kind or (event.index is not None and event.index != self.index):
            return False
        id = getattr(event, "id", None)
        return not (id and self.id and id != self.id)


class BlockWriter:
    """Writes the events of one message.

    Args:
        id: identity of the message until the provider gives one.
    """

    def __init__(self, id: str) -> None:
        self._id = id
        self._facts = Fold()
        self._started = False
        self._open: _Block | None = None
        self._number = 0

    def write(self, event: Event) -> list[dict[str, Any]]:
        """What one event says."""
        kind = _KINDS.get(type(event))
        if kind is None and not isinstance(event, _WHOLE):
            self._facts.feed(event)
            return []
        out = self._start()
        if isinstance(event, _WHOLE):
            return out + self._close() + self._whole(event)
        block = self._open
        assert kind is not None
        if block is None or not block.takes(kind, event):
            out += self._close()
            block = self._begin(kind, event)
            out.append({"event": "content-block-start", "index": block.number, "content": _skeleton(kind, event)})
        block.fold.feed(event)
        delta = _delta(event)
        return out if delta is None else [*out, {"event": "content-block-delta", "index": block.number, "delta": delta}]

    def finish(self, message: AIMessage) -> list[dict[str, Any]]:
        """The end of a complete answer."""
        end: dict[str, Any] = {"event": "message-finish", "metadata": message.response_metadata}
        if message.usage_metadata:
            end["usage"] = message.usage_metadata
        return [*self._start(), *self._close(), end]

    def fail(self, error: BaseException) -> list[dict[str, Any]]:
        """The end of a broken answer."""
        event: dict[str, Any] = {"event": "error", "message": str(error) or type(error).__name__}
        code = getattr(error, "code", None) or getattr(error, "status", None)
        if code is not None:
            event["code"] = str(code)
        return [event]

    def _start(self) -> list[dict[str, Any]]:
        if self._started:
            return []
        self._started = True
        known = self._facts.metadata
        metadata = {"provider": known.get("model_provider"), "model": known.get("model_name"), "model_type": "chat"}
        metadata = {name: value for name, value in metadata.items() if value is not None}
        return [{"event": "message-start", "role": "ai", "id": self._facts.id or self._id, "metadata": metadata}]

    def _begin(self, kind: str, event: Any) -> _Block:
        block = self._open = _Block(self._number, kind, event)
        self._number += 1
        return block

    def _close(self) -> list[dict[str, Any]]:
        block, self._open = self._open, None
        if block is None:
            return []
        return [
            {"event": "content-block-finish", "index": block.number, "content": content}
            for content in block.fold.blocks(finished=True)
        ]

    def _whole(self, event: Any) -> list[dict[str, Any]]:
        number, self._number = self._number, self._number + 1
        (content,) = Fold().feed_all([event]).blocks(finished=True)
        return [
            {"event": "content-block-start", "index": number, "content": content},
            {"event": "content-block-finish", "index": number, "content": content},
        ]


def _skeleton(kind: str, event: Any) -> dict[str, Any]:
    if kind == "text":
        return {"type": "text", "text": ""}
    if kind == "reasoning":
        return {"type": "reasoning", "reasoning": ""}
    return {"type": kind, "id": event.id, "name": event.name, "args": ""}


def _delta(event: Any) -> dict[str, Any] | None:
    if type(event) is TextDelta:
        return {"type": "text-delta", "text": event.text} if event.text else None
    if type(event) is ReasoningDelta:
        if event.text:
            return {"type": "reasoning-delta", "reasoning": event.text}
        return {"type": "block-delta", "fields": {"type": "reasoning", "extras": event.extras}} if event.extras else None
    if type(event) is Citation:
        return {"type": "block-delta", "fields": {"type": "text", "annotations": [event.annotation]}}
    return {"type": "tool-call-delta", "args": event.args} if event.args else None

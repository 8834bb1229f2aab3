"""How events add up to content blocks and to the fields of a message. All pieces meet here, once, in linear time.

The sum of a stream and the answer of `invoke` are both made by a `Fold`, so they cannot differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import (
    Citation,
    Event,
    Finish,
    Index,
    Media,
    Metadata,
    Raw,
    ReasoningDelta,
    Reset,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    Start,
    TextDelta,
    ToolCallChunk,
    Usage,
)
from chatkit.merge import merge_into
from chatkit.parts import Part, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["CUT_REASONS", "Fold"]

CUT_REASONS = frozenset(
    {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "model_context_window_exceeded"}
)
"""Finish reasons that say that the answer was cut at a limit."""


class Fold:
    """The state of an answer after some events.

    Attributes:
        id, metadata, usage, finish_reason: what the provider said of the answer so far.
    """

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._by_key: dict[tuple[str, Index], Part] = {}
        self.id: str | None = None
        self.metadata: dict[str, Any] = {}
        self.usage: dict[str, Any] | None = None
        self.finish_reason: str | None = None

    def feed(self, event: Event) -> None:
        """Add one event."""
        handler = _HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def feed_all(self, events: Iterable[Event]) -> Fold:
        """Add many events."""
        for event in events:
            handler = _HANDLERS.get(type(event))
            if handler is not None:
                handler(self, event)
        return self

    def _part(self, kind: str, index: Index) -> Part:
        if index is None:
            last = self._parts[-1] if self._parts else None
            if last is not None and last.kind == kind and last.index is None:
                return last
            return self._new_part(kind, None)
        part = self._by_key.get((kind, index))
        return self._new_part(kind, index) if part is None else part

    def _known(self, kind: str, index: Index) -> Part | None:
        """The block of this kind and index; without an index the last of the kind."""
        if index is not None:
            return self._by_key.get((kind, index))
        return next((part for part in reversed(self._parts) if part.kind == kind), None)

    def _new_part(self, kind: str, index: Index) -> Part:
        part = Part(kind, index)
        self._parts.append(part)
        if index is not None:
            self._by_key[kind, index] = part
        return part

    def _text(self, event: TextDelta) -> None:
        part = self._part("text", event.index)
        part.texts.append(event.text)
        if event.extras:
            part.add_extras(event.extras)

    def _reasoning(self, event: ReasoningDelta) -> None:
        part = self._part("reasoning", event.index)
        part.texts.append(event.text)
        part.id = event.id or part.id
        if event.extras:
            part.add_extras(event.extras)

    def _tool(self, event: ToolCallChunk | ServerToolCallChunk) -> None:
        kind = "tool_call_chunk" if type(event) is ToolCallChunk else "server_tool_call_chunk"
        part = self._part(kind, event.index)
        other_call = event.id is not None and part.id is not None and event.id != part.id
        if other_call or (event.index is None and event.name is not None and part.name is not None):
            part = self._new_part(kind, event.index)
        part.id = event.id or part.id
        part.name = event.name or part.name
        if event.args:
            part.texts.append(event.args)
        part.add_extras(event.extras)

    def _server_tool_call(self, event: ServerToolCall) -> None:
        block: dict[str, Any] = {"type": "server_tool_call", "name": event.name, "args": event.args, "id": event.id}
        self._whole(block, event.index, event.extras)

    def _server_tool_result(self, event: ServerToolResult) -> None:
        block: dict[str, Any] = {"type": "server_tool_result", "tool_call_id": event.tool_call_id, "status": event.status}
        if event.output is not None:
            block["output"] = event.output
        if event.id is not None:
            block["id"] = event.id
        self._whole(block, event.index, event.extras)

    def _whole(self, block: dict[str, Any], index: Index, extras: dict[str, Any] | None) -> None:
        """A block that comes in one piece; one that comes again under its index is brought up to date."""
        known = self._known(block["type"], index) if index is not None else None
        part = known or self._new_part(block["type"], index)
        part.block.update(block)
        part.add_extras(extras)

    def _citation(self, event: Citation) -> None:
        part = self._known("text", event.index) or self._new_part("text", event.index)
        part.annotations.append(event.annotation)

    def _media(self, event: Media) -> None:
        part = (
            self._part(event.block["type"], event.index) if event.index is not None else self._new_part(event.block["type"], None)
        )
        block = dict(event.block)
        part.texts.extend(filter(None, [block.pop("base64", None)]))
        extras = dict(block.pop("extras", None) or {})
        transcript = extras.pop("transcript", None)
        if transcript:
            extras["transcript"] = ((part.extras or {}).get("transcript") or "") + transcript
        part.block.update({key: value for key, value in block.items() if value is not None})
        part.add_extras(extras)

    def _raw(self, event: Raw) -> None:
        part = self._part("non_standard", event.index) if event.index is not None else self._new_part("non_standard", None)
        joined = event.join and part.block.get(event.join)
        merge_into(part.block, event.value)
        if joined and event.join:
            part.block[event.join] = joined + (event.value.get(event.join) or "")

    def _start(self, event: Start) -> None:
        self.id = event.id or self.id
        if event.model:
            self.metadata["model_name"] = event.model
        if event.metadata:
            merge_into(self.metadata, event.metadata)

    def _metadata(self, event: Metadata) -> None:
        merge_into(self.metadata, event.metadata)

    def _usage(self, event: Usage) -> None:
        self.usage = event.usage

    def _finish(self, event: Finish) -> None:
        if event.reason is not None:
            self.finish_reason = event.reason
            self.metadata["finish_reason"] = event.reason
        if event.metadata:
            merge_into(self.metadata, event.metadata)

    def _reset(self, event: Reset) -> None:
        Fold.__init__(self)

    # What the events say, as blocks.

    def text(self) -> str:
        """The text of all text blocks."""
        return "".join([part.text() for part in self._parts if part.kind == "text"])

    def blocks(self, *, finished: bool, cut: bool = False) -> list[dict[str, Any]]:
        """The content as standard blocks.

        Args:
            finished: tool calls are parsed strictly; otherwise they are `tool_call_chunk` blocks.
            cut: the answer was broken off, so that a call without arguments may be half a call.
        """
        return [
            render(part, finished=finished, cut=cut)
            for part in self._parts
            if part.kind != "text" or part.annotations or part.extras or any(part.texts)
        ]

    def partial_tool_calls(self) -> list[dict[str, Any]]:
        """The calls so far, their arguments parsed as far as they came."""
        return [
            {"name": part.name, "args": part.partial_args(), "id": part.id, "type": "tool_call"}
            for part in self._parts
            if part.kind == "tool_call_chunk" and part.name
        ]


_HANDLERS: dict[type, Callable[[Fold, Any], None]] = {
    TextDelta: Fold._text,
    ReasoningDelta: Fold._reasoning,
    ToolCallChunk: Fold._tool,
    ServerToolCallChunk: Fold._tool,
    ServerToolCall: Fold._server_tool_call,
    ServerToolResult: Fold._server_tool_result,
    Citation: Fold._citation,
    Media: Fold._media,
    Raw: Fold._raw,
    Start: Fold._start,
    Metadata: Fold._metadata,
    Usage: Fold._usage,
    Finish: Fold._finish,
    Reset: Fold._reset,
}

"""How events add up to content blocks and to the fields of a message. All pieces meet here, once, in linear time.

The sum of a stream and the answer of `invoke` are both made by a `Fold`, so they cannot differ.
"""

from __future__ import annotations

import base64
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
from chatkit.jsons import decode_object, is_object
from chatkit.merge import merge_into
from chatkit.partial_json import PartialJSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["CUT_REASONS", "Fold", "Part", "render", "tool_call_block"]

CUT_REASONS = frozenset(
    {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens", "model_length", "model_context_window_exceeded"}
)
"""Finish reasons that say that the answer was cut at a limit."""


class Part:
    """One content block while it grows."""

    __slots__ = ("annotations", "block", "extras", "id", "index", "kind", "name", "parsed", "parser", "texts")

    def __init__(self, kind: str, index: Index) -> None:
        self.kind = kind
        self.index = index
        self.texts: list[str] = []
        self.id: str | None = None
        self.name: str | None = None
        self.extras: dict[str, Any] | None = None
        self.block: dict[str, Any] = {}
        self.annotations: list[dict[str, Any]] = []
        self.parser: PartialJSON | None = None
        self.parsed = 0

    def text(self) -> str:
        if len(self.texts) > 1 and (self.parser is None or self.parsed == len(self.texts)):
            self.texts = ["".join(self.texts)]
            self.parsed = min(self.parsed, 1)
            return self.texts[0]
        return "".join(self.texts)

    def add_extras(self, extras: dict[str, Any] | None) -> None:
        if extras:
            if self.extras is None:
                self.extras = {}
            merge_into(self.extras, extras)

    def partial_args(self) -> dict[str, Any]:
        """The arguments as far as they came; each fragment is parsed once, and only if somebody looks."""
        if self.parser is None:
            self.parser = PartialJSON()
        for fragment in self.texts[self.parsed :]:
            self.parser.feed(fragment)
        self.parsed = len(self.texts)
        value = self.parser.snapshot()
        return value if is_object(value) else {}


class Fold:
    """The state of an answer after some events.

    Attributes:
        id, model, metadata, usage, finish_reason: what the provider said of the answer so far.
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


def tool_call_block(name: str | None, args: str, id: str | None, *, cut: bool = False) -> dict[str, Any]:
    """A finished call: `tool_call` when the arguments are a JSON object, else `invalid_tool_call` with the reason."""
    parsed = {} if not args.strip() and not cut else decode_object(args)
    if parsed is not None and name:
        return {"type": "tool_call", "name": name, "args": parsed, "id": id}
    reason = "the call has no name" if not name else "the arguments are cut off" if cut else "the arguments are not a JSON object"
    return {"type": "invalid_tool_call", "name": name, "args": args, "id": id, "error": reason}


def render(part: Part, *, finished: bool, cut: bool) -> dict[str, Any]:
    """One content block as a standard block, see `Fold.blocks`."""
    block = _RENDER.get(part.kind, _render_media)(part, finished, cut)
    if part.extras:
        block["extras"] = part.extras
    if not finished and part.index is not None:
        block["index"] = part.index
    return block


def _render_text(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": part.text()}
    if part.annotations:
        block["annotations"] = list(part.annotations)
    return block


def _render_reasoning(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "reasoning", "reasoning": part.text()}
    if part.id is not None:
        block["id"] = part.id
    return block


def _render_tool(part: Part, finished: bool, cut: bool) -> dict[str, Any]:
    if finished:
        return tool_call_block(part.name, part.text(), part.id, cut=cut)
    return {"type": "tool_call_chunk", "name": part.name, "args": part.text(), "id": part.id}


def _render_server_tool(part: Part, finished: bool, _cut: bool) -> dict[str, Any]:
    if not finished:
        return {"type": "server_tool_call_chunk", "name": part.name, "args": part.text(), "id": part.id}
    args = part.text()
    parsed = decode_object(args) if args.strip() else {}
    return {"type": "server_tool_call", "name": part.name, "args": {"input": args} if parsed is None else parsed, "id": part.id}


def _render_whole(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    return dict(part.block)


def _render_raw(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    return {"type": "non_standard", "value": dict(part.block)}


def _render_media(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block = dict(part.block)
    if part.texts:
        block["base64"] = _join_base64(part.texts)
    return block


def _join_base64(pieces: list[str]) -> str:
    """Pieces that were encoded one by one cannot just be glued: padding may stand in the middle."""
    if len(pieces) == 1 or not any(piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)
    return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()


_RENDER: dict[str, Callable[[Part, bool, bool], dict[str, Any]]] = {
    "text": _render_text,
    "reasoning": _render_reasoning,
    "tool_call_chunk": _render_tool,
    "server_tool_call_chunk": _render_server_tool,
    "server_tool_call": _render_whole,
    "server_tool_result": _render_whole,
    "non_standard": _render_raw,
}

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

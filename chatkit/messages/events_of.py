"""From content blocks back to events: what lets hand-built chunks, caches and simulators speak like a stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import (
    Citation,
    Event,
    Index,
    Media,
    Raw,
    ReasoningDelta,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    TextDelta,
    ToolCallChunk,
)
from chatkit.jsons import dumps, is_object
from chatkit.messages.blocks import DATA_BLOCK_TYPES
from chatkit.messages.foreign import standard_block

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["events_of_blocks"]


def events_of_blocks(blocks: Iterable[str | dict[str, Any]]) -> list[Event]:
    """Events that fold to the given blocks."""
    events: list[Event] = []
    for item in blocks:
        block = standard_block(item)
        events += _events_of(block, block.get("index"))
    return events


def _events_of(block: dict[str, Any], index: Index) -> list[Event]:
    extras = block.get("extras")
    match block["type"]:
        case "text":
            text = TextDelta(block.get("text") or "", index, extras)
            return [text, *(Citation(annotation, index) for annotation in block.get("annotations") or ())]
        case "reasoning":
            return [ReasoningDelta(block.get("reasoning") or "", index, block.get("id"), extras)]
        case "tool_call" | "tool_call_chunk" | "invalid_tool_call":
            args = dumps(block["args"]) if is_object(block["args"]) else block["args"] or ""
            return [ToolCallChunk(args, index, block.get("id"), block.get("name"), extras)]
        case "server_tool_call":
            return [ServerToolCall(block["name"], block["args"], block.get("id"), index, extras)]
        case "server_tool_call_chunk":
            return [ServerToolCallChunk(block.get("args") or "", index, block.get("id"), block.get("name"), extras)]
        case "server_tool_result":
            return [ServerToolResult(block["tool_call_id"], block["status"], block.get("output"), block.get("id"), index, extras)]
        case kind if kind in DATA_BLOCK_TYPES:
            return [Media({key: value for key, value in block.items() if key != "index"}, index)]
        case _:
            return [Raw(block.get("value", block), index)]

"""Content blocks of an answer as events (wire sheet: bedrock_converse §4, §9)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from chatkit.events import (
    Citation,
    Event,
    Media,
    Raw,
    ReasoningDelta,
    ServerToolCallChunk,
    ServerToolResult,
    TextDelta,
    ToolCallChunk,
)
from chatkit.jsons import dumps, is_object
from chatkit_aws.citations import annotation
from chatkit_aws.media_in import MEDIA_WORDS, standard_media

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SERVER_TOOL", "block_events", "media_events"]

SERVER_TOOL = "server_tool_use"
"""`type` of a call that Bedrock runs itself."""


def block_events(block: Any, index: int) -> list[Event]:
    """Events of one whole block; one of an unknown kind is kept as it is."""
    if not is_object(block):
        return []
    if isinstance(text := block.get("text"), str):
        return [TextDelta(text, index)] if text else []
    for key, reader in _READERS.items():
        value = block.get(key)
        if is_object(value):
            return reader(value, index)
    return [Raw(block, index)]


def _tool_use(call: dict[str, Any], index: int) -> list[Event]:
    make = ServerToolCallChunk if call.get("type") == SERVER_TOOL else ToolCallChunk
    return [make(dumps(call.get("input") or {}), index, call.get("toolUseId"), call.get("name"))]


def _tool_result(result: dict[str, Any], index: int) -> list[Event]:
    status = "error" if result.get("status") == "error" else "success"
    extras = {"type": result["type"]} if result.get("type") else None
    return [ServerToolResult(result.get("toolUseId"), status, result.get("content") or [], index=index, extras=extras)]


def _reasoning(said: dict[str, Any], index: int) -> list[Event]:
    text = said.get("reasoningText")
    if not is_object(text):
        return [Raw({"reasoningContent": said}, index)]
    extras = {"signature": text["signature"]} if text.get("signature") else None
    return [ReasoningDelta(text.get("text") or "", index, extras=extras)]


def _cited(said: dict[str, Any], index: int) -> list[Event]:
    pieces = [TextDelta(piece["text"], index) for piece in said.get("content") or () if piece.get("text")]
    return [*pieces, *(Citation(annotation(citation), index) for citation in said.get("citations") or ())]


def media_events(word: str, value: dict[str, Any], index: int) -> list[Event]:
    """Media as a standard block; what no block can hold (an error in place of a picture) is kept as it is."""
    block = standard_media(word, value)
    return [Raw({word: value}, index) if block is None else Media(block, index)]


_READERS: dict[str, Callable[[dict[str, Any], int], list[Event]]] = {
    "toolUse": _tool_use,
    "reasoningContent": _reasoning,
    "citationsContent": _cited,
    "toolResult": _tool_result,
    **{word: functools.partial(media_events, word) for word in MEDIA_WORDS},
}

"""Content blocks of an answer as events (wire sheet: anthropic §5 and §10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.anthropic.citations import annotation_of
from chatkit.events import (
    Citation,
    Event,
    Metadata,
    Raw,
    ReasoningDelta,
    ServerToolCallChunk,
    ServerToolResult,
    TextDelta,
    ToolCallChunk,
)
from chatkit.jsons import as_object, dumps, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["args_text", "events_of_block", "is_call"]

MCP_PREFIX = "mcp:"
"""Stands before the names of tools of a remote MCP server, so that they cannot be taken for the API's own."""


def is_call(kind: str) -> bool:
    """Whether a block type is a call to a tool, whose `input` a stream sends in pieces."""
    return kind == "tool_use" or kind.endswith("_tool_use")


def events_of_block(block: dict[str, Any], index: int | None) -> list[Event]:
    """Events of one block, whole or as a stream begins it.

    Args:
        block: the wire's block; a call whose `input` is None has its arguments still to come.
        index: its place in the content.
    """
    kind = block.get("type") or ""
    reader = _READERS.get(kind)
    if reader is not None:
        return reader(block, index)
    if is_call(kind):
        return _server_call(block, index)
    if kind.endswith("_tool_result"):
        return _server_result(block, index)
    return [Raw(block, index)]


def _text(block: dict[str, Any], index: int | None) -> list[Event]:
    events: list[Event] = [Citation(annotation_of(location), index) for location in block.get("citations") or ()]
    if block.get("text"):
        events.append(TextDelta(block["text"], index))
    return events


def _thinking(block: dict[str, Any], index: int | None) -> list[Event]:
    extras = _rest(block, "thinking")
    if not extras.get("signature"):
        extras.pop("signature", None)
    return [ReasoningDelta(block.get("thinking") or "", index, extras=extras or None)]


def _call(block: dict[str, Any], index: int | None) -> list[Event]:
    extras = _rest(block, "id", "name", "input")
    return [ToolCallChunk(args_text(block.get("input")), index, block.get("id"), block.get("name"), extras or None)]


def _server_call(block: dict[str, Any], index: int | None) -> list[Event]:
    extras = _rest(block, "id", "name", "input")
    name = block.get("name") or ""
    if block["type"] != "server_tool_use":
        extras = {"block_type": block["type"], "tool_name": name, **extras}
    if block["type"] == "mcp_tool_use":
        name = MCP_PREFIX + name
    return [ServerToolCallChunk(args_text(block.get("input")), index, block.get("id"), name, extras or None)]


def _server_result(block: dict[str, Any], index: int | None) -> list[Event]:
    content = block.get("content")
    failed = bool(block.get("is_error")) or (is_object(content) and content.get("error_code") is not None)
    extras = {"block_type": block["type"], **_rest(block, "tool_use_id", "content")}
    return [ServerToolResult(block.get("tool_use_id"), "error" if failed else "success", content, index=index, extras=extras)]


def _fallback(block: dict[str, Any], index: int | None) -> list[Event]:
    """From here on another model answers than the one that `message_start` named."""
    model = as_object(block.get("to")).get("model")
    return [Raw(block, index), *([Metadata({"model_name": model})] if model else [])]


def args_text(given: Any) -> str:
    """The `input` of a call as JSON text; some gateways send text already."""
    return given if isinstance(given, str) else "" if given is None else dumps(given)


def _rest(block: dict[str, Any], *known: str) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "type" and name not in known and value is not None}


_READERS: dict[str, Callable[[dict[str, Any], int | None], list[Event]]] = {
    "text": _text,
    "thinking": _thinking,
    "tool_use": _call,
    "fallback": _fallback,
}

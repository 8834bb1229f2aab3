"""A conversation as one text: for logs, summaries and prompts about conversations (spec S52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal
from xml.sax.saxutils import escape, quoteattr

from chatkit.errors import InputError
from chatkit.jsons import dumps
from chatkit.messages.ai import AIMessage
from chatkit.messages.blocks import DATA_BLOCK_TYPES
from chatkit.messages.coerce import convert_to_messages
from chatkit.messages.select import message_chunk_to_message

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.messages.base import BaseMessage

__all__ = ["get_buffer_string"]


def get_buffer_string(
    messages: Iterable[Any],
    human_prefix: str = "Human",
    ai_prefix: str = "AI",
    *,
    system_prefix: str = "System",
    tool_prefix: str = "Tool",
    message_separator: str = "\n",
    format: Literal["prefix", "xml"] = "prefix",
) -> str:
    """The conversation as text.

    Args:
        messages: in any form that models take.
        human_prefix, ai_prefix, system_prefix, tool_prefix: what the speakers are called.
        message_separator: stands between two messages.
        format: "prefix" gives lines `Human: Hello` (text and tool calls); "xml" gives
            `<message type="human">Hello</message>`, which cannot be taken for something that a speaker said, and also
            names reasoning, media by address, and server tools.

    Raises:
        InputError: an unknown format.
    """
    if format not in ("prefix", "xml"):
        raise InputError(f"format must be 'prefix' or 'xml', not {format!r}")
    names = {"human": human_prefix, "ai": ai_prefix, "system": system_prefix, "tool": tool_prefix}
    write = _line if format == "prefix" else _element
    finished = map(message_chunk_to_message, convert_to_messages(messages))
    return message_separator.join([write(message, names[message.type]) for message in finished])


def _line(message: BaseMessage, name: str) -> str:
    calls = f" {dumps(message.tool_calls)}" if isinstance(message, AIMessage) and message.tool_calls else ""
    return f"{name}: {message.text}{calls}"


def _element(message: BaseMessage, name: str) -> str:
    inner = "".join(filter(None, (_block(block) for block in message.content_blocks)))
    return f"<message type={quoteattr(name.lower())}>{inner}</message>"


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "text":
        return escape(block.get("text") or "")
    if kind == "reasoning":
        return _tag("reasoning", {}, block.get("reasoning") or "")
    if kind in ("tool_call", "invalid_tool_call", "server_tool_call"):
        args = block.get("args")
        return _tag(kind, {"id": block.get("id"), "name": block.get("name")}, args if isinstance(args, str) else dumps(args))
    if kind == "server_tool_result":
        output = block.get("output")
        text = output if isinstance(output, str) else "" if output is None else dumps(output)
        return _tag(kind, {"id": block.get("tool_call_id"), "status": block.get("status")}, text)
    if kind in DATA_BLOCK_TYPES:
        return _tag(kind, {key: block.get(key) for key in ("url", "file_id", "mime_type", "title")}, block.get("text") or "")
    return ""


def _tag(name: str, attributes: dict[str, Any], text: str) -> str:
    shown = "".join(f" {key}={quoteattr(str(value))}" for key, value in attributes.items() if value is not None)
    return f"<{name}{shown}>{escape(text)}</{name}>" if text else f"<{name}{shown}/>"

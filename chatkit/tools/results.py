"""What a tool returned, as the message that the model gets (spec S140, S141)."""

from __future__ import annotations

import json
from typing import Any, Literal, cast

from chatkit.errors import ChatKitError, InputError
from chatkit.jsons import dumps, is_object
from chatkit.messages.base import BaseMessage, ToolMessage

__all__ = ["content_of", "is_finished", "split_artifact", "tool_message"]

_BLOCK_TYPES = frozenset(
    {
        "text",
        "image_url",
        "image",
        "audio",
        "video",
        "text-plain",
        "json",
        "search_result",
        "custom_tool_call_output",
        "document",
        "file",
    }
)
"""Types of content blocks that a tool may return as they are."""


def content_of(result: Any) -> str | list[Any]:
    """A result as content: text and lists of content blocks as they are, anything else as JSON, or as `str()`.

    What is a text in JSON (a date, a Decimal, a UUID) is that text, without quotes; of a message its content is taken.
    """
    if isinstance(result, BaseMessage):
        result = result.content
    if isinstance(result, str):
        return result
    items = _items(result)
    if items and all(isinstance(item, str) or (is_object(item) and item.get("type") in _BLOCK_TYPES) for item in items):
        return items
    try:
        return json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError):
        pass
    try:
        text = dumps(result)
    except (ChatKitError, TypeError, ValueError):
        return str(cast("object", result))
    return json.loads(text) if text.startswith('"') else text


def _items(result: Any) -> list[Any]:
    return list(cast("Any", result)) if isinstance(result, list | tuple) else []


def is_finished(result: Any) -> bool:
    """Whether a result is already the message, or several; they go on untouched."""
    return all(hasattr(item, "tool_call_id") for item in _items(result) or [result])


def split_artifact(result: Any, response_format: str) -> tuple[Any, Any]:
    """Content and artifact of a result.

    Raises:
        InputError: the tool should have returned both.
    """
    if response_format == "content":
        return result, None
    items = _items(result)
    if isinstance(result, tuple) and len(items) == 2:
        return items[0], items[1]
    raise InputError(
        f"with response_format='content_and_artifact' a tool returns the two-tuple (content, artifact), not {result!r}"
    )


def tool_message(
    result: Any, *, name: str, tool_call_id: str, artifact: Any = None, status: Literal["success", "error"] = "success"
) -> ToolMessage:
    """The answer to a tool call."""
    return ToolMessage(content_of(result), name=name, tool_call_id=tool_call_id, artifact=artifact, status=status)

"""Factories of content blocks: each block gets an id of its own (spec S81).

Media stand at a `url`, in `base64` with their `mime_type`, or under a provider's `file_id`. `index` is the place of the
block in a stream; all other names go into `extras`.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError

if TYPE_CHECKING:
    from chatkit.messages.blocks import (
        Annotation,
        AudioContentBlock,
        Citation,
        FileContentBlock,
        ImageContentBlock,
        NonStandardContentBlock,
        PlainTextContentBlock,
        ReasoningContentBlock,
        TextContentBlock,
        ToolCall,
        VideoContentBlock,
    )

__all__ = [
    "create_audio_block",
    "create_citation",
    "create_file_block",
    "create_image_block",
    "create_non_standard_block",
    "create_plaintext_block",
    "create_reasoning_block",
    "create_text_block",
    "create_tool_call",
    "create_video_block",
]


def _with(block: dict[str, Any], id: str | None, index: int | str | None, extras: dict[str, Any]) -> Any:
    block["id"] = id or f"lc_{uuid.uuid4()}"
    if index is not None:
        block["index"] = index
    if extras:
        block["extras"] = extras
    return block


def create_text_block(
    text: str,
    *,
    id: str | None = None,
    annotations: list[Annotation] | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> TextContentBlock:
    """A text block with an id of its own."""
    block: dict[str, Any] = {"type": "text", "text": text}
    if annotations is not None:
        block["annotations"] = annotations
    return _with(block, id, index, extras)


def create_reasoning_block(
    reasoning: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any
) -> ReasoningContentBlock:
    """A reasoning block with an id of its own."""
    return _with({"type": "reasoning", "reasoning": reasoning or ""}, id, index, extras)


def create_tool_call(
    name: str, args: dict[str, Any], *, id: str | None = None, index: int | str | None = None, **extras: Any
) -> ToolCall:
    """A tool call block with an id of its own."""
    return _with({"type": "tool_call", "name": name, "args": args}, id, index, extras)


def create_non_standard_block(
    value: dict[str, Any], *, id: str | None = None, index: int | str | None = None
) -> NonStandardContentBlock:
    """A block that providers send as it is."""
    return _with({"type": "non_standard", "value": value}, id, index, {})


def create_citation(
    *,
    url: str | None = None,
    title: str | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    cited_text: str | None = None,
    id: str | None = None,
    **extras: Any,
) -> Citation:
    """A citation annotation with an id of its own."""
    given = {"url": url, "title": title, "start_index": start_index, "end_index": end_index, "cited_text": cited_text}
    return _with({"type": "citation", **{key: value for key, value in given.items() if value is not None}}, id, None, extras)


def _data(
    kind: str,
    url: str | None,
    base64: str | None,
    file_id: str | None,
    mime_type: str | None,
    id: str | None,
    index: int | str | None,
    extras: dict[str, Any],
) -> Any:
    given = {"url": url, "base64": base64, "file_id": file_id, "mime_type": mime_type}
    block: dict[str, Any] = {"type": kind, **{key: value for key, value in given.items() if value is not None}}
    if not (url or base64 or file_id):
        raise InputError(f"a {kind} block needs one of url, base64 or file_id")
    return _with(block, id, index, extras)


def create_image_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> ImageContentBlock:
    """An image block. Raises InputError without a source."""
    return _data("image", url, base64, file_id, mime_type, id, index, extras)


def create_video_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> VideoContentBlock:
    """A video block. Raises InputError without a source."""
    return _data("video", url, base64, file_id, mime_type, id, index, extras)


def create_audio_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> AudioContentBlock:
    """An audio block. Raises InputError without a source."""
    return _data("audio", url, base64, file_id, mime_type, id, index, extras)


def create_file_block(
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    mime_type: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> FileContentBlock:
    """A document block. Raises InputError without a source."""
    return _data("file", url, base64, file_id, mime_type, id, index, extras)


def create_plaintext_block(
    text: str | None = None,
    *,
    url: str | None = None,
    base64: str | None = None,
    file_id: str | None = None,
    title: str | None = None,
    context: str | None = None,
    id: str | None = None,
    index: int | str | None = None,
    **extras: Any,
) -> PlainTextContentBlock:
    """A text document block."""
    given = {"text": text, "url": url, "base64": base64, "file_id": file_id, "title": title, "context": context}
    block = {"type": "text-plain", "mime_type": "text/plain", **{key: value for key, value in given.items() if value is not None}}
    return _with(block, id, index, extras)

"""Content blocks: plain dicts with a `type`, typed as TypedDicts (spec 1G)."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

__all__ = [
    "DATA_BLOCK_TYPES",
    "KNOWN_BLOCK_TYPES",
    "Annotation",
    "AudioContentBlock",
    "Citation",
    "ContentBlock",
    "DataContentBlock",
    "FileContentBlock",
    "ImageContentBlock",
    "InvalidToolCall",
    "NonStandardAnnotation",
    "NonStandardContentBlock",
    "PlainTextContentBlock",
    "ReasoningContentBlock",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "TextContentBlock",
    "ToolCall",
    "ToolCallChunk",
    "VideoContentBlock",
    "is_data_content_block",
]


class Citation(TypedDict, total=False):
    """Where a part of the text comes from."""

    type: Literal["citation"]
    id: str
    url: str
    title: str
    start_index: int
    end_index: int
    cited_text: str
    extras: dict[str, Any]


class NonStandardAnnotation(TypedDict, total=False):
    """A provider's own annotation."""

    type: Literal["non_standard_annotation"]
    id: str
    value: dict[str, Any]


Annotation: TypeAlias = Citation | NonStandardAnnotation


class TextContentBlock(TypedDict):
    """Text."""

    type: Literal["text"]
    text: str
    id: NotRequired[str]
    annotations: NotRequired[list[Annotation]]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ReasoningContentBlock(TypedDict):
    """The model's reasoning; `extras` keeps what the vendor wants back (signature, encrypted content)."""

    type: Literal["reasoning"]
    reasoning: NotRequired[str]
    id: NotRequired[str]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ToolCall(TypedDict):
    """A call to one of the caller's tools."""

    type: NotRequired[Literal["tool_call"]]
    name: str
    args: dict[str, Any]
    id: str | None
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ToolCallChunk(TypedDict):
    """A piece of a call: `args` is a piece of JSON text."""

    type: NotRequired[Literal["tool_call_chunk"]]
    name: str | None
    args: str | None
    id: str | None
    index: NotRequired[int | str | None]
    extras: NotRequired[dict[str, Any]]


class InvalidToolCall(TypedDict):
    """A call whose arguments are not a JSON object, as text, with the reason."""

    type: NotRequired[Literal["invalid_tool_call"]]
    name: str | None
    args: str | None
    id: str | None
    error: str | None
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolCall(TypedDict):
    """A call that the provider runs itself."""

    type: Literal["server_tool_call"]
    name: str
    args: dict[str, Any]
    id: str
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolCallChunk(TypedDict):
    """A piece of a call that the provider runs itself."""

    type: Literal["server_tool_call_chunk"]
    name: NotRequired[str | None]
    args: NotRequired[str]
    id: NotRequired[str | None]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolResult(TypedDict):
    """What such a call gave back."""

    type: Literal["server_tool_result"]
    tool_call_id: str
    status: Literal["success", "error"]
    id: NotRequired[str]
    output: NotRequired[Any]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class _Data(TypedDict, total=False):
    id: str
    file_id: str
    mime_type: str
    index: int | str
    url: str
    base64: str
    extras: dict[str, Any]


class ImageContentBlock(_Data):
    """An image: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["image"]


class VideoContentBlock(_Data):
    """A video: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["video"]


class AudioContentBlock(_Data):
    """Sound: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["audio"]


class FileContentBlock(_Data):
    """Any other document, such as a PDF."""

    type: Literal["file"]


class PlainTextContentBlock(_Data):
    """A text document."""

    type: Literal["text-plain"]
    text: NotRequired[str]
    title: NotRequired[str]
    context: NotRequired[str]


class NonStandardContentBlock(TypedDict):
    """Something of a provider's own; providers send `value` as it is."""

    type: Literal["non_standard"]
    value: dict[str, Any]
    id: NotRequired[str]
    index: NotRequired[int | str]


DataContentBlock: TypeAlias = ImageContentBlock | VideoContentBlock | AudioContentBlock | FileContentBlock | PlainTextContentBlock
ContentBlock: TypeAlias = (
    TextContentBlock
    | ReasoningContentBlock
    | ToolCall
    | ToolCallChunk
    | InvalidToolCall
    | ServerToolCall
    | ServerToolCallChunk
    | ServerToolResult
    | ImageContentBlock
    | VideoContentBlock
    | AudioContentBlock
    | FileContentBlock
    | PlainTextContentBlock
    | NonStandardContentBlock
)

DATA_BLOCK_TYPES = frozenset({"image", "video", "audio", "file", "text-plain"})
KNOWN_BLOCK_TYPES = DATA_BLOCK_TYPES | {
    "text",
    "reasoning",
    "tool_call",
    "tool_call_chunk",
    "invalid_tool_call",
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_result",
    "non_standard",
}


def is_data_content_block(block: dict[str, Any]) -> bool:
    """Whether the block is an image, video, audio, file or text document, in the v1 or the older form."""
    if block.get("type") not in DATA_BLOCK_TYPES:
        return False
    return any(key in block for key in ("url", "base64", "file_id", "text", "source_type"))

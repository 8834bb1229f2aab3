"""Events: what a provider's parser says, and what `open_stream` yields. The one currency between wire and user.

Each is a small frozen Struct. `index` names the content block that a piece belongs to: pieces of the same kind
and index are one block; without an index a piece continues the last block when that has the same kind.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from msgspec import Struct

from chatkit.errors import ModelError  # noqa: TC001 (msgspec reads the annotations)

__all__ = [
    "Citation",
    "ErrorEvent",
    "Event",
    "Finish",
    "Index",
    "Media",
    "Metadata",
    "Raw",
    "ReasoningDelta",
    "Reset",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "Start",
    "TextDelta",
    "ToolCallChunk",
    "Usage",
]

Index: TypeAlias = int | str | None


class TextDelta(Struct, frozen=True, tag="text"):
    """A piece of the answer's text."""

    text: str
    index: Index = None
    extras: dict[str, Any] | None = None


class ReasoningDelta(Struct, frozen=True, tag="reasoning"):
    """A piece of the model's reasoning. `extras` keeps what must go back to the vendor (signature ...)."""

    text: str = ""
    index: Index = None
    id: str | None = None
    extras: dict[str, Any] | None = None


class ToolCallChunk(Struct, frozen=True, tag="tool_call_chunk"):
    """A piece of a call to one of the caller's tools: `args` is JSON text to be joined."""

    args: str = ""
    index: Index = None
    id: str | None = None
    name: str | None = None
    extras: dict[str, Any] | None = None


class ServerToolCall(Struct, frozen=True, tag="server_tool_call"):
    """A whole call to a tool that the provider runs itself (web search, code execution ...)."""

    name: str
    args: dict[str, Any]
    id: str | None = None
    index: Index = None
    extras: dict[str, Any] | None = None


class ServerToolCallChunk(Struct, frozen=True, tag="server_tool_call_chunk"):
    """A piece of a call to a tool that the provider runs itself."""

    args: str = ""
    index: Index = None
    id: str | None = None
    name: str | None = None
    extras: dict[str, Any] | None = None


class ServerToolResult(Struct, frozen=True, tag="server_tool_result"):
    """What a tool that the provider runs itself gave back."""

    tool_call_id: str | None
    status: Literal["success", "error"] = "success"
    output: Any = None
    id: str | None = None
    index: Index = None
    extras: dict[str, Any] | None = None


class Citation(Struct, frozen=True, tag="citation"):
    """A source of a text block: a standard `citation` annotation, or `non_standard_annotation`."""

    annotation: dict[str, Any]
    index: Index = None


class Media(Struct, frozen=True, tag="media"):
    """An image, audio, video or file block (a standard content block).

    Pieces with the same index are one block: `base64` and `extras["transcript"]` are joined, the rest is set.
    """

    block: dict[str, Any]
    index: Index = None


class Raw(Struct, frozen=True, tag="raw"):
    """Something of the provider's that has no standard form; becomes a `non_standard` block.

    Pieces with the same index are merged; the field that `join` names is text that is put together.
    """

    value: dict[str, Any]
    index: Index = None
    join: str | None = None


class Start(Struct, frozen=True, tag="start"):
    """The first thing known of an answer: its id, the model that gives it."""

    id: str | None = None
    model: str | None = None
    metadata: dict[str, Any] | None = None


class Metadata(Struct, frozen=True, tag="metadata"):
    """More for `response_metadata`: scalars replace, lists append, dicts merge."""

    metadata: dict[str, Any]


class Usage(Struct, frozen=True, tag="usage"):
    """Token usage so far, cumulative, as a `UsageMetadata` dict. The last one counts; none are added up."""

    usage: dict[str, Any]


class Finish(Struct, frozen=True, tag="finish"):
    """Why the answer ended, in the provider's own word."""

    reason: str | None
    metadata: dict[str, Any] | None = None


class ErrorEvent(Struct, frozen=True, tag="error"):
    """The provider reported an error inside the stream. The stream raises it, it is never yielded to users."""

    error: ModelError


class Reset(Struct, frozen=True, tag="reset"):
    """The answer starts again from nothing (only when the caller asked for `restart`): forget what came."""

    error: ModelError


Event: TypeAlias = (
    TextDelta
    | ReasoningDelta
    | ToolCallChunk
    | ServerToolCall
    | ServerToolCallChunk
    | ServerToolResult
    | Citation
    | Media
    | Raw
    | Start
    | Metadata
    | Usage
    | Finish
    | ErrorEvent
    | Reset
)

OUTPUT_TYPES = frozenset(
    {
        TextDelta,
        ReasoningDelta,
        ToolCallChunk,
        ServerToolCall,
        ServerToolCallChunk,
        ServerToolResult,
        Citation,
        Media,
        Raw,
    }
)
"""Events that a user can see. Before the first of them a failed request may be sent again unnoticed."""

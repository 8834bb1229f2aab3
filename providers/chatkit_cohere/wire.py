"""The JSON of `POST /v2/chat`, typed (wire sheet: cohere). Fields that chatkit does not read are left out."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

__all__ = [
    "Answer",
    "Delta",
    "Function",
    "Message",
    "Part",
    "Piece",
    "StreamEvent",
    "TokenUsage",
    "Tokens",
    "ToolCall",
    "decode_answer",
    "decode_event",
]


class Part(Struct):
    """A content part, or a piece of one."""

    type: str | None = None
    text: str | None = None
    thinking: str | None = None


class Function(Struct):
    """What is called."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(Struct):
    """A call, or a piece of one."""

    id: str | None = None
    function: Function | None = None


class Piece(Struct):
    """`delta.message`: objects where the whole answer has lists; the first event has empty lists."""

    content: Part | list[Any] | None = None
    tool_plan: str | None = None
    tool_calls: ToolCall | list[Any] | None = None
    citations: dict[str, Any] | list[Any] | None = None


class Tokens(Struct):
    """All tokens, billed or not."""

    input_tokens: float | None = None
    output_tokens: float | None = None
    reasoning_tokens: float | None = None
    image_tokens: float | None = None


class TokenUsage(Struct):
    """Usage of a whole answer."""

    tokens: Tokens | None = None
    cached_tokens: float | None = None
    billed_units: dict[str, Any] | None = None


class Delta(Struct):
    """What an event adds."""

    message: Piece | None = None
    finish_reason: str | None = None
    usage: TokenUsage | None = None
    error: Any = None


class StreamEvent(Struct):
    """Data of any event of a stream; `message` is text in errors."""

    type: str | None = None
    index: int | None = None
    delta: Delta | None = None
    id: str | None = None
    logprobs: Any = None
    message: Any = None


class Message(Struct):
    """The message of a whole answer."""

    content: str | list[Part] | None = None
    tool_plan: str | None = None
    tool_calls: list[ToolCall] | None = None
    citations: list[dict[str, Any]] | None = None


class Answer(Struct):
    """A whole answer; `message` is text in errors."""

    id: str | None = None
    message: Message | str | None = None
    finish_reason: str | None = None
    usage: TokenUsage | None = None
    logprobs: list[Any] | None = None


decode_event = msgspec.json.Decoder(StreamEvent).decode
decode_answer = msgspec.json.Decoder(Answer).decode

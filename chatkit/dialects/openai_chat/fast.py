"""The few deltas that make up nearly all of a stream, as Structs that nothing else fits.

A chunk that carries anything more (a finish reason, usage, an error, citations, two kinds of output ...) fails the
typed decode and takes the complete way in `parse`. So the checks cost nothing: msgspec makes them while it reads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = ["DETAIL", "REASONING", "TEXT", "TOOL", "harmless"]

NoText = Literal[""] | None
NoItems = Annotated[list[Any], Meta(max_length=0)] | None
NoFields = Annotated[dict[str, Any], Meta(max_length=0)] | None
Some = Annotated[str, Meta(min_length=1)]


class _NoLogprobs(Struct, gc=False):
    content: None = None
    refusal: None = None
    reasoning_content: None = None


class _Delta(Struct, gc=False, kw_only=True):
    """What no plain delta has."""

    function_call: None = None
    refusal: NoText = None
    audio: None = None
    images: NoItems = None
    annotations: NoItems = None
    executed_tools: NoItems = None
    reasoning_steps: NoItems = None
    reasoning_text: NoText = None
    extra_content: None = None
    thought_signature: None = None
    reasoning_opaque: None = None


class _Verdict(Struct, gc=False):
    """What Azure's filter says of one category."""

    filtered: bool
    severity: str = "safe"
    detected: bool = False


class _Choice(Struct, gc=False, kw_only=True):
    index: Literal[0] = 0
    finish_reason: NoText = None
    logprobs: _NoLogprobs | None = None
    content_filter_results: NoFields = None
    usage: None = None
    error: None = None


class _Chunk(Struct, gc=False, kw_only=True):
    usage: None = None
    error: None = None
    citations: NoItems = None
    search_results: NoItems = None
    x_groq: None = None


class _TextDelta(_Delta, gc=False, kw_only=True):
    content: Some
    reasoning_content: NoText = None
    reasoning: NoText = None
    tool_calls: NoItems = None
    reasoning_details: NoItems = None


class _TextChoice(_Choice, gc=False, kw_only=True):
    delta: _TextDelta
    content_filter_results: dict[str, _Verdict] | None = None


class _TextChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_TextChoice]


class _ReasoningContentDelta(_Delta, gc=False, kw_only=True):
    text: Some = msgspec.field(name="reasoning_content")
    reasoning: NoText = None
    content: NoText = None
    tool_calls: NoItems = None
    reasoning_details: NoItems = None


class _ReasoningContentChoice(_Choice, gc=False, kw_only=True):
    delta: _ReasoningContentDelta


class _ReasoningContentChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_ReasoningContentChoice]


class _ReasoningDelta(_Delta, gc=False, kw_only=True):
    text: Some = msgspec.field(name="reasoning")
    reasoning_content: NoText = None
    content: NoText = None
    tool_calls: NoItems = None
    reasoning_details: NoItems = None


class _ReasoningChoice(_Choice, gc=False, kw_only=True):
    delta: _ReasoningDelta


class _ReasoningChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_ReasoningChoice]


class _Detail(Struct, gc=False):
    type: Literal["reasoning.text", "reasoning.summary"]
    index: int = 0
    id: str | None = None
    text: str | None = None
    summary: str | None = None
    signature: NoText = None
    data: None = None


class _DetailDelta(_Delta, gc=False, kw_only=True):
    reasoning_details: tuple[_Detail]
    content: NoText = None
    tool_calls: NoItems = None


class _DetailChoice(_Choice, gc=False, kw_only=True):
    delta: _DetailDelta


class _DetailChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_DetailChoice]


class _Function(Struct, gc=False):
    arguments: str
    name: NoText = None


class _ToolPiece(Struct, gc=False):
    index: int
    function: _Function
    id: NoText = None
    custom: None = None
    extra_content: None = None


class _ToolDelta(_Delta, gc=False, kw_only=True):
    tool_calls: tuple[_ToolPiece]
    content: NoText = None
    reasoning_content: NoText = None
    reasoning: NoText = None
    reasoning_details: NoItems = None


class _ToolChoice(_Choice, gc=False, kw_only=True):
    delta: _ToolDelta


class _ToolChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_ToolChoice]


TEXT = msgspec.json.Decoder(_TextChunk).decode
"""A piece of text and nothing else: `.choices[0].delta.content`."""
REASONING = {
    "reasoning_content": msgspec.json.Decoder(_ReasoningContentChunk).decode,
    "reasoning": msgspec.json.Decoder(_ReasoningChunk).decode,
}
"""By the field that a server uses: a piece of reasoning and nothing else: `.choices[0].delta.text`."""
DETAIL = msgspec.json.Decoder(_DetailChunk).decode
"""OpenRouter's: a piece of one reasoning detail, and the same text once more: `.choices[0].delta.reasoning_details[0]`."""
TOOL = msgspec.json.Decoder(_ToolChunk).decode
"""A later piece of one call's arguments: `.choices[0].delta.tool_calls[0]`."""


def harmless(results: dict[str, _Verdict]) -> bool:
    """Whether Azure's filter found nothing in a piece of text."""
    return not any(verdict.filtered or verdict.detected or verdict.severity != "safe" for verdict in results.values())

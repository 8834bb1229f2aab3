"""The three deltas that make up nearly all of a stream, as Structs that nothing else fits.

A chunk that carries anything more (a finish reason, usage, an error, citations, two kinds of output ...) fails the
typed decode and takes the complete way in `parse`. So the checks cost nothing: msgspec makes them while it reads.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

__all__ = ["REASONING", "TEXT", "TOOL"]

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

    reasoning_details: NoItems = None
    function_call: None = None
    refusal: NoText = None
    audio: None = None
    images: NoItems = None
    annotations: NoItems = None
    executed_tools: NoItems = None
    reasoning_steps: NoItems = None
    extra_content: None = None


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


class _TextChoice(_Choice, gc=False, kw_only=True):
    delta: _TextDelta


class _TextChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_TextChoice]


class _ReasoningContentDelta(_Delta, gc=False, kw_only=True):
    text: Some = msgspec.field(name="reasoning_content")
    reasoning: NoText = None
    content: NoText = None
    tool_calls: NoItems = None


class _ReasoningContentChoice(_Choice, gc=False, kw_only=True):
    delta: _ReasoningContentDelta


class _ReasoningContentChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_ReasoningContentChoice]


class _ReasoningDelta(_Delta, gc=False, kw_only=True):
    text: Some = msgspec.field(name="reasoning")
    reasoning_content: NoText = None
    content: NoText = None
    tool_calls: NoItems = None


class _ReasoningChoice(_Choice, gc=False, kw_only=True):
    delta: _ReasoningDelta


class _ReasoningChunk(_Chunk, gc=False, kw_only=True):
    choices: tuple[_ReasoningChoice]


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
TOOL = msgspec.json.Decoder(_ToolChunk).decode
"""A later piece of one call's arguments: `.choices[0].delta.tool_calls[0]`."""

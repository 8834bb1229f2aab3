"""The answer's JSON, as far as a client reads it (wire sheet: google_genai §4). Unknown fields are ignored.

What is only passed on (metadata, arguments) stays undecoded JSON, so that a small piece of text costs little.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

__all__ = [
    "UNSET",
    "Candidate",
    "Content",
    "Frame",
    "FunctionCall",
    "Part",
    "PartialArg",
    "PromptFeedback",
    "UsageMetadata",
    "decode_frame",
    "is_set",
]

UNSET = Raw(b"")
"""The field did not stand in the JSON."""


def is_set(raw: Raw) -> bool:
    """Whether the field stood in the JSON with a value that says something (not null, {} or [])."""
    return bytes(raw) not in (b"", b"null", b"{}", b"[]")


class PartialArg(Struct, rename="camel", gc=False):
    """A piece of one argument, or the whole of a short one."""

    json_path: str = "$"
    string_value: str | None = None
    number_value: Raw = UNSET
    bool_value: bool | None = None
    null_value: Raw = UNSET
    will_continue: bool | None = None


class FunctionCall(Struct, rename="camel"):
    """A call to one of the caller's tools: whole (`args`), or in pieces (`partial_args`)."""

    id: str | None = None
    name: str | None = None
    args: Raw = UNSET
    partial_args: list[PartialArg] | None = None
    will_continue: bool | None = None


class Part(Struct, rename="camel"):
    """One part in all its kinds at once; exactly one of the data fields is set."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    function_call: FunctionCall | None = None
    inline_data: dict[str, Any] | None = None
    file_data: dict[str, Any] | None = None
    executable_code: dict[str, Any] | None = None
    code_execution_result: dict[str, Any] | None = None
    tool_call: dict[str, Any] | None = None
    tool_response: dict[str, Any] | None = None


class Content(Struct):
    """The parts of an answer, or of a piece of it; there may be none."""

    parts: list[Part] | None = None


class Candidate(Struct, rename="camel"):
    """One of the answers that were asked for."""

    content: Content | None = None
    finish_reason: str | int | None = None
    index: int | None = None
    finish_message: str | None = None
    avg_logprobs: float | str | None = None
    logprobs_result: Raw = UNSET
    grounding_metadata: Raw = UNSET
    citation_metadata: Raw = UNSET
    safety_ratings: Raw = UNSET
    url_context_metadata: Raw = UNSET
    continuation_token: str | None = None


class PromptFeedback(Struct, rename="camel"):
    """What the safety systems say about the prompt."""

    block_reason: str | int | None = None
    block_reason_message: str | None = None


class UsageMetadata(Struct, rename="camel"):
    """Running totals of tokens; those that are zero are left out."""

    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    total_token_count: int | None = None
    prompt_tokens_details: Raw = UNSET
    candidates_tokens_details: Raw = UNSET
    service_tier: str | int | None = None
    traffic_type: str | int | None = None


class Frame(Struct, rename="camel"):
    """A whole answer, or one event of a stream: the form is the same."""

    candidates: list[Candidate] | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str | None = None
    response_id: str | None = None
    prompt_feedback: Raw = UNSET
    error: Any = None


decode_frame = msgspec.json.Decoder(Frame).decode

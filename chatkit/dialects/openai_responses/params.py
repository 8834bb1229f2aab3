"""Parameters that only the Responses API knows."""

from __future__ import annotations

from typing import Any, TypedDict

__all__ = ["ResponsesParams"]


class ResponsesParams(TypedDict, total=False):
    """What the Responses API takes beyond the common parameters (wire sheet: openai_responses §2).

    Attributes:
        reasoning: {"effort", "summary": "auto" | "concise" | "detailed", ...}; `reasoning_effort` goes into it.
        text: {"format", "verbosity"}; `response_format` and `verbosity` go into it.
        include: more output, e.g. ["web_search_call.action.sources"]; with `store=False` the encrypted reasoning is
            asked for by itself.
        store: keep the answer on the server (the API's default is True).
        previous_response_id: go on from an earlier answer; the messages are then only the new ones.
        conversation: id of a conversation that the server keeps, or {"id"}; excludes previous_response_id.
        truncation: "auto" drops the middle of a conversation that is too long; "disabled" (default) refuses it.
        context_management: [{"type": "compaction", "compact_threshold": tokens}].
        instructions: system text for this answer alone.
        max_tool_calls: how many calls of built-in tools one answer may make.
        background: answer with an id at once and work on (wire sheet §1). background_options: its deadline.
        resume_response_id: fetch this answer instead of asking for a new one; messages are not sent.
        starting_after: with it, in a stream, go on behind the event with this number.
        prompt: a stored prompt, {"id", "version", "variables"}.
        moderation, image, access_programs: see the API's reference.
    """

    reasoning: dict[str, Any] | None
    text: dict[str, Any] | None
    include: list[str] | None
    store: bool | None
    previous_response_id: str | None
    conversation: str | dict[str, Any] | None
    truncation: str | None
    context_management: list[dict[str, Any]] | None
    instructions: str | None
    max_tool_calls: int | None
    background: bool | None
    background_options: dict[str, Any] | None
    resume_response_id: str | None
    starting_after: int | None
    prompt: dict[str, Any] | None
    moderation: dict[str, Any] | None
    image: dict[str, Any] | None
    access_programs: dict[str, Any] | None

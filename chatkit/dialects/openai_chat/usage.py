"""Token usage in every placement and spelling (wire sheets: openai_chat §8, openai_compatible §3)."""

from __future__ import annotations

from typing import Any

from chatkit.jsons import is_list, is_object
from chatkit.messages.usage import usage_metadata

__all__ = ["find_usage", "read_usage"]

_CACHE_READ = ("cached_tokens", "prompt_cache_hit_tokens", "num_cached_tokens", "cache_read_input_tokens")
_CACHE_WRITE = ("cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens")


def find_usage(body: dict[str, Any]) -> dict[str, Any] | None:
    """The usage object of a chunk or body: at the top, in Groq's `x_groq`, or (Moonshot) in the choice."""
    places: list[Any] = [body]
    choices = body.get("choices")
    if is_list(choices):
        places += choices[:1]
    places.append(body.get("x_groq"))
    for place in places:
        usage = place.get("usage") if is_object(place) else None
        if is_object(usage) and usage:
            return usage
    return None


def read_usage(usage: dict[str, Any]) -> dict[str, Any] | None:
    """A `UsageMetadata` dict; None when the object holds no counts.

    A total larger than prompt + completion means output that `completion_tokens` leaves out: xAI's reasoning,
    the thinking behind Gemini's facade. It counts as output.
    """
    prompt, completion = _count(usage, "prompt_tokens", "input_tokens"), _count(usage, "completion_tokens", "output_tokens")
    if prompt is None and completion is None:
        return None
    prompt, completion, total = prompt or 0, completion or 0, _count(usage, "total_tokens")
    if total is not None and total > prompt + completion:
        completion = total - prompt
    read, written = _object(usage, "prompt_tokens_details"), _object(usage, "completion_tokens_details")
    return usage_metadata(
        prompt,
        completion,
        input_details={
            "audio": _count(read, "audio_tokens"),
            "cache_creation": _first(_count(read, *_CACHE_WRITE), _count(usage, *_CACHE_WRITE)),
            "cache_read": _first(_count(read, *_CACHE_READ), _count(usage, *_CACHE_READ)),
        },
        output_details={
            "audio": _count(written, "audio_tokens"),
            "reasoning": _first(_count(written, "reasoning_tokens"), _count(usage, "reasoning_tokens")),
        },
    )


def _object(usage: dict[str, Any], key: str) -> dict[str, Any]:
    value = usage.get(key)
    return value if is_object(value) else {}


def _count(usage: dict[str, Any], *keys: str) -> int | None:
    for key in keys:
        value = usage.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return int(value)
    return None


def _first(*counts: int | None) -> int | None:
    return next((count for count in counts if count is not None), None)

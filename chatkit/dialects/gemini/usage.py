"""Token usage (wire sheet: google_genai §6). The totals of every piece are running totals: the last one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import decode, is_list, is_object

if TYPE_CHECKING:
    from msgspec import Raw

    from chatkit.dialects.gemini.wire import UsageMetadata

__all__ = ["standard_usage"]


def standard_usage(usage: UsageMetadata) -> dict[str, Any] | None:
    """The totals as a `UsageMetadata` dict, None when nothing is counted.

    What tools of the provider's own put into the prompt counts as input, thoughts count as output; what was read
    from the cache is part of the input already.
    """
    prompt, candidates, thoughts = usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count
    if prompt is None and candidates is None and usage.total_token_count is None:
        return None
    taken = (prompt or 0) + (usage.tool_use_prompt_token_count or 0)
    given = (candidates or 0) + (thoughts or 0)
    total = usage.total_token_count
    out: dict[str, Any] = {"input_tokens": taken, "output_tokens": given, "total_tokens": taken + given if total is None else total}
    _details(out, "input_token_details", "cache_read", usage.cached_content_token_count, usage.prompt_tokens_details)
    _details(out, "output_token_details", "reasoning", thoughts, usage.candidates_tokens_details)
    return out


def _details(out: dict[str, Any], key: str, name: str, count: int | None, by_modality: Raw) -> None:
    details: dict[str, int] = {} if count is None else {name: count}
    encoded = bytes(by_modality)
    if b"AUDIO" in encoded and (audio := _audio(decode(encoded))):
        details["audio"] = audio
    if details:
        out[key] = details


def _audio(counts: Any) -> int:
    if not is_list(counts):
        return 0
    return sum(count.get("tokenCount") or 0 for count in counts if is_object(count) and count.get("modality") == "AUDIO")

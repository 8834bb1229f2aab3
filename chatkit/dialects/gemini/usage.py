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
    total = usage.total_token_count
    if prompt is None and candidates is None and total is None:
        return None
    taken = (prompt or 0) + (usage.tool_use_prompt_token_count or 0)
    given = (candidates or 0) + (thoughts or 0)
    total = taken + given if total is None else total
    out: dict[str, Any] = {"input_tokens": taken, "output_tokens": given, "total_tokens": total}
    cached, of_prompt, of_answer = usage.cached_content_token_count, usage.prompt_tokens_details, usage.candidates_tokens_details
    if cached is not None or b"AUDIO" in bytes(of_prompt):
        out["input_token_details"] = _details("cache_read", cached, of_prompt)
    if thoughts is not None or b"AUDIO" in bytes(of_answer):
        out["output_token_details"] = _details("reasoning", thoughts, of_answer)
    return out


def _details(name: str, count: int | None, by_modality: Raw) -> dict[str, int]:
    """A part of the tokens by its name, and those that are sound."""
    details: dict[str, int] = {} if count is None else {name: count}
    counts = decode(by_modality) if b"AUDIO" in bytes(by_modality) else None
    if is_list(counts):
        sounds = (found for found in counts if is_object(found) and found.get("modality") == "AUDIO")
        details["audio"] = sum(found.get("tokenCount") or 0 for found in sounds)
    return details

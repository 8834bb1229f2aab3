"""Token usage of Converse as the standard dict (wire sheet: bedrock_converse §6)."""

from __future__ import annotations

from typing import Any

from chatkit.jsons import is_object
from chatkit.messages.usage import usage_metadata

__all__ = ["standard_usage"]


def standard_usage(usage: Any, more: Any = None) -> dict[str, Any] | None:
    """`inputTokens` leaves cached tokens out, the standard figure holds them.

    Args:
        usage: the wire's `usage`, or nothing.
        more: `additionalModelResponseFields`; Claude tells its reasoning tokens there when the path "/usage" is asked for.
    """
    if not is_object(usage):
        return None
    read, written = usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens")
    details = {"cache_read": read, "cache_creation": written, **_by_lifetime(usage.get("cacheDetails"))}
    inputs = (usage.get("inputTokens") or 0) + (read or 0) + (written or 0)
    outputs = usage.get("outputTokens") or 0
    return usage_metadata(
        inputs, outputs, usage.get("totalTokens"), input_details=details, output_details={"reasoning": _reasoning_tokens(more)}
    )


def _by_lifetime(details: Any) -> dict[str, int | None]:
    """Cache writes by lifetime, e.g. `ephemeral_1h_input_tokens`, the name that Anthropic gives them."""
    return {f"ephemeral_{item['ttl']}_input_tokens": item.get("inputTokens") for item in details or () if item.get("ttl")}


def _reasoning_tokens(more: Any) -> int | None:
    for name in ("usage", "output_tokens_details", "thinking_tokens"):
        more = more.get(name) if is_object(more) else None
    return more if isinstance(more, int) else None

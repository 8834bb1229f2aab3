"""Token usage: the wire's figures to the standard dict (wire sheet: anthropic §7)."""

from __future__ import annotations

from typing import Any

from chatkit.jsons import is_object
from chatkit.messages.usage import usage_metadata

__all__ = ["standard_usage"]

_LIFETIMES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def standard_usage(usage: dict[str, Any]) -> dict[str, Any]:
    """The `usage` object of an answer as a `UsageMetadata` dict.

    The wire's `input_tokens` leaves out what was read from and written to the cache; the standard figure has both.
    The two lifetimes of cache writes, where there were any, are shown beside `cache_creation`, as parts of it.
    """
    read, written = usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens")
    by_lifetime = usage.get("cache_creation")
    lifetimes = {name: by_lifetime.get(name) or None for name in _LIFETIMES} if is_object(by_lifetime) else {}
    output_details = usage.get("output_tokens_details")
    return usage_metadata(
        (usage.get("input_tokens") or 0) + (read or 0) + (written or 0),
        usage.get("output_tokens") or 0,
        input_details={"cache_read": read, "cache_creation": written, **lifetimes},
        output_details={"reasoning": output_details.get("thinking_tokens")} if is_object(output_details) else None,
    )

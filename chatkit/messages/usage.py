"""Token usage: the dict on `message.usage_metadata` and its arithmetic (spec S192, S58)."""

from __future__ import annotations

from typing import Any, TypedDict, cast

__all__ = ["InputTokenDetails", "OutputTokenDetails", "UsageMetadata", "add_usage", "subtract_usage", "usage_metadata"]


class InputTokenDetails(TypedDict, total=False):
    """Parts of `input_tokens`. Providers may add keys of their own."""

    audio: int
    cache_creation: int
    cache_read: int


class OutputTokenDetails(TypedDict, total=False):
    """Parts of `output_tokens`. Providers may add keys of their own."""

    audio: int
    reasoning: int


class _Totals(TypedDict):
    input_tokens: int
    output_tokens: int
    total_tokens: int


class UsageMetadata(_Totals, total=False):
    """Tokens of one answer. Input includes cached tokens, output includes reasoning."""

    input_token_details: InputTokenDetails
    output_token_details: OutputTokenDetails


def usage_metadata(
    input_tokens: int,
    output_tokens: int,
    total_tokens: int | None = None,
    *,
    input_details: dict[str, int | None] | None = None,
    output_details: dict[str, int | None] | None = None,
) -> dict[str, Any]:
    """Build a usage dict; details that are None are left out, the total is computed where the wire lacks it."""
    usage: dict[str, Any] = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens if total_tokens is None else total_tokens,
    }
    for key, details in (("input_token_details", input_details), ("output_token_details", output_details)):
        known = {name: count for name, count in (details or {}).items() if count is not None}
        if known:
            usage[key] = known
    return usage


def add_usage(left: UsageMetadata | None, right: UsageMetadata | None) -> UsageMetadata | None:
    """Sum of two usages, nested details included; None counts as nothing."""
    if left is None or right is None:
        return left or right
    return cast("UsageMetadata", _combine(cast("dict[str, Any]", left), cast("dict[str, Any]", right), 1))


def subtract_usage(left: UsageMetadata | None, right: UsageMetadata | None) -> UsageMetadata | None:
    """Difference of two usages, never below zero."""
    if left is None or right is None:
        return left
    return cast("UsageMetadata", _combine(cast("dict[str, Any]", left), cast("dict[str, Any]", right), -1))


def _combine(left: dict[str, Any], right: dict[str, Any], sign: int) -> dict[str, Any]:
    out = dict(left)
    for key, value in right.items():
        if isinstance(value, dict):
            out[key] = _combine(out.get(key) or {}, cast("dict[str, Any]", value), sign)
        elif isinstance(value, int | float):
            out[key] = max(0, (out.get(key) or 0) + sign * value)
        else:
            out.setdefault(key, value)
    return out

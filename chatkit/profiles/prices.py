"""What an answer costs, from its usage and a price table in models.dev's form (US dollars for a million tokens)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.profiles.store import prices_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.messages import AIMessage

__all__ = ["cost_of", "message_cost"]


def message_cost(message: AIMessage, prices: Mapping[str, Any] | None = None) -> float | None:
    """What an answer cost in US dollars at list prices; None when it has no usage or its model no known price.

    Args:
        message: an answer of a model; it says itself whose and which model gave it.
        prices: a table of one's own, instead of the shipped one of the answer's model.
    """
    about = message.response_metadata
    if prices is None:
        prices = prices_for(about.get("model_provider") or "", about.get("model_name") or "")
    return None if prices is None or message.usage_metadata is None else cost_of(message.usage_metadata, prices)


def cost_of(usage: Mapping[str, Any], prices: Mapping[str, Any]) -> float | None:
    """Cost of an answer in US dollars at list prices, or None when input or output has no price.

    Args:
        usage: `message.usage_metadata`.
        prices: `prices_for(provider, model)`, or a table of one's own: `input`, `output`, and where they differ
            `cache_read`, `cache_write`, `reasoning`, `input_audio`, `output_audio`; `tiers` for long prompts.

    Discounts, batch prices and fees for the provider's own tools are not in the tables.
    """
    prices = _tier(prices, usage["input_tokens"])
    if prices.get("input") is None or prices.get("output") is None:
        return None
    given: Mapping[str, int] = usage.get("input_token_details") or {}
    made: Mapping[str, int] = usage.get("output_token_details") or {}
    parts = {
        "input": {
            "cache_read": given.get("cache_read"),
            "cache_write": given.get("cache_creation"),
            "input_audio": given.get("audio"),
        },
        "output": {"reasoning": made.get("reasoning"), "output_audio": made.get("audio")},
    }
    total = 0.0
    for side, details in parts.items():
        priced = {name: count for name, count in details.items() if count and prices.get(name) is not None}
        total += sum(count * prices[name] for name, count in priced.items())
        total += max(0, usage[f"{side}_tokens"] - sum(priced.values())) * prices[side]
    return total / 1e6


def _tier(prices: Mapping[str, Any], input_tokens: int) -> Mapping[str, Any]:
    """The prices that hold for a prompt of that size: those of the largest tier that it exceeds."""
    tiers = [
        tier for tier in prices.get("tiers") or () if tier["tier"]["type"] == "context" and input_tokens > tier["tier"]["size"]
    ]
    if not tiers:
        return prices
    return {**prices, **max(tiers, key=lambda tier: tier["tier"]["size"])}

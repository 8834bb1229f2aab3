"""What the headers of an answer say about the provider's limits.

Sources: wire sheets openai_chat and mistral (x-ratelimit-*), anthropic_messages (anthropic-ratelimit-*), openai_compatible.
"""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Fact", "facts_of"]

_NAME = re.compile(
    r"(?:x-ratelimit-(?P<what>limit|remaining|reset)-(?P<of>requests|req|tokens|input-tokens|output-tokens)"
    r"(?:-(?P<window>second|minute|hour|day|month))?"
    r"|anthropic-ratelimit-(?P<of_>requests|tokens|input-tokens|output-tokens)-(?P<what_>limit|remaining|reset))\Z"
)
_WINDOWS = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0, "month": 30 * 86400.0}
_SHORT = {"req": "requests"}  # Mistral
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d)")
_EPOCH = 1e9
"""A number above this is a time since 1970, in seconds or milliseconds."""


class Fact(Struct):
    """A limit as a provider reports it.

    Attributes:
        rate: how much comes back a second.
        size: what the whole limit holds, where it is one of hours or days; None for a limit of a minute or less.
        remaining: what was left after the request.
    """

    rate: float | None = None
    size: float | None = None
    remaining: float | None = None


def facts_of(headers: Mapping[str, str], now: float | None = None) -> dict[str, Fact]:
    """Limits by what they count: "requests", "tokens", "input_tokens", "output_tokens" (and "requests_day" ...).

    Args:
        headers: lower-case names.
        now: seconds since 1970; None for the real time.
    """
    found: dict[str, dict[str, float]] = {}
    for name, value in headers.items():
        match = _NAME.match(name) if "ratelimit-" in name else None
        if match is None:
            continue
        what = match["what"] or match["what_"]
        number = _seconds(value, now) if what == "reset" else _number(value)
        if number is not None:
            of = (match["of"] or match["of_"]).replace("-", "_")
            of = _SHORT.get(of, of)
            window = match["window"]
            found.setdefault(f"{of}_{window}" if window and window != "minute" else of, {})[what] = number
    if "input_tokens" in found or "output_tokens" in found:
        found.pop("tokens", None)  # Anthropic repeats the tighter of the two there
    return {name: _fact(numbers, _WINDOWS.get(name.rpartition("_")[2], 60.0)) for name, numbers in found.items()}


def _fact(numbers: Mapping[str, float], window: float) -> Fact:
    limit, remaining, reset = numbers.get("limit"), numbers.get("remaining"), numbers.get("reset")
    if not limit or limit < 0:
        return Fact(remaining=remaining)
    rate = limit / window
    if remaining is not None and reset and window == 60.0 and (limit - remaining) / reset < rate / 2:
        rate = (limit - remaining) / reset  # it comes back so slowly that the limit must be one of hours or of a day
        window = limit / rate if rate else 86400.0
    return Fact(rate or limit / window, limit if window > 60.0 else None, remaining)


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _seconds(value: str, now: float | None) -> float | None:
    """Seconds from "12ms", "6m0s", "59.5", an RFC 3339 time, or seconds since 1970."""
    number = _number(value)
    now = time.time() if now is None else now
    if number is not None:
        since = number / 1000 if number > _EPOCH * 1000 else number
        return max(0.0, since - now) if since > _EPOCH else max(0.0, number)
    parts = _DURATION.findall(value)
    if parts and "".join(a + b for a, b in parts) == value.strip():
        return sum(float(amount) * _UNITS[unit] for amount, unit in parts)
    try:
        return max(0.0, datetime.fromisoformat(value).timestamp() - now)
    except ValueError:
        return None

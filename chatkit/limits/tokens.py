"""How many tokens a call will take, before it is made, and how many it took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.events import Usage
from chatkit.jsons import as_object
from chatkit.messages.count import count_tokens_approximately

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chatkit.codec import Call
    from chatkit.events import Event

__all__ = ["Forecast", "Tokens", "usage_in"]


class Tokens(Struct):
    """Tokens of one call.

    Attributes:
        fresh: of the input, those that did not come from the provider's cache.
    """

    input: float = 0.0
    fresh: float = 0.0
    output: float = 0.0

    def amounts(self) -> dict[str, float]:
        """One request with so many tokens, by what limits count. Limits of the input alone do not count cached tokens."""
        return {"requests": 1.0, "tokens": self.input + self.output, "input_tokens": self.fresh, "output_tokens": self.output}


class _Average:
    """Follows a number; the newest value weighs a tenth."""

    def __init__(self, start: float | None) -> None:
        self.value = start
        self._seen = False

    def see(self, value: float) -> None:
        self.value = value if self.value is None or not self._seen else self.value + 0.1 * (value - self.value)
        self._seen = True


class Forecast:
    """Tells what calls will take from what the last ones took.

    The input is counted approximately; how far off the count was before is made up for. The answer is expected to be as
    long as `max_tokens` until there was one, and then as long as answers are on average, `max_tokens` at most.
    """

    def __init__(self) -> None:
        self._answer = _Average(None)
        self._input = _Average(1.0)
        self._fresh = _Average(1.0)

    def of(self, call: Call) -> Tokens:
        """What a call will take."""
        counted, most, answer = count(call), call.params.get("max_tokens"), self._answer.value
        output = most or 0.0 if answer is None else min(answer, most or answer)
        return Tokens(counted * (self._input.value or 0.0), counted * (self._fresh.value or 0.0), float(output))

    def see(self, call: Call, used: Tokens) -> None:
        """What a call took."""
        counted = count(call)
        self._answer.see(used.output)
        self._input.see(used.input / counted)
        self._fresh.see(used.fresh / counted)


def count(call: Call) -> float:
    """About how many tokens the input of a call has, tools included; at least 1."""
    return max(1.0, float(count_tokens_approximately(call.messages, tools=call.params.get("tools"))))


def usage_in(events: Iterable[Event]) -> Tokens | None:
    """What an answer reported, None when it did not."""
    reported: list[Mapping[str, Any]] = [event.usage for event in events if type(event) is Usage]
    if not reported:
        return None
    last = max(reported, key=lambda usage: (usage.get("input_tokens") or 0) + (usage.get("output_tokens") or 0))
    taken: int = last.get("input_tokens") or 0
    cached: int = as_object(last.get("input_token_details")).get("cache_read") or 0
    return Tokens(float(taken), float(max(0, taken - cached)), float(last.get("output_tokens") or 0))

"""What is known of Claude models by their names, for where no profile says it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["default_max_tokens", "hears_later_system", "thinks_adaptively"]

_FALLBACK = 4096

# The first that matches; longest output in tokens, as the vendor documents it.
_LONGEST_OUTPUT = (
    (re.compile(r"claude-3-7"), 64_000),
    (re.compile(r"claude-3-5"), 8_192),
    (re.compile(r"claude-3-"), 4_096),
    (re.compile(r"claude-opus-4-5|claude-(sonnet|haiku)-4(-[05]|-20|@|\b(?!-))"), 64_000),
    (re.compile(r"claude-opus-4(-[01]\b|-20|@|\b(?!-))"), 32_000),
    (re.compile(r"claude-[a-z]+-[4-9]\b"), 128_000),
)
_SINCE_4_7 = re.compile(r"claude-[a-z]+-(4-[7-9]|[5-9])\b")
_SINCE_4_8 = re.compile(r"claude-[a-z]+-(4-[89]|[5-9])\b")


def default_max_tokens(model: str, profile: Mapping[str, Any] | None, thinking: Any = None) -> int:
    """`max_tokens`, which the API insists on, when the user gave none.

    The profile's longest output, else the known one of the model's family, else 4096; always above the budget
    for thinking, which counts as output.
    """
    known = (profile or {}).get("max_output_tokens")
    longest = known if isinstance(known, int) else next((size for name, size in _LONGEST_OUTPUT if name.search(model)), _FALLBACK)
    budget = as_object(thinking).get("budget_tokens")
    return max(longest, budget + _FALLBACK) if isinstance(budget, int) else longest


def hears_later_system(model: str, profile: Mapping[str, Any] | None) -> bool:
    """Whether system messages may stand in the middle of the conversation (Opus 4.8, Claude 5 and later)."""
    known = (profile or {}).get("mid_conversation_system_messages")
    return known if isinstance(known, bool) else bool(_SINCE_4_8.search(model))


def thinks_adaptively(model: str) -> bool:
    """Whether the model takes `thinking={"type": "adaptive"}` with a summary (Opus 4.7, Claude 5 and later)."""
    return bool(_SINCE_4_7.search(model))

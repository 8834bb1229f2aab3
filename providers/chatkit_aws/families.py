"""What differs between the families of models behind Converse: their own request fields and tool choices.

Sources: wire sheet bedrock_converse §3; spec S154, S186; the AWS documentation of Amazon Nova for `reasoningConfig`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Family", "family_of"]


def _plain_top_k(value: int) -> dict[str, Any]:
    return {"top_k": value}


class Family(Struct, frozen=True):
    """A family of models.

    Attributes:
        think: request fields for a `reasoning_effort`, given `max_tokens` too.
        rank: request fields for a `top_k`.
        tool_choices: what it can be told: "auto", "any", "tool".
    """

    think: Callable[[str, int | None], dict[str, Any]]
    rank: Callable[[int], dict[str, Any]] = _plain_top_k
    tool_choices: tuple[str, ...] = ("auto", "any", "tool")

    def reasoning(self, effort: str, max_tokens: int | None) -> dict[str, Any]:
        """Request fields for a `reasoning_effort`. Raises InputError for a word that is none."""
        if effort not in _EFFORTS:
            raise InputError(f"reasoning_effort {effort!r} is not one of {', '.join(_EFFORTS)}")
        return self.think(effort, max_tokens)


_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_BUDGETS: dict[str, int] = dict(zip(_EFFORTS, (0, 1024, 2048, 8192, 16384, 32768, 65536), strict=True))
_NOVA_EFFORTS = {"minimal": "low", "xhigh": "high", "max": "high"}


def _claude_by_budget(effort: str, max_tokens: int | None) -> dict[str, Any]:
    """A budget must be at least 1024 and less than the whole answer; half of it is left for the text."""
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    budget = _BUDGETS[effort] if max_tokens is None else min(_BUDGETS[effort], max_tokens // 2)
    return {"thinking": {"type": "enabled", "budget_tokens": max(1024, budget)}}


def _claude_by_effort(effort: str, _: int | None) -> dict[str, Any]:
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low" if effort == "minimal" else effort}}


def _nova(effort: str, _: int | None) -> dict[str, Any]:
    if effort == "none":
        return {"reasoningConfig": {"type": "disabled"}}
    return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": _NOVA_EFFORTS.get(effort, effort)}}


def _gpt_oss(effort: str, _: int | None) -> dict[str, Any]:
    return {"reasoning_effort": effort}


def _by_config(effort: str, _: int | None) -> dict[str, Any]:
    return {"reasoning_config": effort}


def _nova_top_k(value: int) -> dict[str, Any]:
    return {"inferenceConfig": {"topK": value}}


_OTHER = Family(_by_config)
_FAMILIES: tuple[tuple[re.Pattern[str], Family], ...] = (
    # Claude up to 4.5 thinks within a budget; 4.6 and later by effort.
    (re.compile(r"claude-(v|instant|3|(opus|sonnet|haiku)-4(-[0-5])?(-20\d{6}|$|:))"), Family(_claude_by_budget)),
    (re.compile(r"anthropic\.|claude"), Family(_claude_by_effort)),
    (re.compile(r"amazon\.nova"), Family(_nova, _nova_top_k)),
    (re.compile(r"gpt-oss"), Family(_gpt_oss)),
    (re.compile(r"mistral\."), Family(_by_config, tool_choices=("auto", "any"))),
    (re.compile(r"meta\.llama|amazon\.titan|ai21\."), Family(_by_config, tool_choices=("auto",))),
)


def family_of(model: str) -> Family:
    """The family that a model id or ARN belongs to."""
    return next((family for pattern, family in _FAMILIES if pattern.search(model)), _OTHER)

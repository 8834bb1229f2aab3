"""When a call needs the Responses API (spec N24, S194, S16; wire sheet: openai_chat §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import ToolSpec
from chatkit.dialects.openai_responses.params import ResponsesParams
from chatkit.params import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RESPONSES_ONLY", "needs_responses"]

RESPONSES_ONLY = frozenset(names_of(ResponsesParams)) - {"store", "moderation"}
"""Parameters that only this API knows."""


def needs_responses(params: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a call asks for something that Chat Completions has not.

    That is a parameter of `ResponsesParams`, a tool that the provider runs itself, a free-form tool in this API's
    form, or the setting `use_previous_response_id`. The address does not matter: who asks a compatible server for
    such a thing means its `/responses`. `use_responses_api` (True or False) overrules everything.
    """
    chosen = settings.get("use_responses_api")
    if isinstance(chosen, bool):
        return chosen
    if settings.get("use_previous_response_id") or any(params.get(name) is not None for name in RESPONSES_ONLY):
        return True
    return any(_is_own(tool) for tool in params.get("tools") or ())


def _is_own(tool: Any) -> bool:
    if isinstance(tool, ToolSpec):
        return (tool.extras or {}).get("type") == "custom"
    kind = tool.get("type")
    return kind is not None and kind != "function" and kind not in tool

"""When and how `ChatOpenAI` speaks the Responses API (wire sheet: openai_responses; spec N24, S16)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.dialects import openai_responses as dialect
from chatkit_openai.models import adjusted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call

__all__ = ["encode_responses", "wants_responses"]

_ONLY = re.compile(r"(gpt-5(\.\d+)?-pro|o\d-pro|gpt-5\.6-sol|(gpt-[\w.]+-)?codex|o\d[\w-]*-deep-research|computer-use)")
"""Names of OpenAI's models that Chat Completions does not serve. Names with a maker before them ("openai/...") are
other services', which serve them both ways."""
_WITH_TOOLS = re.compile(r"gpt-([6-9]|\d\d)")


def wants_responses(model: str, params: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a call goes to `/responses`.

    `use_responses_api` decides where it is set. Otherwise a call goes there when it asks for something that only this
    API has (see `needs_responses`), or when OpenAI serves the model only there: by its name, whatever the address,
    because a gateway in front of OpenAI has the same limits.
    """
    if dialect.needs_responses(params, settings):
        return True
    if settings.get("use_responses_api") is False:
        return False
    return bool(_ONLY.match(model) or (params.get("tools") and _WITH_TOOLS.match(model)))


def encode_responses(call: Call, speaker: dialect.Speaker, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request body; a temperature that the model would refuse is left out, as for Chat Completions."""
    params = call.params
    reasoning: dict[str, Any] = params.get("reasoning") or {}
    effort = params.get("reasoning_effort") or reasoning.get("effort")
    if "temperature" not in adjusted(call.model, {**params, "reasoning_effort": effort}):
        params = {name: value for name, value in params.items() if name != "temperature"}
    call = msgspec.structs.replace(call, params=params)
    return dialect.encode_responses(call, speaker, use_previous=bool(settings.get("use_previous_response_id")))

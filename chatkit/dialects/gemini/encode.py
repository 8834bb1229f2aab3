"""From a call to the body of a request (wire sheet: google_genai §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.config import generation_config
from chatkit.dialects.gemini.contents import contents_of, system_instruction
from chatkit.dialects.gemini.params import TOP_LEVEL
from chatkit.dialects.gemini.tools import tool_config, tools_of
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from chatkit.codec import Call

__all__ = ["request_fields"]


def request_fields(call: Call, provider: str) -> dict[str, Any]:
    """The fields of the request body; those that are None are not sent.

    Raises:
        InputError, UnsupportedFeatureError: what cannot be sent.
    """
    params = call.params
    fields = {
        "contents": contents_of(call.messages, call.model, provider),
        "safetySettings": _safety(params.get("safety_settings")),
        "generationConfig": generation_config(call.model, params),
        **{field: params[name] for name, field in TOP_LEVEL.items() if name in params},
    }
    config = tool_config(call.model, params)
    if "cached_content" in params:  # the cache holds all of these
        return fields
    return {**fields, "systemInstruction": system_instruction(call.messages), "tools": tools_of(params), "toolConfig": config}


def _safety(settings: Any) -> list[dict[str, Any]] | None:
    if is_object(settings):
        return [{"category": category, "threshold": threshold} for category, threshold in settings.items()]
    return settings

"""`generationConfig`: sampling, thinking, the form of the answer (wire sheet: google_genai §2)."""

from __future__ import annotations

from typing import Any

from chatkit.codec import OutputSchema
from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.dialects.gemini.params import GENERATION
from chatkit.dialects.gemini.schema import clean_schema
from chatkit.errors import InputError

__all__ = ["generation_config"]

_BUDGETS = {"none": 0, "minimal": 1024, "low": 1024, "medium": 8192, "high": 24576, "xhigh": 24576, "max": 24576}
"""Thinking tokens of each effort, as Google's OpenAI-compatible address of the API translates them."""

_LEVELS = {
    "none": "MINIMAL",
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}


def generation_config(model: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The `generationConfig` object, None when nothing is to be said.

    Raises:
        InputError: parameters that contradict each other, an unknown effort.
    """
    config = {field: params[name] for name, field in GENERATION.items() if name in params}
    config.update(_logprobs(params))
    config.update(_output(params.get("response_format")))
    if thinking := _thinking(model, params):
        config["thinkingConfig"] = thinking
    config.update(params.get("generation_config") or {})
    return config or None


def _logprobs(params: dict[str, Any]) -> dict[str, Any]:
    wanted, alternatives = params.get("logprobs"), params.get("top_logprobs")
    if wanted is None and alternatives is None:
        return {}
    if wanted is False:
        return {"responseLogprobs": False}
    count = alternatives if wanted is None or wanted is True else wanted
    return {"responseLogprobs": True, **({} if count is None else {"logprobs": count})}


def _output(wanted: Any) -> dict[str, Any]:
    """The form that the answer must have. A dict is OpenAI's `response_format`, or fields of the API's own."""
    if wanted is None:
        return {}
    if isinstance(wanted, OutputSchema):
        return {"responseMimeType": "application/json", "responseJsonSchema": clean_schema(wanted.schema)}
    match wanted.get("type"):
        case "json_object":
            return {"responseMimeType": "application/json"}
        case "json_schema" if "json_schema" in wanted:
            schema = wanted["json_schema"]["schema"]
            return {"responseMimeType": "application/json", "responseJsonSchema": clean_schema(schema)}
        case "text":
            return {}
        case _:
            return wanted


def _thinking(model: str, params: dict[str, Any]) -> dict[str, Any]:
    budget, level, effort = (params.get(name) for name in ("thinking_budget", "thinking_level", "reasoning_effort"))
    if budget is not None and level is not None:
        raise InputError("thinking_budget (Gemini 2.5) and thinking_level (Gemini 3) cannot be used together; give one of them")
    config: dict[str, Any] = {}
    if "include_thoughts" in params:
        config["includeThoughts"] = params["include_thoughts"]
    if level is not None:
        config["thinkingLevel"] = level.upper()
    elif budget is not None:
        config["thinkingBudget"] = budget
    elif effort is not None:
        config.update(_effort(model, effort))
    return config


def _effort(model: str, effort: str) -> dict[str, Any]:
    if effort not in _BUDGETS:
        raise InputError(f"reasoning_effort must be one of {', '.join(map(repr, _BUDGETS))}, not {effort!r}")
    return {"thinkingLevel": _LEVELS[effort]} if is_gemini_3(model) else {"thinkingBudget": _BUDGETS[effort]}

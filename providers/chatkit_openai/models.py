"""What the name of an OpenAI model says about how it must be asked (wire sheet: openai_chat §2-3; spec S16)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from chatkit.dialects.openai_chat import Quirks

__all__ = ["adjusted", "is_openai_model", "is_reasoning_model", "quirks_of"]

_OPENAI = re.compile(r"(ft:)?(gpt-\d|gpt-oss|o\d|chatgpt|codex|computer-use)")
_O_SERIES = re.compile(r"o\d")
_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
_HOSTS = (".openai.com", ".openai.azure.com", ".openai.azure.us", ".cognitiveservices.azure.com", ".services.ai.azure.com")


def _plain(model: str) -> str:
    return model.lower().removeprefix("openai/")


def _version(model: str) -> tuple[int, int]:
    match = _GPT.match(_plain(model))
    return (int(match[1]), int(match[2] or 0)) if match else (0, 0)


def is_openai_model(model: str) -> bool:
    """Whether OpenAI made the model, wherever it is served; open weights (gpt-oss) are served by others."""
    return _OPENAI.match(_plain(model)) is not None and not _plain(model).startswith("gpt-oss")


def is_reasoning_model(model: str) -> bool:
    """o1, o3, o4-mini ... and gpt-5 and later, except the chat variants."""
    name = _plain(model)
    return "chat" not in name and (_O_SERIES.match(name) is not None or _version(name) >= (5, 0))


def quirks_of(model: str, base_url: str) -> Quirks:
    """How to ask the model.

    OpenAI's models take `max_completion_tokens` (reasoning models refuse `max_tokens`); other servers behind a
    `base_url` are sure to know only `max_tokens`. The o-series takes system messages as "developer".
    """
    host = "." + (urlsplit(base_url).hostname or "")
    new_name = is_openai_model(model) or host.endswith(_HOSTS)
    return Quirks(
        max_tokens="max_completion_tokens" if new_name else "max_tokens",
        system_role="developer" if _O_SERIES.match(_plain(model)) else "system",
    )


def adjusted(model: str, params: dict[str, Any]) -> dict[str, Any]:
    """The parameters without a temperature that the model would refuse.

    Reasoning models take only temperature 1. From gpt-5.1 on they take any while they do not reason, which is
    their default.
    """
    if params.get("temperature") in (None, 1) or not is_reasoning_model(model):
        return params
    if _version(model) >= (5, 1) and params.get("reasoning_effort") in (None, "none"):
        return params
    return {name: value for name, value in params.items() if name != "temperature"}

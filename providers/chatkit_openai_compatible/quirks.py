"""How the services with habits of their own want to be asked (wire sheet: openai_compatible §1, §4)."""

from __future__ import annotations

from typing import Any

from chatkit.dialects.openai_chat import Quirks
from chatkit.dialects.openai_chat.parts import audio_url, data_url, file_url, options_of, video_url
from chatkit.jsons import as_object

__all__ = [
    "ALIBABA",
    "DEEPSEEK",
    "LLAMACPP",
    "MOONSHOT",
    "OPENROUTER",
    "PERPLEXITY",
    "REASONING",
    "REASONING_CONTENT",
    "TOGETHER",
    "VLLM",
    "ZAI",
]

_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


def _switch(on: dict[str, Any], off: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Efforts of a service that can only switch reasoning on and off."""
    return {effort: off if effort == "none" else on for effort in _EFFORTS}


_THINKING = _switch({"thinking": {"type": "enabled"}}, {"thinking": {"type": "disabled"}})
_DEEPSEEK_WORDS = {"minimal": "low", "medium": "high", "xhigh": "max"}


def _deepseek_effort(effort: str) -> dict[str, Any]:
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": _DEEPSEEK_WORDS.get(effort, effort)}


def _openrouter_file(block: dict[str, Any], owner: str) -> dict[str, Any]:
    """OpenRouter fetches files by URL."""
    extras = as_object(block.get("extras"))
    name = block.get("filename") or extras.get("filename") or "document.pdf"
    data = data_url(block, owner) or block.get("url") or block.get("file_id")
    return {"type": "file", "file": {"filename": name, "file_data": data}, **options_of(block)}


REASONING_CONTENT = Quirks(reasoning_field="reasoning_content")
REASONING = Quirks(reasoning_field="reasoning")
DEEPSEEK = Quirks(
    reasoning_field="reasoning_content",
    missing_reasoning="",
    efforts={effort: _deepseek_effort(effort) for effort in _EFFORTS},
    prefix="prefix",
)
MOONSHOT = Quirks(reasoning_field="reasoning_content", missing_reasoning=" ", efforts=_THINKING, prefix="partial")
ZAI = Quirks(reasoning_field="reasoning_content", efforts={"none": _THINKING["none"]})
ALIBABA = Quirks(reasoning_field="reasoning_content", efforts=_switch({"enable_thinking": True}, {"enable_thinking": False}))
OPENROUTER = Quirks(
    reasoning_field="reasoning",
    efforts={effort: {"reasoning": {"effort": effort}} for effort in _EFFORTS},
    tool_media=True,
    answer_images=True,
    parts={"video": video_url, "file": _openrouter_file},
    names={"provider_options": "provider"},
)
PERPLEXITY = Quirks(parts={"file": file_url, "video": video_url})
TOGETHER = Quirks(reasoning_field="reasoning", parts={"video": video_url, "audio": audio_url})
VLLM = TOGETHER
LLAMACPP = Quirks(reasoning_field="reasoning_content", named_tools=False)

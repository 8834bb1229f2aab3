"""What relatives of the OpenAI chat API say differently, read as OpenAI's (wire sheets: openai_compatible §1, §4; mistral)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, is_list, is_object
from chatkit.messages.foreign import split_data_url

if TYPE_CHECKING:
    from chatkit.simulator.question import Question

__all__ = ["asks_to_reason", "is_mistral", "plain_messages", "thought_of"]

_KINDS = {"document_url": "file", "file_url": "file", "video_url": "video", "audio_url": "audio", "input_audio": "audio"}
_MISTRAL = re.compile(r"(mistral|magistral|ministral|mixtral|codestral|devstral|pixtral|voxtral)-")


def plain_messages(messages: list[Any]) -> list[Any]:
    """Messages in which files, sounds and films that are named by an address are standard blocks."""
    return [_plain(message) if is_object(message) else message for message in messages]


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
    if content is None and "audio" in message:
        return {**message, "content": "", "audio": None}  # an earlier answer in sound, by its id
    return {**message, "content": [_plain_part(part) for part in content]} if is_list(content) else message


def _plain_part(part: Any) -> Any:
    named = str(part.get("type")) if is_object(part) else ""
    kind = _KINDS.get(named)
    source = as_object(part).get(named)
    url = source.get("url") if is_object(source) else source
    return part if kind is None or not isinstance(url, str) else {"type": kind, **_source(url, kind)}


def _source(url: str, kind: str) -> dict[str, Any]:
    if re.match(r"https?:", url):
        return {"url": url}
    data = split_data_url(url)
    return {"base64": data[1], "mime_type": data[0]} if data else {"base64": url, "mime_type": _BARE[kind]}


_BARE = {"file": "application/pdf", "video": "video/mp4", "audio": "audio/wav"}
"""What bare base64 is, which some servers take without a type."""


def asks_to_reason(body: dict[str, Any]) -> bool | None:
    """Whether reasoning is asked for (True), forbidden (False) or not mentioned (None), in any server's words."""
    thinking, reasoning = as_object(body.get("thinking")), as_object(body.get("reasoning"))
    effort = body.get("reasoning_effort") or reasoning.get("effort")
    if effort is not None:
        return effort != "none"
    if thinking.get("type"):
        return thinking["type"] != "disabled"
    parsed = body.get("reasoning_format") == "parsed" or None
    for switch in (reasoning.get("enabled"), body.get("enable_thinking"), body.get("include_reasoning"), parsed):
        if isinstance(switch, bool):
            return switch
    return None


def is_mistral(model: str) -> bool:
    """Mistral streams calls whole, and has no `stream_options`: its last chunk always reports usage."""
    return _MISTRAL.match(model) is not None


def thought_of(question: Question, text: str, before: str | None = None) -> dict[str, Any]:
    """Reasoning as a field of a message, in the words of the server that the question is for.

    Args:
        before: the content that comes after it, where that is one field with the reasoning.
    """
    if is_mistral(question.model):
        said = [{"type": "text", "text": before}] if before else []
        return {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": text}]}, *said]}
    groq = question.body.keys() & {"reasoning", "reasoning_format", "include_reasoning"}  # and OpenRouter
    return {"reasoning" if groq else "reasoning_content": text}

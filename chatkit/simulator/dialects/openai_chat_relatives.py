"""What relatives of the OpenAI chat API say differently, read as OpenAI's (wire sheets: openai_compatible §1, §4; mistral)."""

from __future__ import annotations

import re
from typing import Any

from chatkit.jsons import as_object, is_list, is_object
from chatkit.messages.foreign import split_data_url

__all__ = ["asks_to_reason", "plain_messages", "reports_usage_unasked"]

_KINDS = {"document_url": "file", "file_url": "file", "video_url": "video", "audio_url": "audio", "input_audio": "audio"}
_MISTRAL = re.compile(r"(mistral|magistral|ministral|mixtral|codestral|devstral|pixtral|voxtral)-")


def plain_messages(messages: list[Any]) -> list[Any]:
    """Messages in which files, sounds and films that are named by an address are standard blocks."""
    return [_plain(message) if is_object(message) else message for message in messages]


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    content = message.get("content")
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
    for switch in (reasoning.get("enabled"), body.get("enable_thinking")):
        if isinstance(switch, bool):
            return switch
    return None


def reports_usage_unasked(model: str) -> bool:
    """Mistral has no `stream_options`: its last chunk always reports usage."""
    return _MISTRAL.match(model) is not None

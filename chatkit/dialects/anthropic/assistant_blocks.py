"""Earlier answers on their way back: what the model said, word for word (wire sheet: anthropic §3, "assistant replay")."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from chatkit.dialects.anthropic.citations import locations_of
from chatkit.dialects.anthropic.user_blocks import options_of, verbatim
from chatkit.dialects.history import replayable
from chatkit.jsons import as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from chatkit.messages import BaseMessage

__all__ = ["FAMILY", "assistant_blocks", "clean_id"]

FAMILY = frozenset({"anthropic", "google_anthropic_vertex", "bedrock"})
"""Providers that serve the same models: signatures made at one are good at the others."""

_BAD_ID = re.compile(r"[^a-zA-Z0-9_-]")


def clean_id(id: Any) -> str:
    """The id of a call with only the characters that the API allows; the same id gives the same one every time."""
    text = str(id)
    if text and not _BAD_ID.search(text):
        return text
    return f"toolu_{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def assistant_blocks(message: BaseMessage, answered: Container[str]) -> list[dict[str, Any]]:
    """The blocks of an earlier answer as the API takes them back.

    Args:
        message: the answer; one of another vendor's keeps its text and its calls only.
        answered: ids of calls that have a result; calls with broken arguments are sent only with one.
    """
    spoken_by = message.response_metadata.get("model_provider")
    blocks = replayable(message, spoken_by if spoken_by in FAMILY else "anthropic")
    out: list[dict[str, Any]] = []
    for block in blocks:
        writer = _WRITERS.get(block["type"])
        wire = writer(block) if writer is not None else None
        if wire is not None and (block["type"] != "invalid_tool_call" or str(block.get("id")) in answered):
            out.append(wire)
    return out


def _text(block: dict[str, Any]) -> dict[str, Any] | None:
    if not (block.get("text") or "").strip():
        return None
    wire: dict[str, Any] = {"type": "text", "text": block["text"], **options_of(block, "citations", "cache_control")}
    locations = locations_of(block.get("annotations") or ())
    return {**wire, "citations": locations} if locations else wire


def _reasoning(block: dict[str, Any]) -> dict[str, Any] | None:
    extras = as_object(block.get("extras"))
    return {"type": "thinking", "thinking": block.get("reasoning") or "", **extras} if extras.get("signature") else None


def _call(block: dict[str, Any]) -> dict[str, Any]:
    extras = as_object(block.get("extras"))
    return {"type": "tool_use", "id": clean_id(block.get("id")), "name": block["name"], "input": block["args"], **extras}


def _broken_call(block: dict[str, Any]) -> dict[str, Any]:
    return _call({**block, "name": block.get("name") or "unknown", "args": {"INVALID_JSON": block.get("args") or ""}})


def _server_call(block: dict[str, Any]) -> dict[str, Any]:
    extras = dict(as_object(block.get("extras")))
    kind, name = extras.pop("block_type", "server_tool_use"), extras.pop("tool_name", block["name"])
    return {"type": kind, "id": block.get("id"), "name": name, "input": block["args"], **extras}


def _server_result(block: dict[str, Any]) -> dict[str, Any] | None:
    extras = dict(as_object(block.get("extras")))
    kind = extras.pop("block_type", None)
    return {"type": kind, "tool_use_id": block["tool_call_id"], "content": block.get("output"), **extras} if kind else None


_WRITERS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "text": _text,
    "reasoning": _reasoning,
    "tool_call": _call,
    "invalid_tool_call": _broken_call,
    "server_tool_call": _server_call,
    "server_tool_result": _server_result,
    "non_standard": verbatim,
}

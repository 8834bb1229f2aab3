"""Standard content blocks as parts of a request (wire sheet: google_genai §2)."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatkit.dialects.gemini.ids import wire_id
from chatkit.dialects.gemini.parts_in import CODE_EXECUTION
from chatkit.errors import InputError
from chatkit.jsons import as_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["part_of"]

FILES = "https://generativelanguage.googleapis.com/v1beta/"
"""Where files live that were uploaded to the Gemini API."""

_OF_PART = {
    "signature": "thoughtSignature",
    "thought": "thought",
    "video_metadata": "videoMetadata",
    "media_resolution": "mediaResolution",
    "part_metadata": "partMetadata",
}
"""Entries of `extras` that stand beside a part's data."""

_YOUTUBE = ("youtube.com", "youtu.be")


def part_of(block: dict[str, Any]) -> dict[str, Any] | None:
    """The part for a block, None for a block that says nothing to the model.

    Raises:
        InputError: media without a source, or from an address that does not tell its type.
    """
    writer = _WRITERS.get(block["type"])
    part = writer(block) if writer else None
    if part is None:
        return None
    extras = as_object(block.get("extras"))
    return {**part, **{field: extras[name] for name, field in _OF_PART.items() if extras.get(name) is not None}}


def _text(block: dict[str, Any]) -> dict[str, Any]:
    return {"text": block.get("text") or ""}


def _reasoning(block: dict[str, Any]) -> dict[str, Any]:
    return {"text": block.get("reasoning") or "", "thought": True}


def _document(block: dict[str, Any]) -> dict[str, Any]:
    """A text document: its text with title and context before it, or its bytes like any other file."""
    if "text" not in block:
        return _media({"mime_type": "text/plain", **block})
    return {"text": "\n".join(filter(None, [block.get("title"), block.get("context"), block["text"]]))}


def _media(block: dict[str, Any]) -> dict[str, Any]:
    mime = block.get("mime_type")
    if block.get("base64"):
        if not mime:
            raise InputError(f"a {block['type']} block with base64 needs its mime_type, e.g. 'image/png'")
        return {"inlineData": {"mimeType": mime, "data": block["base64"]}}
    if block.get("file_id"):
        id = block["file_id"]
        uri = FILES + id if id.startswith("files/") else id
        return {"fileData": {"fileUri": uri, **({"mimeType": mime} if mime else {})}}
    if block.get("url"):
        return {"fileData": {"fileUri": block["url"], "mimeType": mime or _mime_of(block)}}
    raise InputError(f"a {block['type']} block needs one of base64, url or file_id")


def _mime_of(block: dict[str, Any]) -> str:
    """Gemini reads the address itself, but wants to be told what it will find there."""
    url = urlsplit(str(block["url"]))
    host = url.hostname or ""
    if any(host == name or host.endswith("." + name) for name in _YOUTUBE):
        return "video/mp4"
    mime = mimetypes.guess_type(url.path)[0]
    if mime is None:
        raise InputError(
            f"Gemini must be told what {block['url']!r} is: add mime_type to the block, e.g. 'image/png', or send base64"
        )
    return mime


def _call(block: dict[str, Any]) -> dict[str, Any]:
    """A call; one whose arguments were no object keeps its name only, its result tells the model."""
    id, args = wire_id(block.get("id")), as_object(block.get("args"))
    return {"functionCall": {**({"id": id} if id else {}), "name": block.get("name") or "", "args": args}}


def _server_call(block: dict[str, Any]) -> dict[str, Any]:
    id = wire_id(block.get("id"))
    told = {"id": id} if id else {}
    if block["name"] == CODE_EXECUTION:
        return {"executableCode": {**told, **block["args"]}}
    return {"toolCall": {**told, "toolType": block["name"], "args": block["args"]}}


def _server_result(block: dict[str, Any]) -> dict[str, Any]:
    id, output, extras = wire_id(block.get("tool_call_id")), block.get("output"), as_object(block.get("extras"))
    told = {"id": id} if id else {}
    if extras.get("tool_type"):
        return {"toolResponse": {**told, "toolType": extras["tool_type"], **({} if output is None else {"response": output})}}
    outcome = extras.get("outcome") or ("OUTCOME_OK" if block["status"] == "success" else "OUTCOME_FAILED")
    return {"codeExecutionResult": {**told, "outcome": outcome, **({} if output is None else {"output": output})}}


_WRITERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "reasoning": _reasoning,
    "text-plain": _document,
    "image": _media,
    "audio": _media,
    "video": _media,
    "file": _media,
    "tool_call": _call,
    "invalid_tool_call": _call,
    "server_tool_call": _server_call,
    "server_tool_result": _server_result,
    "non_standard": lambda block: block["value"],
}

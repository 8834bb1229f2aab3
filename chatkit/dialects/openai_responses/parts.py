"""Content of user, system and tool messages as parts of an input item (wire sheet: openai_responses §3; spec S91)."""

from __future__ import annotations

import mimetypes
from typing import TYPE_CHECKING, Any

from chatkit.dialects.documents import document_text
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PART_TYPES", "extras_of", "part_of", "text_or_parts"]

PART_TYPES = frozenset({"input_text", "input_image", "input_file", "input_audio", "computer_screenshot"})
"""Dicts of these types stand inside a message; any other dict of the API's own is an item of its own."""


def extras_of(block: dict[str, Any]) -> dict[str, Any]:
    """The `extras` of a block, {} without."""
    extras = block.get("extras")
    return extras if is_object(extras) else {}


def text_or_parts(blocks: list[dict[str, Any]], owner: str) -> str | list[dict[str, Any]]:
    """Content as the API takes it: plain text where nothing else is said.

    Args:
        owner: the model's class, for error messages.

    Raises:
        UnsupportedFeatureError: audio, video, or a block that only answers contain.
    """
    parts = [part_of(block, owner) for block in blocks]
    if not parts:
        return ""
    only = parts[0]
    return only["text"] if len(parts) == 1 and set(only) == {"type", "text"} else parts


def part_of(block: dict[str, Any], owner: str) -> dict[str, Any]:
    """One standard block as a part. Raises UnsupportedFeatureError."""
    kind = block["type"]
    make = _MAKERS.get(kind)
    if make is None:
        hint = "transcribe it first" if kind == "audio" else "send text, images or files"
        raise UnsupportedFeatureError(f"{owner}: the Responses API takes no {kind!r} blocks in the input; {hint}")
    part = make(block)
    breakpoint = _option(block, "prompt_cache_breakpoint")
    return part if breakpoint is None else {**part, "prompt_cache_breakpoint": breakpoint}


def _option(block: dict[str, Any], name: str) -> Any:
    """An option of a part, which may stand beside its content or under `extras`."""
    return block.get(name, extras_of(block).get(name))


def _text(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "input_text", "text": block.get("text") or ""}


def _image(block: dict[str, Any]) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "input_image"}
    if block.get("file_id"):
        part["file_id"] = block["file_id"]
    else:
        part["image_url"] = block.get("url") or _data_url(block, "image/png")
    detail = _option(block, "detail")
    return part if detail is None else {**part, "detail": detail}


def _file(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("file_id"):
        return {"type": "input_file", "file_id": block["file_id"]}
    if block.get("url"):
        return {"type": "input_file", "file_url": block["url"]}
    return {"type": "input_file", "file_data": _data_url(block, "application/pdf"), "filename": _filename(block)}


def _document(block: dict[str, Any]) -> dict[str, Any]:
    """A text document: as text when it is at hand, else as a file."""
    return (
        {"type": "input_text", "text": document_text(block, "")}
        if block.get("text") is not None
        else _file({"mime_type": "text/plain", **block})
    )


def _own(block: dict[str, Any]) -> dict[str, Any]:
    return block["value"]


def _data_url(block: dict[str, Any], default_type: str) -> str:
    return f"data:{block.get('mime_type') or default_type};base64,{block.get('base64') or ''}"


def _filename(block: dict[str, Any]) -> str:
    """Inline files need a name; one is made from the type when the user gave none."""
    given = extras_of(block).get("filename") or block.get("filename") or block.get("title")
    return given or "document" + (mimetypes.guess_extension(block.get("mime_type") or "application/pdf") or "")


_MAKERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "file": _file,
    "text-plain": _document,
    "non_standard": _own,
}

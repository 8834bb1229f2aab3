"""How Mistral wants to be asked, where it differs from OpenAI (wire sheet: mistral, "Request")."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from chatkit.dialects.documents import document_text
from chatkit.dialects.openai_chat import Quirks
from chatkit.errors import UnsupportedFeatureError

__all__ = ["QUIRKS", "nine"]

_NINE = re.compile(r"[a-zA-Z0-9]{9}")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def nine(id: str) -> str:
    """The id of a call as Mistral wants it: nine letters and digits. Its own are kept, others always become the same."""
    if _NINE.fullmatch(id):
        return id
    number = int.from_bytes(hashlib.sha256(id.encode()).digest()[:8])
    out = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        out += _DIGITS[digit]
    return out


def _file(block: dict[str, Any], owner: str) -> dict[str, Any]:
    """Documents by address, as data or by the id of an uploaded file."""
    if block.get("file_id"):
        return {"type": "file", "file_id": block["file_id"]}
    mime, data = block.get("mime_type") or "application/pdf", block.get("base64")
    if data and mime.startswith("text/"):
        return {"type": "text", "text": document_text(block, owner)}
    url = f"data:{mime};base64,{data}" if data else block.get("url")
    if not url:
        raise UnsupportedFeatureError(f"{owner}: a file block needs url, base64 or file_id")
    if mime.startswith("image/"):
        return {"type": "image_url", "image_url": {"url": url}}
    extras: dict[str, Any] = block.get("extras") or {}
    name = extras.get("filename") or extras.get("title")
    return {"type": "document_url", "document_url": url, **({"document_name": name} if name else {})}


def _audio(block: dict[str, Any], owner: str) -> dict[str, Any]:
    source = block.get("base64") or block.get("url")
    if not source:
        raise UnsupportedFeatureError(f"{owner}: an audio block needs url or base64")
    return {"type": "input_audio", "input_audio": source}


QUIRKS = Quirks(
    ask_usage=False,
    any_tool="any",
    parts={"file": _file, "audio": _audio},
    tool_call_id=nine,
    names={"seed": "random_seed"},
    prefix="prefix",
)

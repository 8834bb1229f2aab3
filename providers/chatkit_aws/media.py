"""Images, documents, video and sound as Converse content blocks (wire sheet: bedrock_converse §3, spec S94)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MIME_TYPES", "Documents", "media_block"]

_FORMATS: dict[str, dict[str, str]] = {
    "image": {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"},
    "video": {
        "video/mp4": "mp4",
        "video/quicktime": "mov",
        "video/x-matroska": "mkv",
        "video/webm": "webm",
        "video/x-flv": "flv",
        "video/mpeg": "mpeg",
        "video/mpg": "mpg",
        "video/x-ms-wmv": "wmv",
        "video/3gpp": "three_gp",
    },
    "audio": {
        "audio/mpeg": "mp3",
        "audio/mp3": "mp3",
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/aac": "aac",
        "audio/x-aac": "x-aac",
        "audio/flac": "flac",
        "audio/mp4": "mp4",
        "audio/m4a": "m4a",
        "audio/ogg": "ogg",
        "audio/opus": "opus",
        "audio/webm": "webm",
        "audio/pcm": "pcm",
        "audio/x-matroska": "mka",
        "audio/mkv": "mkv",
        "audio/mpga": "mpga",
    },
    "file": {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "text/html": "html",
        "text/markdown": "md",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    },
}

MIME_TYPES: dict[str, dict[str, str]] = {
    kind: {word: mime for mime, word in reversed(formats.items())} for kind, formats in _FORMATS.items()
}
"""Converse's word for a format -> the MIME type, by kind of block."""

_FORBIDDEN = re.compile(r"[^A-Za-z0-9\s\-()\[\]]")
"""What must not stand in the name of a document."""


class Documents:
    """Gives the documents of a request their names: every one needs a name, and no two may share one."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def name(self, block: Mapping[str, Any], extras: Mapping[str, Any]) -> str:
        """The name that the block gives, made fit, or "Document 1", "Document 2" ..."""
        given = next((value for key in ("name", "title", "filename") if (value := extras.get(key) or block.get(key))), "")
        wanted = " ".join(_FORBIDDEN.sub("-", str(given)).split())[:190]
        tries = (f"{wanted or 'Document'} {number}" for number in range(1, len(self._names) + 2))
        name = wanted if wanted and wanted not in self._names else next(name for name in tries if name not in self._names)
        self._names.add(name)
        return name


def media_block(block: dict[str, Any], documents: Documents, owner: str) -> dict[str, Any]:
    """One standard data block for Converse.

    Raises:
        UnsupportedFeatureError: a web address, a file id, or a MIME type that Converse does not take.
    """
    kind = "file" if block["type"] == "text-plain" else block["type"]
    extras: dict[str, Any] = block.get("extras") or {}
    source = _source(block, extras, owner)
    value: dict[str, Any] = {"format": _format(kind, block, owner), "source": source}
    if kind != "file":
        return {kind: value}
    value["name"] = documents.name(block, extras)
    context, citations = block.get("context") or extras.get("context"), extras.get("citations") or block.get("citations")
    if context:
        value["context"] = context
    if citations:
        value["citations"] = citations if is_object(citations) else {"enabled": True}
    return {"document": value}


def _format(kind: str, block: dict[str, Any], owner: str) -> str:
    mime = (block.get("mime_type") or "").split(";")[0].strip().lower()
    if not mime:
        mime = _mime_of_name(kind, block) or ("text/plain" if block["type"] == "text-plain" else "")
    known = _FORMATS[kind].get(mime)
    if known is None and kind == "file" and mime.startswith("text/"):
        return "txt"
    if known is None:
        raise UnsupportedFeatureError(
            f"{owner}: Bedrock takes no {kind} blocks of mime_type {mime or None!r}; give one of {', '.join(_FORMATS[kind])}"
        )
    return known


def _mime_of_name(kind: str, block: dict[str, Any]) -> str | None:
    """For objects in S3, the ending of their name."""
    return MIME_TYPES[kind].get((block.get("url") or "").rpartition(".")[2].lower())


def _source(block: dict[str, Any], extras: Mapping[str, Any], owner: str) -> dict[str, Any]:
    if block.get("base64"):
        return {"bytes": block["base64"]}
    if isinstance(block.get("text"), str):
        return {"bytes": base64.b64encode(block["text"].encode()).decode()}
    url = block.get("url") or ""
    if url.startswith("s3://"):
        account = extras.get("bucket_owner") or extras.get("bucketOwner")
        return {"s3Location": {"uri": url, **({"bucketOwner": account} if account else {})}}
    what = "web addresses" if url else "file ids"
    raise UnsupportedFeatureError(
        f"{owner}: Bedrock takes no {what} for {block['type']!r} blocks; pass the content as base64 with its mime_type, "
        "or an s3:// address where the model allows it"
    )

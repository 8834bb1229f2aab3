"""Images, documents, video and sound of an answer as standard blocks (wire sheet: bedrock_converse §4, §9)."""

from __future__ import annotations

from typing import Any

from chatkit.jsons import as_object
from chatkit_aws.media import MIME_TYPES

__all__ = ["MEDIA_WORDS", "standard_media"]

MEDIA_WORDS = {"image": "image", "document": "file", "video": "video", "audio": "audio"}
"""Converse's word for a kind of media -> the type of the standard block."""

_USUAL = {"image": "png", "file": "txt", "video": "mp4", "audio": "mp3"}
_OF_A_DOCUMENT = ("name", "context", "citations")


def standard_media(word: str, value: dict[str, Any]) -> dict[str, Any] | None:
    """The standard block for media of an answer; None when there is no source that a standard block can hold.

    Args:
        word: a key of `MEDIA_WORDS`.
        value: Converse's own object, with `format` and `source`.
    """
    kind = MEDIA_WORDS[word]
    format: str = value.get("format") or _USUAL[kind]
    found = _source(as_object(value.get("source")))
    if found is None:
        return None
    mime = MIME_TYPES[kind].get(format) or ("text/plain" if kind == "file" else f"{kind}/{format}")
    more = {name: value[name] for name in _OF_A_DOCUMENT if value.get(name) is not None}
    extras = {**more, **found.pop("extras", {})}
    block = {"type": kind, "mime_type": mime, **found}
    return {**block, "extras": extras} if extras else block


def _source(source: dict[str, Any]) -> dict[str, Any] | None:
    """What a block holds of a source: bytes, a place in S3, or the text of a document."""
    location = as_object(source.get("s3Location"))
    if location.get("uri"):
        owner = location.get("bucketOwner")
        return {"url": location["uri"], **({"extras": {"bucket_owner": owner}} if owner else {})}
    if isinstance(source.get("bytes"), str):
        return {"base64": source["bytes"]}
    return {"type": "text-plain", "text": source["text"]} if isinstance(source.get("text"), str) else None

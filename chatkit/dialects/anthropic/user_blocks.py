"""Blocks that the user may send: text, images, documents and what stands in tool results (wire sheet: anthropic §3)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import as_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatkit.dialects.anthropic.route import Route

__all__ = ["options_of", "user_blocks", "verbatim"]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_DOCUMENT_OPTIONS = ("title", "context", "citations", "cache_control")
_BOOKKEEPING = frozenset({"index", "partial_json"})


def user_blocks(blocks: Iterable[dict[str, Any]], route: Route) -> list[dict[str, Any]]:
    """Standard blocks as the API takes them from a user; text that is empty or blank is left out.

    Raises:
        UnsupportedFeatureError: a kind of block or a source that this API does not take.
    """
    out: list[dict[str, Any]] = []
    for block in blocks:
        writer = _WRITERS.get(block["type"])
        if writer is None:
            kind = block["type"]
            raise UnsupportedFeatureError(
                f"the Messages API takes no {kind!r} block from a user, only text, images and documents"
            )
        wire = writer(block, route)
        if wire is not None:
            out.append(wire)
    return out


def options_of(block: dict[str, Any], *names: str) -> dict[str, Any]:
    """Options of a block that stand beside its content or under `extras`."""
    extras = as_object(block.get("extras"))
    found = {name: block.get(name, extras.get(name)) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def verbatim(block: dict[str, Any]) -> dict[str, Any]:
    """The API's own block as it is, without what only a stream needed."""
    return {name: value for name, value in block["value"].items() if name not in _BOOKKEEPING}


def _text(block: dict[str, Any], _route: Route) -> dict[str, Any] | None:
    text = block.get("text") or ""
    return {"type": "text", "text": text, **options_of(block, "cache_control")} if text.strip() else None


def _image(block: dict[str, Any], route: Route) -> dict[str, Any]:
    if block.get("base64") and block.get("mime_type") not in _IMAGES:
        known = ", ".join(sorted(_IMAGES))
        raise UnsupportedFeatureError(
            f"the Messages API takes images as {known}, not as {block.get('mime_type')!r}; set mime_type"
        )
    return {"type": "image", "source": _source(block, route), **options_of(block, "cache_control")}


def _file(block: dict[str, Any], route: Route) -> dict[str, Any]:
    mime = block.get("mime_type") or "application/pdf"
    if mime in _IMAGES:
        return _image(block, route)
    if block.get("base64") and mime.startswith("text/"):
        return _plain({**block, "text": base64.b64decode(block["base64"]).decode("utf-8", "replace")}, route)
    if block.get("base64") and mime != "application/pdf":
        raise UnsupportedFeatureError(
            f"the Messages API takes documents as PDF or text, not as {mime!r}; convert the file, or upload it and send its "
            "file_id in a container_upload block to code execution"
        )
    return {"type": "document", "source": _source({"mime_type": mime, **block}, route), **_document_options(block)}


def _plain(block: dict[str, Any], route: Route) -> dict[str, Any]:
    if not isinstance(block.get("text"), str):
        return {"type": "document", "source": _source(block, route), **_document_options(block)}
    source = {"type": "text", "media_type": "text/plain", "data": block["text"]}
    return {"type": "document", "source": source, **_document_options(block)}


def _document_options(block: dict[str, Any]) -> dict[str, Any]:
    options = options_of(block, *_DOCUMENT_OPTIONS)
    name = options_of(block, "filename").get("filename")
    return {"title": name, **options} if name else options


def _source(block: dict[str, Any], route: Route) -> dict[str, Any]:
    if block.get("base64"):
        return {"type": "base64", "media_type": block.get("mime_type"), "data": block["base64"]}
    kind, field = ("url", "url") if block.get("url") else ("file", "file_id")
    if not block.get(field):
        raise InputError(f"a {block['type']!r} block needs one of base64 (with mime_type), url or file_id")
    if kind not in route.sources:
        raise UnsupportedFeatureError(f"Claude takes images and documents here only as base64, not by {field}; send the bytes")
    return {"type": kind, field: block[field]}


def _verbatim(block: dict[str, Any], _route: Route) -> dict[str, Any]:
    return verbatim(block)


_WRITERS: dict[str, Callable[[dict[str, Any], Route], dict[str, Any] | None]] = {
    "text": _text,
    "image": _image,
    "file": _file,
    "text-plain": _plain,
    "non_standard": _verbatim,
}

"""Content blocks as the parts of a user's message (wire sheets: openai_chat §3, openai_compatible §4; spec S91)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.documents import document_text
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import as_object, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatkit.dialects.openai_chat.quirks import Quirks

__all__ = ["audio_url", "data_url", "encode_parts", "file_url", "options_of", "video_url"]

_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav", "x-m4a": "m4a", "mp4": "m4a"}
_NAMES = {"application/pdf": "document.pdf"}
_OPTIONS = ("cache_control", "prompt_cache_breakpoint")


def encode_parts(blocks: Iterable[dict[str, Any]], quirks: Quirks, owner: str) -> list[dict[str, Any]]:
    """Standard blocks as content parts.

    Args:
        quirks: of the service.
        owner: who refuses, for error messages.

    Raises:
        UnsupportedFeatureError: a kind of block, or a source of one, that the API does not take.
    """
    return [_part(block, quirks, owner) for block in blocks]


def _part(block: dict[str, Any], quirks: Quirks, owner: str) -> dict[str, Any]:
    writer = quirks.parts.get(block["type"]) or _WRITERS.get(block["type"])
    if writer is None:
        raise UnsupportedFeatureError(f"{owner}: this API takes no {block['type']!r} block in a message of the user or of a tool")
    return writer(block, owner)


def options_of(block: dict[str, Any]) -> dict[str, Any]:
    """Options of a part that stand beside its content or under `extras`: cache control."""
    extras = as_object(block.get("extras"))
    found = {name: block.get(name, extras.get(name)) for name in _OPTIONS}
    return {name: value for name, value in found.items() if value is not None}


def data_url(block: dict[str, Any], owner: str) -> str | None:
    """The block's data as a data URL, None when it has none."""
    data = block.get("base64")
    if data is None:
        return None
    if not block.get("mime_type"):
        raise InputError(f"{owner}: a {block['type']} block with base64 needs its mime_type, e.g. 'image/png'")
    return f"data:{block['mime_type']};base64,{data}"


def _refuse(block: dict[str, Any], owner: str, advice: str) -> UnsupportedFeatureError:
    source = next((key for key in ("url", "file_id", "base64") if block.get(key)), "no source")
    return UnsupportedFeatureError(f"{owner}: this API takes no {block['type']} block with {source}; {advice}")


def _text(block: dict[str, Any], _owner: str) -> dict[str, Any]:
    return {"type": "text", "text": block.get("text") or "", **options_of(block)}


def _image(block: dict[str, Any], owner: str) -> dict[str, Any]:
    url = data_url(block, owner) or block.get("url")
    if not url:
        raise _refuse(block, owner, "send its url or base64")
    extras = as_object(block.get("extras"))
    detail = block.get("detail") or extras.get("detail")
    return {"type": "image_url", "image_url": {"url": url, **({"detail": detail} if detail else {})}, **options_of(block)}


def _audio(block: dict[str, Any], owner: str) -> dict[str, Any]:
    if not block.get("base64"):
        raise _refuse(block, owner, "download it and send it as base64")
    kind = (block.get("mime_type") or "audio/wav").partition("/")[2].partition(";")[0]
    audio = {"data": block["base64"], "format": _FORMATS.get(kind, kind)}
    return {"type": "input_audio", "input_audio": audio, **options_of(block)}


def _file(block: dict[str, Any], owner: str) -> dict[str, Any]:
    if block.get("file_id"):
        return {"type": "file", "file": {"file_id": block["file_id"]}, **options_of(block)}
    mime = block.get("mime_type") or ""
    if mime.startswith("image/"):
        return _image(block, owner)
    if block.get("base64") and mime.startswith("text/"):
        return _plain(block, owner)
    data = data_url(block, owner)
    if data is None:
        raise _refuse(block, owner, "download the file and send it as base64")
    return {"type": "file", "file": {"filename": _filename(block), "file_data": data}, **options_of(block)}


def _filename(block: dict[str, Any]) -> str:
    extras = as_object(block.get("extras"))
    name = block.get("filename") or extras.get("filename") or extras.get("name") or extras.get("title")
    return name or _NAMES.get(block.get("mime_type") or "", "file")


def _plain(block: dict[str, Any], owner: str) -> dict[str, Any]:
    return {"type": "text", "text": document_text(block, owner), **options_of(block)}


def _verbatim(block: dict[str, Any], _owner: str) -> dict[str, Any]:
    value = block.get("value")
    if not is_object(value):
        raise InputError("a non_standard block needs a dict as its value")
    return value


_WRITERS: dict[str, Callable[[dict[str, Any], str], dict[str, Any]]] = {
    "text": _text,
    "image": _image,
    "audio": _audio,
    "file": _file,
    "text-plain": _plain,
    "non_standard": _verbatim,
}


def _by_url(kind: str) -> Callable[[dict[str, Any], str], dict[str, Any]]:
    """A writer of parts of the form `{"type": kind, kind: {"url": ...}}`, which several services add for media."""

    def write(block: dict[str, Any], owner: str) -> dict[str, Any]:
        url = data_url(block, owner) or block.get("url")
        if not url:
            raise _refuse(block, owner, "send its url or base64")
        return {"type": kind, kind: {"url": url}, **options_of(block)}

    return write


video_url = _by_url("video_url")
"""`video_url` parts: OpenRouter, vLLM, Together, Perplexity."""
file_url = _by_url("file_url")
"""`file_url` parts: Perplexity."""


def audio_url(block: dict[str, Any], owner: str) -> dict[str, Any]:
    """Audio by URL in an `audio_url` part (vLLM, Together), its data in an `input_audio` part."""
    return _audio(block, owner) if block.get("base64") else _by_url("audio_url")(block, owner)

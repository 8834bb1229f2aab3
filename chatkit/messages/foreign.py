"""Content in other formats (OpenAI's, Anthropic's, LangChain's before 1.0) as standard blocks (spec S82, S90-S92).

Providers so encode one form only. What is not known here becomes `non_standard`, which they send as it is.
"""

from __future__ import annotations

import re
from typing import Any

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object
from chatkit.messages.blocks import DATA_BLOCK_TYPES, KNOWN_BLOCK_TYPES
from chatkit.messages.foreign_answers import ANSWERS, as_sent, rest

__all__ = ["split_data_url", "standard_block"]

_DATA_URL = re.compile(r"data:(?P<mime>[^;,]*)(?:;[^,]*?)??(?P<b64>;base64)?,(?P<data>.*)", re.DOTALL)


def split_data_url(url: str) -> tuple[str, str] | None:
    """(mime type, base64) of a base64 data URL, None for any other URL."""
    if not url.startswith("data:"):
        return None
    match = _DATA_URL.match(url)
    if match is None or not match["b64"]:
        raise InputError(f"the data URL {url[:40]!r}... is not of the form 'data:<mime type>;base64,<data>'")
    return match["mime"] or "application/octet-stream", match["data"]


def _source(url: str) -> dict[str, Any]:
    data = split_data_url(url)
    return {"url": url} if data is None else {"base64": data[1], "mime_type": data[0]}


def standard_block(block: str | dict[str, Any]) -> dict[str, Any]:
    """One content item in any accepted format as a standard block. Never changes the block that it is given."""
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = block.get("type")
    if kind is None and isinstance(block.get("text"), str):
        return {"type": "text", **block}
    if not isinstance(kind, str):
        return {"type": "non_standard", "value": block}
    translate = _FOREIGN.get(kind)
    if translate is not None:
        try:
            translated = translate(block)
        except KeyError as error:
            raise InputError(f"a {kind!r} block lacks {error}; it has {sorted(map(str, block))}") from None
        if translated is not None:
            return _checked(translated)
    if kind in DATA_BLOCK_TYPES and _has_data_url(block):
        return {**{key: value for key, value in block.items() if key != "url"}, **_source(block["url"])}
    if kind in KNOWN_BLOCK_TYPES:
        return _checked(block)
    return as_sent(block)


_TEXTS = ("text", "reasoning", "base64", "url", "file_id", "mime_type")


def _checked(block: dict[str, Any]) -> dict[str, Any]:
    """The block, when what must be text in it is text: bytes would be sent as "b'...'" by some and refused by others."""
    for name in _TEXTS:
        value = block.get(name)
        if value is not None and not isinstance(value, str):
            how = "; encode it: base64.b64encode(data).decode()" if isinstance(value, bytes) else ""
            raise InputTypeError(f"{name!r} of a {block['type']!r} block must be a str, not {type(value).__name__}{how}")
    return block


def _has_data_url(block: dict[str, Any]) -> bool:
    url = block.get("url")
    return isinstance(url, str) and url.startswith("data:")


def _image_url(block: dict[str, Any]) -> dict[str, Any]:
    image = block.get("image_url")
    url, detail = (image.get("url"), image.get("detail")) if is_object(image) else (image, block.get("detail"))
    if not isinstance(url, str):
        raise InputError("an 'image_url' block needs {'image_url': {'url': ...}}")
    more = rest(block, "image_url", "detail")
    if detail is not None:
        more.setdefault("extras", {})["detail"] = detail
    return {"type": "image", **_source(url), **more}


def _input_audio(block: dict[str, Any]) -> dict[str, Any] | None:
    audio = block.get("input_audio")
    if not is_object(audio) or "data" not in audio:
        return None
    return {
        "type": "audio",
        "base64": audio["data"],
        "mime_type": f"audio/{audio.get('format', 'wav')}",
        **rest(block, "input_audio"),
    }


def _openai_file(block: dict[str, Any]) -> dict[str, Any] | None:
    file = block.get("file")
    if not is_object(file):
        return _v0_data(block)
    out: dict[str, Any] = {"type": "file", **rest(block, "file")}
    if file.get("file_id"):
        out["file_id"] = file["file_id"]
    if isinstance(file.get("file_data"), str):
        out.update(_source(file["file_data"]))
    if file.get("filename"):
        out["extras"] = {**out.get("extras", {}), "filename": file["filename"]}
    return out


def _input_text(block: dict[str, Any]) -> dict[str, Any]:
    """Text as the Responses API has it, of the user (`input_text`) or of the model (`output_text`)."""
    notes = [{"type": "non_standard_annotation", "value": note} for note in block.get("annotations") or ()]
    known = {"type": "text", "text": block["text"], **rest(block, "text", "annotations", "logprobs")}
    return {**known, "annotations": notes} if notes else known


def _input_image(block: dict[str, Any]) -> dict[str, Any] | None:
    if isinstance(block.get("image_url"), str):
        return _image_url(block)
    return {"type": "image", **rest(block, "file_id"), "file_id": block["file_id"]} if block.get("file_id") else None


def _input_file(block: dict[str, Any]) -> dict[str, Any] | None:
    data = block.get("file_data")
    if isinstance(data, str) and not data.startswith("data:"):
        return None
    source = _source(data) if data else {"url": block["file_url"]} if block.get("file_url") else {"file_id": block["file_id"]}
    return {"type": "file", **source, **rest(block, "file_data", "file_url", "file_id")}


def _v0_data(block: dict[str, Any]) -> dict[str, Any] | None:
    """LangChain's blocks before 1.0 (`source_type`), and Anthropic's (`source`)."""
    kind = block["type"]
    source = block.get("source")
    if is_object(source):
        return _anthropic_source(block, source)
    source_type = block.get("source_type")
    if source_type is None:
        return None
    field = {"base64": "base64", "url": "url", "id": "file_id", "text": "text"}.get(source_type)
    value = block.get("data") or block.get(source_type) or block.get("url") or block.get("id")
    if field is None or value is None:
        raise InputError(f"source_type {source_type!r} with keys {sorted(block)} is not a known data block")
    out: dict[str, Any] = {"type": "text-plain" if field == "text" else kind, field: value}
    if block.get("mime_type"):
        out["mime_type"] = block["mime_type"]
    return {**out, **rest(block, "source_type", "data", "url", "id", "text", "mime_type", "base64")}


def _anthropic_source(block: dict[str, Any], source: dict[str, Any]) -> dict[str, Any] | None:
    kind = "image" if block["type"] == "image" else "file"
    more = rest(block, "source")
    match source.get("type"):
        case "base64":
            return {"type": kind, "base64": source["data"], "mime_type": source["media_type"], **more}
        case "url":
            return {"type": kind, "url": source["url"], **more}
        case "file":
            return {"type": kind, "file_id": source["file_id"], **more}
        case "text" if kind == "file":
            return {"type": "text-plain", "text": source["data"], "mime_type": "text/plain", **more}
        case _:
            return None


def _media(block: dict[str, Any]) -> dict[str, Any] | None:
    """LangChain's block for Gemini: any media by its mime type, as base64 `data` or a `file_uri` (spec S93)."""
    mime = block.get("mime_type")
    source = {"base64": block.get("data"), "url": block.get("file_uri")}
    if not isinstance(mime, str) or not any(source.values()):
        return None
    kind = mime.partition("/")[0]
    known = {name: value for name, value in source.items() if value}
    return {
        "type": kind if kind in ("image", "audio", "video") else "file",
        "mime_type": mime,
        **known,
        **rest(block, "mime_type", "data", "file_uri"),
    }


_FOREIGN: dict[str, Any] = {
    **ANSWERS,
    "image_url": _image_url,
    "input_audio": _input_audio,
    "input_file": _input_file,
    "input_image": _input_image,
    "input_text": _input_text,
    "output_text": _input_text,
    "file": _openai_file,
    "image": _v0_data,
    "audio": _v0_data,
    "video": _v0_data,
    "document": _v0_data,
    "media": _media,
}

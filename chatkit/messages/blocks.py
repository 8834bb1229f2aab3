"""Content blocks: plain dicts with a `type`, typed as TypedDicts (spec 1G), and their factories.

`standard_block` brings the other formats that the page allows (OpenAI's, Anthropic's, LangChain v0's) into
this one form, so that providers encode one form only. What it does not know becomes `non_standard`, which
providers send as it is.
"""

from __future__ import annotations

import re
import uuid
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict, cast

from chatkit.errors import InputError
from chatkit.jsons import decode_object, is_object

__all__ = [
    "Annotation",
    "AudioContentBlock",
    "Citation",
    "ContentBlock",
    "DATA_BLOCK_TYPES",
    "FileContentBlock",
    "ImageContentBlock",
    "InvalidToolCall",
    "KNOWN_BLOCK_TYPES",
    "NonStandardAnnotation",
    "NonStandardContentBlock",
    "PlainTextContentBlock",
    "ReasoningContentBlock",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "TextContentBlock",
    "ToolCall",
    "ToolCallChunk",
    "VideoContentBlock",
    "create_audio_block",
    "create_citation",
    "create_file_block",
    "create_image_block",
    "create_non_standard_block",
    "create_plaintext_block",
    "create_reasoning_block",
    "create_text_block",
    "create_tool_call",
    "create_video_block",
    "is_data_content_block",
    "split_data_url",
    "standard_block",
]


class Citation(TypedDict, total=False):
    """Where a part of the text comes from."""

    type: Literal["citation"]
    id: str
    url: str
    title: str
    start_index: int
    end_index: int
    cited_text: str
    extras: dict[str, Any]


class NonStandardAnnotation(TypedDict, total=False):
    """A provider's own annotation."""

    type: Literal["non_standard_annotation"]
    id: str
    value: dict[str, Any]


Annotation: TypeAlias = Citation | NonStandardAnnotation


class TextContentBlock(TypedDict):
    """Text."""

    type: Literal["text"]
    text: str
    id: NotRequired[str]
    annotations: NotRequired[list[Annotation]]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ReasoningContentBlock(TypedDict):
    """The model's reasoning; `extras` keeps what the vendor wants back (signature, encrypted content)."""

    type: Literal["reasoning"]
    reasoning: NotRequired[str]
    id: NotRequired[str]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ToolCall(TypedDict):
    """A call to one of the caller's tools."""

    type: NotRequired[Literal["tool_call"]]
    name: str
    args: dict[str, Any]
    id: str | None
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ToolCallChunk(TypedDict):
    """A piece of a call: `args` is a piece of JSON text."""

    type: NotRequired[Literal["tool_call_chunk"]]
    name: str | None
    args: str | None
    id: str | None
    index: NotRequired[int | str | None]
    extras: NotRequired[dict[str, Any]]


class InvalidToolCall(TypedDict):
    """A call whose arguments are not a JSON object, as text, with the reason."""

    type: NotRequired[Literal["invalid_tool_call"]]
    name: str | None
    args: str | None
    id: str | None
    error: str | None
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolCall(TypedDict):
    """A call that the provider runs itself."""

    type: Literal["server_tool_call"]
    name: str
    args: dict[str, Any]
    id: str
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolCallChunk(TypedDict):
    """A piece of a call that the provider runs itself."""

    type: Literal["server_tool_call_chunk"]
    name: NotRequired[str | None]
    args: NotRequired[str]
    id: NotRequired[str | None]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class ServerToolResult(TypedDict):
    """What such a call gave back."""

    type: Literal["server_tool_result"]
    tool_call_id: str
    status: Literal["success", "error"]
    id: NotRequired[str]
    output: NotRequired[Any]
    index: NotRequired[int | str]
    extras: NotRequired[dict[str, Any]]


class _Data(TypedDict, total=False):
    id: str
    file_id: str
    mime_type: str
    index: int | str
    url: str
    base64: str
    extras: dict[str, Any]


class ImageContentBlock(_Data):
    """An image: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["image"]


class VideoContentBlock(_Data):
    """A video: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["video"]


class AudioContentBlock(_Data):
    """Sound: exactly one of `url`, `base64` (with `mime_type`) or `file_id`."""

    type: Literal["audio"]


class FileContentBlock(_Data):
    """Any other document, such as a PDF."""

    type: Literal["file"]


class PlainTextContentBlock(_Data):
    """A text document."""

    type: Literal["text-plain"]
    text: NotRequired[str]
    title: NotRequired[str]
    context: NotRequired[str]


class NonStandardContentBlock(TypedDict):
    """Something of a provider's own; providers send `value` as it is."""

    type: Literal["non_standard"]
    value: dict[str, Any]
    id: NotRequired[str]
    index: NotRequired[int | str]


ContentBlock: TypeAlias = (
    TextContentBlock
    | ReasoningContentBlock
    | ToolCall
    | ToolCallChunk
    | InvalidToolCall
    | ServerToolCall
    | ServerToolCallChunk
    | ServerToolResult
    | ImageContentBlock
    | VideoContentBlock
    | AudioContentBlock
    | FileContentBlock
    | PlainTextContentBlock
    | NonStandardContentBlock
)

DATA_BLOCK_TYPES = frozenset({"image", "video", "audio", "file", "text-plain"})
KNOWN_BLOCK_TYPES = DATA_BLOCK_TYPES | {
    "text",
    "reasoning",
    "tool_call",
    "tool_call_chunk",
    "invalid_tool_call",
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_result",
    "non_standard",
}

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
    translate = _FOREIGN.get(cast("str", kind))
    if translate is not None:
        translated = translate(block)
        if translated is not None:
            return translated
    if kind in DATA_BLOCK_TYPES and _has_data_url(block):
        return {**{key: value for key, value in block.items() if key != "url"}, **_source(block["url"])}
    if kind in KNOWN_BLOCK_TYPES:
        return block
    return {"type": "non_standard", "value": block}


def _has_data_url(block: dict[str, Any]) -> bool:
    url = block.get("url")
    return isinstance(url, str) and url.startswith("data:")


def _rest(block: dict[str, Any], *known: str) -> dict[str, Any]:
    """What else stands in a foreign block (cache_control ...) is kept as extras."""
    extras = {key: value for key, value in block.items() if key not in known and key != "type" and value is not None}
    return {"extras": extras} if extras else {}


def _image_url(block: dict[str, Any]) -> dict[str, Any]:
    image = block.get("image_url")
    url, detail = (image.get("url"), image.get("detail")) if is_object(image) else (image, block.get("detail"))
    if not isinstance(url, str):
        raise InputError("an 'image_url' block needs {'image_url': {'url': ...}}")
    rest = _rest(block, "image_url", "detail")
    if detail is not None:
        rest.setdefault("extras", {})["detail"] = detail
    return {"type": "image", **_source(url), **rest}


def _input_audio(block: dict[str, Any]) -> dict[str, Any] | None:
    audio = block.get("input_audio")
    if not is_object(audio) or "data" not in audio:
        return None
    return {"type": "audio", "base64": audio["data"], "mime_type": f"audio/{audio.get('format', 'wav')}", **_rest(block, "input_audio")}


def _openai_file(block: dict[str, Any]) -> dict[str, Any] | None:
    file = block.get("file")
    if not is_object(file):
        return _v0_data(block)
    out: dict[str, Any] = {"type": "file", **_rest(block, "file")}
    if file.get("file_id"):
        out["file_id"] = file["file_id"]
    if isinstance(file.get("file_data"), str):
        out.update(_source(file["file_data"]))
    if file.get("filename"):
        out["extras"] = {**out.get("extras", {}), "filename": file["filename"]}
    return out


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
    return {**out, **_rest(block, "source_type", "data", "url", "id", "text", "mime_type", "base64")}


def _anthropic_source(block: dict[str, Any], source: dict[str, Any]) -> dict[str, Any] | None:
    kind = "image" if block["type"] == "image" else "file"
    rest = _rest(block, "source")
    match source.get("type"):
        case "base64":
            return {"type": kind, "base64": source["data"], "mime_type": source["media_type"], **rest}
        case "url":
            return {"type": kind, "url": source["url"], **rest}
        case "file":
            return {"type": kind, "file_id": source["file_id"], **rest}
        case "text" if kind == "file":
            return {"type": "text-plain", "text": source["data"], "mime_type": "text/plain", **rest}
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
        **_rest(block, "mime_type", "data", "file_uri"),
    }


def _thinking(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "reasoning", "reasoning": block.get("thinking", ""), **_rest(block, "thinking", "index")}


def _tool_use(block: dict[str, Any]) -> dict[str, Any]:
    args = block.get("input")
    if isinstance(args, str):
        args = decode_object(args)
    return {"type": "tool_call", "name": block["name"], "args": args or {}, "id": block.get("id"), **_rest(block, "name", "input", "id", "index")}


_FOREIGN: dict[str, Any] = {
    "image_url": _image_url,
    "input_audio": _input_audio,
    "file": _openai_file,
    "image": _v0_data,
    "audio": _v0_data,
    "video": _v0_data,
    "document": _v0_data,
    "media": _media,
    "thinking": _thinking,
    "tool_use": _tool_use,
}


def is_data_content_block(block: dict[str, Any]) -> bool:
    """Whether the block is an image, video, audio, file or text document, in the v1 or the older form."""
    if block.get("type") not in DATA_BLOCK_TYPES:
        return False
    return any(key in block for key in ("url", "base64", "file_id", "text", "source_type"))


def _with(block: dict[str, Any], id: str | None, index: int | str | None, extras: dict[str, Any]) -> Any:
    block["id"] = id or f"lc_{uuid.uuid4()}"
    if index is not None:
        block["index"] = index
    if extras:
        block["extras"] = extras
    return block


def create_text_block(text: str, *, id: str | None = None, annotations: list[Annotation] | None = None, index: int | str | None = None, **extras: Any) -> TextContentBlock:
    """A text block with an id of its own."""
    block: dict[str, Any] = {"type": "text", "text": text}
    if annotations is not None:
        block["annotations"] = annotations
    return _with(block, id, index, extras)


def create_reasoning_block(reasoning: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> ReasoningContentBlock:
    """A reasoning block with an id of its own."""
    return _with({"type": "reasoning", "reasoning": reasoning or ""}, id, index, extras)


def create_tool_call(name: str, args: dict[str, Any], *, id: str | None = None, index: int | str | None = None, **extras: Any) -> ToolCall:
    """A tool call block with an id of its own."""
    return _with({"type": "tool_call", "name": name, "args": args}, id, index, extras)


def create_non_standard_block(value: dict[str, Any], *, id: str | None = None, index: int | str | None = None) -> NonStandardContentBlock:
    """A block that providers send as it is."""
    return _with({"type": "non_standard", "value": value}, id, index, {})


def create_citation(*, url: str | None = None, title: str | None = None, start_index: int | None = None, end_index: int | None = None, cited_text: str | None = None, id: str | None = None, **extras: Any) -> Citation:
    """A citation annotation with an id of its own."""
    given = {"url": url, "title": title, "start_index": start_index, "end_index": end_index, "cited_text": cited_text}
    return _with({"type": "citation", **{key: value for key, value in given.items() if value is not None}}, id, None, extras)


def _data(kind: str, url: str | None, base64: str | None, file_id: str | None, mime_type: str | None, id: str | None, index: int | str | None, extras: dict[str, Any]) -> Any:
    given = {"url": url, "base64": base64, "file_id": file_id, "mime_type": mime_type}
    block: dict[str, Any] = {"type": kind, **{key: value for key, value in given.items() if value is not None}}
    if not (url or base64 or file_id):
        raise InputError(f"a {kind} block needs one of url, base64 or file_id")
    return _with(block, id, index, extras)


def create_image_block(*, url: str | None = None, base64: str | None = None, file_id: str | None = None, mime_type: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> ImageContentBlock:
    """An image block. Raises InputError without a source."""
    return _data("image", url, base64, file_id, mime_type, id, index, extras)


def create_video_block(*, url: str | None = None, base64: str | None = None, file_id: str | None = None, mime_type: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> VideoContentBlock:
    """A video block. Raises InputError without a source."""
    return _data("video", url, base64, file_id, mime_type, id, index, extras)


def create_audio_block(*, url: str | None = None, base64: str | None = None, file_id: str | None = None, mime_type: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> AudioContentBlock:
    """An audio block. Raises InputError without a source."""
    return _data("audio", url, base64, file_id, mime_type, id, index, extras)


def create_file_block(*, url: str | None = None, base64: str | None = None, file_id: str | None = None, mime_type: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> FileContentBlock:
    """A document block. Raises InputError without a source."""
    return _data("file", url, base64, file_id, mime_type, id, index, extras)


def create_plaintext_block(text: str | None = None, *, url: str | None = None, base64: str | None = None, file_id: str | None = None, title: str | None = None, context: str | None = None, id: str | None = None, index: int | str | None = None, **extras: Any) -> PlainTextContentBlock:
    """A text document block."""
    given = {"text": text, "url": url, "base64": base64, "file_id": file_id, "title": title, "context": context}
    block = {"type": "text-plain", "mime_type": "text/plain", **{key: value for key, value in given.items() if value is not None}}
    return _with(block, id, index, extras)

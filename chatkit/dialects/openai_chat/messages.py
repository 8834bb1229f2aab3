"""The conversation as `messages` (wire sheet: openai_chat §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.history import is_own, refuse_media, replayable
from chatkit.dialects.openai_chat.parts import encode_parts, options_of
from chatkit.dialects.openai_chat.reasoning import replay
from chatkit.dialects.openai_chat.tool_calls import CUSTOM_ARG
from chatkit.jsons import as_object, dumps, is_object
from chatkit.messages import AIMessage, BaseMessage, SystemMessage, ToolMessage
from chatkit.messages.blocks import DATA_BLOCK_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.dialects.openai_chat.quirks import Quirks

__all__ = ["encode_messages", "is_begun"]

_CALLS = ("tool_call", "invalid_tool_call")


def encode_messages(messages: Iterable[BaseMessage], provider: str, quirks: Quirks, owner: str) -> list[dict[str, Any]]:
    """The conversation in wire form.

    Args:
        messages: as the user gave them.
        provider: whose model is asked; other vendors' reasoning and server tools stay out.
        owner: the model's class, for error messages.

    Raises:
        UnsupportedFeatureError: a block that the API does not take where it stands.
    """
    out: list[dict[str, Any]] = []
    media: list[dict[str, Any]] = []  # of tool messages; may come only after the last result of a turn
    for message in messages:
        if isinstance(message, ToolMessage):
            out.append(_tool(message, quirks, owner, media))
            continue
        if media:
            out.append({"role": "user", "content": media})
            media = []
        out.append(
            _assistant(message, provider, quirks, owner) if isinstance(message, AIMessage) else _plain(message, quirks, owner)
        )
    return [*out, {"role": "user", "content": media}] if media else out


def is_begun(message: BaseMessage) -> bool:
    """Whether this is the beginning of an answer, which the model shall continue (`additional_kwargs={"prefix": True}`)."""
    return isinstance(message, AIMessage) and bool(message.additional_kwargs.get("prefix"))


def _plain(message: BaseMessage, quirks: Quirks, owner: str) -> dict[str, Any]:
    role = message.role
    if isinstance(message, SystemMessage):
        role = message.additional_kwargs.get("__openai_role__") or quirks.system_role
    wire: dict[str, Any] = {"role": role, "content": _content(message, quirks, owner)}
    return {**wire, "name": message.name} if message.name else wire


def _content(message: BaseMessage, quirks: Quirks, owner: str) -> str | list[dict[str, Any]]:
    if isinstance(message.content, str):
        return message.content
    parts = encode_parts(message.content_blocks, quirks, owner)
    return parts[0]["text"] if len(parts) == 1 and parts[0].keys() == {"type", "text"} else parts or ""


def _tool(message: ToolMessage, quirks: Quirks, owner: str, media: list[dict[str, Any]]) -> dict[str, Any]:
    """A tool's result. Media go into `media`, with a line that says whose they are, where tool messages take only text."""
    blocks = message.content_blocks
    id = quirks.tool_call_id(message.tool_call_id) if quirks.tool_call_id else message.tool_call_id
    texts = [block.get("text") or "" for block in blocks if block["type"] == "text"]
    others = [block for block in blocks if block["type"] != "text"]
    wire: dict[str, Any] = {"role": "tool", "tool_call_id": id, "content": "\n".join(texts)}
    if others and quirks.tool_media:
        wire["content"] = encode_parts(blocks, quirks, owner)
    elif others:
        wire["content"] = "\n".join([*texts, "The result is in the next message."])
        media += [{"type": "text", "text": f"Result of the tool call {id}:"}, *encode_parts(others, quirks, owner)]
    return wire


def _assistant(message: AIMessage, provider: str, quirks: Quirks, owner: str) -> dict[str, Any]:
    # An answer of the same vendor's Responses API is made of items that mean nothing here.
    own = is_own(message, provider) and message.response_metadata.get("object") != "response"
    blocks = replayable(message, provider if own else "")
    wire: dict[str, Any] = {"role": "assistant", "content": None}
    if message.name:
        wire["name"] = message.name
    calls = [_call(block, quirks) for block in blocks if block["type"] in _CALLS]
    if calls:
        wire["tool_calls"] = calls
    wire.update(replay((block for block in blocks if block["type"] == "reasoning"), quirks.reasoning_field))
    if calls and quirks.missing_reasoning is not None and quirks.reasoning_field:
        wire.setdefault(quirks.reasoning_field, quirks.missing_reasoning)
    wire.update(_vendor_fields(blocks))
    wire.update(_media(blocks, quirks, owner, own=own))
    content = _answer(blocks)
    wire["content"] = content or (None if wire.keys() & {"tool_calls", "refusal", "audio"} else "")
    return wire


def _answer(blocks: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """The text of an answer: one string, or parts when something stands among the text that must keep its place."""
    parts = [part for block in blocks for part in _answer_parts(block)]
    if all(part.keys() == {"type", "text"} for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _answer_parts(block: dict[str, Any]) -> list[dict[str, Any]]:
    extras = as_object(block.get("extras"))
    match block["type"]:
        case "text":
            text = [{"type": "text", "text": block["text"], **options_of(block)}] if block.get("text") else []
            return text + [{"type": "reference", "reference_ids": ids} for ids in _references(block)]
        case "reasoning" if extras.get("field") == "summary":
            more = {"signature": extras["signature"]} if extras.get("signature") else {}
            return [{"type": "reasoning", "summary": [{"type": "summary_text", "text": block.get("reasoning") or "", **more}]}]
        case "reasoning" if extras.get("field") == "thinking":
            inner = [{"type": "text", "text": block["reasoning"]}] if block.get("reasoning") else []
            more = {key: value for key, value in extras.items() if key != "field"}
            return [{"type": "thinking", "thinking": inner, **more}]
        case "non_standard" if block["value"].get("type") not in ("refusal", "message_fields"):
            return [block["value"]]
        case _:
            return []


def _references(block: dict[str, Any]) -> list[Any]:
    """What Mistral's text rests on, as its reference parts name it."""
    extras = [as_object(annotation.get("extras")) for annotation in block.get("annotations") or ()]
    return [more["reference_ids"] for more in extras if "reference_ids" in more]


def _vendor_fields(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Fields of the message that stand in `non_standard` blocks and annotations."""
    fields: dict[str, Any] = {}
    for block in blocks:
        if block["type"] == "non_standard" and block["value"].get("type") in ("refusal", "message_fields"):
            fields |= {key: value for key, value in block["value"].items() if key != "type"}
        for annotation in block.get("annotations") or ():
            if annotation.get("type") == "non_standard_annotation":
                fields.setdefault("annotations", []).append(annotation["value"])
    return fields


def _media(blocks: list[dict[str, Any]], quirks: Quirks, owner: str, *, own: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for block in blocks:
        if block["type"] == "audio" and own and block.get("id"):
            fields["audio"] = {"id": block["id"]}
        elif block["type"] == "image" and quirks.answer_images:
            fields.setdefault("images", []).extend(encode_parts([block], quirks, owner))
        elif block["type"] in DATA_BLOCK_TYPES:
            refuse_media(block, owner, own=own)
    return fields


def _call(block: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    extras, args = as_object(block.get("extras")), block.get("args")
    id = quirks.tool_call_id(block["id"] or "") if quirks.tool_call_id else block.get("id")
    if extras.get("type") == "custom":
        text = args.get(CUSTOM_ARG) if is_object(args) else args
        return {"id": id, "type": "custom", "custom": {"name": block["name"], "input": text or ""}}
    function = {"name": block["name"], "arguments": args if isinstance(args, str) else dumps(args or {})}
    wire: dict[str, Any] = {"id": id, "type": "function", "function": function}
    return {**wire, "extra_content": extras["extra_content"]} if extras.get("extra_content") else wire

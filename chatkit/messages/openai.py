"""Messages as the dicts of OpenAI's Chat Completions (spec S52). `convert_to_messages` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import as_object, dumps, is_object
from chatkit.messages.ai import AIMessage
from chatkit.messages.base import BaseMessage, ToolMessage
from chatkit.messages.coerce import convert_to_messages
from chatkit.messages.select import message_chunk_to_message

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["convert_to_openai_messages"]

_CALLS = ("tool_call", "invalid_tool_call")
_UNKNOWN_THERE = frozenset({"reasoning", "server_tool_call", "server_tool_call_chunk", "server_tool_result"})


@overload
def convert_to_openai_messages(
    messages: BaseMessage | dict[str, Any] | str,
    *,
    text_format: Literal["string", "block"] = "string",
    include_id: bool = False,
    pass_through_unknown_blocks: bool = True,
) -> dict[str, Any]: ...
@overload
def convert_to_openai_messages(
    messages: Iterable[Any],
    *,
    text_format: Literal["string", "block"] = "string",
    include_id: bool = False,
    pass_through_unknown_blocks: bool = True,
) -> list[dict[str, Any]]: ...
def convert_to_openai_messages(
    messages: Any,
    *,
    text_format: Literal["string", "block"] = "string",
    include_id: bool = False,
    pass_through_unknown_blocks: bool = True,
) -> dict[str, Any] | list[dict[str, Any]]:
    """Messages as `{"role", "content", "tool_calls", ...}` dicts; one message gives one dict.

    Reasoning and tools that a provider ran are left out: the format has no place for them.

    Args:
        messages: a message or several, in any form that models take.
        text_format: "string" joins contents that are only text (an answer's without, others' with line breaks);
            "block" makes every content a list of parts.
        include_id: keep the messages' ids.
        pass_through_unknown_blocks: parts that the format does not know stay as they are; False makes them an error.

    Raises:
        InputError: an unknown text_format, or a block that is unknown.
    """
    if text_format not in ("string", "block"):
        raise InputError(f"text_format must be 'string' or 'block', not {text_format!r}")
    single = isinstance(messages, BaseMessage | dict | str)
    out: list[dict[str, Any]] = []
    for message in convert_to_messages([messages] if single else messages):
        wire = _wire(message_chunk_to_message(message), pass_through_unknown_blocks)
        if include_id and message.id:
            wire["id"] = message.id
        parts = wire["content"]
        if text_format == "string" and all(part["type"] == "text" and len(part) == 2 for part in parts):
            wire["content"] = ("" if isinstance(message, AIMessage) else "\n").join(part["text"] for part in parts)
        out.append(wire)
    return out[0] if single else out


def _wire(message: BaseMessage, pass_through: bool) -> dict[str, Any]:
    blocks = message.content_blocks
    role = message.additional_kwargs.get("__openai_role__") or message.role
    wire: dict[str, Any] = {"role": role}
    if message.name:
        wire["name"] = message.name
    if isinstance(message, ToolMessage):
        wire["tool_call_id"] = message.tool_call_id
    calls = [_call(block) for block in blocks if block["type"] in _CALLS]
    if calls:
        wire["tool_calls"] = calls
    if message.additional_kwargs.get("refusal"):
        wire["refusal"] = message.additional_kwargs["refusal"]
    shown = [block for block in blocks if block["type"] not in _CALLS and block["type"] not in _UNKNOWN_THERE]
    wire["content"] = [_part(block, pass_through) for block in shown]
    return wire


def _call(block: dict[str, Any]) -> dict[str, Any]:
    args = block.get("args")
    arguments = dumps(args) if is_object(args) else args or ""
    return {"type": "function", "id": block.get("id"), "function": {"name": block.get("name"), "arguments": arguments}}


def _part(block: dict[str, Any], pass_through: bool) -> dict[str, Any]:
    from chatkit.dialects.openai_chat.parts import encode_parts
    from chatkit.dialects.openai_chat.quirks import Quirks

    if block["type"] == "non_standard" and as_object(block.get("value")).get("type") != "refusal" and not pass_through:
        raise InputError(f"the format of OpenAI has no content of type {as_object(block.get('value')).get('type')!r}")
    try:
        return encode_parts([block], Quirks(), "convert_to_openai_messages")[0]
    except UnsupportedFeatureError:
        if not pass_through:
            raise
        return block

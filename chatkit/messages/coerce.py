"""From what a user may pass to a list of messages (spec 1C)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object
from chatkit.messages.ai import AIMessage
from chatkit.messages.base import BaseMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.chunk import AIMessageChunk
from chatkit.messages.tool_calls import openai_call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["convert_to_messages", "message_to_dict", "messages_from_dict", "messages_to_dict", "to_messages"]

ROLES = "'human'/'user', 'ai'/'assistant', 'system', 'developer', 'tool'"


def to_messages(value: Any) -> list[BaseMessage]:
    """The input of a model call as messages.

    Args:
        value: a str, a message, or a list of messages, `{"role", "content"}` dicts, `(role, content)` pairs and str.

    Raises:
        InputError: an empty list, an unknown role, a dict without role and content.
        InputTypeError: anything else.
    """
    if isinstance(value, str):
        return [HumanMessage(value)]
    if isinstance(value, BaseMessage):
        return [value]
    if isinstance(value, list | tuple):
        messages = [_to_message(item) for item in cast("list[Any]", value)]
        if not messages:
            raise InputError("the list of messages is empty; a model needs at least one message")
        return messages
    to_messages_method = getattr(value, "to_messages", None)  # LangChain's PromptValue
    if callable(to_messages_method):
        return to_messages(to_messages_method())
    raise InputTypeError(
        f"Invalid input type {type(value).__name__}. Must be a str, a message, or a list of messages, dicts, "
        "(role, content) pairs and str."
    )


def convert_to_messages(messages: Iterable[Any]) -> list[BaseMessage]:
    """Every item as a message; messages are passed through, the input is not changed."""
    return [_to_message(item) for item in messages]


def _to_message(item: Any) -> BaseMessage:
    if isinstance(item, BaseMessage):
        return item
    if isinstance(item, str):
        return HumanMessage(item)
    if isinstance(item, tuple | list):
        pair = cast("tuple[Any, ...]", item)
        if len(pair) != 2 or not isinstance(pair[0], str):
            raise InputError("a message given as a tuple must be (role, content)")
        return _from_role(pair[0], pair[1], {})
    if is_object(item):
        return _from_dict(item)
    if hasattr(item, "content") and isinstance(getattr(item, "type", None), str):  # a LangChain message
        fields = {field: value for field in _FIELDS if (value := getattr(item, field, None))}
        return _from_dict({**fields, "type": item.role if item.type == "chat" else item.type, "content": item.content})
    raise InputTypeError(f"{type(item).__name__} is not a message; give a message, a dict, a (role, content) pair or a str")


def _from_dict(item: dict[str, Any]) -> BaseMessage:
    fields = dict(item)
    role = fields.pop("role", None) or fields.pop("type", None)
    if role is None or ("content" not in fields and "content_blocks" not in fields and not fields.get("tool_calls")):
        raise InputError(f"Message dict must contain 'role' and 'content' keys, got {sorted(item)}")
    if not isinstance(role, str):
        raise InputTypeError(f"the role of a message must be a str, not {type(role).__name__}")
    return _from_role(role, fields.pop("content", None), fields)


_COMMON = ("name", "id", "additional_kwargs", "response_metadata", "content_blocks")
_AI = ("tool_calls", "invalid_tool_calls", "usage_metadata")
_TOOL = ("tool_call_id", "artifact", "status")
_OWN: dict[str, tuple[str, ...]] = {
    "ai": _AI,
    "tool": _TOOL,
    "AIMessageChunk": (*_AI, "tool_call_chunks", "chunk_position"),
}
_FIELDS = ("name", "id", "additional_kwargs", "response_metadata", *_AI, *_TOOL)
"""What a LangChain message may hold beside its content."""


def _from_role(role: str, content: Any, fields: dict[str, Any]) -> BaseMessage:
    make = _MAKERS.get(role)
    if make is None:
        raise InputError(f"Unexpected message type {role!r}. {_INSTEAD.get(role, f'Use one of {ROLES}.')}")
    return make("" if content is None and not fields.get("content_blocks") else content, fields)


def _split(kind: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Known fields by name, the rest under additional_kwargs."""
    known = {key: fields.pop(key) for key in (*_COMMON, *_OWN.get(kind, ())) if key in fields}
    fields.pop("type", None)
    if fields:
        known["additional_kwargs"] = {**(known.get("additional_kwargs") or {}), **fields}
    return known


def _human(content: Any, fields: dict[str, Any]) -> BaseMessage:
    return HumanMessage(content, **_split("human", dict(fields)))


def _system(content: Any, fields: dict[str, Any]) -> BaseMessage:
    return SystemMessage(content, **_split("system", dict(fields)))


def _developer(content: Any, fields: dict[str, Any]) -> BaseMessage:
    known = _split("system", dict(fields))
    known["additional_kwargs"] = {**(known.get("additional_kwargs") or {}), "__openai_role__": "developer"}
    return SystemMessage(content, **known)


def _ai(content: Any, fields: dict[str, Any]) -> BaseMessage:
    fields = dict(fields)
    calls = fields.get("tool_calls")
    calls = cast("list[Any]", calls) if isinstance(calls, list | tuple) else []
    keys = {key for call in calls if is_object(call) for key in call}
    if "custom" in keys:  # when it goes back it must be told from a function's, which only blocks can say
        blocks = [openai_call(call) for call in fields.pop("tool_calls")]
        text = cast("list[Any]", content) if isinstance(content, list) else [content] if content else []
        return AIMessage([*text, *blocks], **_split("ai", fields))
    if "function" in keys:
        fields["additional_kwargs"] = {**(fields.get("additional_kwargs") or {}), "tool_calls": fields.pop("tool_calls")}
        message = AIMessage(content, **_split("ai", fields))
        del message.additional_kwargs["tool_calls"]
        return message
    return AIMessage(content, **_split("ai", fields))


def _chunk(content: Any, fields: dict[str, Any]) -> BaseMessage:
    """A chunk; one that does not know of a position is a whole sum, of LangChain's."""
    return AIMessageChunk(content, **_split("AIMessageChunk", {"chunk_position": "last", **fields}))


def _tool(content: Any, fields: dict[str, Any]) -> BaseMessage:
    if fields.get("tool_call_id") is None:
        raise InputError("a tool message needs the 'tool_call_id' of the call that it answers")
    return ToolMessage(content, **_split("tool", dict(fields)))


_MAKERS: dict[str, Callable[[Any, dict[str, Any]], BaseMessage]] = {
    "human": _human,
    "user": _human,
    "ai": _ai,
    "assistant": _ai,
    "AIMessageChunk": _chunk,
    "system": _system,
    "developer": _developer,
    "tool": _tool,
    "HumanMessageChunk": _human,
    "SystemMessageChunk": _system,
    "ToolMessageChunk": _tool,
}

_INSTEAD = {
    "function": "What a function gave back is a 'tool' message with the 'tool_call_id' of its call.",
    "remove": "It tells LangGraph to forget a message; leave that message out of the list instead.",
}


def message_to_dict(message: BaseMessage) -> dict[str, Any]:
    """A message as a `{"type", "data"}` dict of JSON values."""
    return {"type": message.type, "data": message.model_dump()}


def messages_to_dict(messages: Iterable[BaseMessage]) -> list[dict[str, Any]]:
    """Messages as `{"type", "data"}` dicts of JSON values."""
    return [message_to_dict(message) for message in messages]


def messages_from_dict(messages: Iterable[dict[str, Any]]) -> list[BaseMessage]:
    """Messages from `messages_to_dict`, or from their `model_dump()`."""
    return [_from_dict({**item["data"], "type": item["type"]} if "data" in item else item) for item in messages]

"""Choosing messages of a conversation, and joining neighbours (spec S52)."""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from chatkit.jsons import is_object
from chatkit.merge import merge_into
from chatkit.messages.ai import AIMessage
from chatkit.messages.base import BaseMessage, ToolMessage
from chatkit.messages.chunk import AIMessageChunk
from chatkit.messages.coerce import convert_to_messages
from chatkit.messages.steps import also_a_step
from chatkit.messages.usage import add_usage

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

__all__ = ["MessageTypes", "filter_messages", "has_type", "merge_message_runs", "message_chunk_to_message"]

MessageTypes: TypeAlias = "str | type[BaseMessage] | Sequence[str | type[BaseMessage]]"
"""Kinds of messages: "human", "ai", "system", "tool", classes, or a list of them."""

_CALLS = frozenset({"tool_call", "invalid_tool_call", "tool_call_chunk", "tool_use", "function_call"})


def message_chunk_to_message(chunk: BaseMessage) -> BaseMessage:
    """The finished message of an AIMessageChunk; any other message as it is."""
    return chunk.to_message() if isinstance(chunk, AIMessageChunk) else chunk


def has_type(message: BaseMessage, types: MessageTypes) -> bool:
    """Whether a message is of one of the kinds."""
    wanted = [types] if isinstance(types, str | type) else types
    return any(_kind(message) == kind if isinstance(kind, str) else isinstance(message, kind) for kind in wanted)


def _kind(message: BaseMessage) -> str:
    return "ai" if isinstance(message, AIMessage) else message.type


@also_a_step
def filter_messages(
    messages: Any,
    *,
    include_names: Collection[str] | None = None,
    exclude_names: Collection[str] | None = None,
    include_types: MessageTypes | None = None,
    exclude_types: MessageTypes | None = None,
    include_ids: Collection[str] | None = None,
    exclude_ids: Collection[str] | None = None,
    exclude_tool_calls: Collection[str] | bool | None = None,
) -> list[BaseMessage]:
    """The messages that fit one of the `include_...` (all, when there are none) and none of the `exclude_...`.

    Args:
        messages: in any form that models take. Without them the result is a step.
        include_names, exclude_names: by `name`.
        include_types, exclude_types: by kind: "human", "ai", "system", "tool", or classes.
        include_ids, exclude_ids: by `id`.
        exclude_tool_calls: True leaves out all tool calls with their results; ids only those: a message all of whose
            calls are left out goes altogether.
    """
    included, excluded = (include_names, include_types, include_ids), (exclude_names, exclude_types, exclude_ids)
    kept = [
        message
        for message in convert_to_messages(messages)
        if not _fits(message, *excluded) and (not any(included) or _fits(message, *included))
    ]
    if exclude_tool_calls is None or exclude_tool_calls is False:
        return kept
    ids = None if exclude_tool_calls is True else frozenset(exclude_tool_calls)
    return [left for message in kept if (left := _without_calls(message, ids)) is not None]


def _fits(message: BaseMessage, names: Collection[str] | None, types: MessageTypes | None, ids: Collection[str] | None) -> bool:
    return bool((names and message.name in names) or (types and has_type(message, types)) or (ids and message.id in ids))


def _without_calls(message: BaseMessage, ids: frozenset[str] | None) -> BaseMessage | None:
    """The message without the calls of some ids, or of all; None when nothing is left of it."""
    if isinstance(message, ToolMessage):
        return None if ids is None or message.tool_call_id in ids else message
    if not isinstance(message, AIMessage) or not message.tool_calls:
        return message
    calls = [call for call in message.tool_calls if ids is not None and call["id"] not in ids]
    if not calls:
        return None
    if len(calls) == len(message.tool_calls):
        return message
    whole = message_chunk_to_message(message)
    content = whole.content
    if not isinstance(content, str):
        content = [item for item in content if not (is_object(item) and _call_id(item) in cast("frozenset[Any]", ids))]
    return whole.model_copy(update={"tool_calls": calls, "content": content})


def _call_id(block: dict[str, Any]) -> Any:
    return (block.get("call_id") or block.get("id")) if block.get("type") in _CALLS else None


@also_a_step
def merge_message_runs(messages: Any, *, chunk_separator: str = "\n") -> list[BaseMessage]:
    """Neighbours of the same kind as one message; results of tools stay apart.

    The result has the first id and response_metadata, and the name if all have the same; tool calls and usage add up.
    Linear in the messages.

    Args:
        messages: in any form that models take. Without them the result is a step.
        chunk_separator: stands between two texts. Contents that are lists of blocks are put together without it.
    """
    runs = itertools.groupby(map(message_chunk_to_message, convert_to_messages(messages)), key=_run_key)
    out: list[BaseMessage] = []
    for _, run in runs:
        first, *rest = run
        if not rest or isinstance(first, ToolMessage):
            out += [first, *rest]
        else:
            out.append(_joined([first, *rest], chunk_separator))
    return out


def _run_key(message: BaseMessage) -> tuple[type, Any]:
    return type(message), message.additional_kwargs.get("__openai_role__")


def _joined(run: list[BaseMessage], separator: str) -> BaseMessage:
    names = {message.name for message in run}
    kwargs: dict[str, Any] = {}
    for message in run:
        merge_into(kwargs, message.additional_kwargs)
    update: dict[str, Any] = {
        "content": _joined_content(run, separator),
        "id": next((message.id for message in run if message.id), None),
        "name": names.pop() if len(names) == 1 else None,
        "additional_kwargs": kwargs,
    }
    answers = [message for message in run if isinstance(message, AIMessage)]
    if answers:
        update["tool_calls"] = [call for answer in answers for call in answer.tool_calls]
        update["invalid_tool_calls"] = [call for answer in answers for call in answer.invalid_tool_calls]
        update["usage_metadata"] = functools.reduce(add_usage, [answer.usage_metadata for answer in answers])
    return run[0].model_copy(update=update)


def _joined_content(run: list[BaseMessage], separator: str) -> str | list[Any]:
    """The contents as one text, or as one list when one of them is a list."""
    parts: list[Any] = []
    for is_text, contents in itertools.groupby((message.content for message in run), key=lambda c: isinstance(c, str)):
        if is_text:
            parts.append(separator.join(filter(None, cast("list[str]", list(contents)))))
        else:
            parts += itertools.chain.from_iterable(contents)
    if isinstance(run[0].content, str) and len(parts) == 1:
        return parts[0]
    return [part for part in parts if part != ""]

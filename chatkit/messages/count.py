"""How many tokens a conversation has, roughly and at once, without a tokenizer (spec S41, S52)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from chatkit.jsons import dumps, is_object
from chatkit.messages.ai import AIMessage
from chatkit.messages.base import ToolMessage
from chatkit.messages.blocks import DATA_BLOCK_TYPES
from chatkit.messages.coerce import convert_to_messages

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatkit.messages.base import BaseMessage

__all__ = ["CHARS_PER_TOKEN", "count_tokens_approximately"]

CHARS_PER_TOKEN = 4.0

_TYPICAL = {"image": 85, "audio": 500, "video": 2000, "file": 1500}
"""Tokens of media whose real number depends on sizes and lengths that only the provider sees."""
_MOST = 1.25


def count_tokens_approximately(
    messages: Iterable[Any],
    *,
    chars_per_token: float = CHARS_PER_TOKEN,
    extra_tokens_per_message: float = 3.0,
    count_name: bool = True,
    tokens_per_image: int = 85,
    use_usage_metadata_scaling: bool = False,
    tools: Sequence[Any] | None = None,
) -> int:
    """About how many tokens the messages have; within 20 % for English prose, less exact for code and other languages.

    Args:
        messages: in any form that models take.
        chars_per_token: 4 fits English; 2 to 3 fits code, 1 to 2 fits Chinese and Japanese.
        extra_tokens_per_message: for role and separators.
        count_name: names of speakers count.
        tokens_per_image: of each image, whatever its size.
        use_usage_metadata_scaling: raise the estimate, by a quarter at most, when the provider counted more up to its last
            answer; not when answers of several providers are mixed.
        tools: tools that go with the messages, in any form that `bind_tools` takes.
    """
    media = {**_TYPICAL, "image": tokens_per_image}
    total = math.ceil(len(_shown(tools)) / chars_per_token) if tools else 0.0
    factor, vendors = 1.0, set[Any]()
    for message in convert_to_messages(messages):
        characters, fixed = _size(message, media)
        if count_name and message.name:
            characters += len(message.name)
        # Rounded for each message, so that the counts of messages add up to the count of their list.
        total += math.ceil(characters / chars_per_token) + fixed + extra_tokens_per_message
        if isinstance(message, AIMessage):
            vendors.add(message.response_metadata.get("model_provider"))
            if message.usage_metadata and total:
                factor = message.usage_metadata["total_tokens"] / total
    scaled = use_usage_metadata_scaling and len(vendors) == 1 and vendors != {None}
    return math.ceil(total * min(_MOST, max(1.0, factor)) if scaled else total)


def _shown(tools: Sequence[Any]) -> str:
    from chatkit.tools import normalize_tools

    return dumps(normalize_tools(tools))


def _size(message: BaseMessage, media: dict[str, int]) -> tuple[int, int]:
    """(characters, tokens of media) of a message."""
    characters, fixed = len(message.role), 0
    if isinstance(message, ToolMessage):
        characters += len(message.tool_call_id)
    if isinstance(message.content, str):
        characters += len(message.content)
        if isinstance(message, AIMessage):
            characters += sum(len(dumps(call)) for call in (*message.tool_calls, *message.invalid_tool_calls))
        return characters, fixed
    for block in message.content_blocks:
        if block["type"] in media and block["type"] in DATA_BLOCK_TYPES:
            fixed += media[block["type"]]
        else:
            characters += _length(block)
    return characters, fixed


def _length(block: dict[str, Any]) -> int:
    """Characters of what the model reads of a block; ids and signatures it does not read."""
    if block["type"] == "text" or block["type"] == "text-plain":
        return len(block.get("text") or "")
    if block["type"] == "reasoning":
        return len(block.get("reasoning") or "")
    if block["type"] == "non_standard":
        value = block.get("value")
        return len(dumps(value)) if is_object(value) else 0
    return len(dumps({key: value for key, value in block.items() if key not in ("extras", "index", "id")}))

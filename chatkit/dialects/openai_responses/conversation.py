"""Messages as the `input` of a request (wire sheet: openai_responses §3; spec S91)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.dialects.history import is_own
from chatkit.dialects.openai_responses.answers import answer_item
from chatkit.dialects.openai_responses.parts import PART_TYPES, text_or_parts
from chatkit.dialects.openai_responses.replay import assistant_items
from chatkit.messages import AIMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from chatkit.messages import BaseMessage

__all__ = ["Speaker", "input_items", "since_last_response"]


class Speaker(Struct, frozen=True):
    """Who will read the conversation.

    Attributes:
        owner: the model's class, for error messages.
        provider: the vendor's name.
        system_role: role of system messages, "system" or "developer".
    """

    owner: str
    provider: str
    system_role: str = "system"


def input_items(
    messages: list[BaseMessage], speaker: Speaker, *, stateless: bool = False, earlier: list[BaseMessage] | None = None
) -> list[dict[str, Any]]:
    """Messages as input items.

    Args:
        stateless: nothing is stored on the server (`store=False`).
        earlier: messages that are not sent; their calls are needed to answer them in the right form.

    Raises:
        UnsupportedFeatureError: content that the API does not take.
    """
    calls: dict[str, dict[str, Any]] = {}
    _items(earlier or [], speaker, stateless, calls)
    return _items(messages, speaker, stateless, calls)


def _items(
    messages: list[BaseMessage], speaker: Speaker, stateless: bool, calls: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    for message in messages:
        if not isinstance(message, AIMessage):
            items += _incoming(message, calls, speaker)
            continue
        said = assistant_items(message, speaker.provider, speaker.owner, stateless=stateless)
        calls.update((item["call_id"], item) for item in said if isinstance(item.get("call_id"), str))
        items += said
    return items


def _incoming(message: BaseMessage, calls: dict[str, dict[str, Any]], speaker: Speaker) -> list[dict[str, Any]]:
    """A message to the model; items of the API's own that stand in it (approvals, outputs) follow it."""
    own = [block["value"] for block in message.content_blocks if _is_item(block)]
    blocks = [block for block in message.content_blocks if not _is_item(block)]
    if isinstance(message, ToolMessage):
        return own or [answer_item(message, calls, speaker.owner)]
    if own and not blocks:
        return own
    return [{"role": _role(message, speaker), "content": text_or_parts(blocks, speaker.owner)}, *own]


def _is_item(block: dict[str, Any]) -> bool:
    value = block.get("value") if block["type"] == "non_standard" else None
    return value is not None and isinstance(value.get("type"), str) and value["type"] not in PART_TYPES


def _role(message: BaseMessage, speaker: Speaker) -> str:
    if not isinstance(message, SystemMessage):
        return "user"
    return message.additional_kwargs.get("__openai_role__") or speaker.system_role


def since_last_response(messages: list[BaseMessage], provider: str) -> tuple[str | None, list[BaseMessage]]:
    """(id of the last answer that the server still has, the messages after it); (None, all) without one (spec S16)."""
    for at in range(len(messages) - 1, -1, -1):
        if isinstance(messages[at], AIMessage) and (id := _stored_id(messages[at], provider)) is not None:
            return id, messages[at + 1 :]
    return None, messages


def _stored_id(message: BaseMessage, provider: str) -> str | None:
    """The id under which the server has kept this answer."""
    said = message.response_metadata
    id = said.get("id")
    if not isinstance(id, str) or not is_own(message, provider) or said.get("store") is False:
        return None
    return id if said.get("object") == "response" or id.startswith("resp_") else None

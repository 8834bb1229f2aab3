"""What of an earlier answer may go back to which vendor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import UnsupportedFeatureError
from chatkit.messages.blocks import DATA_BLOCK_TYPES

if TYPE_CHECKING:
    from chatkit.messages import BaseMessage

__all__ = ["is_own", "refuse_media", "replayable"]

_PORTABLE = DATA_BLOCK_TYPES | {"text", "tool_call", "invalid_tool_call"}
_PRIVATE = ("extras", "annotations")


def is_own(message: BaseMessage, provider: str) -> bool:
    """Whether the vendor gave this answer itself; a message that the user built counts as its own."""
    return message.response_metadata.get("model_provider") in (None, provider)


def refuse_media(block: dict[str, Any], owner: str, *, own: bool) -> None:
    """What happens to media in an answer where the API has no place for them.

    Those of another vendor's answer are left out, so that a conversation can go on with any model.

    Args:
        own: whether the vendor gave the answer itself, or the user built it.

    Raises:
        UnsupportedFeatureError: it is one's own.
    """
    if own:
        raise UnsupportedFeatureError(
            f"{owner}: this API takes no {block['type']} block in a message of the assistant; move it to a user message"
        )


def replayable(message: BaseMessage, provider: str) -> list[dict[str, Any]]:
    """The blocks of an earlier answer that `provider` may be sent.

    Its own answers go back whole. Of another vendor's answer text, media and tool calls are kept; reasoning,
    server-tool blocks and what only that vendor understands (signatures, citations) are left out.
    """
    blocks = message.content_blocks
    if is_own(message, provider):
        return blocks
    kept = (block for block in blocks if block["type"] in _PORTABLE)
    return [{key: value for key, value in block.items() if key not in _PRIVATE} for block in kept]

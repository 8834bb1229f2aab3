"""Arguments that are free text on the wire and become one string in a JSON object: input of custom tools, code.

They come in pieces, so the JSON around them is put together in pieces too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatkit.jsons import dumps

if TYPE_CHECKING:
    from chatkit.dialects.openai_responses.slots import Slot

__all__ = ["CUSTOM_INPUT", "begin", "escape", "rest"]

CUSTOM_INPUT = "__arg1"
"""The one argument of a custom tool (the name that LangChain uses)."""


def escape(text: str) -> str:
    """Text as it stands between the quotes of a JSON string."""
    return dumps(text)[1:-1]


def begin(name: str, slot: Slot) -> str:
    """The JSON in front of the text."""
    slot.quoted = True
    return f'{{"{name}":"'


def rest(name: str, text: str, slot: Slot, *, fill: bool) -> str:
    """The JSON that is still missing when the whole text is known.

    Args:
        fill: False when the pieces were said by an earlier stream.
    """
    if fill and not slot.quoted:
        return dumps({name: text})
    return ("" if slot.joined or not fill else escape(text)) + '"}'

"""Bytes that are not UTF-8, in the middle of a text: marked in the reply, put in where the mark left the dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from chatkit.simulator.pieces import text_pieces

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator.reply import Reply
    from chatkit.simulator.steps import Step

__all__ = ["garbled", "marked"]

_MARK = "\ue000"  # a character that no answer has, in every dialect these bytes:
_MARK_BYTES = _MARK.encode()
_BAD = b"\xff\xfe\x80"


def marked(reply: Reply, after: int) -> Reply:
    """The reply with the mark in its first text, after some pieces."""
    blocks = reply.content
    for block in blocks:
        if block["type"] == "text":
            pieces = text_pieces(block["text"], reply.piece)
            block["text"] = "".join(
                [*pieces[:after], *(piece + _MARK for piece in pieces[after : after + 1]), *pieces[after + 1 :]]
            )
            break
    return replace(reply, blocks=blocks)


def garbled(steps: Iterator[Step]) -> Iterator[Step]:
    """The steps with bad bytes in the place of the mark."""
    return (step.replace(_MARK_BYTES, _BAD) if isinstance(step, bytes) else step for step in steps)

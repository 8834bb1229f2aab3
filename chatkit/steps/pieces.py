"""Pieces of outputs put together: what a streamed step gave as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

__all__ = ["Once", "total"]


def total(pieces: Sequence[Any]) -> Any:
    """The sum of some pieces: texts joined, message chunks and lists added; of other things the last (spec S103)."""
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    first = pieces[0]
    if not hasattr(first, "__add__") or isinstance(first, int | float):
        return pieces[-1]
    try:
        summed = first + pieces[1]  # makes a new list or message, which the others may be added to in place
        for piece in pieces[2:]:
            summed += piece
    except TypeError:
        return pieces[-1]
    return summed


class Once:
    """One output, as a stream of one piece."""

    def __init__(self, output: Any) -> None:
        self._outputs = [output]

    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        if not self._outputs:
            raise StopAsyncIteration
        return self._outputs.pop()

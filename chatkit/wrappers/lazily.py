"""A stream that is chosen when its first piece is asked for, and is passed through from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.net.leaving import Leaving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["Chosen", "first_of"]

NOTHING = object()


async def first_of(stream: Any) -> Any:
    """The first piece of a stream; NOTHING when it has none. A stream that fails has closed itself."""
    try:
        return await anext(stream)
    except StopAsyncIteration:
        return NOTHING


class Chosen(Leaving[Any]):
    """Pieces of the stream that `choose` finds; leaving it leaves that stream.

    Args:
        choose: gives (first piece or NOTHING, the stream after it).
    """

    def __init__(self, choose: Callable[[], Awaitable[tuple[Any, Any]]]) -> None:
        self._choose = choose
        self._stream: Any = None

    async def _next(self) -> Any:
        if self._stream is None:
            first, self._stream = await self._choose()
            if first is NOTHING:
                raise StopAsyncIteration
            return first
        return await anext(self._stream)

    def _abandon(self) -> None:
        self._stream = None  # the last reference: the stream closes itself

    async def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.aclose()

"""Calls that are made again, elsewhere or later, as long as nothing of an answer has come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from chatkit.errors import InvalidResponseError, ModelError
from chatkit.events import OUTPUT_TYPES, Reset
from chatkit.messages.chunk import AIMessageChunk
from chatkit.net.leaving import Leaving, aclose

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from chatkit.verbs import Runnable

__all__ = ["AttemptStream", "Attempts", "invoke"]


class Attempts(Protocol):
    """One call, and what is done when it fails."""

    needs_output: bool
    """A stream that ends without any output has failed."""

    restart: bool
    """A stream that breaks after its first output is begun again."""

    def now(self) -> tuple[Runnable[Any], Any, Any]:
        """Who is asked now, with which input and config."""
        ...

    async def failed(self, error: Exception) -> None:
        """Get ready for the next attempt; raises when there is none."""
        ...


async def invoke(attempts: Attempts, kwargs: dict[str, Any]) -> Any:
    """The output of the first attempt that has one."""
    while True:
        target, input, config = attempts.now()
        try:
            return await target.ainvoke(input, config, **kwargs)
        except Exception as error:
            await attempts.failed(error)


class AttemptStream(Leaving[Any]):
    """The pieces of the first attempt that gives one; an error after that is raised."""

    def __init__(self, attempts: Attempts, kwargs: dict[str, Any]) -> None:
        self._attempts = attempts
        self._kwargs = kwargs
        self._source: Any = None
        self._cursor: AsyncIterator[Any] | None = None
        self._begun = False
        self._broken: ModelError | None = None

    async def _next(self) -> Any:
        while True:
            try:
                return self._seen(await self._piece())
            except StopAsyncIteration:
                if self._begun or not self._attempts.needs_output:
                    raise
                await self._again(InvalidResponseError("the stream ended without any output", retryable=True))
            except Exception as error:
                if self._begun and not self._attempts.restart:
                    raise
                await self._again(error)

    async def _piece(self) -> Any:
        if self._cursor is None:
            target, input, config = self._attempts.now()
            self._source = target.astream(input, config, **self._kwargs)
            self._cursor = aiter(self._source)
        return await anext(self._cursor)

    def _seen(self, piece: Any) -> Any:
        if not self._begun and self._attempts.needs_output and _is_empty(piece):
            raise InvalidResponseError("the stream ended without any output", retryable=True, partial=piece.to_message())
        self._begun = True
        if self._broken is None:
            return piece
        broken, self._broken = self._broken, None
        if not isinstance(piece, AIMessageChunk):
            return piece
        return AIMessageChunk.of_events([Reset(broken), *piece.events], piece.id, piece.chunk_position, piece._as_blocks)

    async def _again(self, error: Exception) -> None:
        await self._close()
        self._source = self._cursor = None
        await self._attempts.failed(error)
        if self._begun:
            self._broken = error if isinstance(error, ModelError) else ModelError(f"{type(error).__name__}: {error}")

    async def _close(self) -> None:
        await aclose(self._source)

    def _abandon(self) -> None:
        self._source = self._cursor = None


def _is_empty(piece: Any) -> bool:
    """Whether the first piece of a message is the last one too, and has nothing to show."""
    if not isinstance(piece, AIMessageChunk) or piece.chunk_position != "last":
        return False
    return not any(type(event) in OUTPUT_TYPES for event in piece.events)

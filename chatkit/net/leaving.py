"""What users hold while something arrives, and how it notices that they left.

An object, not an async generator: `async for` gives a cursor, and when the loop is left by `break` the cursor dies
with it and stops the source, even if the object itself is kept. Inside `async with` the block owns the source instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeVar

import anyio

from chatkit.net.loops import finish

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

__all__ = ["Leaving", "aclose"]

T = TypeVar("T")


class Leaving(Generic[T]):
    """Base of what is read with `async for`. Subclasses write `_next`, `_abandon` and `_close`.

    Or, where every step must be as cheap as can be, `__anext__`, `_leave` and `aclose` themselves.

    Attributes:
        _stoppable: `_close` ends a `_next` that runs in another task. Otherwise that is cancelled first, which costs a
            cancel scope an item; it is never open while the reader has the turn.
    """

    _stoppable: ClassVar[bool] = False
    _owned = False
    _over = False
    _reading: anyio.CancelScope | None = None
    _gone: anyio.Event | None = None

    async def _next(self) -> T:
        """The next item; StopAsyncIteration at the end."""
        raise NotImplementedError

    def _abandon(self) -> None:
        """Stop the source without awaiting, from any thread. Called at most once, and not after the end."""

    async def _close(self) -> None:
        """Stop the source and wait until it has cleaned up: for who left, and after an error of `_next`.

        Called at most once, and not after the end.
        """

    def __aiter__(self) -> _Cursor[T]:
        return _Cursor(self)

    async def __anext__(self) -> T:
        if self._over:
            raise StopAsyncIteration
        try:
            return await (self._next() if self._stoppable else self._in_scope())
        except GeneratorExit:  # the coroutine itself is dropped
            self._leave()
            raise
        except StopAsyncIteration:
            self._over = True
            raise
        except BaseException:
            self._over = True
            await finish(self._close())
            raise

    async def _in_scope(self) -> T:
        try:
            with anyio.CancelScope() as self._reading:
                return await self._next()
        finally:
            self._reading = None
            if self._gone is not None:
                self._gone.set()
        raise StopAsyncIteration  # closed by another task

    def _leave(self) -> None:
        if not self._over:
            self._over = True
            self._abandon()

    async def aclose(self) -> None:
        """Stop, and wait until everything has cleaned up. Does nothing after the end.

        Another task may be reading meanwhile: its loop ends.
        """
        if self._over:
            return
        self._over = True
        if self._reading is not None:
            self._gone = anyio.Event()
            self._reading.cancel()
            await finish(self._gone.wait())
        await finish(self._close())

    async def __aenter__(self) -> Self:
        self._owned = True
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._leave()


async def aclose(source: Any) -> None:
    """Close a source, if it is one that can be closed: any async iterable may be read."""
    close = getattr(source, "aclose", None)
    if close is not None:
        await close()


class _Cursor(Generic[T]):
    """One `async for`."""

    __slots__ = ("_source",)

    def __init__(self, source: Leaving[T]) -> None:
        self._source = source

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Coroutine[Any, Any, T]:
        return self._source.__anext__()

    def __del__(self) -> None:
        if not self._source._owned:
            self._source._leave()

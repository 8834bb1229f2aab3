"""A bounded way from many writers, on any loop or thread, to one reader: a full channel makes writers wait."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio

from chatkit.net.loops import call_on, current_loop

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Channel"]

T = TypeVar("T")


class Channel(Generic[T]):
    """Items in the order in which they were sent.

    Args:
        size: how many may wait for the reader.
    """

    def __init__(self, size: int = 16) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._items: deque[T] = deque()
        self._reader: tuple[Any, anyio.Event] | None = None
        self._writers: list[tuple[Any, anyio.Event]] = []
        self._ended = False
        self._left = False

    def send(self, item: T) -> Coroutine[Any, Any, None] | None:
        """Send an item, from any thread; when the channel is full then, gives what waits for room.

        Does nothing when the reader has left.
        """
        with self._lock:
            if self._left:
                return None
            self._items.append(item)
            reader, self._reader = self._reader, None
            full = len(self._items) >= self._size
        if reader is not None:
            call_on(reader[0], reader[1].set)
        return self._room() if full else None

    async def _room(self) -> None:
        with self._lock:
            if self._left or len(self._items) < self._size:
                return
            room = anyio.Event()
            self._writers.append((current_loop(), room))
        await room.wait()

    async def receive(self) -> T:
        """The next item; StopAsyncIteration when it was ended and everything is read. One reader only."""
        while True:
            with self._lock:
                if self._items:
                    item = self._items.popleft()
                    writers = self._let_in()
                    break
                if self._ended:
                    raise StopAsyncIteration
                news = anyio.Event()
                self._reader = (current_loop(), news)
            await news.wait()
        for loop, room in writers:
            call_on(loop, room.set)
        return item

    def _let_in(self) -> list[tuple[Any, anyio.Event]]:
        if len(self._items) > self._size // 2:
            return []
        writers, self._writers = self._writers, []
        return writers

    def end(self) -> None:
        """Nothing more will be sent."""
        with self._lock:
            self._ended = True
            reader, self._reader = self._reader, None
        if reader is not None:
            call_on(reader[0], reader[1].set)

    def leave(self) -> None:
        """Nobody reads any more: what is sent is dropped, and nobody waits."""
        with self._lock:
            self._left = True
            self._items.clear()
            writers, self._writers = self._writers, []
        for loop, room in writers:
            call_on(loop, room.set)

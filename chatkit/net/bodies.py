"""The body of a request as a stream that nobody has to close.

httpx gives a body out by an async generator. When a connection breaks while the body is written, the generator is
dropped in the middle, and trio warns of it.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any, Self

__all__ = ["set_body"]


def set_body(message: Any, body: bytes) -> None:
    """Give a request of httpx's, or httpx2's, that was made with `content=body`, a stream of this kind."""
    cls = _stream_class(type(message).__module__.partition(".")[0])
    if cls is not None:
        message.stream = cls(body)


@lru_cache(maxsize=8)
def _stream_class(library: str) -> Any:
    base = getattr(sys.modules.get(library), "AsyncByteStream", None)
    return None if base is None else type("Body", (_Body, base), {})


class _Body:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __aiter__(self) -> _Piece:
        return _Piece(self._data)


class _Piece:
    __slots__ = ("_data",)

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        data, self._data = self._data, b""
        if not data:
            raise StopAsyncIteration
        return data

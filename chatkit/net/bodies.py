"""Bodies of requests and responses without async generators of our own between us and the library.

httpx gives the body of a request out by an async generator, and decodes that of a response in one. When a connection
breaks while the one is written, or what the other reads cannot be decoded, generators are dropped in the middle, and
trio warns of them.
"""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

__all__ = ["body_of", "run_out", "set_body"]


def body_of(response: Any) -> AsyncIterator[bytes]:
    """The pieces of a response's body, decoded where they are compressed."""
    if "content-encoding" not in response.headers:
        return response.stream.__aiter__()
    decoder = getattr(response, "_get_content_decoder", None)
    mocked = hasattr(response, "_content")  # it was read, and decoded, when it was made
    return response.aiter_bytes() if decoder is None or mocked else _Decoded(response.stream.__aiter__(), decoder())


class _Decoded:
    """The pieces of a compressed body."""

    def __init__(self, raw: AsyncIterator[bytes], decoder: Any) -> None:
        self.raw = raw
        self._decoder = decoder
        self._over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._over:
            try:
                piece = _joined(self._decoder.decode(await self.raw.__anext__()))
            except StopAsyncIteration:
                self._over = True
                piece = _joined(self._decoder.flush())
            if piece:
                return piece
        raise StopAsyncIteration


def _joined(pieces: Any) -> bytes:
    """What a decoder gives: httpx's give bytes, httpx2's an iterator of pieces."""
    return pieces if isinstance(pieces, bytes) else b"".join(pieces)


async def run_out(body: AsyncIterator[bytes]) -> None:
    """Read what is left of a closed body, so that the generators inside the HTTP library end by themselves.

    Dropped in the middle they would be finalised one by one later, and trio warns of each.
    """
    async for _ in getattr(body, "raw", body):
        pass


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

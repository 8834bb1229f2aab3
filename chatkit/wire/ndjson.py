"""Newline-delimited JSON from bytes, at any cut: one document a line, blank lines skipped."""

from __future__ import annotations

from chatkit.errors import InvalidResponseError
from chatkit.wire.sse import MAX_EVENT_BYTES

__all__ = ["NDJSONDecoder"]


class NDJSONDecoder:
    """Cuts a byte stream into lines.

    Args:
        max_bytes: size above which a line is refused with InvalidResponseError.
    """

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []  # pieces of the unfinished line
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Lines that the next bytes complete, without their line end."""
        head, *rest = chunk.split(b"\n")
        self._parts.append(head)
        self._size += len(head)
        if self._size > self._max_bytes:
            raise InvalidResponseError(f"a line of the stream is larger than {self._max_bytes} bytes")
        if not rest:
            return []
        lines = [b"".join(self._parts), *rest[:-1]]
        self._parts = [rest[-1]]
        self._size = len(rest[-1])
        return [line for raw in lines if (line := raw.strip())]

    def close(self) -> list[bytes]:
        """The line that the end of the stream completes."""
        line = b"".join(self._parts).strip()
        self._parts, self._size = [], 0
        return [line] if line else []

"""AWS event streams (`application/vnd.amazon.eventstream`) from bytes, at any cut, and back to bytes.

A message is, big-endian: total length (4), headers length (4), CRC32 of those 8 bytes (4), headers, payload,
CRC32 of all before it (4). A header is: name length (1), name, type (1), value. Source: wire sheet
bedrock_converse, section 5; limits as in the AWS SDKs.
"""

from __future__ import annotations

import uuid
from struct import Struct
from struct import error as struct_error
from typing import TYPE_CHECKING, TypeAlias
from zlib import crc32

from chatkit.errors import InvalidResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["MAX_HEADERS_BYTES", "MAX_PAYLOAD_BYTES", "EventStreamDecoder", "EventStreamMessage", "Header", "encode_message"]

Header: TypeAlias = str | bytes | bool | int | uuid.UUID
"""Value of a header; a timestamp is an int, milliseconds since 1970."""

MAX_PAYLOAD_BYTES = 24 * 1024 * 1024
MAX_HEADERS_BYTES = 128 * 1024

_PRELUDE = Struct(">III")
_U16 = Struct(">H")
_U32 = Struct(">I")
_OVERHEAD = _PRELUDE.size + _U32.size
_STRING = 7
_KNOWN_HEADERS = 64


class EventStreamMessage:
    """One message: `headers` by name, `payload` as bytes. The headers are shared between messages: do not change them."""

    __slots__ = ("headers", "payload")

    def __init__(self, headers: Mapping[str, Header], payload: bytes) -> None:
        self.headers = headers
        self.payload = payload

    def __repr__(self) -> str:
        return f"EventStreamMessage(headers={self.headers!r}, payload={self.payload!r})"


class EventStreamDecoder:
    """Cuts a byte stream into messages and checks both checksums of each."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._need = _PRELUDE.size  # bytes without which nothing can be said
        self._known: dict[bytes, dict[str, Header]] = {}  # the few header blocks of a stream come again and again
        self._failure: InvalidResponseError | None = None

    def feed(self, chunk: bytes) -> list[EventStreamMessage]:
        """Messages that the next bytes complete.

        Raises:
            InvalidResponseError: a length out of bounds, a wrong checksum, a malformed header. Whole messages
                before it are handed out first; then the next `feed` or `close` raises.
        """
        self._raise_failure()
        buffer = self._buffer
        buffer += chunk
        messages: list[EventStreamMessage] = []
        if len(buffer) < self._need:
            return messages
        try:
            self._cut(messages)
        except InvalidResponseError as error:
            if not messages:
                raise
            self._failure = error
        return messages

    def close(self) -> bool:
        """Whether the stream ended between two messages, not inside one. Raises like `feed`."""
        self._raise_failure()
        return not self._buffer

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _cut(self, messages: list[EventStreamMessage]) -> None:
        buffer = self._buffer
        start = 0
        while len(buffer) - start >= _PRELUDE.size:
            total, headers_size = _check_prelude(buffer, start)
            if len(buffer) - start < total:
                self._need = total
                break
            messages.append(self._message(bytes(memoryview(buffer)[start : start + total]), headers_size))
            start += total
        else:
            self._need = _PRELUDE.size
        del buffer[:start]

    def _message(self, message: bytes, headers_size: int) -> EventStreamMessage:
        if crc32(memoryview(message)[:-4]) != _U32.unpack_from(message, len(message) - 4)[0]:
            raise _broken("the checksum of a message is wrong")
        end = _PRELUDE.size + headers_size
        block = message[_PRELUDE.size : end]
        headers = self._known.get(block)
        if headers is None:
            headers = _headers(block)
            if len(self._known) < _KNOWN_HEADERS:
                self._known[block] = headers
        return EventStreamMessage(headers, message[end:-4])


def _check_prelude(buffer: bytearray, start: int) -> tuple[int, int]:
    """(total, headers length) of the message at `start`."""
    total, headers_size, checksum = _PRELUDE.unpack_from(buffer, start)
    if crc32(memoryview(buffer)[start : start + 8]) != checksum:
        raise _broken("the checksum of a prelude is wrong")
    payload_size = total - headers_size - _OVERHEAD
    if headers_size > MAX_HEADERS_BYTES or not 0 <= payload_size <= MAX_PAYLOAD_BYTES:
        raise _broken(f"a message of {total} bytes with {headers_size} bytes of headers is out of bounds")
    return total, headers_size


def _broken(what: str) -> InvalidResponseError:
    return InvalidResponseError(f"the AWS event stream is broken: {what}")


def _sized(block: bytes, at: int) -> tuple[bytes, int]:
    """A value with its length (2 bytes) before it, and where the next thing begins."""
    end = at + 2 + _U16.unpack_from(block, at)[0]
    if end > len(block):
        raise IndexError
    return block[at + 2 : end], end


def _text(block: bytes, at: int) -> tuple[str, int]:
    value, end = _sized(block, at)
    return value.decode(), end


def _integer(size: int) -> Callable[[bytes, int], tuple[int, int]]:
    def read(block: bytes, at: int) -> tuple[int, int]:
        if at + size > len(block):
            raise IndexError
        return int.from_bytes(block[at : at + size], "big", signed=True), at + size

    return read


_READERS: dict[int, Callable[[bytes, int], tuple[Header, int]]] = {
    0: lambda _, at: (True, at),
    1: lambda _, at: (False, at),
    2: _integer(1),
    3: _integer(2),
    4: _integer(4),
    5: _integer(8),
    6: _sized,
    _STRING: _text,
    8: _integer(8),
    9: lambda block, at: (uuid.UUID(bytes=block[at : at + 16]), at + 16),
}


def _headers(block: bytes) -> dict[str, Header]:
    headers: dict[str, Header] = {}
    at = 0
    try:
        while at < len(block):
            end = at + 1 + block[at]
            name = block[at + 1 : end].decode()
            if name in headers:
                raise _broken(f"the header {name!r} comes twice")
            headers[name], at = _READERS[block[end]](block, end + 1)
    except (IndexError, KeyError, ValueError, struct_error) as error:
        raise _broken(f"its headers cannot be read: {block[:80]!r}") from error
    return headers


def encode_message(headers: Mapping[str, str], payload: bytes) -> bytes:
    """The bytes of one message. All headers are strings, as in everything that Bedrock sends.

    Raises:
        ValueError: a name above 255 bytes or a value above 65535.
    """
    block = bytearray()
    for name, value in headers.items():
        raw_name, raw_value = name.encode(), value.encode()
        if len(raw_name) > 255 or len(raw_value) > 65535:
            raise ValueError(f"the header {name[:40]!r} does not fit an event stream")
        block += bytes([len(raw_name)]) + raw_name + bytes([_STRING]) + _U16.pack(len(raw_value)) + raw_value
    lengths = _U32.pack(_OVERHEAD + len(block) + len(payload)) + _U32.pack(len(block))
    message = lengths + _U32.pack(crc32(lengths)) + block + payload
    return message + _U32.pack(crc32(message))

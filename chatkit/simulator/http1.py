"""The server's side of HTTP/1.1, as much as clients of chat APIs use: no I/O, bytes to requests and back."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from chatkit.codec import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BadRequest", "RequestReader", "chunk", "head", "wants_close"]

_MAX_HEAD = 64 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"


class BadRequest(ValueError):
    """The bytes are no HTTP request."""


class RequestReader:
    """Bytes of a connection to requests, one after the other.

    Attributes:
        expects: the client waits for "100 Continue" before it sends the body.
    """

    def __init__(self) -> None:
        self.expects = False
        self._buffer = bytearray()
        self._request: Request | None = None  # its head is complete, its body is not
        self._left: int | None = 0  # bytes of the body to come, None when it is chunked

    def feed(self, data: bytes) -> list[Request]:
        """Requests that the next bytes complete. Raises BadRequest."""
        self._buffer += data
        requests: list[Request] = []
        while (request := self._next()) is not None:
            requests.append(request)
        return requests

    def _next(self) -> Request | None:
        if self._request is None and not self._read_head():
            return None
        request = self._request
        if request is None or not (self._read_chunked(request) if self._left is None else self._read_sized(request)):
            return None
        self._request, self.expects = None, False
        return request

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise BadRequest("the head of the request is too long")
            return False
        lines = self._buffer[:end].decode("latin-1").lstrip("\r\n").split("\r\n")
        del self._buffer[: end + 4]
        words = lines[0].split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            raise BadRequest(f"no HTTP/1.1 request line: {lines[0]!r}")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "0")
        if not length.isdigit():
            raise BadRequest(f"content-length is no number: {length!r}")
        self._left = None if chunked else int(length)
        self.expects = headers.get("expect", "").lower() == "100-continue"
        self._request = Request(url=words[1], body=b"", headers=headers, method=words[0])
        return True

    def _read_sized(self, request: Request) -> bool:
        if len(self._buffer) < (self._left or 0):
            return False
        request.body = bytes(self._buffer[: self._left])
        del self._buffer[: self._left]
        return True

    def _read_chunked(self, request: Request) -> bool:
        while (end := self._buffer.find(b"\r\n")) >= 0:
            try:
                size = int(self._buffer[:end].split(b";")[0], 16)
            except ValueError as error:
                raise BadRequest("no size where a chunk of the body begins") from error
            if len(self._buffer) < end + size + 4:
                return False
            request.body += self._buffer[end + 2 : end + 2 + size]
            del self._buffer[: end + size + 4]
            if size == 0:
                return True
        return False


def wants_close(request: Request) -> bool:
    """Whether the connection ends after this request."""
    return request.headers.get("connection", "").lower() == "close"


def head(status: int, headers: Mapping[str, str], length: int | None) -> bytes:
    """The head of a response; without a length the body is chunked."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    size = "transfer-encoding: chunked" if length is None else f"content-length: {length}"
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
        size,
        "server: chatkit-simulator",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def chunk(data: bytes) -> bytes:
    """A piece of a chunked body."""
    return b"%x\r\n%s\r\n" % (len(data), data)

"""A server on a real socket that answers with whatever bytes it is told, on threads of its own."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HI", "RawServer", "read_request", "response"]

HI = b'{"id":"c","model":"m-1","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'


def response(
    body: bytes = HI, *headers: str, status: str = "200 OK", version: str = "HTTP/1.1", length: int | None = -1
) -> bytes:
    """A whole response; `length` None leaves content-length out, a number claims another."""
    size = len(body) if length == -1 else length
    lines = [f"{version} {status}", "content-type: application/json", *headers]
    lines += [] if size is None else [f"content-length: {size}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read_request(connection: socket.socket) -> bytes | None:
    """The next request's head and body; None when the client has gone."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            return None
        body += more
    return head + b"\r\n\r\n" + body


class RawServer:
    """Calls `handle(connection)` for every connection.

    Attributes:
        connections: how many there were; ended: how many are over.
    """

    def __init__(self, handle: Callable[[Any], None], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._handle, self._tls = handle, tls
        self.connections = self.ended = 0
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.host = f"[{host}]" if ":" in host else host
        self._open: set[Any] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}/v1"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in [self._listener, *self._open]:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Any) -> None:
        self._open.add(connection)
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            self._handle(connection)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()
            self._open.discard(connection)
            self.ended += 1

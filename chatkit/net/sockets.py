"""Ending a connection at once, from any thread and in any state, without its loop."""

from __future__ import annotations

import contextlib
import os
import socket
from typing import Any

__all__ = ["shut"]


def shut(sock: Any) -> None:
    """End a connection for both sides; nothing is awaited, and nothing happens when it is closed already.

    Args:
        sock: what the loop shows as the connection's socket, or None.
    """
    if sock is None:
        return
    with contextlib.suppress(OSError):
        try:
            sock.shutdown(socket.SHUT_RDWR)
        except TypeError:  # uvloop shows something that cannot do it
            _shut_twin(sock)


def _shut_twin(sock: Any) -> None:
    """By way of a second descriptor; the names are compared because the first may be another connection's by now."""
    with socket.socket(fileno=os.dup(sock.fileno())) as twin:
        if twin.getsockname() == sock.getsockname():
            twin.shutdown(socket.SHUT_RDWR)

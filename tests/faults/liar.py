"""A server that sends exactly the bytes it is told, whatever HTTP says about them."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import TYPE_CHECKING, Literal

from tests.net.loopback import Loopback

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = bytes | Literal["close", "reset", "keep"]
"""Send bytes, close the connection, reset it (RST), or wait for the next request on it."""


class Liar(Loopback):
    """Answers each request with the next script; the last one again and again."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        super().__init__()
        self._scripts = scripts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _answer(self, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        script = self._scripts[min(self.requests, len(self._scripts)) - 1]
        for step in script:
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                await asyncio.sleep(0.01)  # what follows is not to come in the same read
            elif step == "reset":
                linger = struct.pack("ii", 1, 0)
                writer.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            elif step == "keep":
                return True
        writer.close()
        return False

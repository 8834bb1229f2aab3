"""A picture for whoever asks for one: a real PNG of one color, which depends on the prompt."""

from __future__ import annotations

import base64
import struct
import zlib

__all__ = ["picture"]

_SIDE = 16


def picture(prompt: str) -> str:
    """A PNG file in base64."""
    color = zlib.crc32(prompt.encode()).to_bytes(4, "big")[:3]
    row = b"\0" + color * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(row * _SIDE)), _chunk(b"IEND", b""))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"".join(chunks)).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

"""A sound for whoever asks for one: a tone, a tenth of a second for every piece of the text."""

from __future__ import annotations

import math
import struct
from array import array

__all__ = ["RATE", "sound", "wav"]

RATE = 24_000
"""Samples a second, of 16 bits each, one channel."""

_PITCH = 440
_LOUDNESS = 6_000


def sound(pieces: int) -> bytes:
    """The samples of so many tenths of a second, little-endian."""
    wave = array("h", (round(_LOUDNESS * math.sin(2 * math.pi * _PITCH * at / RATE)) for at in range(RATE // 10)))
    return struct.pack(f"<{len(wave)}h", *wave) * pieces


def wav(samples: bytes) -> bytes:
    """A WAV file of the samples."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * 2, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", 36 + len(samples), b"WAVE") + form + struct.pack("<4sI", b"data", len(samples)) + samples
    )

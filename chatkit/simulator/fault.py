"""`Fault`: what goes wrong with an answer, on request."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Fault"]


class Fault(Struct, frozen=True):
    """What goes wrong. Switches may be combined."""

    status: int | None = None

"""Ids of calls: most Gemini models give none, but results need one to find their call."""

from __future__ import annotations

import uuid

__all__ = ["new_id", "wire_id"]

_MADE_UP = "call_gemini_"


def new_id() -> str:
    """An id for a call that came without one."""
    return f"{_MADE_UP}{uuid.uuid4().hex}"


def wire_id(id: str | None) -> str | None:
    """The id as the API may see it: its own, or another vendor's, but none that was made up here."""
    return None if not id or id.startswith(_MADE_UP) else id

"""Official clients in tests: whoever makes one need not close it."""

from __future__ import annotations

from typing import Any

__all__ = ["close_all", "closed_later"]

_OPEN: list[Any] = []


def closed_later(client: Any) -> Any:
    """The client, which is closed when the test ends."""
    _OPEN.append(client)
    return client


def close_all() -> None:
    while _OPEN:
        _OPEN.pop().close()

"""API keys that are functions."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from chatkit.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["resolved"]


async def resolved(key: Secret | Callable[[], Any] | None) -> str | None:
    """The key as text; a function that gives it is called off the loop if it blocks."""
    if callable(key):
        value = await key() if inspect.iscoroutinefunction(key) else await to_thread.run_sync(key)
        key = Secret.of(await value if inspect.isawaitable(value) else value)
    return None if key is None else key.get_secret_value()

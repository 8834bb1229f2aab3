"""API keys that are functions."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from msgspec import structs

from chatkit.errors import MissingKeyError
from chatkit.settings import checked_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.codec import Call
    from chatkit.net.plan import Plan
    from chatkit.secrets import Secret

__all__ = ["call_with_key"]


async def call_with_key(plan: Plan) -> Call:
    """The call with its key; a function that gives the key is asked anew for every attempt.

    Raises:
        MissingKeyError, InputError: see `resolved`.
    """
    key = await resolved(plan.key)
    return plan.call if key is None else structs.replace(plan.call, api_key=key)


async def resolved(key: Secret | Callable[[], Any] | None) -> str | None:
    """The key as text; a function that gives it is called off the loop if it blocks.

    Raises:
        MissingKeyError: the function returned None or "".
        InputError: what it returned cannot be sent.
    """
    if callable(key):
        value = await key() if inspect.iscoroutinefunction(key) else await to_thread.run_sync(key)
        value = await value if inspect.isawaitable(value) else value
        if not value:
            raise MissingKeyError("the function that was passed as api_key returned no key")
        key = checked_key(value)
    return None if key is None else key.get_secret_value()

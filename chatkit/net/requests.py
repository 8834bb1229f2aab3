"""From a call to the request that is sent: what is wrong with it is said here, before a byte is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from chatkit.errors import ChatKitError, InputError
from chatkit.jsons import decode_object
from chatkit.secrets import is_secret_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Request
    from chatkit.net.plan import Plan

__all__ = ["request_of", "secrets_of"]


def request_of(plan: Plan, call: Call) -> Request:
    """The signed request for a call.

    Raises:
        InputError: the call holds something that cannot be written, e.g. a content block that lacks a field.
    """
    try:
        request = plan.sign(plan.encode(call), call)
    except ChatKitError:
        raise
    except (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise InputError(
            f"a message or parameter does not have the form that {plan.provider} can be asked with "
            f"({type(error).__name__}: {error}); look at its content blocks, tool calls and tools"
        ) from error
    _check(request.headers)
    return request


def secrets_of(request: Request, key: str | None) -> list[str]:
    """What a request holds that no error may tell, should the server say it back: the key, and whatever is called so.

    Args:
        key: the API key; one of several parts is written as a JSON object.
    """
    parts = decode_object(key) if key and key.startswith("{") else None
    secrets = [part for part in parts.values() if isinstance(part, str)] if parts else [key or ""]
    query = [pair.partition("=") for pair in request.url.partition("?")[2].split("&")]
    for name, value in [*request.headers.items(), *((name, unquote_plus(value)) for name, _, value in query)]:
        if is_secret_name(name):
            secrets += value.split()
    return [secret for secret in secrets if len(secret) > 7]


def _check(headers: Mapping[str, str]) -> None:
    """Refuse what no header can hold; HTTP libraries tell the whole value in their error, which may be a key."""
    for name, value in headers.items():
        if not (isinstance(value, str) and value.isascii() and value.isprintable()):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputError(f"the header {name!r} cannot be sent: its value must be a str of printable ASCII characters")
        if not name.isascii() or not name.isprintable() or any(letter in ' ,:;="' for letter in name) or not name:
            raise InputError(f"{name!r} cannot be the name of a header")

"""Where a model's address and key come from: what was passed, else the environment, else the provider's default."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from chatkit.errors import InputError, InputTypeError, MissingKeyError
from chatkit.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["find_base_url", "find_key", "first_env"]


def first_env(names: tuple[str, ...]) -> str | None:
    """The first of some environment variables that is set; an empty one counts as not set."""
    return next((value for name in names if (value := os.environ.get(name))), None)


def find_base_url(settings: dict[str, Any], env: tuple[str, ...], default: str) -> str:
    """The API's address, without a slash at its end; "" when there is none.

    Raises:
        InputError: it is not an http or https address.
    """
    url = settings.get("base_url") or first_env(env) or default
    if not url:
        return ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"base_url {url!r} is not an address; it must look like {default or 'https://host/v1'!r}")
    return url.rstrip("/")


def find_key(settings: dict[str, Any], env: tuple[str, ...], owner: str, *, required: bool) -> Secret | Callable[[], Any] | None:
    """The API key, or the function that gives it. A key replaces what stands in the settings by a Secret.

    Raises:
        MissingKeyError: a key is required and there is none.
        InputTypeError: it is neither text nor a function.
    """
    given = settings.get("api_key")
    if callable(given):
        return cast("Callable[[], Any]", given)
    if given is not None and not isinstance(given, str | Secret) and not hasattr(given, "get_secret_value"):
        raise InputTypeError(f"api_key must be a str or a function that returns one, not {type(given).__name__}")
    key = given or first_env(env)
    if key:
        settings["api_key"] = Secret.of(key)
        return settings["api_key"]
    if required:
        raise MissingKeyError(f"{owner} needs an API key: pass api_key=... or set {' or '.join(env)}")
    return None

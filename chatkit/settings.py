"""Where a model's address and key come from: what was passed, else the environment, else the provider's default."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import SplitResult, urlsplit

from chatkit.errors import InputError, InputTypeError, MissingKeyError
from chatkit.secrets import Secret, scrub_url

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["check_proxy", "checked_address", "checked_key", "find_base_url", "find_key", "find_proxy", "first_env"]

_PROXY_SCHEMES = ("http", "https", "socks5", "socks5h")


def first_env(names: tuple[str, ...]) -> str | None:
    """The first of some environment variables that is set; an empty one counts as not set."""
    return next((value for name in names if (value := os.environ.get(name))), None)


def find_base_url(settings: dict[str, Any], env: tuple[str, ...], default: str) -> str:
    """The API's address, without a slash at its end; "" when there is none.

    Raises:
        InputError: see `checked_address`.
    """
    url = settings.get("base_url") or first_env(env) or default
    return checked_address(url, default or "https://host/v1") if url else ""


def checked_address(url: str, example: str, name: str = "base_url") -> str:
    """An address that paths can be added to, without spaces around it and without a slash at its end.

    Raises:
        InputError: it is not an http or https address, or it holds what does not belong there: a query, a user's name.
    """
    url = url.strip()
    parts = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"{name} {scrub_url(url)!r} is not an address; it must look like {example!r}")
    if "@" in parts.netloc:
        raise InputError(
            f"{name} {scrub_url(url)!r} must not hold a name and password; pass them as "
            "default_headers={'authorization': 'Basic ...'}"
        )
    if parts.query or parts.fragment:
        raise InputError(
            f"{name} {scrub_url(url)!r} must end with its path: what stands behind '?' goes into default_query={{...}}"
        )
    return url.rstrip("?#/")


def _split(url: str) -> SplitResult | None:
    """The parts of a URL; None for what no HTTP library takes."""
    if not url.isprintable() or " " in url:
        return None
    try:
        parts = urlsplit(url)
        return None if parts.port == 0 else parts
    except ValueError:
        return None


def check_proxy(proxy: str, source: str = "proxy") -> str:
    """The URL of a proxy.

    Raises:
        InputError: it is none, or one of a kind that needs a package which is not installed.
    """
    parts = _split(proxy)
    if parts is None or parts.scheme not in _PROXY_SCHEMES or not parts.hostname:
        raise InputError(f"{source} {scrub_url(proxy)!r} is not the address of a proxy; it must look like 'http://host:3128'")
    if parts.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise InputError(f"{source} {scrub_url(proxy)!r} needs the package socksio: pip install 'httpx[socks]'")
    return proxy


def find_proxy(settings: dict[str, Any], env: tuple[str, ...]) -> str | None:
    """The URL of a model's own proxy, None when it has none.

    Raises:
        InputError: see `check_proxy`; or a client of the caller's was given, too, which has a proxy of its own or none.
    """
    client, proxy = settings.get("http_client"), settings.get("proxy")
    if client is not None and not isinstance(client, str):
        if proxy:
            raise InputError("give either proxy or http_client: a client of yours goes through the proxy that it was made with")
        return None
    proxy = proxy or first_env(env)
    return check_proxy(proxy) if proxy else None


def find_key(settings: dict[str, Any], env: tuple[str, ...], owner: str, *, required: bool) -> Secret | Callable[[], Any] | None:
    """The API key, or the function that gives it. A key replaces what stands in the settings by a Secret.

    Raises:
        MissingKeyError: a key is required and there is none.
        InputTypeError: it is neither text nor a function.
        InputError: it holds characters that cannot be sent.
    """
    given = settings.get("api_key")
    if callable(given):
        return cast("Callable[[], Any]", given)
    secret = checked_key(given or first_env(env) or "")
    if secret.get_secret_value():
        settings["api_key"] = secret
        return secret
    if required:
        raise MissingKeyError(f"{owner} needs an API key: pass api_key=... or set {' or '.join(env)}")
    return None


def checked_key(key: Any) -> Secret:
    """A key that can be sent, without the spaces and line ends that stand around it in files.

    Raises:
        InputTypeError: it is not text.
        InputError: it holds characters that cannot be sent in a header. The key itself is never told.
    """
    text: Any = Secret.of(key).get_secret_value()
    if not isinstance(text, str):
        raise InputTypeError(f"api_key must be a str or a function that returns one, not {type(text).__name__}")
    text = text.strip()
    wrong = next((at for at, letter in enumerate(text) if not " " <= letter <= "~"), None)
    if wrong is not None:
        raise InputError(f"the API key cannot be sent: character {wrong + 1} of {len(text)} is not printable ASCII")
    return Secret(text)

"""Which HTTP library carries the requests: httpx, httpx2, aiohttp, or a client of the caller's."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from chatkit.net.transport import Transport

__all__ = ["check_client", "transport_for"]

VARIABLE = "CHATKIT_HTTP"
LIBRARIES = ("httpx", "httpx2", "aiohttp")


def check_client(client: Any) -> None:
    """Refuse a `http_client` that is neither an installed library's name nor a client for asynchronous requests.

    Raises:
        InputError: an unknown library, or one that is not installed.
        InputTypeError: an object that cannot send asynchronous requests.
    """
    if isinstance(client, str):
        _check_library(client, "http_client")
        return
    missing = [name for name in ("build_request", "send", "aclose") if not hasattr(client, name)]
    if missing:
        raise InputTypeError(
            "http_client must be an httpx.AsyncClient, an httpx2.AsyncClient or one of "
            f"{', '.join(map(repr, LIBRARIES))}, not {type(client).__name__} (it has no {missing[0]})"
        )


def _check_library(name: str, source: str) -> None:
    if name not in LIBRARIES:
        raise InputError(f"{source} names no HTTP library that chatkit knows: {name!r}; there are {', '.join(LIBRARIES)}")
    if find_spec(name) is None:
        raise InputError(f"{source} asks for {name}, which is not installed: pip install 'chatkit-sdk[{name}]'")


def transport_for(client: Any, proxy: str | None) -> Transport:
    """What opens the requests of a model.

    Args:
        client: a library's name, a client, or None for what CHATKIT_HTTP says (httpx where it says nothing).
        proxy: URL of a proxy; a client of the caller's has its own.
    """
    if client is None:
        client = os.environ.get(VARIABLE)
        if client:
            _check_library(client, VARIABLE)
    if not client or isinstance(client, str):
        return _library(client or "httpx", proxy)
    from chatkit.net.injected import InjectedClient

    return InjectedClient(client)


def _library(name: str, proxy: str | None) -> Transport:
    if name == "aiohttp":
        from chatkit.net.aiohttp import Aiohttp

        return Aiohttp(proxy)
    from chatkit.net.http import Slots

    return Slots(name, proxy)

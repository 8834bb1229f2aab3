"""Every way to carry a request: libraries by name, and clients that the caller owns."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio
import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NAMED = ["httpx", "httpx2", "aiohttp"]
OWNED = {"httpx client": ("httpx", "AsyncClient"), "httpx2 client": ("httpx2", "AsyncClient")}
OVER_AIOHTTP = "httpx client over aiohttp"
WAYS = [*NAMED, *OWNED, OVER_AIOHTTP]


def skip_if_missing(way: str, backend: str) -> None:
    pytest.importorskip("httpx_aiohttp" if way == OVER_AIOHTTP else way.split()[0])
    if way == OVER_AIOHTTP and backend == "trio":
        pytest.skip("aiohttp knows only asyncio")


@asynccontextmanager
async def settings(way: str, connections: int = 100) -> AsyncIterator[dict[str, Any]]:
    """Settings of a model whose requests go that way; a client of the caller's has so many connections."""
    if way in NAMED:
        yield {"http_client": way}
        return
    library, name = OWNED.get(way, ("httpx_aiohttp", "HttpxAiohttpClient"))
    limits = import_module("httpx2" if library == "httpx2" else "httpx").Limits(max_connections=connections)
    client = getattr(import_module(library), name)(limits=limits)
    try:
        yield {"http_client": client}
    finally:
        with anyio.CancelScope(shield=True):
            await client.aclose()

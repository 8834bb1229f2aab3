"""One connection of httpx's or httpx2's, and how it is ended in the middle of whatever it does."""

from __future__ import annotations

import socket
import ssl
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from chatkit.net.bodies import run_out
from chatkit.net.loops import attempt
from chatkit.net.sockets import shut
from chatkit.net.transport import KEEPALIVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

__all__ = ["Place", "Slot", "ssl_context"]

_KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Place(NamedTuple):
    """Where a connection leads and what makes it: connections to the same place serve each other's requests."""

    library: str
    origin: str
    proxy: str | None


class Slot:
    """One transport of the library with room for one connection.

    Attributes:
        since: when it was given back, 0.0 when nothing was sent on it yet.
    """

    __slots__ = ("network", "place", "since", "socket", "transport")

    def __init__(self, place: Place) -> None:
        self.place = place
        self.transport = _new_transport(place)
        self.since = 0.0
        self.network: Any = None
        self.socket: Any = None

    def see(self, network: Any) -> None:
        """Remember the socket of the connection that an answer comes on."""
        if network is not self.network:
            self.network = network
            self.socket = network.get_extra_info("socket") if network is not None else None

    def shut(self) -> None:
        """End the connection for both sides, without awaiting, from any state."""
        shut(self.socket)

    async def destroy(self, response: httpx.Response | None = None, body: AsyncIterator[bytes] | None = None) -> None:
        """Close the connection in the middle of whatever it did."""
        if response is not None and "network_stream" in response.extensions:
            await attempt(response.extensions["network_stream"].aclose())
        if body is not None:
            await attempt(run_out(body))
        if response is not None:
            await attempt(response.stream.aclose())  # type: ignore[union-attr]
        await attempt(self.transport.aclose())

    def has_more(self) -> bool:
        """Whether bytes came behind the answer: they would pass for the answer to the next request.

        No library shows this publicly; where its insides look different, nothing is known and False is said.
        """
        held = getattr(getattr(self.transport, "_pool", None), "connections", None)
        state = getattr(getattr(held[0] if held else None, "_connection", None), "_h11_state", None)
        data = getattr(state, "trailing_data", None)
        return bool(data and data[0])


def _new_transport(place: Place) -> httpx.AsyncBaseTransport:
    library = import_module(place.library)
    return library.AsyncHTTPTransport(
        verify=ssl_context(place.library, place.origin.startswith("https:")),
        limits=library.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS),
        proxy=library.Proxy(place.proxy) if place.proxy else None,
        socket_options=_KEEPALIVE,
    )


@lru_cache(maxsize=4)
def ssl_context(library: str, secure: bool) -> ssl.SSLContext:
    """The certificates that a library trusts; without https an empty context, which is made much faster."""
    return import_module(library).create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

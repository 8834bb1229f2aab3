"""The one seam to HTTP: `open(Request) -> Response`, and `Response.receive()` gives bytes until b"".

A connection is never shared and never queued for. Each is an httpx transport of its own with room for one
connection ("a slot"): it is lent to one request and comes back when the answer was read to its end; after anything
else, an error, a cancelled task, a forgotten stream, its socket is shut at once and the slot is thrown away. That is
why a storm of cancellations cannot wedge a pool: there is no pool state to corrupt. (httpx 0.28's own pool can be
wedged for good by a cancelled task.)
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # pyright: ignore

import anyio
import httpx

from chatkit.errors import APIConnectionError, APITimeoutError, ModelError
from chatkit.net.clocks import Alarm, within
from chatkit.net.loops import after_fork, at_loop_end, attempt, current_loop, finish, finish_soon, guarded, in_trio, run_out
from chatkit.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from chatkit.codec import Request
    from chatkit.timeouts import Timeouts

__all__ = ["MAX_CONNECTIONS", "Connections", "Response", "Transport", "connections", "failure"]

MAX_CONNECTIONS = 1000
"""Open connections of one event loop; further requests wait in line."""
KEEPALIVE_SECONDS = 30.0
_HEADERS = {"user-agent": f"chatkit/{__version__}", "accept-encoding": "identity"}
_KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


class Transport(Protocol):
    """Anything that can open a request: the connections of this loop, an injected client, the simulator."""

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> Response:
        """Send a request and wait for the response's head, `wait` seconds at most."""
        ...


class Response(Protocol):
    """The head of a response, and its body to be read piece by piece."""

    status: int
    headers: dict[str, str]

    async def receive(self, deadline: float | None) -> bytes:
        """The next bytes, b"" at the end; TimeoutError when `time.monotonic()` passes the deadline first."""
        ...

    def abandon(self) -> None:
        """Close without awaiting: the socket is shut now, the rest follows on the loop."""
        ...

    async def aclose(self) -> None:
        """Give the connection back when the body was read to its end, else close it."""
        ...


def failure(error: BaseException, phase: str = "") -> ModelError:
    """The typed error for what the HTTP library raised."""
    name = type(error).__name__
    text = f"{name}: {error}" if str(error) else name
    if "ConnectTimeout" in name:
        return APITimeoutError(f"no connection within the connect timeout ({text})", phase="connect")
    if "Timeout" in name:
        return APITimeoutError(f"the connection timed out ({text})", phase=phase or "idle")
    hint = "; check base_url and the network" if "Connect" in name else ""
    return APIConnectionError(f"the connection failed: {text}{hint}")


class _Slot:
    """One httpx transport with room for one connection."""

    __slots__ = ("key", "network", "since", "socket", "transport")

    def __init__(self, key: tuple[str, str | None], transport: httpx.AsyncBaseTransport) -> None:
        self.key = key
        self.transport = transport
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
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)


@lru_cache(maxsize=2)
def _ssl_context(secure: bool) -> ssl.SSLContext:
    return httpx.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@lru_cache(maxsize=512)
def _parsed(url: str) -> tuple[httpx.URL, str]:
    parsed = httpx.URL(url)
    return parsed, f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"


def _environment_proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for an address, as curl and httpx read it."""
    environ = os.environ
    for name in (f"{url.scheme}_proxy", f"{url.scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        proxy = environ.get(name)
        if proxy:
            no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
            if proxy_bypass_environment(url.host, {"no": no_proxy}):  # type: ignore[call-arg]
                return None
            return proxy if "://" in proxy else f"http://{proxy}"
    return None


class Connections:
    """The connections of one event loop."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self._idle: dict[tuple[str, str | None], list[_Slot]] = {}
        self._room = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)
        self._end = at_loop_end(self.aclose)

    async def send(self, request: Request, timeouts: Timeouts, wait: float | None, proxy: str | None) -> Response:
        """Send a request on a connection of its own and wait for the response's head."""
        url, origin = _parsed(request.url)
        await self._room.acquire()
        slot = self._take((origin, proxy or _environment_proxy(url)))
        try:
            message = httpx.Request(
                request.method,
                url,
                headers={**_HEADERS, **request.headers},
                content=request.body,
                extensions={"timeout": {"connect": timeouts.connect, "read": None, "write": wait, "pool": None}},
            )
            response = await guarded(slot.transport.handle_async_request(message), self._discarding(slot), wait)
        except BaseException as error:
            self._room.release()
            await finish(_destroy(slot, None, None))
            if isinstance(error, TimeoutError):
                raise APITimeoutError(f"no response within {wait:g} s", phase="first_event") from None
            if isinstance(error, Exception):
                raise failure(error, "first_event") from error
            raise
        return _SlotResponse(self, slot, response)

    def _take(self, key: tuple[str, str | None]) -> _Slot:
        idle = self._idle.get(key)
        while idle:
            slot = idle.pop()
            if time.monotonic() - slot.since < KEEPALIVE_SECONDS:
                return slot
            finish_soon(self.loop, lambda slot=slot: _destroy(slot, None, None))
        return _Slot(key, _new_transport(key))

    def give_back(self, slot: _Slot) -> None:
        """A connection whose answer was read to its end waits for the next request."""
        slot.since = time.monotonic()
        self._idle.setdefault(slot.key, []).append(slot)
        self._room.release()

    def lost(self) -> None:
        """A connection was closed: another may be opened."""
        self._room.release()

    def _discarding(self, slot: _Slot) -> Callable[[httpx.Response], None]:
        return lambda late: finish_soon(self.loop, lambda: _destroy(slot, late, None))

    async def aclose(self) -> None:
        """Close what is idle. Called by the loop when it ends."""
        _of_loop.pop(id(self.loop), None)
        idle, self._idle = self._idle, {}
        for slots in idle.values():
            for slot in slots:
                await attempt(slot.transport.aclose())

    def shut_dead(self) -> None:
        """End the connections of a loop that was closed without announcing it."""
        for slots in self._idle.values():
            for slot in slots:
                slot.shut()


def _new_transport(key: tuple[str, str | None]) -> httpx.AsyncBaseTransport:
    origin, proxy = key
    return httpx.AsyncHTTPTransport(
        verify=_ssl_context(origin.startswith("https:")),
        limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEEPALIVE_SECONDS),
        proxy=httpx.Proxy(proxy) if proxy else None,
        socket_options=_KEEPALIVE,
    )


async def _destroy(slot: _Slot, response: httpx.Response | None, body: AsyncIterator[bytes] | None) -> None:
    """Close a connection in the middle of whatever it did."""
    if response is not None and "network_stream" in response.extensions:
        await attempt(response.extensions["network_stream"].aclose())
    if body is not None:
        await attempt(run_out(body))
    if response is not None:
        await attempt(response.stream.aclose())  # type: ignore[union-attr]
    await attempt(slot.transport.aclose())


class _SlotResponse:
    """A response on a slot."""

    __slots__ = ("__weakref__", "_alarm", "_body", "_ended", "_home", "_response", "_slot", "headers", "status")

    def __init__(self, home: Connections, slot: _Slot, response: httpx.Response) -> None:
        self._home: Connections | None = home
        self._slot = slot
        self._response = response
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        plain = "content-encoding" not in self.headers
        stream: Any = response.stream
        self._body: AsyncIterator[bytes] = (stream if plain else response.aiter_bytes()).__aiter__()
        self._ended = False
        slot.see(response.extensions.get("network_stream"))
        self._alarm = None if in_trio() or slot.socket is None else Alarm(home.loop, slot.shut)

    async def receive(self, deadline: float | None) -> bytes:
        alarm = self._alarm
        if alarm is None:
            return await within(self._next(), deadline)
        if deadline is not None:
            alarm.set(deadline)
        try:
            return await self._next()
        except Exception:
            if alarm.rang:
                raise TimeoutError from None
            raise
        finally:
            alarm.deadline = None

    async def _next(self) -> bytes:
        try:
            return await self._body.__anext__()
        except StopAsyncIteration:
            self._ended = True
            return b""

    def abandon(self) -> None:
        home, self._home = self._home, None
        if home is not None:
            self._shut(home)

    def _shut(self, home: Connections) -> None:
        self._slot.shut()
        self._silence()
        home.lost()
        slot, response, body = self._slot, self._response, self._body
        finish_soon(home.loop, lambda: _destroy(slot, response, body))

    def _silence(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()

    async def aclose(self) -> None:
        home, self._home = self._home, None
        if home is None:
            return
        self._silence()
        if self._ended:
            try:
                await self._response.stream.aclose()  # type: ignore[union-attr]
            except BaseException:
                self._shut(home)
                raise
            home.give_back(self._slot)
            return
        self._slot.shut()
        home.lost()
        await finish(_destroy(self._slot, self._response, self._body))


_of_loop: dict[int, Connections] = {}
_orphans: list[object] = []  # a parent's connections in a forked child: kept, so that nothing is closed twice


class _Via:
    """The connections of the running loop, by way of a proxy or as the environment says."""

    __slots__ = ("_proxy",)

    def __init__(self, proxy: str | None) -> None:
        self._proxy = proxy

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> Response:
        return await of_loop().send(request, timeouts, wait, self._proxy)


def connections(proxy: str | None = None) -> Transport:
    """The default transport."""
    return _Via(proxy)


def of_loop() -> Connections:
    """The connections of the running loop, made on first use."""
    loop = current_loop()
    known = _of_loop.get(id(loop))
    if known is not None and known.loop is loop:
        return known
    for key in [key for key, old in _of_loop.items() if _is_closed(old.loop)]:
        _of_loop.pop(key).shut_dead()
    made = _of_loop[id(loop)] = Connections(loop)
    return made


def _is_closed(loop: Any) -> bool:
    return bool(getattr(loop, "is_closed", lambda: False)())


def _forget() -> None:
    _orphans.append(dict(_of_loop))
    _of_loop.clear()


after_fork(_forget)

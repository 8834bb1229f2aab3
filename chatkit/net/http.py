"""Requests over httpx, or httpx2, without its pool.

A connection is never shared and never queued for. Each is a transport of the library's of its own with room for one
connection ("a slot"): it is lent to one request and comes back when the answer was read to its end; after anything
else, an error, a cancelled task, a forgotten stream, its socket is shut at once and the slot is thrown away. That is
why a storm of cancellations cannot wedge a pool: there is no pool state to corrupt. (httpx 0.28's own pool can be
wedged for good by a cancelled task.)
"""

from __future__ import annotations

import time
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

import anyio

from chatkit.errors import ChatKitError
from chatkit.logs import log
from chatkit.net.bodies import body_of, run_out, set_body
from chatkit.net.clocks import Alarm, within
from chatkit.net.failures import closed_unheard, failure, no_response
from chatkit.net.loops import attempt, finish, finish_soon, guarded, in_trio
from chatkit.net.per_loop import PerLoop
from chatkit.net.proxies import environment_proxy
from chatkit.net.slot import Place, Slot
from chatkit.net.transport import HEADERS, KEEPALIVE_SECONDS, MAX_CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from chatkit.codec import Request
    from chatkit.net.transport import Response
    from chatkit.timeouts import Timeouts

__all__ = ["Slots"]


@lru_cache(maxsize=512)
def _parsed(library: str, url: str) -> tuple[Any, str]:
    parsed = import_module(library).URL(url)
    return parsed, f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"


class Connections:
    """The connections of one event loop."""

    def __init__(self, loop: Any) -> None:
        self.loop = loop
        self._idle: dict[Place, list[Slot]] = {}
        self._room = anyio.Semaphore(MAX_CONNECTIONS, fast_acquire=True)

    async def send(self, request: Request, timeouts: Timeouts, wait: float | None, library: str, proxy: str | None) -> Response:
        """Send a request on a connection of its own and wait for the response's head."""
        await self._stand_in_line(wait)
        try:
            url, origin = _parsed(library, request.url)
            message = import_module(library).Request(
                request.method,
                url,
                headers={**HEADERS, **request.headers},
                content=request.body,
                extensions={"timeout": {"connect": timeouts.connect, "read": None, "write": wait, "pool": None}},
            )
            set_body(message, request.body)
            slot = self._take(Place(library, origin, proxy or environment_proxy(url.scheme, url.host, url.port)))
            slot, response = await self._ask(slot, message, wait)
        except BaseException as error:
            self._room.release()
            if isinstance(error, TimeoutError):
                raise no_response(wait) from None
            if isinstance(error, Exception) and not isinstance(error, ChatKitError):
                raise failure(error, "first_event") from error
            raise
        return _SlotResponse(self, slot, response)

    async def _stand_in_line(self, wait: float | None) -> None:
        try:
            self._room.acquire_nowait()
        except anyio.WouldBlock:
            try:
                await within(self._room.acquire(), None if wait is None else time.monotonic() + wait)
            except TimeoutError:
                raise no_response(wait, f": all {MAX_CONNECTIONS} connections are in use") from None

    async def _ask(self, slot: Slot, message: Any, wait: float | None) -> tuple[Slot, Any]:
        """The head of the response, and the slot that it came on.

        A server may close an idle connection in the moment in which the next request is sent on it. That request was
        not heard, so it is sent anew, on a new connection.
        """
        while True:
            fresh = slot.since == 0.0
            try:
                return slot, await guarded(slot.transport.handle_async_request(message), self._discarding(slot), wait)
            except BaseException as error:
                await finish(slot.destroy())
                if fresh or not closed_unheard(error):
                    raise
                log.debug("the server had closed an idle connection; sending the request on a new one")
                slot = Slot(slot.place)

    def _take(self, place: Place) -> Slot:
        idle = self._idle.get(place)
        while idle:
            slot = idle.pop()
            if time.monotonic() - slot.since < KEEPALIVE_SECONDS:
                return slot
            finish_soon(self.loop, slot.destroy)
        return Slot(place)

    def give_back(self, slot: Slot) -> None:
        """A connection whose answer was read to its end waits for the next request."""
        slot.since = time.monotonic()
        self._drop_old(slot.since)
        self._idle.setdefault(slot.place, []).append(slot)
        self._room.release()

    def _drop_old(self, now: float) -> None:
        """Close what nobody has used for long: most servers have done so on their side."""
        for place, slots in list(self._idle.items()):
            while slots and now - slots[0].since > KEEPALIVE_SECONDS:
                finish_soon(self.loop, slots.pop(0).destroy)
            if not slots:
                del self._idle[place]

    def lost(self) -> None:
        """A connection was closed: another may be opened."""
        self._room.release()

    def _discarding(self, slot: Slot) -> Callable[[httpx.Response], None]:
        return lambda late: finish_soon(self.loop, lambda: slot.destroy(late))

    async def aclose(self) -> None:
        """Close what is idle."""
        idle, self._idle = self._idle, {}
        for slots in idle.values():
            for slot in slots:
                await attempt(slot.transport.aclose())

    def shut(self) -> None:
        """End what is idle, without awaiting."""
        for slots in self._idle.values():
            for slot in slots:
                slot.shut()


class _SlotResponse:
    """A response on a slot."""

    __slots__ = ("__weakref__", "_alarm", "_body", "_ended", "_home", "_response", "_slot", "headers", "status")

    def __init__(self, home: Connections, slot: Slot, response: httpx.Response) -> None:
        self._home: Connections | None = home
        self._slot = slot
        self._response = response
        self.status = response.status_code
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._body = body_of(response)
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
            data = await self._body.__anext__()
        except StopAsyncIteration:
            if alarm.rang:  # without a length, a socket that was shut looks like the end
                raise TimeoutError from None
            self._ended = True
            return b""
        except Exception:
            if alarm.rang:
                raise TimeoutError from None
            raise
        finally:
            alarm.deadline = None
        if self._home is None:
            await self._run_out()
        return data

    async def _next(self) -> bytes:
        try:
            data = await self._body.__anext__()
        except StopAsyncIteration:
            self._ended = True
            return b""
        if self._home is None:
            await self._run_out()
        return data

    async def _run_out(self) -> None:
        """Another task has closed the response, but could not end a body that was just being read."""
        await attempt(run_out(self._body))

    def abandon(self) -> None:
        home, self._home = self._home, None
        if home is not None:
            self._shut(home)

    def _shut(self, home: Connections) -> None:
        self._slot.shut()
        self._silence()
        home.lost()
        slot, response, body = self._slot, self._response, self._body
        finish_soon(home.loop, lambda: slot.destroy(response, body))

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
            if self._slot.has_more():
                self._shut(home)
            else:
                home.give_back(self._slot)
            return
        self._slot.shut()
        home.lost()
        await finish(self._slot.destroy(self._response, self._body))


_connections = PerLoop(Connections)


class Slots:
    """The connections of the running loop, by way of a proxy or as the environment says.

    Args:
        library: "httpx" or "httpx2".
    """

    __slots__ = ("_library", "_proxy")

    def __init__(self, library: str, proxy: str | None) -> None:
        self._library = library
        self._proxy = proxy

    async def open(self, request: Request, timeouts: Timeouts, wait: float | None) -> Response:
        """Send a request and wait for the response's head."""
        return await _connections.get().send(request, timeouts, wait, self._library, self._proxy)

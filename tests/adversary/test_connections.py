"""Servers that treat the connection badly: answered, or a typed error in time; never a hang."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit.errors import APIConnectionError, APITimeoutError, ModelError, StreamInterruptedError
from chatkit.timeouts import Timeouts
from chatkit_openai import ChatOpenAI
from tests.adversary.server import HI, RawServer, read_request, response
from tests.net.clients import NAMED, skip_if_missing
from tests.net.origin import delta, sse

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


@pytest.fixture(params=NAMED)
def library(request: pytest.FixtureRequest, anyio_backend: str) -> str:
    skip_if_missing(request.param, anyio_backend)
    if request.param == "aiohttp" and anyio_backend == "trio":
        pytest.skip("aiohttp knows only asyncio")
    return request.param


def model_of(server: RawServer, library: str = "httpx", **settings: Any) -> ChatOpenAI:
    return ChatOpenAI("m", **{"api_key": "k", "base_url": server.url, "max_retries": 0, "http_client": library, **settings})


def once(*pieces: bytes, pause: float = 0.0) -> Callable[[Any], None]:
    """A server that sends some bytes and closes."""

    def handle(connection: Any) -> None:
        if read_request(connection) is not None:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)

    return handle


def keeping(*pieces: bytes) -> Callable[[Any], None]:
    """A server that sends some bytes to every request and keeps the connection."""

    def handle(connection: Any) -> None:
        while read_request(connection) is not None:
            for piece in pieces:
                connection.sendall(piece)

    return handle


async def test_a_server_that_closes_after_every_answer_is_never_noticed(library: str) -> None:
    """150 requests in a row, no retries allowed: a connection that died between two requests is replaced in silence."""
    with RawServer(once(response())) as server:
        model = model_of(server, library)
        for _ in range(150):
            assert (await model.ainvoke("x")).text == "Hi"


async def test_a_server_that_closes_before_any_answer_is_asked_once(library: str) -> None:
    """Only an idle connection is replaced: a request that a server heard and dropped is not sent twice unasked."""
    with RawServer(lambda connection: read_request(connection) and None) as server:
        with pytest.raises(APIConnectionError):
            await model_of(server, library).ainvoke("x")
        assert server.connections == 1


CHUNKED = "transfer-encoding: chunked"


@pytest.mark.parametrize(
    "answer",
    [
        response(version="HTTP/1.0"),
        response(version="HTTP/1.0", length=None),
        response(b"%x\r\n%s\r\n0\r\nx-trailer: 1\r\nx-other: 2\r\n\r\n" % (len(HI), HI), CHUNKED, length=None),
        response(b"%x;name=value\r\n%s\r\n0\r\n\r\n" % (len(HI), HI), CHUNKED, length=None),
        b"HTTP/1.1 100 Continue\r\n\r\n" + response(),
        b"HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n" + response(),
        response(HI, "x-long: " + "y" * 4000),
        response(HI, "set-cookie: a=b", "set-cookie: c=d"),
    ],
    ids=["http/1.0", "until close", "trailers", "chunk extensions", "continue", "early hints", "long header", "cookies"],
)
async def test_unusual_answers_are_read(answer: bytes, library: str) -> None:
    """What HTTP allows, works."""
    with RawServer(once(answer)) as server:
        assert (await model_of(server, library).ainvoke("x")).text == "Hi"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\x16\x03\x01\x00",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        response(HI[:-20], length=len(HI)),
        response(length=10),
        response(b"zz\r\n" + HI, CHUNKED, length=None),
        response(b"%x\r\n%s" % (len(HI), HI[:-20]), CHUNKED, length=None),
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 1_000_000 + b"\r\n\r\n",
    ],
)
async def test_broken_answers_are_typed_errors(answer: bytes, library: str) -> None:
    """What HTTP does not allow, and answers that are shorter or longer than they claim, are ModelErrors at once."""
    with RawServer(once(answer)) as server:
        model = model_of(server, library)
        with anyio.fail_after(5), pytest.raises(ModelError):
            await model.ainvoke("x")


async def test_a_stream_that_is_cut_keeps_what_came(library: str) -> None:
    """A chunked stream without its last chunk: what came is in `.partial`."""
    piece = delta("half ")
    with RawServer(once(response(b"%x\r\n%s\r\n" % (len(piece), piece), CHUNKED, length=None))) as server:
        with pytest.raises(StreamInterruptedError) as caught:
            async for _ in model_of(server, library).astream("x"):
                pass
        assert caught.value.partial is not None
        assert caught.value.partial.text == "half "


async def test_bytes_after_the_answer_do_not_get_into_the_next(library: str) -> None:
    """A server that says more than it was asked: the next request gets its own answer."""
    smuggled = response(HI.replace(b"Hi", b"No"))
    with RawServer(keeping(response(), smuggled)) as server:
        model = model_of(server, library, max_retries=1)
        for _ in range(3):
            assert (await model.ainvoke("x")).text == "Hi"
            await anyio.sleep(0.05)


async def test_headers_that_come_slowly_are_covered_by_the_clock(library: str) -> None:
    """A header byte now and then keeps no request alive for ever."""

    def drip(connection: Any) -> None:
        read_request(connection)
        for byte in b"HTTP/1.1 200 OK\r\nx-slow: " + b"y" * 500:
            connection.sendall(bytes([byte]))
            time.sleep(0.01)

    with RawServer(drip) as server:
        model = model_of(server, library, timeout=Timeouts(first_event=0.3))
        begun = time.monotonic()
        with pytest.raises(APITimeoutError) as caught:
            await model.ainvoke("x")
        assert caught.value.phase == "first_event"
        assert time.monotonic() - begun < 2


async def test_headers_without_end_are_refused(library: str) -> None:
    """An endless head is an error long before memory is full."""

    def endless(connection: Any) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x-more: " + b"y" * 5000 + b"\r\n")

    with RawServer(endless) as server, anyio.fail_after(10):
        with pytest.raises(ModelError):
            await model_of(server, library).ainvoke("x")


async def test_pings_keep_no_stream_alive(library: str) -> None:
    """Comments are no output: the idle clock goes on."""

    def pings(connection: Any) -> None:
        read_request(connection)
        connection.sendall(response(delta("a "), length=None))
        while True:
            connection.sendall(b": ping\n\n")
            time.sleep(0.02)

    with RawServer(pings) as server:
        with pytest.raises(APITimeoutError) as caught:
            async for _ in model_of(server, library, timeout=Timeouts(idle=0.3)).astream("x"):
                pass
        assert caught.value.phase == "idle"


async def test_a_server_that_never_stops_talking_after_the_end(library: str) -> None:
    """After the end marker nothing is waited for."""

    def talks(connection: Any) -> None:
        read_request(connection)
        connection.sendall(response(delta("a", "stop") + sse(b"[DONE]"), length=None))
        while True:
            connection.sendall(b": ping\n\n" * 1000)

    with RawServer(talks) as server:
        begun = time.monotonic()
        assert (await model_of(server, library).ainvoke("x", config=None)).text == "a"
        assert time.monotonic() - begun < 1


async def test_ipv6_and_addresses_with_paths(library: str) -> None:
    """The loopback of IPv6 in brackets, paths and slashes at the end."""
    seen: list[bytes] = []

    def handle(connection: Any) -> None:
        while (request := read_request(connection)) is not None:
            seen.append(request.split(b" ")[1])
            connection.sendall(response())

    with RawServer(handle, "::1") as server:
        for path in ("", "/", "//", "/deep/path/", "/with%20space"):
            base = server.url.removesuffix("/v1") + path
            assert (await model_of(server, library, base_url=base).ainvoke("x")).text == "Hi"
    assert seen == [b"/chat/completions"] * 3 + [b"/deep/path/chat/completions", b"/with%20space/chat/completions"]


async def test_a_request_in_line_has_a_clock_too(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every connection in use, a further request waits as long as its clock says, not for ever."""
    monkeypatch.setattr("chatkit.net.http.MAX_CONNECTIONS", 2)
    monkeypatch.setattr("chatkit.net.aiohttp.MAX_CONNECTIONS", 2)
    gate = anyio.Event()

    def hangs(connection: Any) -> None:
        read_request(connection)
        time.sleep(5)

    with RawServer(hangs) as server:
        model = model_of(server, library, timeout=Timeouts(first_event=0.4))
        begun = time.monotonic()
        async with anyio.create_task_group() as group:
            for _ in range(6):
                group.start_soon(fails, model, gate)
        assert time.monotonic() - begun < 3


async def fails(model: ChatOpenAI, _: Any) -> None:
    with pytest.raises(APITimeoutError):
        await model.ainvoke("x")

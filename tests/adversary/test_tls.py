"""TLS and proxies: whom is trusted, what is said, what never shows, and how fast a connection ends."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from chatkit.errors import APIConnectionError, InputError
from chatkit.net.slot import ssl_context
from chatkit_openai import ChatOpenAI
from tests.adversary.certificates import authority, server_context
from tests.adversary.server import RawServer, read_request, response
from tests.net.clients import NAMED, skip_if_missing
from tests.net.origin import delta

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio
PASSWORD = "hunter2-very-secret"


@pytest.fixture(params=NAMED)
def library(request: pytest.FixtureRequest, anyio_backend: str) -> str:
    skip_if_missing(request.param, anyio_backend)
    if request.param == "aiohttp" and anyio_backend == "trio":
        pytest.skip("aiohttp knows only asyncio")
    return request.param


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority()))
    ssl_context.cache_clear()
    yield
    ssl_context.cache_clear()


def answers(connection: Any) -> None:
    while read_request(connection) is not None:
        connection.sendall(response())


def model_of(url: str, library: Any = "httpx", **settings: Any) -> ChatOpenAI:
    return ChatOpenAI("m", **{"api_key": "k", "base_url": url, "max_retries": 0, "http_client": library, **settings})


async def test_an_unknown_authority_is_told_once_and_what_to_do(library: str) -> None:
    """A self-signed server: no request, no further attempt, and the way out in the message."""
    with RawServer(answers, tls=server_context()) as server:
        with pytest.raises(APIConnectionError, match="SSL_CERT_FILE") as caught:
            await model_of(server.url, library, max_retries=2).ainvoke("x")
        assert not caught.value.retryable
        assert server.connections == 1


async def test_a_server_without_tls_behind_https(library: str) -> None:
    """The error asks whether http was meant."""
    with RawServer(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        with pytest.raises(APIConnectionError):
            await model_of(server.url.replace("http:", "https:"), library).ainvoke("x")


async def test_ssl_cert_file_is_honoured(library: str, trusted: None) -> None:
    """The environment names the authority, as for every other program."""
    with RawServer(answers, tls=server_context()) as server:
        model = model_of(server.url, library)
        assert [(await model.ainvoke("x")).text for _ in range(3)] == ["Hi"] * 3
        assert server.connections == 1


async def test_a_client_of_the_users_own_decides_for_itself(anyio_backend: str) -> None:
    """`http_client=` is the way to trust something for one model only."""
    async with httpx.AsyncClient(verify=False) as client:
        with RawServer(answers, tls=server_context()) as server:
            assert (await model_of(server.url, client).ainvoke("x")).text == "Hi"


async def test_leaving_a_stream_over_tls_closes_the_socket(library: str, trusted: None) -> None:
    """By break, and by cancellation: the server sees the end within a few milliseconds."""
    seen: list[float] = []

    def streams(connection: Any) -> None:
        read_request(connection)
        connection.sendall(response(delta("a "), length=None))
        with contextlib.suppress(OSError):
            while True:
                ready, _, _ = select.select([connection], [], [], 0.05)
                if ready and not connection.recv(100):
                    break
                if not ready:
                    connection.sendall(delta("b "))
        seen.append(time.monotonic())

    late: list[float] = []
    with RawServer(streams, tls=server_context()) as server:
        model = model_of(server.url, library)
        for turn in range(8):
            with anyio.CancelScope() as scope:
                async for _ in model.astream("x"):
                    if turn % 2:
                        scope.cancel()
                    else:
                        break
            left = time.monotonic()
            with anyio.fail_after(2):
                while len(seen) == turn:
                    await anyio.sleep(0.001)
            late.append(seen[turn] - left)
    assert sorted(late)[4] < 0.05, late  # measured on a quiet machine: below 0.005


class Proxy:
    """An HTTP proxy with a password: forwards plain requests, tunnels CONNECT."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.auth: list[str] = []

    def __call__(self, connection: Any) -> None:
        head = read_request(connection)
        if head is None:
            return
        text = head.decode("latin1")
        self.lines.append(text.split("\r\n")[0])
        found = [line for line in text.split("\r\n") if line.lower().startswith("proxy-authorization:")]
        self.auth += found
        if not found:
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
        elif text.startswith("CONNECT"):
            host, _, port = text.split()[1].rpartition(":")
            with socket.create_connection((host, int(port))) as origin:
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                pipe(connection, origin)
        else:
            connection.sendall(response())


def pipe(one: Any, other: Any) -> None:
    back = threading.Thread(target=pour, args=(other, one), daemon=True)
    back.start()
    pour(one, other)
    back.join(1)


def pour(source: Any, target: Any) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("how", ["setting", "environment"])
async def test_proxies(how: str, library: str, trusted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain requests are forwarded, TLS goes through a tunnel, with the password, which shows nowhere."""
    proxy = Proxy()
    with RawServer(proxy) as through, RawServer(answers, tls=server_context()) as origin:
        address = f"http://me:{PASSWORD}@127.0.0.1:{through.port}"
        settings = {"proxy": address} if how == "setting" else {}
        if how == "environment":
            monkeypatch.setenv("ALL_PROXY", address)
        plain, secure = model_of("http://plain.invalid/v1", library, **settings), model_of(origin.url, library, **settings)
        assert (await plain.ainvoke("x")).text == "Hi"
        assert (await secure.ainvoke("x")).text == "Hi"
        assert PASSWORD not in f"{plain!r} {secure!r}"
    assert proxy.lines[0].startswith("POST http://plain.invalid/v1/chat/completions")
    assert proxy.lines[1].startswith(f"CONNECT 127.0.0.1:{origin.port}")
    assert len(proxy.auth) == 2


async def test_no_proxy(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY names hosts that are reached without."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with RawServer(answers) as server:
        for value in ("127.0.0.1", "example.com, 127.0.0.1", "*", f"127.0.0.1:{server.port}"):
            monkeypatch.setenv("NO_PROXY", value)
            assert (await model_of(server.url, library).ainvoke("x")).text == "Hi", value
        monkeypatch.setenv("NO_PROXY", "example.com")
        with pytest.raises(APIConnectionError):
            await model_of(server.url, library).ainvoke("x")


async def test_a_proxy_that_refuses_tells_no_password(library: str, trusted: None) -> None:
    """407, a closed port, a host that is not there: the password is in no text of any error of the chain."""
    proxy = Proxy()
    with RawServer(proxy) as through, RawServer(answers, tls=server_context()) as origin:
        refused = f"http://127.0.0.1:{through.port}"
        for address in (refused, f"http://me:{PASSWORD}@127.0.0.1:9", f"http://me:{PASSWORD}@no-such-host.invalid:1"):
            with pytest.raises(APIConnectionError) as caught:
                await model_of(origin.url, library, proxy=address).ainvoke("x")
            assert PASSWORD not in chain(caught.value)
            assert caught.value.retryable == (address != refused), caught.value


def chain(error: BaseException | None) -> str:
    text = ""
    while error is not None:
        text += f"{error!r} {error} {getattr(error, '__notes__', '')} {error.args}"
        error = error.__cause__ or error.__context__
    return text


@pytest.mark.parametrize("value", ["nonsense://x", f"ftp://me:{PASSWORD}@host", "http://"])
async def test_a_wrong_proxy_in_the_environment(value: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable, and later requests are not harmed."""
    with RawServer(answers) as server:
        monkeypatch.setenv("HTTP_PROXY", value)
        with pytest.raises(InputError, match="HTTP_PROXY") as caught:
            await model_of(server.url, library).ainvoke("x")
        assert PASSWORD not in str(caught.value)
        monkeypatch.delenv("HTTP_PROXY")
        assert (await model_of(server.url, library).ainvoke("x")).text == "Hi"

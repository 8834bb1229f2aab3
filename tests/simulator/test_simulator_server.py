"""The loopback server as a client sees it."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from chatkit.simulator import Reply, Server, simulate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BODY: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
PATH = "/v1/chat/completions"


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate(lambda question: Reply("one two three", every=0.02)) as running:
        yield running


def wait_for(fact: Callable[[], Any], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def raw(server: Server, data: bytes) -> bytes:
    """What comes back for some bytes, until the server closes."""
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(data)
        received = b""
        while piece := connection.recv(65536):
            received += piece
        return received


def request(body: bytes, *headers: bytes) -> bytes:
    return b"\r\n".join([b"POST %s HTTP/1.1" % PATH.encode(), b"host: x", *headers, b"", body])


def test_connections_are_kept_and_counted(server: Server) -> None:
    with httpx.Client(base_url=server.url) as client:
        assert [client.post(PATH, json=BODY).status_code for _ in range(3)] == [200] * 3
        assert server.connections == 1
    wait_for(lambda: server.connections == 0)


def test_it_listens_on_loopback_only(server: Server) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other, pytest.raises(OSError):
        other.bind(("127.0.0.1", server.port))


def test_requests_are_recorded_without_secrets(server: Server) -> None:
    httpx.post(f"{server.url}{PATH}?a=1", json=BODY, headers={"authorization": "Bearer hush", "x-note": "seen"})
    seen = server.requests[-1]
    assert (seen.method, seen.path, seen.body, seen.status) == ("POST", f"{PATH}?a=1", BODY, 200)
    assert seen.headers["x-note"] == "seen"
    assert "hush" not in repr(seen)
    wait_for(lambda: seen.ended_at)
    assert seen.closed_at is None


def test_pieces_come_one_by_one(server: Server) -> None:
    times: list[float] = []
    with httpx.stream("POST", f"{server.url}{PATH}", json={**BODY, "stream": True}) as response:
        times.extend(time.monotonic() for line in response.iter_lines() if '"content":"' in line and '"content":""' not in line)
    assert len(times) == 3
    assert times[2] - times[0] > 0.03


def test_a_client_that_leaves_is_noticed_at_once() -> None:
    with simulate(lambda question: Reply("word " * 1000, every=0.01)) as server:
        with httpx.stream("POST", f"{server.url}{PATH}", json={**BODY, "stream": True}) as response:
            next(response.iter_raw())
            time.sleep(0.02)
        left = time.monotonic()
        seen = server.requests[-1]
        wait_for(lambda: seen.closed_at)
        assert seen.closed_at is not None
        assert abs(seen.closed_at - left) < 0.05
        assert seen.ended_at is None


def test_a_chunked_body_in_small_pieces(server: Server) -> None:
    body = json.dumps(BODY).encode()
    chunks = b"".join(b"%x\r\n%s\r\n" % (1, body[at : at + 1]) for at in range(len(body))) + b"0\r\n\r\n"
    answer = raw(server, request(chunks, b"transfer-encoding: chunked", b"connection: close"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["choices"][0]["message"]["content"] == "one two three"


def test_a_client_that_asks_before_it_sends(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        body = json.dumps(BODY).encode()
        connection.sendall(request(b"", b"content-length: %d" % len(body), b"expect: 100-continue", b"connection: close"))
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


def test_two_requests_in_one_packet(server: Server) -> None:
    body = json.dumps(BODY).encode()
    one = request(body, b"content-length: %d" % len(body))
    last = request(body, b"content-length: %d" % len(body), b"connection: close")
    assert raw(server, one + last).count(b"HTTP/1.1 200 OK") == 2


NO_HTTP = [
    b"nonsense\r\n\r\n",
    b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    b"x" * 70_000,
    request(b"zz\r\n", b"transfer-encoding: chunked"),
]


@pytest.mark.parametrize("data", NO_HTTP)
def test_what_is_no_http_is_refused(server: Server, data: bytes) -> None:
    assert raw(server, data).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    ("path", "content", "status", "part"),
    [
        ("/v2/nothing", b"{}", 404, "nothing at this path"),
        (PATH, b"{", 400, "not a JSON object"),
        (PATH, b'{"model": "m", "messages": [3]}', 400, "Invalid 'messages'"),
        (PATH, json.dumps({**BODY, "tools": ["x"]}).encode(), 400, "not of the form of openai_chat"),
        (PATH, json.dumps({**BODY, "model": "m?fault=nonsense=1"}).encode(), 400, "is not understood"),
    ],
)
def test_wrong_requests_get_an_answer_that_says_why(server: Server, path: str, content: bytes, status: int, part: str) -> None:
    response = httpx.post(server.url + path, content=content)
    assert response.status_code == status
    assert part in response.json()["error"]["message"]


def test_a_taken_port_is_an_error(server: Server) -> None:
    with pytest.raises(OSError, match="in use"):
        simulate(port=server.port).start()


def test_stop_drops_what_is_open() -> None:
    server = simulate(lambda question: Reply("word " * 1000, every=0.01)).start()
    with httpx.Client() as client, client.stream("POST", f"{server.url}{PATH}", json={**BODY, "stream": True}) as response:
        pieces = response.iter_raw()
        next(pieces)
        server.stop()
        with pytest.raises(httpx.HTTPError):
            list(pieces)
    server.stop()


@pytest.mark.anyio
async def test_the_async_form(anyio_backend: str) -> None:
    async with simulate(["Hello"]) as server, httpx.AsyncClient() as client:
        response = await client.post(f"{server.url}{PATH}", json=BODY)
        assert response.json()["choices"][0]["message"]["content"] == "Hello"


@pytest.mark.anyio
async def test_many_clients_at_once(anyio_backend: str) -> None:
    texts: list[str] = []
    async with simulate(lambda question: Reply(question.prompt, every=0.001)) as server, httpx.AsyncClient() as client:

        async def ask(prompt: str) -> None:
            body = {"model": "m", "messages": [{"role": "user", "content": prompt}]}
            texts.append((await client.post(f"{server.url}{PATH}", json=body)).json()["choices"][0]["message"]["content"])

        async with anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(ask, f"number {number}")
    assert sorted(texts) == sorted(f"number {number}" for number in range(50))

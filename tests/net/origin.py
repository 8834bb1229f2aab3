"""A loopback HTTP/1.1 server for life-cycle tests: sees when each connection is opened and closed.

`/v1/...` streams `ticks` deltas in OpenAI's form, `delay` seconds apart; other behaviour by query parameter.
It runs on a thread of its own, so that the client's loop cannot influence what it sees.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def sse(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n"


def delta(text: str, finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return sse({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m-1", "choices": [choice]})


async def assert_at_once(origin: Origin, leave: Callable[[], Awaitable[float]], rounds: int = 7) -> None:
    """The server sees the end of a request within 5 ms, beyond what the machine takes for a bare socket.

    That is the median of some rounds. The best of three series counts: a stall of the whole machine is not the client's.

    Args:
        leave: makes a request and leaves it; gives the moment (`time.monotonic()`) at which it was left.
        rounds: how often, in each series.
    """
    series: list[list[tuple[float, float]]] = []
    for _ in range(3):
        series.append([(await _close_delay(origin, leave), origin.bare_delay()) for _ in range(rounds)])
        closing, bare = (statistics.median(delays) for delays in zip(*series[-1], strict=True))
        if closing < 0.005 + 3 * bare:
            return
    raise AssertionError(series)


async def _close_delay(origin: Origin, leave: Callable[[], Awaitable[float]]) -> float:
    seen = len(origin.closed)
    left = await leave()
    with anyio.fail_after(5):
        while len(origin.closed) <= seen:
            await anyio.sleep(0.0005)
    return origin.closed[seen] - left


class Origin:
    """Attributes: requests, opened, closed (time.monotonic() of each connection's end, as the server saw it)."""

    def __init__(self, ticks: int = 1000, delay: float = 0.002, body: bytes | None = None, hold: bool = False) -> None:
        self.ticks, self.delay, self.body, self.hold = ticks, delay, body, hold
        self.requests = 0
        self.open = 0
        self.closed: list[float] = []
        self.sent = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Origin:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def bare_delay(self) -> float:
        """Seconds until this server sees the end of a bare socket that is closed in the middle of an answer.

        What the machine takes for that at the moment, without any client: on a busy one it is many milliseconds.
        """
        seen = len(self.closed)
        with socket.create_connection(("127.0.0.1", self.port)) as bare:
            bare.sendall(b'POST /v1/x HTTP/1.1\r\ncontent-length: 16\r\n\r\n{"stream": true}')
            received = b""
            while b"t2 " not in received:
                received += bare.recv(65536)
            left = time.monotonic()
        while len(self.closed) <= seen:
            time.sleep(0.0005)
        return self.closed[seen] - left

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            while await self._request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.closed.append(time.monotonic())
            self.open -= 1
            writer.transport.abort()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0]) if "content-length:" in head else 0
        body = json.loads(await reader.readexactly(length) or b"{}")
        self.requests += 1
        answer, eof = asyncio.ensure_future(self._answer(body, writer)), asyncio.ensure_future(reader.read(1))
        await asyncio.wait({answer, eof}, return_when=asyncio.FIRST_COMPLETED)
        answered = answer.done()
        for task in (answer, eof):
            task.cancel()
        await asyncio.gather(answer, eof, return_exceptions=True)
        return answered and answer.exception() is None and not reader.at_eof()

    async def _answer(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        if not body.get("stream"):
            text = json.dumps(
                {"id": "c", "model": "m-1", "choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}
            ).encode()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(text) + text)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        for n in range(self.ticks):
            piece = delta(f"t{n} ")
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            self.sent += 1
            if self.delay:
                await asyncio.sleep(self.delay)
        if self.hold:
            await asyncio.sleep(3600)
        end = delta("", "stop") + sse(b"[DONE]")
        writer.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(end), end))
        await writer.drain()

"""A loopback HTTP/1.1 server for life-cycle tests: sees when each connection is opened and closed.

`/v1/...` streams `ticks` deltas in OpenAI's form, `delay` seconds apart; other behaviour by query parameter.
It runs on a thread of its own, so that the client's loop cannot influence what it sees.
"""

from __future__ import annotations

import asyncio
import json
import socket
import statistics
import time
from typing import TYPE_CHECKING, Any

import anyio

from tests.net.loopback import Loopback

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


class Origin(Loopback):
    """Attributes: sent (how many deltas went out), and those of every `Loopback`."""

    def __init__(self, ticks: int = 1000, delay: float = 0.002, hold: bool = False) -> None:
        super().__init__()
        self.ticks, self.delay, self.hold = ticks, delay, hold
        self.sent = 0

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

    async def _answer(self, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        answer, eof = asyncio.ensure_future(self._send(json.loads(body or b"{}"), writer)), asyncio.ensure_future(reader.read(1))
        await asyncio.wait({answer, eof}, return_when=asyncio.FIRST_COMPLETED)
        answered = answer.done()
        for task in (answer, eof):
            task.cancel()
        await asyncio.gather(answer, eof, return_exceptions=True)
        return answered and answer.exception() is None and not reader.at_eof()

    async def _send(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
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

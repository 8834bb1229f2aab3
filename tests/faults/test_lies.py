"""HTTP that says one thing and does another: lengths, chunks, encodings, heads. Over every way, on both event loops."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import pytest

from chatkit import RetryPolicy, Timeouts
from chatkit.errors import ModelError
from tests.faults.dialects import model_of
from tests.faults.liar import Liar
from tests.faults.recordings import recording
from tests.net.clients import OVER_AIOHTTP, WAYS, settings, skip_if_missing
from tests.net.leaks import live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.faults.conftest import Verdicts
    from tests.faults.liar import Step

pytestmark = pytest.mark.anyio

FRAMES = recording("openai_chat", "text").frames
BODY = b"".join(FRAMES)
HALF = b"".join(FRAMES[:3])  # two pieces of the text
WHOLE, PART = "Hé 🦜!", "Hé 🦜"


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", "content-type: text/event-stream", *lines, "", ""]).encode()


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")


CHUNKED = head("transfer-encoding: chunked")
GOOD = [CHUNKED + chunked(BODY), "keep"]


class Lie(NamedTuple):
    """What the server does, and what must come of it: the error's class (None: the answer), its stage, the text."""

    steps: Sequence[Step]
    error: str | None = None
    stage: str | None = None
    text: str = WHOLE
    requests: int = 1


LIES = {
    "no lie": Lie(GOOD),
    "closed without a word": Lie(["close"], "APIConnectionError", "request", ""),
    "reset without a word": Lie(["reset"], "APIConnectionError", "request", ""),
    "half a head": Lie([CHUNKED[:30], "close"], "APIConnectionError", "request", ""),
    "no HTTP": Lie([b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "close"], "APIConnectionError", "request", ""),
    "a status that is no number": Lie([head(status="OK OK"), "close"], "APIConnectionError", "request", ""),
    "early hints first": Lie([b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + CHUNKED + chunked(BODY), "keep"]),
    "no length at all": Lie([head("connection: close") + BODY, "close"]),
    "no length, and cut": Lie([head("connection: close") + HALF, "close"], "IncompleteStreamError", "output", PART),
    "a length that is too long": Lie([head("content-length: 9999") + HALF, "close"], "StreamInterruptedError", "output", PART),
    "too long, but all is there": Lie([head("content-length: 9999") + BODY, "close"]),
    "a length that is too short": Lie(
        [head(f"content-length: {len(HALF)}") + HALF, BODY[len(HALF) :], "close"], "IncompleteStreamError", "output", PART
    ),
    "no end of the chunks": Lie([CHUNKED, chunked(HALF, end=False), "close"], "StreamInterruptedError", "output", PART),
    "no end of the chunks, but of the answer": Lie([CHUNKED, chunked(BODY, end=False), "close"]),
    "a reset in the middle": Lie([CHUNKED, chunked(HALF, end=False), "reset"], "StreamInterruptedError", "output", PART),
    "a chunk without size": Lie([CHUNKED, chunked(HALF, end=False), b"no size\r\n"], "StreamInterruptedError", "output", PART),
    "a chunk size for giants": Lie(
        [CHUNKED, chunked(HALF, end=False), b"ffffffffff\r\nxx", "close"], "StreamInterruptedError", "output", PART
    ),
    "another content type": Lie([CHUNKED.replace(b"text/event-stream", b"text/html") + chunked(BODY), "keep"]),
    "really gzip": Lie([head("content-encoding: gzip", "connection: close") + gzip.compress(BODY), "close"]),
    "not really gzip": Lie(
        [head("content-encoding: gzip", "connection: close") + BODY, "close"], "APIConnectionError", "response", ""
    ),
    "a redirect": Lie(
        [head("location: /elsewhere", "content-length: 0", status="302 Found"), "keep"], "NotFoundError", "response", ""
    ),
    "no content": Lie([head("content-length: 0", status="204 No Content"), "keep"], "IncompleteStreamError", "response", ""),
    "an error without a body": Lie([head("content-length: 0", status="500 Oh"), "keep"], "ServerError", "response", ""),
    "an error with too long a length": Lie(
        [head("content-length: 99", status="503 Busy") + b"{}", "close"], "OverloadedError", "response", ""
    ),
    "more after the end": Lie([CHUNKED + chunked(BODY) + b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", "keep"]),
}

NOT_OVER_THE_ADAPTER = {"too long, but all is there", "no length, and cut", "a chunk without size"}
"""httpx over aiohttp drops what came right before a break, and does not tell of broken chunks."""


@pytest.mark.parametrize("way", WAYS)
async def test_every_lie(way: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """The right error and what had come, nothing left open, and the next request is answered."""
    skip_if_missing(way, anyio_backend)
    if (way, anyio_backend) == ("aiohttp", "trio"):
        pytest.skip("this is httpx again")
    async with settings(way) as how:
        before = live()
        for name, lie in LIES.items():
            if way == OVER_AIOHTTP and name in NOT_OVER_THE_ADAPTER:
                continue
            with Liar(lie.steps, GOOD) as server:
                await _run(name, lie, server, verdicts, how)
        await anyio.sleep(0.02)
        verdicts.check("tasks and async generators", found=live(), expected=before)


async def _run(name: str, lie: Lie, server: Liar, verdicts: Verdicts, how: dict[str, Any]) -> None:
    model = model_of("openai_chat", server.url, max_retries=0, timeout=Timeouts(first_event=20, idle=20), **how)
    texts, error = list[str](), None
    try:
        async for chunk in model.astream("x"):
            texts.append(chunk.text)
    except ModelError as raised:
        error = raised
    kind, stage = (type(error).__name__, error.stage) if error is not None else (None, None)
    found = Lie(lie.steps, kind, stage, "".join(texts), server.requests)
    verdicts.check(f"{name} ({error!r})", found=found[1:], expected=lie[1:])
    model = model.bind(max_retries=RetryPolicy(initial_delay=0.001))  # a pool may not have noticed yet
    again = "".join([chunk.text async for chunk in model.astream("x")])
    verdicts.check(f"{name} (the next request)", found=again, expected=WHOLE)
    with anyio.move_on_after(2):
        while server.open > 1:  # the one of the second request is kept
            await anyio.sleep(0.002)
    verdicts.check(f"{name} (connections)", found=server.open, expected=1)


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_not_seen_is_asked_for_again(way: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """Retries over every way: twice nothing, then the answer, once."""
    skip_if_missing(way, anyio_backend)
    failures = [["close"], ["reset"], [CHUNKED, "reset"], [CHUNKED, chunked(FRAMES[0], end=False), "close"]]
    async with settings(way) as how:
        for first in failures:
            with Liar(first, first, GOOD) as server:
                model = model_of("openai_chat", server.url, max_retries=RetryPolicy(initial_delay=0.001), **how)
                text = "".join([chunk.text async for chunk in model.astream("x")])
                verdicts.check(first, found=(text, server.requests), expected=(WHOLE, 3))

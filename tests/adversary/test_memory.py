"""Answers without end: refused, with memory that stays in bounds. The server lives in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from chatkit.errors import InvalidResponseError, ServerError
from chatkit.wire.sse import MAX_EVENT_BYTES
from tests.adversary.every import make
from tests.adversary.server import response

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB = 1 << 20


SERVER = """
import socket, sys
head, unit, times = bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]), int(sys.argv[3])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
piece = unit * times
while True:
    connection, _ = listener.accept()
    try:
        connection.recv(65536)
        connection.sendall(head)
        for _ in range((1 << 30) // len(piece)):
            connection.sendall(piece)
    except OSError:
        pass
    connection.close()
"""


@contextmanager
def flooding(head: bytes, unit: bytes) -> Iterator[str]:
    """A server that answers with 1 GiB, in a process of its own, so that its memory does not count."""
    times = str(max(1, 65536 // len(unit)))
    process = subprocess.Popen([sys.executable, "-c", SERVER, head.hex(), unit.hex(), times], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


class Peak:
    """The most memory that this process had inside the block, above what it had before."""

    def __enter__(self) -> Peak:
        self._base = self.value = resident()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._over.wait(0.002):
            self.value = max(self.value, resident())

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.value -= self._base


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


FLOODS: list[tuple[str, str, bytes, bytes]] = [
    ("openai", "an event", response(b"data: ", length=None), b"x"),
    ("openai", "a JSON document", response(b'{"a":"', length=None), b"x"),
    ("openai", "a web page", response(b"<html>", length=None), b"x"),
    ("openai", "lines of an event", response(b"", length=None), b"data:\n"),
    ("ollama", "a line", response(b'{"a":"', length=None), b"x"),
    ("bedrock_converse", "a JSON document", response(b'{"a":"', length=None), b"x"),
]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
@pytest.mark.parametrize(("provider", "what", "head", "piece"), FLOODS, ids=[f"{p}-{w}" for p, w, _, _ in FLOODS])
def test_a_gigabyte_is_refused_early(provider: str, what: str, head: bytes, piece: bytes) -> None:
    """1 GiB of one thing: refused at 128 MiB, and never much more than that in memory."""
    with flooding(head, piece) as url, Peak() as peak:
        with pytest.raises(InvalidResponseError, match="larger than"):
            for _ in make(provider, base_url=url).stream("x"):
                pass
    assert peak.value < MAX_EVENT_BYTES + 128 * MIB


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
def test_a_gigabyte_of_error_is_cut() -> None:
    """Of an error body 1 MiB is read, and of a message 2000 characters kept."""
    with flooding(response(b'{"error":"', status="500 No", length=None), b"x") as url, Peak() as peak:
        with pytest.raises(ServerError) as caught:
            make("openai", base_url=url).invoke("x")
    assert len(str(caught.value)) < 3000
    assert peak.value < 32 * MIB


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="memory is read from /proc")
@pytest.mark.parametrize("piece", [b" \r\n\n" * 16_384, b"x" * 65_535 + b"\n"], ids=["blank lines", "lines of no event"])
def test_what_belongs_to_nothing_is_not_kept(piece: bytes) -> None:
    """Streams may hold any amount of white space and strange lines before and between events."""
    from chatkit.dialects.openai_chat import ChatParser

    parser = ChatParser()
    with Peak() as peak:
        for _ in range(4000):
            assert parser.feed(piece) == []
    assert peak.value < 32 * MIB

"""The end of a program, whatever is still under way: prompt, silent, and the socket is closed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.net.clients import NAMED, skip_if_missing
from tests.net.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

HEAD = """
import asyncio, atexit, sys, threading, time
from chatkit_openai import ChatOpenAI
model = ChatOpenAI("m", api_key="k", base_url=sys.argv[1], http_client=sys.argv[2])
def end():
    print("END", flush=True)
"""
TAILS = {
    "an async stream that was not finished": """
async def main():
    global stream
    stream = model.astream("x").__aiter__()
    await stream.__anext__()
asyncio.run(main())
end()
""",
    "an async stream in a trio program": """
import trio
async def main():
    global stream
    stream = model.astream("x").__aiter__()
    await stream.__anext__()
trio.run(main)
end()
""",
    "a loop that is closed by hand": """
async def main():
    global stream
    stream = model.astream("x").__aiter__()
    await stream.__anext__()
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.run_until_complete(loop.shutdown_asyncgens())
loop.close()
end()
""",
    "a sync stream that was not finished": """
stream = model.stream("x")
next(stream)
end()
""",
    "a sync stream that was never begun": """
stream = model.stream("x")
end()
""",
    "a call in a daemon thread": """
threading.Thread(target=lambda: list(model.stream("x")), daemon=True).start()
time.sleep(0.3)
end()
""",
    "sys.exit in the middle of a stream": """
for chunk in model.stream("x"):
    end()
    sys.exit(0)
""",
    "sys.exit in the middle of an async stream": """
async def main():
    async for chunk in model.astream("x"):
        end()
        sys.exit(0)
asyncio.run(main())
""",
    "a call that an atexit function makes": """
from chatkit.errors import InputError
def late():
    try:
        model.invoke("x")
    except InputError as error:  # from Python 3.12 on no thread can be started any more
        assert "the interpreter is ending" in str(error)
    end()
atexit.register(late)
model.invoke("x")
""",
    "a stream that an object keeps in a cycle": """
class Keeper: pass
keeper = Keeper()
keeper.me, keeper.stream = keeper, model.stream("x")
next(keeper.stream)
del keeper
end()
""",
    "everything was finished": """
model.invoke("x")
asyncio.run(model.ainvoke("x"))
end()
""",
}
INTERRUPTED = {
    "invoke": "model.bind(streaming=True).invoke('x')",
    "stream": "list(model.stream('x'))",
    "astream": """
async def main():
    async for chunk in model.astream("x"): pass
asyncio.run(main())""",
    "trio": """
import trio
async def main():
    async for chunk in model.astream("x"): pass
trio.run(main)""",
    "batch": "model.bind(streaming=True).batch(['x'] * 5)",
}


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin(ticks=3, delay=0.01, hold=True) as origin:
        yield origin


def start(code: str, origin: Origin, library: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", HEAD + code, origin.url, library]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)


def closed_within(origin: Origin, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while origin.open and time.monotonic() < until:
        time.sleep(0.01)
    return not origin.open


def said(errors: bytes) -> str:
    """What the program said, without asyncio's remarks, in development mode, that an import took long."""
    return "".join(line for line in errors.decode().splitlines(True) if not line.startswith("Executing <"))


@pytest.mark.parametrize(
    ("what", "library"), [*((what, "httpx") for what in TAILS), *((what, "aiohttp") for what in list(TAILS)[::3])]
)
def test_the_interpreter_exits_promptly_and_silently(what: str, library: str, origin: Origin) -> None:
    """No traceback, no warning (all are errors here), and less than a second from the last line to the end."""
    skip_if_missing(library, "asyncio")
    process = start(TAILS[what], origin, library)
    assert process.stdout is not None
    assert process.stdout.readline() == b"END\n", process.communicate()
    ended = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert said(errors) == "", errors.decode()
    assert process.returncode == 0
    assert time.monotonic() - ended < 1.0
    assert closed_within(origin, 1)


@pytest.mark.parametrize(("what", "library"), [*((what, "httpx") for what in INTERRUPTED), ("astream", "aiohttp")])
def test_ctrl_c(what: str, library: str, origin: Origin) -> None:
    """KeyboardInterrupt comes out of the call at once, the socket is closed, and nothing else is printed."""
    skip_if_missing(library, "asyncio")
    process = start(INTERRUPTED[what], origin, library)
    until = time.monotonic() + 20
    while origin.sent < 3 and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - sent < 1.0
    assert said(errors).strip().splitlines()[-1] == "KeyboardInterrupt"
    assert errors.decode().splitlines().count("KeyboardInterrupt") == 1, errors.decode()
    assert b"Warning" not in errors, errors.decode()
    assert closed_within(origin, 1)


def test_all_libraries_are_known() -> None:
    """httpx2 is httpx's twin; the two that differ are tested."""
    assert set(NAMED) == {"httpx", "httpx2", "aiohttp"}

"""Nothing grows: sockets, tasks, objects, threads."""

from __future__ import annotations

import asyncio
import gc
import os
import random
import subprocess
import sys
import threading
import time
from typing import Any

import anyio
import pytest

from chatkit.net import http
from chatkit_openai import ChatOpenAI
from tests.adversary.every import NAMES, make
from tests.adversary.server import RawServer, read_request, response
from tests.net.clients import NAMED, skip_if_missing
from tests.net.origin import Origin

WORKERS = 8


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0


def objects() -> int:
    gc.collect()
    return len(gc.get_objects())


async def leave(model: ChatOpenAI, how: int) -> None:
    """One stream, left in one of six ways."""
    if how == 0:
        async for _ in model.astream("x"):
            if random.random() < 0.2:
                break
    elif how == 1:
        with anyio.move_on_after(random.random() * 0.01):
            async for _ in model.astream("x"):
                pass
    elif how == 2:
        async with model.open_stream("x") as stream:
            async for _ in stream:
                if random.random() < 0.2:
                    await stream.cancel()
    elif how == 3:
        cursor = model.astream("x").__aiter__()
        await cursor.__anext__()
        del cursor
    elif how == 4:
        try:
            async for _ in model.astream("x"):
                raise KeyError
        except KeyError:
            pass
    else:
        assert (await model.ainvoke("x")).text == "Hi"


@pytest.mark.anyio
@pytest.mark.parametrize("library", NAMED)
async def test_hundreds_of_streams_with_random_exits(library: str, anyio_backend: str) -> None:
    """After a first round that fills pools and caches, two more leave as many descriptors, objects and tasks as there were.

    But for idle connections: between none and one a worker wait for the next request, each with two descriptors here,
    since the server is in this process too. 192 streams that leaked anything would show far above that.
    """
    skip_if_missing(library, anyio_backend)
    if library == "aiohttp" and anyio_backend == "trio":
        pytest.skip("aiohttp knows only asyncio")
    with Origin(ticks=10, delay=0.0003) as origin:
        model = ChatOpenAI("m", api_key="k", base_url=origin.url, http_client=library)

        async def worker() -> None:
            for turn in range(12):
                await leave(model, turn % 6)

        async def round_of_streams() -> None:
            async with anyio.create_task_group() as group:
                for _ in range(WORKERS):
                    group.start_soon(worker)

        await round_of_streams()
        await anyio.sleep(0.1)
        before = descriptors(), objects()
        await round_of_streams()
        await round_of_streams()
        with anyio.fail_after(5):
            while descriptors() > before[0] + 2 * WORKERS or objects() > before[1] * 1.04 or tasks(anyio_backend) > 2:
                await anyio.sleep(0.1)


def tasks(backend: str) -> int:
    return len(asyncio.all_tasks()) if backend == "asyncio" else 0


def test_a_thousand_models_made_and_dropped() -> None:
    """Making, binding and dropping models keeps nothing."""

    def round_of_models() -> None:
        for turn in range(1000):
            model = make(NAMES[turn % len(NAMES)])
            model.bind(temperature=0.1)
            repr(model)

    round_of_models()
    before = objects()
    round_of_models()
    assert objects() <= before + 200


def test_calls_of_many_models_share_one_background_thread() -> None:
    """A hundred models, sync calls, eight threads: one portal."""
    with Origin(ticks=2, delay=0) as origin:

        def work() -> None:
            for _ in range(13):
                assert ChatOpenAI("m", api_key="k", base_url=origin.url).invoke("x").text == "Hi"

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [thread.name for thread in threading.enumerate()].count("chatkit-portal") == 1


@pytest.mark.anyio
async def test_idle_connections_do_not_pile_up(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a burst has opened and nobody uses any more is closed with the next answers, not kept for ever."""
    monkeypatch.setattr(http, "KEEPALIVE_SECONDS", 0.2)
    with RawServer(answers) as server:
        model = ChatOpenAI("m", api_key="k", base_url=server.url)
        async with anyio.create_task_group() as group:
            for _ in range(30):
                group.start_soon(model.ainvoke, "x")
        burst = server.connections
        assert burst > 5
        await anyio.sleep(0.3)
        await model.ainvoke("x")
        await model.ainvoke("x")
        with anyio.fail_after(2):
            while server.connections - server.ended > 2:
                await anyio.sleep(0.01)


def answers(connection: Any) -> None:
    while read_request(connection) is not None:
        time.sleep(0.01)
        connection.sendall(response())


LOOP = """
import asyncio, sys, time
{imports}
from chatkit_openai import ChatOpenAI
model = ChatOpenAI("m", api_key="k", base_url=sys.argv[1], http_client=sys.argv[2])
async def main():
    for turn in range(4):
        async for chunk in model.astream("x"):
            break
    if (await model.ainvoke("x")).text != "Hi":
        sys.exit("wrong")
with asyncio.Runner({factory}) as runner:
    runner.run(main())
    print("DONE", flush=True)
for chunk in model.stream("x"):
    break
if model.invoke("x").text != "Hi":
    sys.exit("wrong")
"""


def run(command: list[str], library: str, **parts: str) -> None:
    with Origin(ticks=3, delay=0.001, hold=True) as origin:
        process = subprocess.run(
            [sys.executable, *command, "-W", "error", "-c", LOOP.format(**parts), origin.url, library],
            capture_output=True,
            timeout=30,
            env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
        )
        assert process.stderr == b"", process.stderr.decode()
        assert process.returncode == 0
        deadline = time.monotonic() + 2
        while origin.open and time.monotonic() < deadline:
            time.sleep(0.01)
        assert origin.open == 0
        assert origin.requests == 7


@pytest.mark.parametrize("library", ["httpx", "aiohttp"])
def test_under_uvloop(library: str) -> None:
    """uvloop shows sockets that cannot be shut down; streams that are left end all the same."""
    pytest.importorskip("uvloop")
    skip_if_missing(library, "asyncio")
    run([], library, imports="import uvloop", factory="loop_factory=uvloop.new_event_loop")


@pytest.mark.parametrize("level", ["-OO"])
def test_with_optimisation(level: str) -> None:
    """Without assertions and docstrings everything works."""
    run([level], "httpx", imports="", factory="")

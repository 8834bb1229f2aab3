"""Minutes of random cancels, faults and reconnects at many streams: does anything grow?

    python benchmarks/soak.py --minutes 5 --streams 500 [--http aiohttp] [--backend trio]

A simulator in a process of its own is killed and started again every half minute. Each worker makes one call after
another: a random dialect, a random fault, and a random way to leave. Every ten seconds a line tells the resident
memory, open sockets, tasks, async generators and threads of this process. At the end everything is left at once; then
no socket and no task may remain, and the memory of the last quarter may be at most a tenth above that of the second.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import inspect
import multiprocessing
import os
import random
import resource
import socket
import statistics
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from chatkit import Timeouts, init_chat_model
from chatkit.errors import ChatKitError
from chatkit.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.process import BaseProcess

    from chatkit.model import ChatModel

PROVIDERS: dict[str, tuple[str, dict[str, Any]]] = {
    "openai:m": ("/v1", {}),
    "anthropic:m": ("", {"max_tokens": 500}),
    "ollama:m": ("", {}),
    "bedrock_converse:m": ("", {"region_name": "us-east-1"}),
    "google_genai:m": ("", {}),
}
FAULTS = [
    *[""] * 12,
    *("slow=0.01", "split=3", "split=1&comments=1", "comments=3"),
    *("cut=0", "cut=300", "cut=900", "unended", "garble=json", "garble=utf8", "body=html", "body=empty"),
    *("stall=headers", "stall=first", "stall=middle", "error=before&kind=overloaded", "error=after"),
    *("429&retry_after=0.01", "500", "503&body=html", "401"),
]
TEXT = "A stream of words that is long enough to be left in the middle. " * 4


class Soak:
    """The workers, and what came of their calls."""

    def __init__(self, port: int, http: str) -> None:
        self.outcomes: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self._models = [
            init_chat_model(
                name,
                api_key="k",
                base_url=f"http://127.0.0.1:{port}{path}",
                http_client=http,
                timeout=Timeouts(connect=5, first_event=2, idle=1),
                max_retries=RetryPolicy(max_retries=1, initial_delay=0.01),
                **more,
            )
            for name, (path, more) in PROVIDERS.items()
        ]

    async def worker(self, until: float) -> None:
        """One call after another."""
        while time.monotonic() < until:
            model = random.choice(self._models)
            if fault := random.choice(FAULTS):
                model = model.bind(default_headers={"x-chatkit-fault": fault})
            leave = random.choice(LEAVES)
            try:
                with anyio.move_on_after(20) as watch:
                    await leave(model)
                outcome = "hung" if watch.cancelled_caught else f"{leave.__name__} ok"
            except ChatKitError as error:
                outcome = type(error).__name__
            except Exception as error:
                outcome = f"unexpected {type(error).__name__}"
                self.unexpected.append(f"{leave.__name__} {fault}: {error!r}")
            self.outcomes[outcome] += 1


async def read_all(model: ChatModel) -> None:
    async for _ in model.astream("x"):
        pass


async def ask(model: ChatModel) -> None:
    await model.ainvoke("x")


async def leave_by_break(model: ChatModel) -> None:
    left = random.randint(1, 30)
    async for _ in model.astream("x"):
        left -= 1
        if not left:
            break


async def leave_by_dropping(model: ChatModel) -> None:
    stream = model.astream("x")
    await stream.__anext__()
    del stream


async def leave_by_the_end_of_a_block(model: ChatModel) -> None:
    async with model.open_stream("x") as stream:
        async for _ in stream:
            if random.random() < 0.1:
                return


async def leave_by_scope(model: ChatModel) -> None:
    with anyio.move_on_after(random.random() * 0.2):
        await read_all(model)


async def leave_by_stop_button(model: ChatModel) -> None:
    stream = model.astream("x")

    async def stop() -> None:
        await anyio.sleep(random.random() * 0.2)
        await stream.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(stop)
        try:
            async for _ in stream:
                pass
        except ChatKitError:
            pass


async def leave_by_two_cancels(model: ChatModel) -> None:
    """A task that is cancelled again while it cleans up."""
    async with anyio.create_task_group() as outer:
        with anyio.CancelScope() as inner:
            async with anyio.create_task_group() as group:
                group.start_soon(read_quietly, model)
                await anyio.sleep(random.random() * 0.1)
                inner.cancel()
                outer.cancel_scope.cancel()


async def read_quietly(model: ChatModel) -> None:
    try:
        await read_all(model)
    except ChatKitError:
        pass


LEAVES: list[Callable[[ChatModel], Awaitable[None]]] = [
    *(read_all, read_all, ask, leave_by_break, leave_by_dropping, leave_by_the_end_of_a_block),
    *(leave_by_scope, leave_by_scope, leave_by_stop_button, leave_by_two_cancels),
]


def serve(port: int) -> None:
    """The simulator's process."""
    from chatkit.simulator import Reply, simulate

    simulate([("", Reply(TEXT, every=0.005))], port=port).run(lambda: None)


def start_server(port: int) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port,), daemon=True)
    process.start()
    return process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sockets() -> int:
    """Open sockets of this process that lead somewhere; the loop's own pair does not count."""
    inodes = {os.readlink(f"/proc/self/fd/{fd}")[8:-1] for fd in os.listdir("/proc/self/fd") if _is_socket(fd)}
    lines = [line.split() for line in Path("/proc/self/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for fields in lines if fields[9] in inodes)


def _is_socket(fd: str) -> bool:
    try:
        return os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
    except OSError:
        return False


def rss() -> float:
    """Resident memory in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def generators() -> int:
    return sum(1 for found in gc.get_objects() if inspect.isasyncgen(found) and found.ag_frame is not None)


async def watch(soak: Soak, started: float, until: float, memory: list[float]) -> None:
    """A line every ten seconds."""
    print("  seconds    calls   RSS MiB  sockets  tasks  asyncgens  threads", flush=True)
    while (now := time.monotonic()) < until:
        await anyio.sleep(min(10.0, until - now))
        memory.append(rss())
        tasks = len(anyio.get_running_tasks())
        figures = f"{time.monotonic() - started:9.0f}{soak.outcomes.total():9d}{memory[-1]:10.1f}{sockets():9d}{tasks:7d}"
        print(f"{figures}{generators():11d}{threading.active_count():9d}", flush=True)


async def restart_often(port: int, until: float, server: list[Any]) -> None:
    while time.monotonic() < until - 20:
        await anyio.sleep(30)
        server[0].kill()
        server[0].join()
        server[0] = start_server(port)


async def run(options: argparse.Namespace, memory: list[float]) -> bool:
    port, before = free_port(), len(anyio.get_running_tasks())
    server = [start_server(port)]
    await anyio.sleep(2)
    soak = Soak(port, options.http)
    started = time.monotonic()
    until = started + options.minutes * 60
    async with anyio.create_task_group() as group:
        group.start_soon(watch, soak, started, until, memory)
        group.start_soon(restart_often, port, until, server)
        for _ in range(options.streams):
            group.start_soon(soak.worker, until)
    server[0].kill()
    await anyio.sleep(1)
    left = (len(anyio.get_running_tasks()) - before, generators())
    print(f"outcomes: {dict(soak.outcomes.most_common())}")
    print(f"left behind in the loop: {left[0]} tasks, {left[1]} async generators")
    for line in soak.unexpected[:10]:
        print(line)
    return not soak.unexpected and not soak.outcomes["hung"] and left == (0, 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--streams", type=int, default=500)
    parser.add_argument("--http", default="httpx", choices=["httpx", "httpx2", "aiohttp"])
    parser.add_argument("--backend", default="asyncio", choices=["asyncio", "trio"])
    options = parser.parse_args()
    importlib.import_module(options.http)
    memory: list[float] = []
    clean = anyio.run(run, options, memory, backend=options.backend)
    gc.collect()
    quarter = max(1, len(memory) // 4)
    second, last = statistics.mean(memory[quarter : 2 * quarter]), statistics.mean(memory[-quarter:])
    print(f"left behind after the loop: {sockets()} sockets; RSS {second:.1f} MiB in the second quarter, {last:.1f} in the last")
    flat = clean and not sockets() and last <= 1.1 * second
    print("flat" if flat else "NOT FLAT")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())

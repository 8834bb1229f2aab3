"""How well the limiters keep a limit: `python benchmarks/limits.py [rates] [waiters] [hidden] [redis]`, all without arguments.

rates     what is given when 7, 100 and 500 a second are asked for
waiters   CPU seconds of 2,000 waiters in 2 seconds
hidden    a simulated provider whose limits the limiter is not told: one process
redis     the same with four processes that share one budget over Redis (needs redis-server and redis-py)
"""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import socket
import subprocess
import sys
import time
from typing import Any

from chatkit import init_chat_model
from chatkit.rate_limiters import InMemoryRateLimiter, RateLimiter, RedisRateLimiter
from chatkit.simulator import Budget, Question, Reply, simulate

spawn = multiprocessing.get_context("spawn")
WARM_UP = 5.0
SECONDS = 20.0


async def rates() -> None:
    for asked in (7, 100, 500):
        limiter, times = InMemoryRateLimiter(requests_per_second=asked), list[float]()

        async def one(limiter: InMemoryRateLimiter = limiter, times: list[float] = times) -> None:
            await limiter.aacquire()
            times.append(time.monotonic())

        await asyncio.gather(*(one() for _ in range(asked * 4)))
        print(f"asked for {asked}/s: {(len(times) - 1) / (times[-1] - times[0]):.2f}/s")


async def waiters() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=500)
    tasks = [asyncio.ensure_future(limiter.aacquire()) for _ in range(2000)]
    await asyncio.sleep(0.1)
    began = time.process_time()
    await asyncio.sleep(2)
    print(f"2,000 waiters at 500/s: {time.process_time() - began:.3f} CPU seconds in 2 seconds")
    for task in tasks:
        task.cancel()


class Counted(Budget):
    """A hidden limit that remembers what it was asked for."""

    def __init__(self, *limits: Any, **options: Any) -> None:
        super().__init__(*limits, **options)
        self.asked: list[tuple[float, int, bool]] = []

    def take(self, tokens: int) -> Any:
        limits, wait = super().take(tokens)
        self.asked.append((time.time(), tokens, wait is None))
        return limits, wait


def reply(question: Question) -> Reply:
    """Answers of 1 to 40 words."""
    return Reply("word " * (1 + hash(question.prompt) % 40))


def provider(pipe: Any, limits: tuple[int | None, int | None], burst: float) -> None:
    """A process with the simulator's server; tells its address, and what it was asked when it is told to end."""
    budget = Counted(*limits, burst=burst)
    with simulate(reply, limits=budget) as server:
        pipe.send(server.url)
        pipe.recv()
        pipe.send(budget.asked)


async def ask(url: str, limiter: Any, seconds: float) -> None:
    """Ask as fast as the limiter allows."""
    model = init_chat_model("simulator:m", base_url=f"{url}/v1", rate_limiter=limiter, max_retries=10, timeout=60)

    def prompts() -> Any:
        number, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            number += 1
            yield f"question {number} " + "and more " * (number * 7 % 30)

    async for _ in model.abatch_as_completed(prompts(), {"max_concurrency": 32}):
        pass


def client(url: str, limiter: Any, seconds: float) -> None:
    asyncio.run(ask(url, limiter, seconds))


def measure(name: str, limits: tuple[int | None, int | None], burst: float, limiters: list[Any]) -> None:
    pipe, other = spawn.Pipe()
    server = spawn.Process(target=provider, args=(other, limits, burst), daemon=True)
    server.start()
    url = pipe.recv()
    began = time.time()
    if len(limiters) == 1:
        client(url, limiters[0], WARM_UP + SECONDS)
    else:
        processes = [spawn.Process(target=client, args=(url, limiter, WARM_UP + SECONDS)) for limiter in limiters]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        began += 2  # they need a moment to start
    pipe.send("end")
    asked = pipe.recv()
    server.join()
    first, last = began + WARM_UP, began + WARM_UP + SECONDS - 2
    seen = [row for row in asked if first <= row[0] < last]
    answered = [tokens for _, tokens, accepted in seen if accepted]
    requests, tokens = limits
    most = requests / 60 * (last - first) if requests else (tokens or 0) / 60 * (last - first)
    used = (len(answered) if requests else sum(answered)) / most
    early = [row for row in asked if row[0] < first]
    print(
        f"{name}: {used:.2%} of the capacity used, {len(seen) - len(answered)} of {len(seen)} refused "
        f"({1 - len(answered) / len(seen):.3%}); in the warm-up {sum(not row[2] for row in early)} of {len(early)}"
    )


CASES: dict[str, tuple[tuple[int | None, int | None], float]] = {
    "6,000 requests a minute, 1 s burst": ((6000, None), 1.0),
    "6,000 requests a minute, 60 s burst": ((6000, None), 60.0),
    "240,000 tokens a minute, 2 s burst": ((None, 240_000), 2.0),
}


def hidden() -> None:
    for name, (limits, burst) in CASES.items():
        measure(f"hidden, one process, {name}", limits, burst, [RateLimiter()])


def redis() -> None:
    if shutil.which("redis-server") is None:
        print("redis: redis-server is not installed")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(["redis-server", "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        for number, (name, (limits, burst)) in enumerate(CASES.items()):
            limiter = RedisRateLimiter(f"redis://127.0.0.1:{port}/0", f"bench-{number}")
            measure(f"hidden, four processes over Redis, {name}", limits, burst, [limiter] * 4)
    finally:
        server.kill()
        server.wait()


PARTS = {"rates": lambda: asyncio.run(rates()), "waiters": lambda: asyncio.run(waiters()), "hidden": hidden, "redis": redis}

if __name__ == "__main__":
    for part in sys.argv[1:] or PARTS:
        PARTS[part]()

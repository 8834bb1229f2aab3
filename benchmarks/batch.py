"""What a batch costs: `python benchmarks/batch.py [inputs]` (1,000,000 by default).

Inputs come from a generator; the model is the simulator in the same process, so that nothing else is measured.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING

from chatkit import init_chat_model
from chatkit.simulator import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit import ChatModel
    from chatkit.simulator import Question

CONFIG = {"max_concurrency": 64}


def resident() -> float:
    """Megabytes of memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def prompts(number: int) -> Iterator[str]:
    for n in range(number):
        yield f"question {n}"


def reply(_: Question) -> Reply:
    return Reply("ok")


async def bare(model: ChatModel, number: int) -> float:
    """CPU seconds of one call."""
    began = time.process_time()
    for prompt in prompts(number):
        await model.ainvoke(prompt)
    return (time.process_time() - began) / number


async def batch(model: ChatModel, number: int) -> tuple[float, float, float, list[float]]:
    """(CPU seconds of one input, of a bare call meanwhile, seconds to the first result, megabytes); 20 samples of the last."""
    first, sizes, costs, done, elsewhere = 0.0, list[float](), list[float](), 0, 0.0
    began, cpu = time.perf_counter(), time.process_time()
    async for _ in model.abatch_as_completed(prompts(number), CONFIG):
        done += 1
        first = first or time.perf_counter() - began
        if not done % max(1, number // 20):
            sample = time.process_time()
            costs.append(await bare(model, 1000))
            sizes.append(resident())
            elsewhere += time.process_time() - sample
    item = (time.process_time() - cpu - elsewhere) / number
    return item, sum(costs) / len(costs), first, sizes


async def leave(model: ChatModel) -> tuple[int, int]:
    """(requests started when the loop was left after one result, requests started later)."""
    started = 0

    def count() -> Iterator[str]:
        nonlocal started
        while True:
            started += 1
            yield "x"

    async for _ in model.abatch_as_completed(count(), CONFIG):
        break
    then = started
    await asyncio.sleep(0.2)
    return then, started - then


async def main(number: int) -> None:
    model = init_chat_model("simulator:m", replies=reply)
    await batch(model, 1000)
    item, cost, first, sizes = await batch(model, number)
    print(
        f"{number:,} inputs: {item * 1e6:.0f} µs CPU each, {(item - cost) * 1e6:.0f} µs more than a bare call ({cost * 1e6:.0f})"
    )
    print(f"first result after {first * 1e3:.2f} ms; memory {', '.join(f'{size:.1f}' for size in sizes[::4])} MB")
    print("left after one result: {} inputs were pulled, {} later".format(*await leave(model)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 1_000_000))

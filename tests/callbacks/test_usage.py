"""Usage over many calls: models, tasks, threads, and attempts that did not make it."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from typing import Any

import anyio
import pytest

from chatkit.caches import InMemoryCache
from chatkit.callbacks import UsageMetadataCallbackHandler, get_usage_metadata_callback
from chatkit.errors import OverloadedError
from chatkit.runs import ambient_handlers
from chatkit.simulator import Fault, Reply, SimulatedChatModel, Simulator
from chatkit.steps import runnable

pytestmark = pytest.mark.anyio


def model(name: str = "m", *replies: Any, **settings: Any) -> SimulatedChatModel:
    return SimulatedChatModel(name, replies=list(replies) if replies else lambda _: "one two", max_retries=0, **settings)


async def test_usage_adds_up_by_model(anyio_backend: str) -> None:
    handler = UsageMetadataCallbackHandler()
    answers = [await model(name).ainvoke("hi there", {"callbacks": [handler]}) for name in ("a", "b", "a")]
    assert set(handler.usage_metadata) == {"a", "b"}
    one = answers[0].usage_metadata
    assert one is not None
    assert handler.usage_metadata["a"]["total_tokens"] == 2 * one["total_tokens"]
    assert [(attempt.model, attempt.status) for attempt in handler.attempts] == [("a", "ok"), ("b", "ok"), ("a", "ok")]


async def test_a_block_counts_tasks_streams_and_steps(anyio_backend: str) -> None:
    @runnable
    def step(text: str) -> str:
        return model("thread").invoke(text).text

    with get_usage_metadata_callback() as usage:
        async with anyio.create_task_group() as group:
            group.start_soon(model("task").ainvoke, "hi")
        [chunk async for chunk in model("stream").astream("hi")]
        await step.ainvoke("hi")
        await model("batch").abatch(["a", "b"])
    await model("after").ainvoke("hi")
    assert {attempt.model for attempt in usage.attempts} == {"task", "stream", "thread", "batch"}
    assert len(usage.attempts) == 5


async def test_blocks_nest(anyio_backend: str) -> None:
    with get_usage_metadata_callback() as outer:
        await model().ainvoke("hi")
        with get_usage_metadata_callback() as inner:
            await model().ainvoke("hi")
    assert (len(outer.attempts), len(inner.attempts)) == (2, 1)


async def test_attempts_that_did_not_make_it(anyio_backend: str) -> None:
    handler = UsageMetadataCallbackHandler()
    config = {"callbacks": [handler]}
    retried = SimulatedChatModel("m", replies=[Fault(status=500, retry_after=0), "fine"], max_retries=1)
    await retried.ainvoke("hi", config)
    with pytest.raises(OverloadedError):
        async for _ in model("m", Reply("a b c", fault=Fault(error="after", after=2))).astream("hi", config):
            pass
    async for _ in model().astream("hi", config):
        break
    assert [attempt.status for attempt in handler.attempts] == ["retried", "ok", "failed", "cancelled"]
    assert handler.attempts[2].error is not None
    assert "Overloaded" in handler.attempts[2].error


async def test_reported_usage_of_a_failed_attempt_counts(anyio_backend: str) -> None:
    """It is billed. Here the provider reports usage, then fails before the first output; a second attempt answers."""
    handler = UsageMetadataCallbackHandler()
    handler.on_retry(ValueError("x"), model="m", usage={"input_tokens": 3, "output_tokens": 0, "total_tokens": 3})
    assert handler.usage_metadata == {"m": {"input_tokens": 3, "output_tokens": 0, "total_tokens": 3}}


async def test_answers_from_a_cache_are_not_billed(anyio_backend: str) -> None:
    asked = model(cache=InMemoryCache())
    with get_usage_metadata_callback() as usage:
        first, _ = await asked.ainvoke("hi"), await asked.ainvoke("hi")
    assert [attempt.status for attempt in usage.attempts] == ["ok", "cached"]
    assert usage.usage_metadata == {"m": first.usage_metadata}


def test_many_threads_at_once() -> None:
    handler, asked = UsageMetadataCallbackHandler(), model()
    threads = [threading.Thread(target=asked.invoke, args=("hi", {"callbacks": [handler]})) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    one = asked.invoke("hi").usage_metadata
    assert one is not None
    assert handler.usage_metadata["m"]["total_tokens"] == 20 * one["total_tokens"]


async def test_a_thousand_blocks_leave_nothing(anyio_backend: str) -> None:
    asked = SimulatedChatModel("m", simulator=Simulator(lambda _: "one"))

    async def once() -> None:
        with get_usage_metadata_callback() as usage:
            await asked.ainvoke("hi")
        assert usage.usage_metadata

    for _ in range(1100):  # the simulator keeps the last 1,000 requests
        await once()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = len(asked.simulator.requests)
        for _ in range(1000):
            await once()
        assert len(asked.simulator.requests) == kept
        asked.simulator.requests.clear()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 100_000
    finally:
        tracemalloc.stop()
    assert ambient_handlers.get() == ()


def test_a_block_may_be_left_in_another_context() -> None:
    import contextvars

    block = get_usage_metadata_callback()
    contextvars.copy_context().run(block.__enter__)
    block.__exit__(None, None, None)

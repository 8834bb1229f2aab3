"""Batches: order, laziness, limits, failures, and that nothing runs after the reader has left. On both loops."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit import init_chat_model
from chatkit.batch import DEFAULT_CONCURRENCY, Progress
from chatkit.errors import InputError, InputTypeError, RateLimitError
from chatkit.messages import HumanMessage
from chatkit.simulator import Reply
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

both_loops = pytest.mark.anyio


class Echo(Runnable[Any]):
    """Answers its input after some seconds, and counts."""

    def __init__(self, seconds: float | dict[Any, float] = 0.0, fails: Any = (), others: float = 0.0) -> None:
        self.seconds, self.others = seconds, others
        self.fails = fails
        self.started: list[Any] = []
        self.cancelled: list[Any] = []
        self.running = self.most = 0
        self.configs: list[Any] = []

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        self.started.append(input)
        self.configs.append(config)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            seconds = self.seconds.get(input, self.others) if isinstance(self.seconds, dict) else self.seconds
            if seconds:
                await anyio.sleep(seconds)
            if input in self.fails:
                raise ValueError(f"no {input}")
            return kwargs.get("answer", input)
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(input)
            raise
        finally:
            self.running -= 1


class Pulled:
    """An endless generator that knows how far it was read."""

    def __init__(self, end: int = 10**9) -> None:
        self.count, self.end, self.closed = 0, end, False

    def __iter__(self) -> Iterator[int]:
        while self.count < self.end:
            self.count += 1
            yield self.count - 1

    async def slowly(self) -> AsyncIterator[int]:
        try:
            while self.count < self.end:
                await anyio.sleep(0.001)
                self.count += 1
                yield self.count - 1
        finally:
            self.closed = True


# Results.


@both_loops
async def test_outputs_come_in_the_order_of_the_inputs() -> None:
    assert await Echo({0: 0.03, 1: 0.01, 2: 0.02}).abatch([0, 1, 2, 3]) == [0, 1, 2, 3]
    assert await Echo().abatch([]) == []
    assert await Echo().abatch(x for x in "abc") == ["a", "b", "c"]
    assert await Echo().abatch(Pulled(50).slowly(), {"max_concurrency": 7}) == list(range(50))


@both_loops
async def test_results_come_with_their_index_as_they_are_done() -> None:
    pairs = [pair async for pair in Echo({"a": 0.06, "b": 0.01, "c": 0.03}).abatch_as_completed(["a", "b", "c"])]
    assert pairs == [(1, "b"), (2, "c"), (0, "a")]


@both_loops
async def test_keyword_arguments_reach_every_call() -> None:
    assert await Echo().abatch([1, 2], answer="x") == ["x", "x"]


@both_loops
async def test_a_real_model() -> None:
    model = init_chat_model("simulator:m", replies=lambda question: Reply(f"re: {question.prompt}"))
    assert [m.text for m in await model.abatch(["a", HumanMessage("b"), [("user", "c")]])] == ["re: a", "re: b", "re: c"]
    assert [m.text for m in await model.abatch(["a"] * 3, max_tokens=5)] == ["re: a"] * 3


@both_loops
async def test_calls_see_the_callers_context() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    variable.set("here")

    class Reader(Runnable[str]):
        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> str:
            return variable.get()

    assert await Reader().abatch([1, 2]) == ["here", "here"]
    assert await anyio.to_thread.run_sync(lambda: Reader().batch([1, 2])) == ["here", "here"]


# How many at a time, and how far ahead.


@both_loops
@pytest.mark.parametrize("most", [1, 3, 20])
async def test_max_concurrency_is_kept_and_reached(most: int) -> None:
    model = Echo(0.003)
    await model.abatch(range(60), {"max_concurrency": most})
    assert model.most == most


@both_loops
async def test_without_max_concurrency_there_is_a_default() -> None:
    model = Echo(0.02)
    await model.abatch(range(200))
    assert model.most == DEFAULT_CONCURRENCY


@both_loops
@pytest.mark.parametrize("slow", [False, True], ids=["iterable", "async iterable"])
async def test_inputs_are_pulled_as_they_are_needed(slow: bool) -> None:
    """A reader that stands still is waited for: not more than what runs and what is done and not taken yet is pulled."""
    pulled, model = Pulled(), Echo(0.001)
    inputs = pulled.slowly() if slow else pulled
    async with model.abatch_as_completed(inputs, {"max_concurrency": 5}) as results:
        for taken in range(1, 4):
            await anext(results)
            await anyio.sleep(0.03)
            assert pulled.count <= taken + 2 * 5
    assert pulled.closed is slow


@both_loops
async def test_tasks_and_memory_do_not_grow() -> None:
    results: Any = Echo().abatch_as_completed(range(20_000), {"max_concurrency": 10})
    before, most, objects = len(anyio.get_running_tasks()), 0, []
    async for index, _ in results:
        if not index % 1000:
            most = max(most, len(anyio.get_running_tasks()))
            objects.append(len(gc.get_objects()))
    assert most - before <= 12
    assert objects[-1] - objects[2] < 1000


@both_loops
async def test_the_first_result_does_not_wait_for_others() -> None:
    """Even of a model that never lets another task run."""

    class Busy(Runnable[int]):
        calls = 0

        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> int:
            self.calls += 1
            time.sleep(0.0005)
            return input

    model = Busy()
    async for _ in model.abatch_as_completed(range(10_000), {"max_concurrency": 500}):
        assert model.calls <= 4
        break


# Wrong arguments.


@pytest.mark.parametrize(
    ("inputs", "config", "problem"),
    [
        ([1], {"max_concurrency": 0}, "max_concurrency must be 1 or more, not 0"),
        ([1], {"max_concurrency": -3}, "must be 1 or more"),
        ([1], {"max_concurrency": "5"}, "whole number"),
        ([1], {"max_concurrency": True}, "whole number"),
        ([1, 2], [{}], "config must be a list of the same length as inputs, but got 1 configs for 2 inputs"),
        ((x for x in "ab"), [{}, {}], "whose number is known"),
        ([1], "fast", "dict or a list"),
        ("one prompt", None, "not a single one"),
        ({"role": "user"}, None, "not a single one"),
        (HumanMessage("x"), None, "not a single one"),
        (5, None, "not int"),
    ],
)
def test_wrong_arguments_are_told_at_once(inputs: Any, config: Any, problem: str) -> None:
    for verb in (Echo().batch, Echo().batch_as_completed, Echo().abatch_as_completed):
        with pytest.raises(InputError, match=problem):
            verb(inputs, config)
    assert issubclass(InputTypeError, TypeError)


# Configs.


@both_loops
async def test_every_input_has_its_config() -> None:
    model, shared = Echo(), {"tags": ["x"]}
    await model.abatch([1, 2, 3], shared)
    assert all(config is shared for config in model.configs)
    model = Echo(0.001)
    await model.abatch([1, 2, 3], [{"tags": ["a"], "max_concurrency": 1}, {"tags": ["b"]}, {"tags": ["c"]}])
    assert [config["tags"] for config in model.configs] == [["a"], ["b"], ["c"]]
    assert model.most == 1


@both_loops
async def test_a_run_id_is_for_one_input() -> None:
    model = Echo()
    with pytest.warns(RuntimeWarning, match="only the first"):
        await model.abatch([1, 2, 3], {"run_id": "7", "tags": ["x"]})
    assert [config["run_id"] for config in model.configs] == ["7", None, None]
    assert [config["tags"] for config in model.configs] == [["x"]] * 3


# Failures.


@both_loops
async def test_the_first_failure_cancels_the_others_and_is_raised() -> None:
    model = Echo({2: 0.01, 0: 5, 1: 5, 3: 5}, fails={2})
    began = time.monotonic()
    with pytest.raises(ValueError, match="no 2") as caught:
        await model.abatch(range(100), {"max_concurrency": 4})
    assert time.monotonic() - began < 1
    assert sorted(model.cancelled) == [0, 1, 3]
    assert model.started == [0, 1, 2, 3]
    assert caught.value.__notes__ == ["(input 2 of the batch)"]


@both_loops
async def test_results_before_a_failure_are_handed_over() -> None:
    model, seen = Echo({1: 0.02}, fails={1}), []
    with pytest.raises(ValueError, match="no 1"):
        async for index, _ in model.abatch_as_completed([0, 1]):
            seen.append(index)
    assert seen == [0]


@both_loops
async def test_return_exceptions_keeps_going() -> None:
    outputs = await Echo(fails={1, 3}).abatch(range(5), return_exceptions=True)
    assert [o if isinstance(o, int) else str(o) for o in outputs] == [0, "no 1", 2, "no 3", 4]
    model = init_chat_model("simulator:m?fault=429", max_retries=0)
    assert [type(o) for o in await model.abatch(["a", "b"], return_exceptions=True)] == [RateLimitError] * 2


@both_loops
@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
async def test_what_is_no_exception_is_never_an_output(kind: type[BaseException]) -> None:
    class Ends(Runnable[int]):
        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> int:
            raise kind

    with pytest.raises(kind):
        await Ends().abatch([1, 2], return_exceptions=True)


async def test_a_call_that_cancels_itself_is_not_lost() -> None:
    class Gone(Runnable[int]):
        async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> int:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await Gone().abatch([1, 2])


test_a_call_that_cancels_itself_is_not_lost = pytest.mark.asyncio(test_a_call_that_cancels_itself_is_not_lost)


@both_loops
@pytest.mark.parametrize("slow", [False, True], ids=["iterable", "async iterable"])
async def test_inputs_that_fail_end_the_batch(slow: bool) -> None:
    def broken() -> Iterator[int]:
        yield 0
        raise OSError("the file is gone")

    async def slowly() -> AsyncIterator[int]:
        for item in broken():
            yield item

    with pytest.raises(OSError, match="the file is gone"):
        await Echo().abatch(slowly() if slow else broken(), return_exceptions=True)


# Leaving early: nothing starts any more, what runs is cancelled.


async def leave_by_break(model: Echo) -> None:
    async for _ in model.abatch_as_completed(Pulled(), {"max_concurrency": 5}):
        break


async def leave_by_break_with_the_batch_kept(model: Echo) -> Any:
    results = model.abatch_as_completed(Pulled(), {"max_concurrency": 5})
    async for _ in results:
        break
    return results


async def leave_by_dropping(model: Echo) -> None:
    results = model.abatch_as_completed(Pulled(), {"max_concurrency": 5})
    await anext(results)


async def leave_by_exception(model: Echo) -> None:
    with pytest.raises(ValueError, match="enough"):
        async for _ in model.abatch_as_completed(Pulled(), {"max_concurrency": 5}):
            raise ValueError("enough")


async def leave_by_the_end_of_a_block(model: Echo) -> None:
    async with model.abatch_as_completed(Pulled(), {"max_concurrency": 5}) as results:
        await anext(results)
    assert model.running == 0


async def leave_by_aclose(model: Echo) -> None:
    results = model.abatch_as_completed(Pulled(), {"max_concurrency": 5})
    await anext(results)
    await results.aclose()
    assert model.running == 0
    with pytest.raises(StopAsyncIteration):
        await anext(results)


async def leave_by_scope(model: Echo) -> None:
    with anyio.move_on_after(0.02):
        async for _ in model.abatch_as_completed(Pulled(), {"max_concurrency": 5}):
            pass
    assert model.running == 0


async def leave_by_scope_in_abatch(model: Echo) -> None:
    with anyio.move_on_after(0.02):
        await model.abatch(Pulled(), {"max_concurrency": 5})
    assert model.running == 0


async def leave_by_a_cancelled_task(model: Echo) -> None:
    async with anyio.create_task_group() as group:

        async def read() -> None:
            async for _ in model.abatch_as_completed(Pulled(), {"max_concurrency": 5}):
                pass

        group.start_soon(read)
        await anyio.sleep(0.02)
        group.cancel_scope.cancel()


async def leave_by_on_progress(model: Echo) -> None:
    def fail(progress: Progress) -> None:
        raise ValueError("no bar")

    with pytest.raises(ValueError, match="no bar"):
        await model.abatch(Pulled(), {"max_concurrency": 5}, on_progress=fail)
    assert model.running == 0


EXITS = [value for name, value in list(globals().items()) if name.startswith("leave_by_")]


@both_loops
@pytest.mark.parametrize("leave", EXITS, ids=lambda leave: leave.__name__)
async def test_nothing_runs_after_the_reader_has_left(leave: Any) -> None:
    model, tasks = Echo({0: 0.002, 1: 0.002, 2: 0.004}, others=5), len(anyio.get_running_tasks())
    gc.disable()
    try:
        kept = await leave(model)
        started = len(model.started)
        with anyio.fail_after(1):
            while model.running:
                await anyio.sleep(0)
        await anyio.sleep(0.03)
        assert len(model.started) == started
        assert model.cancelled
        assert len(anyio.get_running_tasks()) == tasks
        del kept
    finally:
        gc.enable()


@both_loops
async def test_a_batch_that_was_never_read_starts_nothing() -> None:
    model = Echo()
    del (results := [model.abatch_as_completed([1, 2])])[:]
    async with model.abatch_as_completed([1]):
        pass
    assert (model.started, results) == ([], [])


def test_leaving_the_loop_ends_the_batch_too() -> None:
    async def main(model: Echo) -> None:
        results = model.abatch_as_completed(range(100), {"max_concurrency": 2})
        await anext(results)
        kept.append(results)

    kept: list[Any] = []
    for backend in ("asyncio", "trio"):
        model = Echo(0.01)
        anyio.run(main, model, backend=backend)
        assert (model.running, len(model.cancelled)) == (0, 2)


@both_loops
async def test_dropping_a_batch_in_another_thread_stops_it() -> None:
    model = Echo(0.002)
    box = [model.abatch_as_completed(Pulled(), {"max_concurrency": 5})]
    await anext(box[0])
    await anyio.to_thread.run_sync(box.clear)
    await anyio.sleep(0.01)
    started = len(model.started)
    await anyio.sleep(0.02)
    assert (len(model.started), model.running) == (started, 0)


# Progress.


@both_loops
async def test_progress_counts_answers_failures_and_tokens() -> None:
    model = init_chat_model("simulator:m", replies=["one two", "three"])
    seen: list[Progress] = []
    messages = await model.abatch(["a", "b"], {"max_concurrency": 1}, on_progress=seen.append)
    assert [(p.done, p.failed, p.total) for p in seen] == [(1, 0, 2), (2, 0, 2)]
    assert seen[-1].output_tokens == sum(m.usage_metadata["output_tokens"] for m in messages)
    assert seen[-1].input_tokens == sum(m.usage_metadata["input_tokens"] for m in messages)
    assert seen[-1].rate > 0
    assert seen[-1].seconds_left == 0
    seen.clear()
    await Echo(fails={"b"}).abatch((x for x in "abc"), return_exceptions=True, on_progress=seen.append)
    assert (seen[-1].done, seen[-1].failed, seen[-1].total, seen[-1].seconds_left) == (3, 1, None, None)


# Sync code.


def test_sync_batches() -> None:
    assert Echo({0: 0.02}).batch([0, 1, 2]) == [0, 1, 2]
    assert Echo().batch([]) == []
    assert Echo().batch(Pulled(20).slowly()) == list(range(20))
    assert list(Echo({0: 0.03}).batch_as_completed([0, 1])) == [(1, 1), (0, 0)]
    assert [str(o) for o in Echo(fails={1}).batch([0, 1], return_exceptions=True)] == ["0", "no 1"]
    with pytest.raises(ValueError, match="no 1"):
        Echo(fails={1}).batch([0, 1])


def test_leaving_a_sync_loop_stops_the_batch() -> None:
    model, pulled = Echo(0.002), Pulled()
    for _ in model.batch_as_completed(pulled, {"max_concurrency": 5}):
        break
    assert model.running == 0
    assert len(model.started) <= 20
    started, count = len(model.started), pulled.count
    time.sleep(0.03)
    assert (len(model.started), pulled.count) == (started, count)


def test_a_sync_batch_is_not_far_ahead_of_its_reader() -> None:
    pulled = Pulled()
    results = Echo().batch_as_completed(pulled, {"max_concurrency": 5})
    next(results)
    time.sleep(0.05)
    assert pulled.count <= 1 + 3 * 5
    results.close()


def test_sync_progress_comes_in_the_callers_thread() -> None:
    threads: list[Any] = []
    Echo().batch([1, 2], on_progress=lambda _: threads.append(threading.current_thread()))
    assert threads == [threading.current_thread()] * 2


@both_loops
async def test_a_sync_batch_under_a_running_loop() -> None:
    assert Echo(0.001).batch([1, 2, 3]) == [1, 2, 3]

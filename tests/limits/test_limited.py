"""Models under limiters: what is reserved, what is settled, how a refusal holds the others up."""

from __future__ import annotations

import copy
import pickle
import threading
import time
from typing import Any

import anyio
import pytest

from chatkit import RetryPolicy, Timeouts, init_chat_model
from chatkit.codec import Call
from chatkit.errors import APITimeoutError, ChatKitError, InputError, InputTypeError, ModelError, RateLimitError
from chatkit.limits import observer_of
from chatkit.limits.budget import Ticket
from chatkit.limits.tokens import Forecast, Tokens, count, usage_in
from chatkit.messages import HumanMessage
from chatkit.rate_limiters import BaseRateLimiter, InMemoryRateLimiter, RateLimiter
from chatkit.simulator import Budget, Reply, Simulator

both_loops = pytest.mark.anyio


def simulated(limiter: Any, **options: Any) -> Any:
    replies = options.pop("replies", lambda question: Reply("ok"))
    return init_chat_model("simulator:m", rate_limiter=limiter, replies=replies, **options)


def _quick(retries: int, delay: float = 0.01) -> RetryPolicy:
    return RetryPolicy(max_retries=retries, initial_delay=delay, jitter=0.0)


def level(limiter: RateLimiter, name: str) -> float:
    return limiter._line._budget.buckets[name].level


def running(limiter: RateLimiter) -> int:
    return limiter._line._budget._running


# LangChain's limiter.


def test_langchains_arguments() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=0.1, check_every_n_seconds=0.1, max_bucket_size=10)
    assert [limiter.acquire(blocking=False) for _ in range(11)] == [True] * 10 + [False]
    assert isinstance(limiter, BaseRateLimiter)
    assert InMemoryRateLimiter().acquire() is True


@both_loops
async def test_async_acquire() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=20)
    began = time.monotonic()
    assert await limiter.aacquire() is True
    assert await limiter.aacquire(blocking=False) is False
    assert await limiter.aacquire() is True
    assert 0.045 < time.monotonic() - began < 0.2


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: InMemoryRateLimiter(requests_per_second=0), "requests_per_second must be more than 0"),
        (lambda: InMemoryRateLimiter(requests_per_second=-1), "more than 0"),
        (lambda: InMemoryRateLimiter(requests_per_second="5"), "must be a number"),  # type: ignore[arg-type]
        (lambda: InMemoryRateLimiter(max_bucket_size=0.5), "never holds a request"),
        (lambda: RateLimiter(0), "requests_per_minute must be more than 0"),
        (lambda: RateLimiter(tokens_per_minute=float("inf")), "tokens_per_minute must be more than 0"),
        (lambda: RateLimiter(max_concurrency=0), "max_concurrency must be 1 or more"),
        (lambda: RateLimiter(max_concurrency=2.5), "whole number"),  # type: ignore[arg-type]
        (lambda: RateLimiter(burst=-1), "burst must be 0 or more"),
    ],
)
def test_wrong_arguments(make: Any, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        make()
    assert issubclass(InputTypeError, InputError)


def test_a_limiter_of_one_process_is_not_sent_to_another() -> None:
    limiter = RateLimiter(60)
    assert copy.deepcopy(limiter) is copy.copy(limiter) is limiter
    with pytest.raises(TypeError, match="RedisRateLimiter"):
        pickle.dumps(limiter)
    assert repr(limiter) == "RateLimiter({'requests': 60.0}, max_concurrency=None, burst=1)"
    assert repr(InMemoryRateLimiter(requests_per_second=2)) == "InMemoryRateLimiter(requests_per_second=2, max_bucket_size=1)"


# Any limiter works.


@both_loops
async def test_limiters_of_others() -> None:
    class Async:
        calls = 0

        async def aacquire(self, *, blocking: bool = True) -> bool:
            self.calls += 1
            return True

    class Sync:
        calls = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            assert threading.current_thread() is not threading.main_thread()
            self.calls += 1
            return True

    class Own(BaseRateLimiter):
        calls = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            raise AssertionError

        async def aacquire(self, *, blocking: bool = True) -> bool:
            self.calls += 1
            return True

    for limiter in (Async(), Sync(), Own()):
        assert (await simulated(limiter).ainvoke("x")).text == "ok"
        assert limiter.calls == 1
    call = Call("m", [HumanMessage("x")], {})
    assert type(observer_of(Async(), call)) is type(observer_of(Own(), call)) is not type(observer_of(RateLimiter(), call))


# Requests.


@both_loops
async def test_every_attempt_counts() -> None:
    limiter = RateLimiter(60, burst=10)
    model = init_chat_model("simulator:m?fault=500&times=2", rate_limiter=limiter, max_retries=_quick(3))
    await model.ainvoke("x")
    assert 7 <= level(limiter, "requests") < 7.5


@both_loops
async def test_the_rate_holds_over_models_verbs_and_threads() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=50)
    first, second = simulated(limiter), simulated(limiter)
    began = time.monotonic()

    async def stream(model: Any) -> None:
        async for _ in model.astream("x"):
            pass

    async with anyio.create_task_group() as group:
        for _ in range(4):
            group.start_soon(first.ainvoke, "x")
            group.start_soon(stream, second)
            group.start_soon(anyio.to_thread.run_sync, first.invoke, "x")
    assert 11 / 50 <= time.monotonic() - began < 0.5


@both_loops
async def test_a_call_that_gives_up_in_line_takes_nothing() -> None:
    limiter = RateLimiter(60, burst=0)
    model = simulated(limiter)
    await model.ainvoke("x")
    for _ in range(5):
        with anyio.move_on_after(0.01):
            await model.ainvoke("x")
    assert level(limiter, "requests") >= 0
    assert len(model.simulator.requests) == 1


@both_loops
async def test_a_call_that_never_got_as_far_as_a_request_takes_nothing() -> None:
    def no_key() -> str:
        raise RuntimeError("the vault is closed")

    limiter = RateLimiter(60, tokens_per_minute=6000, max_concurrency=1, burst=10)
    model = init_chat_model("simulator:m", rate_limiter=limiter, api_key=no_key)
    with pytest.raises((RuntimeError, ChatKitError)):
        await model.ainvoke("x")
    assert (level(limiter, "requests"), level(limiter, "tokens"), running(limiter)) == (10, 1000, 0)


# Places.


@both_loops
async def test_max_concurrency_over_two_models() -> None:
    limiter = RateLimiter(max_concurrency=3)
    now = most = 0
    simulator = Simulator(lambda question: Reply("ok"), first=0.005)
    models = [init_chat_model("simulator:m", rate_limiter=limiter, simulator=simulator) for _ in range(2)]

    async def ask(model: Any) -> None:
        await model.ainvoke("x")

    async with anyio.create_task_group() as group:
        for model in models * 10:
            group.start_soon(ask, model)
        while len(simulator.requests) < 20:
            await anyio.sleep(0.001)
            now = sum(seen.ended_at is None for seen in simulator.requests)
            most = max(most, now)
    assert most == 3
    assert running(limiter) == 0


@both_loops
@pytest.mark.parametrize("way", ["end", "error", "cancel", "break", "drop"])
async def test_places_come_back_however_a_call_ends(way: str) -> None:
    limiter = RateLimiter(max_concurrency=1)
    model = simulated(limiter, every=0.002, replies=lambda question: Reply("a b c d e f g"), max_retries=0)
    failing = init_chat_model("simulator:m?fault=500", rate_limiter=limiter, max_retries=0)
    for _ in range(3):
        if way == "end":
            await model.ainvoke("x")
        elif way == "error":
            with pytest.raises(ModelError):
                await failing.ainvoke("x")
        elif way == "cancel":
            with anyio.move_on_after(0.006):
                async for _ in model.astream("x"):
                    pass
        elif way == "break":
            async for _ in model.astream("x"):
                break
        else:
            stream = model.astream("x")
            await anext(stream)
            del stream
        assert running(limiter) == 0


# Tokens.


def call_of(text: str, **params: Any) -> Call:
    return Call("m", [HumanMessage(text)], params)


def test_a_forecast_follows_what_calls_take() -> None:
    forecast, call = Forecast(), call_of("x" * 400, max_tokens=1000)
    counted = count(call)
    assert forecast.of(call) == Tokens(counted, counted, 1000)
    assert forecast.of(call_of("x" * 400)).output == 0
    forecast.see(call, Tokens(2 * counted, counted / 2, 50))
    assert forecast.of(call) == Tokens(2 * counted, counted / 2, 50)
    assert forecast.of(call_of("x" * 400, max_tokens=20)).output == 20
    for _ in range(200):
        forecast.see(call, Tokens(counted, counted, 80))
    assert forecast.of(call).output == pytest.approx(80, abs=0.1)
    assert forecast.of(call).input == pytest.approx(counted, rel=0.01)


def test_tokens_by_what_limits_count() -> None:
    assert Tokens(100, 30, 7).amounts() == {"requests": 1.0, "tokens": 107, "input_tokens": 30, "output_tokens": 7}
    assert usage_in([]) is None


@both_loops
async def test_reserved_tokens_are_settled_on_the_real_ones() -> None:
    limiter = RateLimiter(tokens_per_minute=60_000, burst=10)
    model = simulated(limiter, first=0.3)
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: model.ainvoke("x" * 4000, max_tokens=2000))
        await anyio.sleep(0.05)
        assert level(limiter, "tokens") < 10_000 - 3000
    usage = (await model.ainvoke("y")).usage_metadata
    assert usage["total_tokens"] < 100
    assert level(limiter, "tokens") > 10_000 - 1500


@both_loops
async def test_a_failed_call_costs_its_request_and_no_tokens() -> None:
    limiter = RateLimiter(60, tokens_per_minute=60_000, burst=10)
    model = init_chat_model("simulator:m?fault=500", rate_limiter=limiter, max_retries=0)
    with pytest.raises(ModelError):
        await model.ainvoke("x" * 400, max_tokens=1000)
    assert 9 <= level(limiter, "requests") < 9.5
    assert level(limiter, "tokens") > 9_990


@both_loops
async def test_an_answer_that_is_left_in_the_middle_costs_what_was_expected() -> None:
    limiter = RateLimiter(tokens_per_minute=60_000, burst=10)
    model = simulated(limiter, every=0.001, replies=lambda question: Reply("a b c d e f g"))
    async for _ in model.astream("x" * 400, max_tokens=1000):
        break
    assert 8_700 < level(limiter, "tokens") < 9_000


@both_loops
async def test_tokens_limit_the_rate() -> None:
    """A call of 23 tokens at 4,600 a second: 200 calls a second, although requests are not limited."""
    limiter = RateLimiter(tokens_per_minute=4600 * 60, burst=0.02)
    model = simulated(limiter)
    tokens = (await model.ainvoke("x " * 30)).usage_metadata["total_tokens"]
    began, number = time.monotonic(), 100
    await model.abatch(["x " * 30] * number)
    assert number * tokens / 4600 - 0.1 < time.monotonic() - began < number * tokens / 4600 + 0.3


# Learning.


@both_loops
async def test_limits_are_learned_from_headers_for_each_model() -> None:
    limiter = RateLimiter()
    slow = simulated(limiter, limits=Budget(600, tokens=60_000))
    fast = init_chat_model("simulator:n", rate_limiter=limiter, limits=Budget(60_000))
    await slow.ainvoke("x")
    await fast.ainvoke("x")
    buckets = limiter._line._budget.buckets
    assert set(buckets) == {"requests@simulator:m", "tokens@simulator:m", "requests@simulator:n"}
    assert buckets["requests@simulator:m"].rate == pytest.approx(9.9)
    assert buckets["tokens@simulator:m"].rate == pytest.approx(990)
    began = time.monotonic()
    await fast.abatch(["x"] * 50)
    assert time.monotonic() - began < 1
    assert await simulated(RateLimiter(adaptive=False), limits=Budget(600)).ainvoke("x")


@both_loops
async def test_a_limit_that_nobody_told_is_kept() -> None:
    """100 a second, which the limiter is not told: learned from the first answer, then no request is refused."""
    limiter = RateLimiter()
    model = simulated(limiter, limits=Budget(6000, burst=1.0), max_retries=0)
    await model.ainvoke("x")
    began = time.monotonic()
    await model.abatch(["x"] * 250)
    assert [seen.status for seen in model.simulator.requests].count(429) == 0
    assert 1.45 < time.monotonic() - began < 2.2


@both_loops
async def test_calls_in_line_follow_what_was_learned_meanwhile() -> None:
    """All are in line before the first answer tells the limit."""
    limiter = RateLimiter(max_concurrency=4)
    model = simulated(limiter, limits=Budget(6000, burst=1.0), max_retries=0, first=0.01)
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        for _ in range(250):
            group.start_soon(model.ainvoke, "x")
    assert [seen.status for seen in model.simulator.requests].count(200) == 250
    assert 1.4 < time.monotonic() - began < 2.5
    assert running(limiter) == 0


@both_loops
async def test_a_call_that_leaves_the_line_after_learning_takes_nothing() -> None:
    limiter = RateLimiter(max_concurrency=1)
    model = simulated(limiter, limits=Budget(60, burst=2.0), max_retries=0, first=0.01)
    left: list[bool] = []

    async def impatient() -> None:
        with anyio.move_on_after(0.3) as scope:
            await model.ainvoke("x")
        left.append(scope.cancelled_caught)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(impatient)
    assert left.count(True) == 3
    assert running(limiter) == 0
    assert level(limiter, "requests@simulator:m") > -0.01


@both_loops
async def test_what_others_take_of_the_same_budget_is_seen() -> None:
    limiter = RateLimiter()
    budget = Budget(6000, burst=1.0)
    model = simulated(limiter, limits=budget, max_retries=0)
    await model.ainvoke("x")
    for _ in range(95):
        budget.take(1)
    await model.ainvoke("x")
    assert level(limiter, "requests@simulator:m") < 10


# The total clock.


class _Slow(BaseRateLimiter):
    """A limiter of somebody's own that lets nobody through."""

    def acquire(self, *, blocking: bool = True) -> bool:
        return False

    async def aacquire(self, *, blocking: bool = True) -> bool:
        await anyio.sleep(30)
        return True


def _full_of_places() -> RateLimiter:
    limiter = RateLimiter(max_concurrency=1)
    limiter._line.try_enter(Ticket({}, place=True))
    return limiter


def _used_up() -> InMemoryRateLimiter:
    limiter = InMemoryRateLimiter(requests_per_second=0.01)
    limiter.acquire()
    return limiter


@both_loops
@pytest.mark.parametrize("make", [_full_of_places, _used_up, _Slow])
@pytest.mark.parametrize("verb", ["ainvoke", "astream"])
async def test_waiting_for_a_limiter_ends_with_the_total_clock(make: Any, verb: str) -> None:
    """The error says that it was the limiter, and that nothing was sent; who gave up has taken nothing."""
    limiter = make()
    model = simulated(limiter, timeout=Timeouts(total=0.05))
    with anyio.fail_after(5), pytest.raises(APITimeoutError, match=r"within .* 0.05 s: the rate limiter") as caught:
        if verb == "ainvoke":
            await model.ainvoke("x")
        else:
            async for _ in model.astream("x"):
                pass
    assert (caught.value.phase, caught.value.stage, caught.value.partial) == ("total", "request", None)
    assert not model.simulator.requests
    if not isinstance(limiter, _Slow):
        assert not limiter._line._waiting


@both_loops
async def test_a_total_clock_with_time_left_does_not_disturb_a_limiter() -> None:
    limiter = InMemoryRateLimiter(requests_per_second=20)
    model = simulated(limiter, timeout=Timeouts(total=5))
    began = time.monotonic()
    for _ in range(3):
        assert (await model.ainvoke("x")).text == "ok"
    assert time.monotonic() - began >= 0.095


# Refusals.


@both_loops
@pytest.mark.parametrize(
    ("limiter", "fault", "seconds"),
    [
        (lambda: RateLimiter(60_000, burst=60, adaptive=False), "429&retry_after=0.2", 0.2),
        (lambda: InMemoryRateLimiter(requests_per_second=1000, max_bucket_size=100), "429&retry_after=0.2", 0.2),
        (lambda: RateLimiter(), "429", 0.15),
        (lambda: RateLimiter(), "503&retry_after=0.2", 0.2),
    ],
    ids=["retry-after", "in memory", "without retry-after", "overloaded"],
)
async def test_a_refusal_holds_all_sharers_up(limiter: Any, fault: str, seconds: float) -> None:
    """Without retry-after until the refused call comes again."""
    limiter = limiter()
    refused = init_chat_model(f"simulator:m?fault={fault}&times=1", rate_limiter=limiter, max_retries=_quick(1, 0.15))
    other = simulated(limiter)
    began, done = time.monotonic(), []

    async def ask(model: Any, delay: float) -> None:
        await anyio.sleep(delay)
        await model.ainvoke("x")
        done.append(time.monotonic() - began)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, refused, 0)
        for _ in range(10):
            group.start_soon(ask, other, 0.05)
    assert len(done) == 11
    assert min(done) >= seconds
    assert max(done) < seconds + 0.3


@both_loops
@pytest.mark.parametrize("seconds", [3600, "quota"])
async def test_a_budget_that_is_used_up_for_hours_fails_and_does_not_hang(seconds: Any) -> None:
    limiter = RateLimiter(60_000)
    fault = "429&retry_after=3600" if seconds == 3600 else "quota"
    model = init_chat_model(f"simulator:m?fault={fault}", rate_limiter=limiter)
    with anyio.fail_after(5):
        for _ in range(3):
            with pytest.raises(RateLimitError):
                await model.ainvoke("x")

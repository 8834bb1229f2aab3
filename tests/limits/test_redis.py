"""One budget over Redis, against a real server: rate, order, refunds, pauses, places, processes, and a server that is away."""

from __future__ import annotations

import multiprocessing
import pickle
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit import RetryPolicy, init_chat_model
from chatkit.errors import InputError, LimiterUnavailableError, ModelError
from chatkit.limits.redis import RedisRateLimiter
from chatkit.simulator import Budget, Reply
from tests.redis_case import RedisServer, redis_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["redis_server"]

both_loops = pytest.mark.anyio
keys = iter(f"key-{n}" for n in range(10_000))


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    return redis_server.url


@pytest.fixture
def own_server(redis_server: RedisServer) -> Iterator[RedisServer]:
    """A server that the test may stop."""
    server = RedisServer()
    yield server
    server.close()


def state(limiter: RedisRateLimiter, field: str) -> float:
    from redis import Redis

    return float(Redis.from_url(limiter._redis).hget(limiter._keys[0], field))  # type: ignore[arg-type]


def model_of(limiter: Any, name: str = "m", **options: Any) -> Any:
    return init_chat_model(f"simulator:{name}", rate_limiter=limiter, replies=lambda question: Reply("ok"), **options)


def quick(retries: int, delay: float = 0.01) -> RetryPolicy:
    return RetryPolicy(max_retries=retries, initial_delay=delay, jitter=0.0)


# Rate and order.


@both_loops
async def test_the_rate_is_exact_and_first_come_is_first_served(url: str) -> None:
    """By the times that the server gave, which a busy machine does not blur; nobody goes through before his."""
    asked = await _rate_that_this_machine_can_ask(url)
    rates: list[float] = []
    for _ in range(3):
        limiter = RedisRateLimiter(url, next(keys), asked * 60, burst=0)
        tickets, early = [limiter.plain_ticket() for _ in range(asked)], []
        now = _server_clock(url)

        async def visit(ticket: Any, limiter: Any = limiter, early: Any = early, now: Any = now) -> None:
            await limiter.aenter(ticket)
            early.append(ticket.at - now())

        async with anyio.create_task_group() as group:
            for ticket in tickets:
                group.start_soon(visit, ticket)
                await anyio.sleep(0)
        due = [ticket.at for ticket in tickets]
        assert due == sorted(due)
        assert max(early) < 0.002
        rates.append((len(due) - 1) / (due[-1] - due[0]))
        if rates[-1] > 0.99 * asked:
            break
    assert 0.99 * asked < rates[-1] < 1.0025 * asked, rates


async def _rate_that_this_machine_can_ask(url: str) -> int:
    """200 a second, or 50 where four round trips do not fit into the time of one."""
    from redis import Redis

    client = Redis.from_url(url)
    began = time.monotonic()
    for _ in range(50):
        await anyio.to_thread.run_sync(client.ping)
    return 200 if (time.monotonic() - began) / 50 * 4 < 1 / 200 else 50


def _server_clock(url: str) -> Callable[[], float]:
    """The server's time, by this process's clock: not too late, if anything."""
    from redis import Redis

    client = Redis.from_url(url)
    behind: list[float] = []
    for _ in range(20):
        before = time.monotonic()
        seconds, micros = client.time()  # type: ignore[misc]
        behind.append(seconds + micros / 1e6 - before)
    return lambda: time.monotonic() + min(behind)


@both_loops
async def test_burst_blocking_and_tokens(url: str) -> None:
    limiter = RedisRateLimiter(url, next(keys), 60, 6000, burst=5)
    assert [await limiter.aacquire(blocking=False, tokens=90) for _ in range(7)] == [True] * 5 + [False] * 2
    limiter = RedisRateLimiter(url, next(keys), 60_000, 6000, burst=1)
    began = time.monotonic()
    for _ in range(2):
        await limiter.aacquire(tokens=60)
    assert 0.18 < time.monotonic() - began < 0.4


def test_threads(url: str) -> None:
    limiter, times = RedisRateLimiter(url, next(keys), 100 * 60, burst=0), []

    def work() -> None:
        for _ in range(10):
            assert limiter.acquire()
            times.append(time.monotonic())

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert 49 / 100 - 0.01 < max(times) - min(times) < 0.8
    assert [limiter.acquire(blocking=False) for _ in range(2)].count(True) <= 1


@both_loops
async def test_what_is_far_off_is_not_reserved(url: str) -> None:
    """A pause must not find many who hold a time already."""
    limiter = RedisRateLimiter(url, next(keys), 100 * 60, burst=0)
    async with anyio.create_task_group() as group:
        for _ in range(200):
            group.start_soon(limiter.aacquire)
        await anyio.sleep(0.3)
        assert state(limiter, "l:requests") > -15
        group.cancel_scope.cancel()


@both_loops
async def test_a_cancelled_waiter_takes_nothing(url: str) -> None:
    limiter = RedisRateLimiter(url, next(keys), 10 * 60, burst=0)
    await limiter.aacquire()
    for _ in range(10):
        with anyio.move_on_after(0.004):
            await limiter.aacquire()
    await anyio.sleep(0.05)
    began = time.monotonic()
    await limiter.aacquire()
    assert time.monotonic() - began < 0.15


# Models.


@both_loops
async def test_tokens_are_settled_and_failures_refunded(url: str) -> None:
    limiter = RedisRateLimiter(url, next(keys), 600, 60_000, burst=10)
    began = time.monotonic()
    await model_of(limiter).ainvoke("x" * 400, max_tokens=5000)
    assert 99 <= state(limiter, "l:requests") <= 99 + 10 * (time.monotonic() - began)
    assert 9_700 < state(limiter, "l:tokens") <= 10_000
    failing = init_chat_model("simulator:m?fault=500", rate_limiter=limiter, max_retries=0)
    with pytest.raises(ModelError):
        await failing.ainvoke("x" * 40_000)
    assert state(limiter, "l:tokens") > 9_700


@both_loops
async def test_limits_are_learned_and_shared(url: str) -> None:
    key, budget = next(keys), Budget(600, tokens=600_000)
    first, second = RedisRateLimiter(url, key), RedisRateLimiter(url, key)
    await model_of(first, limits=budget).ainvoke("x")
    assert state(second, "r:requests@simulator:m") == pytest.approx(9.9)
    for _ in range(595):
        budget.take(1)
    await model_of(second, limits=budget).ainvoke("x")
    await model_of(second, limits=budget).ainvoke("x")
    assert state(first, "l:requests@simulator:m") < 5


@both_loops
async def test_a_server_that_has_forgotten_is_told_again(url: str) -> None:
    from redis import Redis

    limiter = RedisRateLimiter(url, next(keys))
    model = model_of(limiter, limits=Budget(600))
    await model.ainvoke("x")
    Redis.from_url(url).delete(*limiter._keys)
    await model.abatch(["x", "x"], {"max_concurrency": 1})
    assert state(limiter, "r:requests@simulator:m") == pytest.approx(9.9)


@both_loops
async def test_a_refusal_holds_all_processes_up(url: str) -> None:
    key = next(keys)
    one, other = (RedisRateLimiter(url, key, 60_000, burst=1, adaptive=False) for _ in range(2))
    refused = init_chat_model("simulator:m?fault=429&retry_after=0.3&times=1", rate_limiter=one, max_retries=quick(1))
    began, done = time.monotonic(), []

    async def ask(model: Any, delay: float) -> None:
        await anyio.sleep(delay)
        await model.ainvoke("x")
        done.append(time.monotonic() - began)

    async with anyio.create_task_group() as group:
        group.start_soon(ask, refused, 0)
        for _ in range(5):
            group.start_soon(ask, model_of(other), 0.1)
    assert min(done) >= 0.3
    assert max(done) < 0.7


@both_loops
async def test_max_concurrency_over_processes(url: str) -> None:
    key = next(keys)
    limiters = [RedisRateLimiter(url, key, max_concurrency=2) for _ in range(2)]
    models = [model_of(limiter, first=0.05) for limiter in limiters]
    most = 0

    async with anyio.create_task_group() as group:
        for model in models * 3:
            group.start_soon(model.ainvoke, "x")
        while sum(len(model.simulator.requests) for model in models) < 6:
            await anyio.sleep(0.002)
            most = max(most, sum(seen.ended_at is None for model in models for seen in model.simulator.requests))
    assert most == 2


@both_loops
async def test_a_place_of_a_dead_process_falls_free(url: str) -> None:
    key = next(keys)
    limiter = RedisRateLimiter(url, key, max_concurrency=1, lease=0.2)
    from chatkit.limits.budget import Ticket

    await limiter.aenter(Ticket({}, place=True))  # and is never heard of again
    began = time.monotonic()
    await limiter.aenter(Ticket({}, place=True))
    assert 0.1 < time.monotonic() - began < 0.6


@both_loops
async def test_a_dropped_stream_gives_its_place_back(url: str) -> None:
    limiter = RedisRateLimiter(url, next(keys), max_concurrency=1)
    model = model_of(limiter, every=0.01)
    stream = model.astream("x")
    await anext(stream)
    del stream
    with anyio.fail_after(2):
        await model.ainvoke("x")


# Processes.


def _take(limiter: RedisRateLimiter, number: int, times: Any) -> None:
    for _ in range(number):
        limiter.acquire()
        times.append(time.time())


def test_processes_share_one_budget(url: str) -> None:
    limiter = RedisRateLimiter(url, next(keys), 100 * 60, burst=0)
    context = multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        times = manager.list()
        processes = [context.Process(target=_take, args=(limiter, 25, times)) for _ in range(4)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(30)
        all_times = sorted(times)
    assert len(all_times) == 100
    for n in range(80):
        assert all_times[n + 20] - all_times[n] > 0.17  # 20 in 0.2 s, and what timers and queues make of it


def test_it_can_be_pickled(url: str) -> None:
    limiter = RedisRateLimiter(url, "key", 60, 6000, 5, burst=2)
    again = pickle.loads(pickle.dumps(limiter))
    assert again.acquire()
    assert (
        repr(again)
        == repr(limiter)
        == "RedisRateLimiter(key='key', {'requests': 60.0, 'tokens': 6000.0}, max_concurrency=5, burst=2)"
    )
    model = pickle.loads(pickle.dumps(init_chat_model("simulator:m", rate_limiter=limiter)))
    assert model.invoke("x").text


def test_a_client_of_the_users(url: str) -> None:
    from redis import Redis
    from redis.asyncio import Redis as AsyncRedis

    assert RedisRateLimiter(Redis.from_url(url, decode_responses=True), next(keys), 60, 60).acquire()
    for wrong in (AsyncRedis(), 5, None):
        with pytest.raises(InputError, match=r"needs a URL or a redis\.Redis"):
            RedisRateLimiter(wrong)


# Away.


@both_loops
async def test_away_and_raise(own_server: RedisServer) -> None:
    limiter = RedisRateLimiter(own_server.url, "k", 60_000)
    model = model_of(limiter)
    await model.ainvoke("x")
    own_server.stop()
    began = time.monotonic()
    with pytest.raises(LimiterUnavailableError, match="cannot be asked"):
        await model.ainvoke("x")
    with pytest.raises(LimiterUnavailableError):
        limiter.acquire(blocking=False)
    assert time.monotonic() - began < 1
    assert len(model.simulator.requests) == 1
    own_server.start()
    await model.ainvoke("x")


@both_loops
async def test_away_and_open(own_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    limiter = RedisRateLimiter(own_server.url, "k", 60, max_concurrency=1, when_away="open")
    own_server.stop()
    model = model_of(limiter)
    assert len(await model.abatch(["x"] * 5)) == 5
    assert limiter.acquire()
    assert [r.levelname for r in caplog.records if "made without a limit" in r.message] == ["WARNING"]


@both_loops
async def test_away_and_closed(own_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatkit.limits.redis.LONGEST_SLEEP", 0.05)
    limiter = RedisRateLimiter(own_server.url, "k", 60, when_away="closed")
    own_server.stop()
    model = model_of(limiter)
    with anyio.move_on_after(0.2) as scope:
        await model.ainvoke("x")
    assert scope.cancelled_caught
    own_server.start()
    with anyio.fail_after(5):
        await model.ainvoke("x")


@both_loops
async def test_a_server_that_goes_away_during_a_call_does_not_fail_it(own_server: RedisServer) -> None:
    limiter = RedisRateLimiter(own_server.url, "k", 600, 60_000, max_concurrency=2)
    model = model_of(limiter, every=0.01)
    async for _ in model.astream("x"):
        own_server.stop()


@both_loops
async def test_a_hanging_server_does_not_hold_a_cancelled_call(redis_server: RedisServer) -> None:
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        limiter = RedisRateLimiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        began = time.monotonic()
        with anyio.move_on_after(0.05):
            await limiter.aacquire()
        assert time.monotonic() - began < 0.5


# Arguments.


def test_wrong_arguments(url: str) -> None:
    for arguments, problem in (
        ({"when_away": "panic"}, "when_away"),
        ({"lease": 0}, "lease"),
        ({"requests_per_minute": -5}, "requests_per_minute"),
        ({"max_concurrency": 0}, "max_concurrency"),
    ):
        with pytest.raises(InputError, match=problem):
            RedisRateLimiter(url, **arguments)  # type: ignore[arg-type]


def test_redis_is_imported_only_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(InputError, match=r"chatkit-sdk\[redis\]"):
        RedisRateLimiter("redis://localhost")

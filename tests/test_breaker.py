"""Circuit breaking: when a circuit opens, what passes then, how it closes; with a clock that the test turns."""

from __future__ import annotations

import pickle
import threading
from typing import Any

import anyio
import pytest

from chatkit import Timeouts, init_chat_model
from chatkit.breaker import CircuitBreaker
from chatkit.errors import (
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    CircuitOpenError,
    InputError,
    InputTypeError,
    ModelError,
    OverloadedError,
    RateLimitError,
)
from chatkit.rate_limiters import InMemoryRateLimiter
from chatkit.simulator import Fault, Reply, simulate
from tests.toy import ToyModel

pytestmark = pytest.mark.anyio

BUSY = Fault(status=503)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Rig:
    """A model whose answers are said beforehand, behind a breaker whose clock stands still."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.changes: list[str] = []
        told = {"failures": 3, "cooldown": 30.0, "on_change": lambda _, state: self.changes.append(state), **settings}
        self.breaker = CircuitBreaker(clock=self.clock, **told)
        self.answers: list[Any] = []
        self.model = init_chat_model(
            "simulator:m", replies=lambda question: self.answers.pop(0), circuit_breaker=self.breaker, max_retries=0
        )

    @property
    def requests(self) -> int:
        return len(self.model.simulator.requests)

    async def ask(self, answer: Any = "Hello") -> str:
        """What comes of a call: the answer's text, or the error's name."""
        self.answers[:] = [answer]
        try:
            return (await self.model.ainvoke("x")).text
        except ModelError as error:
            return type(error).__name__

    async def fail(self, times: int) -> None:
        for _ in range(times):
            assert await self.ask(BUSY) == "OverloadedError"


async def test_it_opens_after_so_many_failures_and_sends_nothing_then(anyio_backend: str) -> None:
    rig = Rig()
    await rig.fail(3)
    assert (await rig.ask(), rig.requests, rig.changes) == ("CircuitOpenError", 3, ["open"])
    rig.clock.now += 12.5
    with pytest.raises(CircuitOpenError) as caught:
        await rig.model.ainvoke("x")
    error = caught.value
    assert isinstance(error, OverloadedError)
    assert (error.retryable, error.retry_after, error.stage, error.provider) == (True, 17.5, "request", "simulator")
    assert "at last with OverloadedError" in str(error)
    assert error.endpoint.endswith(" m")
    assert pickle.loads(pickle.dumps(error)).endpoint == error.endpoint


async def test_a_probe_that_succeeds_closes_it(anyio_backend: str) -> None:
    rig = Rig()
    await rig.fail(3)
    rig.clock.now += 30
    assert list(rig.breaker.states.values()) == ["half-open"]
    assert (await rig.ask("Back again"), await rig.ask()) == ("Back again", "Hello")
    assert rig.changes == ["open", "half-open", "closed"]
    assert list(rig.breaker.states.values()) == ["closed"]
    await rig.fail(2)
    assert await rig.ask() == "Hello"  # what failed before the cool-down no longer counts


async def test_a_probe_that_fails_opens_it_again(anyio_backend: str) -> None:
    rig = Rig()
    await rig.fail(3)
    rig.clock.now += 30
    assert await rig.ask(BUSY) == "OverloadedError"
    assert await rig.ask() == "CircuitOpenError"
    rig.clock.now += 29.9
    assert await rig.ask() == "CircuitOpenError"
    rig.clock.now += 0.2
    assert await rig.ask() == "Hello"


async def test_one_probe_at_a_time_until_the_endpoint_answers(anyio_backend: str) -> None:
    """The others fail at once while nobody knows; when a head has come they need not wait for the end of the stream."""
    rig = Rig()
    await rig.fail(3)
    rig.clock.now += 30
    async with anyio.create_task_group() as group:
        stalled = init_chat_model("simulator:m", fault=Fault(stall="headers"), circuit_breaker=rig.breaker)
        group.start_soon(stalled.ainvoke, "x")
        await anyio.sleep(0.02)
        assert await rig.ask() == "CircuitOpenError"
        group.cancel_scope.cancel()
    stream = rig.model.astream("x")  # a cancelled probe says nothing: the next one may try
    rig.answers[:] = [Reply("one two three")]
    await stream.__anext__()
    assert await rig.ask() == "Hello"
    await stream.aclose()
    assert list(rig.breaker.states.values()) == ["closed"]


async def test_failures_that_are_long_ago_do_not_count(anyio_backend: str) -> None:
    rig = Rig(window=10.0)
    await rig.fail(2)
    rig.clock.now += 11
    await rig.fail(2)
    assert await rig.ask() == "Hello"


async def test_a_few_failures_among_many_answers_do_not_open_it(anyio_backend: str) -> None:
    rig = Rig(failures=3, share=0.5)
    for _ in range(10):
        assert await rig.ask() == "Hello"
    await rig.fail(9)
    assert await rig.ask(BUSY) == "OverloadedError"  # 10 of 20
    assert await rig.ask() == "CircuitOpenError"
    eager = Rig(failures=3, share=0)
    for _ in range(10):
        await eager.ask()
    await eager.fail(3)
    assert await eager.ask() == "CircuitOpenError"


@pytest.mark.parametrize(
    ("fault", "error"),
    [(Fault(status=400), BadRequestError), (Fault(status=401), AuthenticationError), (Fault(status=429), RateLimitError)],
    ids=str,
)
async def test_refusals_show_that_the_endpoint_is_well(fault: Fault, error: type, anyio_backend: str) -> None:
    rig = Rig()
    for _ in range(5):
        assert await rig.ask(fault) == error.__name__
    assert await rig.ask() == "Hello"


@pytest.mark.parametrize(
    "fault",
    [Fault(status=500), Fault(error="before"), Fault(error="after"), Fault(cut=5), Fault(unended=True), Fault(body="html")],
    ids=str,
)
async def test_every_kind_of_failure_counts(fault: Fault, anyio_backend: str) -> None:
    """Also those inside a 200 and in the middle of a stream."""
    rig = Rig()
    for _ in range(3):
        rig.answers[:] = [Reply("one two", fault=fault)]
        with pytest.raises(ModelError):
            async for _ in rig.model.astream("x"):
                pass
    assert await rig.ask() == "CircuitOpenError"


async def test_the_provider_may_ask_for_more_time(anyio_backend: str) -> None:
    rig = Rig()
    for _ in range(3):
        await rig.ask(Fault(status=503, retry_after=90))
    rig.clock.now += 60
    assert await rig.ask() == "CircuitOpenError"
    rig.clock.now += 31
    assert await rig.ask() == "Hello"


async def test_a_call_that_a_limiter_held_back_says_nothing_of_the_endpoint(anyio_backend: str) -> None:
    limiter = InMemoryRateLimiter(requests_per_second=0.01)
    limiter.acquire()
    rig = Rig(failures=2)
    held = rig.model.bind(rate_limiter=limiter, timeout=Timeouts(total=0.01))
    for _ in range(3):
        with pytest.raises(APITimeoutError, match="rate limiter"):
            await held.ainvoke("x")
    assert (await rig.ask(), rig.changes) == ("Hello", [])


async def test_retries_count_and_end_when_it_opens(anyio_backend: str) -> None:
    """Each attempt of a call counts. The policy does not wait for an open circuit."""
    from chatkit import RetryPolicy

    breaker = CircuitBreaker(failures=3)
    async with simulate(fault=Fault(status=503)) as server:
        model = init_chat_model(
            "openai:m",
            api_key="k",
            base_url=f"{server.url}/v1",
            circuit_breaker=breaker,
            max_retries=RetryPolicy(max_retries=9, initial_delay=0.001),
        )
        with anyio.fail_after(5), pytest.raises(CircuitOpenError):
            await model.ainvoke("x")
        assert len(server.requests) == 3
        assert breaker.states == {f"{server.url}/v1 m": "open"}
        with pytest.raises(CircuitOpenError):
            await model.bind(temperature=0).ainvoke("x")  # the same endpoint
        with pytest.raises(OverloadedError, match="not available"):
            await model.bind(model="other", max_retries=0).ainvoke("x")  # another one


async def test_a_fallback_takes_over_at_once(anyio_backend: str) -> None:
    rig = Rig()
    spare = init_chat_model("simulator:spare", replies=lambda question: "From the spare")
    await rig.fail(3)
    assert (await rig.model.with_fallbacks([spare]).ainvoke("x")).text == "From the spare"
    assert "".join([chunk.text async for chunk in rig.model.with_fallbacks([spare]).astream("x")]) == "From the spare"
    assert rig.requests == 3


async def test_a_call_that_was_never_sent_says_nothing(anyio_backend: str) -> None:
    rig = Rig()
    await rig.fail(3)
    rig.clock.now += 30
    with pytest.raises(InputError):
        await rig.model.ainvoke([{"role": "nobody", "content": 1}])
    assert list(rig.breaker.states.values()) == ["half-open"]
    assert await rig.ask() == "Hello"


def test_threads_share_it() -> None:
    breaker = CircuitBreaker(failures=50)
    model = init_chat_model("simulator:m", fault=BUSY, circuit_breaker=breaker, max_retries=0)
    seen: list[str] = []

    def call() -> None:
        for _ in range(25):
            try:
                model.invoke("x")
            except ModelError as error:
                seen.append(type(error).__name__)

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(seen) == 100
    assert 50 <= seen.count("OverloadedError") < 60  # those that were under way when it opened


def test_wrong_settings_are_refused() -> None:
    for wrong in ({"failures": 0}, {"share": 1.5}, {"window": 0}, {"cooldown": -1}, {"probes": 0}):
        with pytest.raises(InputError):
            CircuitBreaker(**wrong)
    with pytest.raises(InputTypeError, match="circuit_breaker must be a CircuitBreaker"):
        ToyModel("m", api_key="k", circuit_breaker=True)


def test_a_copy_in_another_process_starts_closed() -> None:
    breaker = CircuitBreaker(failures=1)
    model = init_chat_model("simulator:m", fault=BUSY, circuit_breaker=breaker, max_retries=0)
    with pytest.raises(OverloadedError):
        model.invoke("x")
    copy = pickle.loads(pickle.dumps(breaker))
    assert (copy.failures, copy.states, list(breaker.states.values())) == (1, {}, ["open"])

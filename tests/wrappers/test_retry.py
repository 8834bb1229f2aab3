"""`with_retry`: the whole call again (spec S231)."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chatkit.errors import BadRequestError, InputError, OutputParserError, ServerError
from chatkit.simulator import Fault, Reply, SimulatedChatModel
from chatkit.steps import runnable
from chatkit.wrappers.retry import RetryRules
from tests.callbacks.listener import Listener

pytestmark = pytest.mark.anyio

NOW: Any = {"wait_exponential_jitter": False}


def model(*replies: Any) -> SimulatedChatModel:
    return SimulatedChatModel("m", replies=list(replies), max_retries=0)


BROKEN = Fault(status=500)


async def test_again_until_it_works(anyio_backend: str) -> None:
    asked = model(BROKEN, BROKEN, "third", BROKEN, "fifth")
    assert (await asked.with_retry(**NOW).ainvoke("hi")).text == "third"
    assert [chunk.text async for chunk in asked.with_retry(**NOW).astream("hi")] == ["fifth", ""]


async def test_the_last_error_when_it_never_works(anyio_backend: str) -> None:
    asked = model(*[BROKEN] * 9)
    with pytest.raises(ServerError):
        await asked.with_retry(stop_after_attempt=2, **NOW).ainvoke("hi")
    assert len(asked.simulator.requests) == 2
    with pytest.raises(ServerError):
        [chunk async for chunk in asked.with_retry(**NOW).astream("hi")]
    assert len(asked.simulator.requests) == 5


async def test_not_after_output(anyio_backend: str) -> None:
    asked = model(Reply("a b c", fault=Fault(error="after", after=2)), "fine")
    texts: list[str] = []
    with pytest.raises(Exception, match="Overloaded"):
        async for chunk in asked.with_retry(**NOW).astream("hi"):
            texts.append(chunk.text)
    assert texts == ["a", " b"]


async def test_what_is_hopeless_is_raised_at_once(anyio_backend: str) -> None:
    asked = model(*[Fault(status=400)] * 9)
    with pytest.raises(BadRequestError):
        await asked.with_retry(**NOW).ainvoke("hi")
    assert len(asked.simulator.requests) == 1
    with pytest.raises(InputError):
        await asked.with_retry(**NOW).ainvoke(3.5)
    with pytest.raises(BadRequestError):
        await asked.with_retry(retry_if_exception_type=(BadRequestError,), **NOW).ainvoke("hi")
    assert len(asked.simulator.requests) == 4


async def test_output_that_does_not_fit_is_asked_for_again(anyio_backend: str) -> None:
    schema = {"title": "Movie", "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    asked = model("nonsense", '{"title": "Alien"}', "nonsense", "nonsense")
    assert await asked.with_structured_output(schema).with_retry(**NOW).ainvoke("hi") == {"title": "Alien"}
    with pytest.raises(OutputParserError):
        await asked.with_structured_output(schema).with_retry(stop_after_attempt=2, **NOW).ainvoke("hi")


async def test_only_the_named_errors(anyio_backend: str) -> None:
    calls = 0

    @runnable
    async def step(_: Any) -> None:
        nonlocal calls
        calls += 1
        raise KeyError(calls)

    with pytest.raises(KeyError):
        await step.with_retry(retry_if_exception_type=(ValueError,), **NOW).ainvoke("x")
    assert calls == 1
    with pytest.raises(KeyError):
        await step.with_retry(retry_if_exception_type=(KeyError,), stop_after_attempt=4, **NOW).ainvoke("x")
    assert calls == 5


async def test_it_waits_as_the_provider_asks(anyio_backend: str) -> None:
    asked = model(Fault(status=429, retry_after=0.1), "fine")
    began = time.monotonic()
    await asked.with_retry(**NOW).ainvoke("hi")
    assert time.monotonic() - began >= 0.1


def test_waits_grow() -> None:
    rules = RetryRules(initial=1, exp_base=3, jitter=0, max=10)
    assert [rules.delay(ValueError(), attempt) for attempt in (1, 2, 3, 4)] == [1, 3, 9, 10]
    assert 1 <= RetryRules(jitter=0.5).delay(ValueError(), 1) <= 1.5
    assert RetryRules(waits=False).delay(ValueError(), 3) == 0


async def test_attempts_are_runs_with_a_tag(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start")
    await model(BROKEN, "fine").with_retry(**NOW).ainvoke("hi", {"callbacks": [listener], "tags": ["t"]})
    assert [heard.tags for heard in listener.heard] == [["t"], ["t", "retry:attempt:2"]]


async def test_tools_can_still_be_bound(anyio_backend: str) -> None:
    asked = model(BROKEN, "fine").with_retry(**NOW).bind(temperature=0.5)
    assert (await asked.ainvoke("hi")).text == "fine"
    assert asked.temperature == 0.5


@pytest.mark.parametrize(
    ("options", "words"),
    [({"stop_after_attempt": 0}, "1 or more"), ({"exponential_jitter_params": {"intial": 1}}, "intial")],
)
def test_what_is_wrong_is_said(options: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        model("x").with_retry(**options)

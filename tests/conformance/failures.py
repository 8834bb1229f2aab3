"""Scenarios: what goes wrong, and what a caller sees of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import pytest

from chatkit import errors
from chatkit.retry import RetryPolicy
from chatkit.simulator import Fault, Reply
from tests.conformance.scenario import scenario

if TYPE_CHECKING:
    from tests.conformance.lab import Lab

LONG = " ".join(f"word{nth}" for nth in range(60))


async def fails(lab: Lab, error: type[errors.ModelError], status: int) -> errors.ModelError:
    """Ask; the one request must fail in this way."""
    with pytest.raises(error) as caught:
        await lab.model(max_retries=0).ainvoke("Hi")
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.provider == lab.subject.provider
    assert not caught.value.retryable or status in (429, 500)
    assert len(lab.requests) == 1
    return caught.value


@scenario("401")
async def wrong_key(lab: Lab) -> None:
    lab.says(Fault(status=401))
    error = await fails(lab, errors.AuthenticationError, 401)
    assert error.provider_message == "Incorrect API key provided."


@scenario("404")
async def unknown_model(lab: Lab) -> None:
    lab.says(Fault(status=404))
    await fails(lab, errors.NotFoundError, 404)


@scenario("429, tried again")
async def rate_limit(lab: Lab) -> None:
    lab.says(Fault(status=429, retry_after=0.2))
    assert (await fails(lab, errors.RateLimitError, 429)).retry_after == 0.2
    lab.says(Fault(status=429, retry_after=0.2), "At last.")
    before = time.monotonic()
    assert (await lab.model(max_retries=1).ainvoke("Hi")).text == "At last."
    assert time.monotonic() - before >= 0.2
    assert len(lab.requests) == 3


@scenario("500, tried again")
async def broken_server(lab: Lab) -> None:
    lab.says(Fault(status=500))
    await fails(lab, errors.ServerError, 500)
    lab.says(Fault(status=500), Fault(status=500), "At last.")
    model = lab.model(max_retries=RetryPolicy(max_retries=2, initial_delay=0.01))
    chunks = [chunk async for chunk in model.astream("Hi")]
    assert "".join(chunk.text for chunk in chunks) == "At last."
    assert len(lab.requests) == 4


@scenario("overloaded inside a 200")
async def overloaded(lab: Lab) -> None:
    lab.says(Reply(LONG, fault=Fault(error="before")), "At last.")
    chunks = [chunk async for chunk in lab.model(max_retries=RetryPolicy(max_retries=1, initial_delay=0.01)).astream("Hi")]
    assert "".join(chunk.text for chunk in chunks) == "At last."
    assert len(lab.requests) == 2
    lab.says(Reply(LONG, fault=Fault(error="after", after=3)))
    seen = ""
    with pytest.raises(lab.subject.overloaded) as caught:
        async for chunk in lab.model().astream("Hi"):
            seen += chunk.text
    assert seen == "word0 word1 word2"
    assert caught.value.partial is not None
    assert caught.value.partial.text == seen
    assert caught.value.retryable
    assert len(lab.requests) == 3, "what was seen is not said twice"


@scenario("cut stream")
async def cut(lab: Lab) -> None:
    for fault, error in (
        (Fault(cut=3500), errors.StreamInterruptedError),
        (Fault(unended=True), errors.IncompleteStreamError),
    ):
        lab.says(Reply(LONG, fault=fault, piece=1))
        seen = ""
        with pytest.raises(errors.StreamError) as caught:
            async for chunk in lab.model().astream("Hi"):
                seen += chunk.text
        assert type(caught.value) is error
        assert seen
        assert LONG.startswith(seen)
        assert caught.value.partial is not None
        assert caught.value.partial.text == seen
    assert len(lab.requests) == 2


@scenario("cancel")
async def cancel(lab: Lab) -> None:
    lab.says(Reply(LONG, every=0.02))
    seen = ""
    with anyio.move_on_after(5) as scope:
        async for chunk in lab.model().astream("Hi"):
            seen += chunk.text
            if seen:
                scope.cancel()
                await anyio.sleep(0)
    left = time.monotonic()
    while lab.requests[0].closed_at is None and time.monotonic() < left + 2:
        await anyio.sleep(0.005)
    assert lab.requests[0].closed_at is not None
    assert lab.requests[0].closed_at - left < 0.5
    assert len(seen) < len(LONG) / 2

"""llama.cpp's server: the one counterpart that generates. Nothing here depends on what its model says."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from chatkit import init_chat_model
from chatkit.errors import APITimeoutError, ContextLengthError
from chatkit.messages import AIMessageChunk, HumanMessage, ToolMessage
from tests.counterparts.peer import Peer, address

pytestmark = pytest.mark.anyio

FORMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "chat": ("llamacpp", "/v1", {}),
    "openai chat": ("openai", "/v1", {}),
    "vllm": ("vllm", "/v1", {}),
    "responses": ("llamacpp", "/v1", {"use_responses_api": True}),
    "messages": ("anthropic", "", {}),
}
each_form = pytest.mark.parametrize("form", FORMS)
chat_only = pytest.mark.parametrize("form", ["chat", "openai chat", "vllm"])


@dataclass
class Movie:
    """A movie."""

    title: str
    year: int


def get_weather(city: str, days: int) -> str:
    """The weather of a city.

    Args:
        city: its name.
        days: how many days.
    """
    return f"sunny in {city} for {days} days"


def get_time(zone: str) -> str:
    """The time in a zone."""
    return f"noon in {zone}"


@pytest.fixture
def peer() -> Peer:
    return Peer(address("CHATKIT_LLAMA_SERVER_URL"))


def model(peer: Peer, form: str, **options: Any) -> Any:
    provider, path, fixed = FORMS[form]
    given = {"api_key": "none", "max_retries": 0, "timeout": 60, "max_tokens": 1000, **fixed, **options}
    return init_chat_model(f"{provider}:any", base_url=peer.url + path, **given)


async def streamed(model: Any, question: Any) -> AIMessageChunk:
    pieces = [piece async for piece in model.astream(question)]
    return sum(pieces[1:], pieces[0])


def assert_usage(message: Any) -> None:
    usage = message.usage_metadata
    assert usage["input_tokens"] > 0
    assert usage["output_tokens"] > 0
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


@each_form
async def test_whole_and_streamed_answers(peer: Peer, form: str) -> None:
    asked = model(peer, form, max_tokens=30)
    for message in (await asked.ainvoke("Why do parrots talk?"), await streamed(asked, "Why do parrots talk?")):
        assert message.content_blocks
        assert message.response_metadata["finish_reason"]
        assert_usage(message)


@each_form
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_a_tool_loop(peer: Peer, form: str, stream: bool) -> None:
    asked = model(peer, form).bind_tools([get_weather], tool_choice="any")
    talk: list[Any] = [HumanMessage("How is the weather in Rome for 3 days? Call the tool.")]
    answer = await streamed(asked, talk) if stream else await asked.ainvoke(talk)
    assert answer.tool_calls
    assert not answer.invalid_tool_calls
    assert {tuple(sorted(call["args"])) for call in answer.tool_calls} == {("city", "days")}
    results = [ToolMessage(get_weather(**call["args"]), tool_call_id=call["id"]) for call in answer.tool_calls]
    assert_usage(await model(peer, form, max_tokens=30).bind_tools([get_weather]).ainvoke([*talk, answer, *results]))


@pytest.mark.parametrize("form", ["chat", "responses"])
async def test_a_named_tool_is_called(peer: Peer, form: str) -> None:
    asked = model(peer, form).bind_tools([get_weather, get_time], tool_choice="get_time")
    for number in range(5):
        answer = await asked.ainvoke(f"Call a tool, please ({number}).")
        assert {call["name"] for call in answer.tool_calls} == {"get_time"}


@chat_only
async def test_answers_that_fit_a_schema(peer: Peer, form: str) -> None:
    asked = model(peer, form).with_structured_output(Movie, method="json_schema")
    assert isinstance(await asked.ainvoke("The movie Inception of 2010"), Movie)
    *_, last = [movie async for movie in asked.astream("The movie Inception of 2010")]
    assert isinstance(last, Movie)


@chat_only
async def test_logprobs(peer: Peer, form: str) -> None:
    asked = model(peer, form, logprobs=True, top_logprobs=2, max_tokens=5)
    for message in (await asked.ainvoke("Hello"), await streamed(asked, "Hello")):
        first = message.response_metadata["logprobs"]["content"][0]
        assert len(first["top_logprobs"]) == 2


@each_form
async def test_a_prompt_that_does_not_fit(peer: Peer, form: str) -> None:
    room = peer.get("/props")["default_generation_settings"]["n_ctx"]
    for ask in (model(peer, form).ainvoke, lambda question: streamed(model(peer, form), question)):
        with pytest.raises(ContextLengthError) as caught:
            await ask("parrot 0 " * room)
        assert caught.value.status == 400
        assert not caught.value.retryable


def endless(peer: Peer, **options: Any) -> Any:
    """Answers until its context is full."""
    return model(peer, "chat", max_tokens=None, extra_body={"ignore_eos": True, "n_predict": -1}, **options)


def busy(peer: Peer) -> int:
    return sum(slot["is_processing"] for slot in peer.get("/slots"))


async def until_free(peer: Peer, *, every: float) -> float:
    """Seconds until no slot is taken. The server looks after a silent client only if nobody asks it for a second."""
    began = time.monotonic()
    while await anyio.to_thread.run_sync(busy, peer):
        assert time.monotonic() - began < 10
        await anyio.sleep(every)
    return time.monotonic() - began


async def test_leaving_a_stream_frees_the_slot(peer: Peer) -> None:
    await until_free(peer, every=1.5)
    async with endless(peer).open_stream("Hello") as stream:
        async for _ in stream:
            break
        assert await anyio.to_thread.run_sync(busy, peer) == 1
    assert await until_free(peer, every=0.02) < 1


async def test_a_timeout_frees_the_slot(peer: Peer) -> None:
    await until_free(peer, every=1.5)
    with pytest.raises(APITimeoutError):
        await endless(peer, timeout=0.3).ainvoke("Hello")
    await anyio.sleep(1.5)
    assert await until_free(peer, every=1.5) < 3

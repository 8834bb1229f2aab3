"""The in-process model: no key, no network, and everything of a real provider at work."""

from __future__ import annotations

import pickle
from typing import Any

import anyio
import pytest

from chatkit import init_chat_model
from chatkit.messages import ToolMessage
from chatkit.simulator import Budget, Reply, SimulatedChatModel, Simulator
from chatkit.tools import tool


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"It's sunny in {location}."


@pytest.fixture
def model() -> SimulatedChatModel:
    return init_chat_model("simulator:parrot")  # type: ignore[return-value]


def test_it_needs_no_key_and_says_what_it_is(model: SimulatedChatModel) -> None:
    message = model.invoke("Why do parrots talk?")
    assert "syrinx" in message.text
    assert message.response_metadata["model_provider"] == "simulator"
    assert message.response_metadata["model_name"] == "parrot"
    assert message.usage_metadata is not None
    assert (
        message.usage_metadata["total_tokens"] == message.usage_metadata["input_tokens"] + message.usage_metadata["output_tokens"]
    )


def test_a_stream_adds_up_to_the_whole_answer(model: SimulatedChatModel) -> None:
    chunks = list(model.stream("What color is the sky?"))
    assert len([chunk for chunk in chunks if chunk.text]) > 10
    assert sum(chunks[1:], chunks[0]).text == model.invoke("What color is the sky?").text


def test_the_loop_of_tools(model: SimulatedChatModel) -> None:
    bound = model.bind_tools([get_weather])
    talk: list[Any] = [{"role": "user", "content": "What's the weather in Boston and Tokyo?"}]
    talk.append(bound.invoke(talk))
    assert [call["args"] for call in talk[-1].tool_calls] == [{"location": "Boston"}, {"location": "Tokyo"}]
    talk += [get_weather.invoke(call) for call in talk[-1].tool_calls]
    assert all(isinstance(message, ToolMessage) for message in talk[2:])
    assert bound.invoke(talk).text == "Here is what I found:\n- Boston: It's sunny in Boston.\n- Tokyo: It's sunny in Tokyo."


def test_server_tools_and_logprobs(model: SimulatedChatModel) -> None:
    blocks = model.bind_tools([{"type": "web_search"}]).invoke("What was a positive news story from today?").content_blocks
    assert [block["type"] for block in blocks] == ["server_tool_call", "server_tool_result", "text"]
    assert blocks[2]["annotations"][0]["type"] == "citation"
    assert model.bind(logprobs=True).invoke("Hello").response_metadata["logprobs"]["content"]


def test_requests_are_kept_across_copies(model: SimulatedChatModel) -> None:
    model.bind(temperature=0.5).invoke("a")
    model.bind(timeout=5.0).invoke("b")
    assert [seen.body["messages"][0]["content"] for seen in model.simulator.requests] == ["a", "b"]
    assert model.simulator.requests[0].body["temperature"] == 0.5


def test_models_may_share_a_simulator() -> None:
    simulator = Simulator(["one", "two"])
    first, second = (init_chat_model(f"simulator:{name}", simulator=simulator) for name in "ab")
    assert [first.invoke("x").text, second.invoke("x").text] == ["one", "two"]
    assert [seen.body["model"] for seen in simulator.requests] == ["a", "b"]


def test_a_model_travels() -> None:
    for settings in ({}, {"replies": ["one", "two"]}, {"limits": Budget(60)}):
        model = init_chat_model("simulator:x", **settings)
        said = model.invoke("Hello").text
        copy = pickle.loads(pickle.dumps(model))
        assert len(copy.simulator.requests) == 0
        assert copy.invoke("Hello").text == ("two" if said == "one" else said)
        assert model.invoke("Hello").text == ("two" if said == "one" else said)


@pytest.mark.anyio
async def test_pieces_take_their_time_and_a_stopped_stream_is_noted(anyio_backend: str) -> None:
    model = init_chat_model("simulator:x", replies=lambda question: Reply("a b c d", first=0.05), every=0.05)
    start = anyio.current_time()
    async with model.open_stream("Hello") as stream:
        async for event in stream:
            if getattr(event, "text", "") == " b":
                break
    assert 0.09 < anyio.current_time() - start < 0.5
    assert stream.message.text == "a b"
    assert stream.message.response_metadata["interrupted"] is True
    seen = model.simulator.requests[-1]
    assert seen.closed_at is not None and seen.ended_at is None
    await model.ainvoke("Hello")
    assert model.simulator.requests[-1].ended_at is not None

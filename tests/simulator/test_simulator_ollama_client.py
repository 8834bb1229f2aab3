"""The official client of Ollama against the simulator: whoever wrote it did not know this server."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.simulator import Fault, Reply, Server, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

ollama = pytest.importorskip("ollama", reason="the official client is not installed")

MODEL = "qwen3:4b"
HELLO = [{"role": "user", "content": "Hello"}]


def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: name of the city
    """
    return f"18 °C in {city}"


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


@contextlib.contextmanager
def client(server: Server) -> Iterator[Any]:
    with ollama.Client(host=server.url) as running:
        yield running


def test_chat(server: Server) -> None:
    with client(server) as api:
        answer = api.chat(model=MODEL, messages=HELLO)
    assert answer.message.content == "Hi there! How can I help today?"
    assert (answer.model, answer.done, answer.done_reason) == (MODEL, True, "stop")
    assert answer.prompt_eval_count > 0 and answer.eval_count > 0


def test_stream(server: Server) -> None:
    with client(server) as api:
        pieces = list(api.chat(model=MODEL, messages=HELLO, stream=True))
    assert "".join(piece.message.content for piece in pieces) == "Hi there! How can I help today?"
    assert [piece.done for piece in pieces] == [False] * (len(pieces) - 1) + [True]
    assert len(pieces) > 3


def test_async_stream(server: Server) -> None:
    async def read() -> str:
        async with ollama.AsyncClient(host=server.url) as api:
            return "".join([piece.message.content async for piece in await api.chat(model=MODEL, messages=HELLO, stream=True)])

    assert asyncio.run(read()) == "Hi there! How can I help today?"


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_a_round_of_tools(server: Server, stream: bool) -> None:
    talk: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]

    def ask() -> Any:
        with client(server) as api:
            answer = api.chat(model=MODEL, messages=talk, tools=[get_weather], think=True, stream=stream)
            pieces = list(answer) if stream else [answer]
        message = ollama.Message(role="assistant", content="".join(piece.message.content or "" for piece in pieces))
        message.thinking = "".join(piece.message.thinking or "" for piece in pieces)
        message.tool_calls = [call for piece in pieces for call in piece.message.tool_calls or []]
        return message

    message = ask()
    assert "Paris" in message.thinking
    (call,) = message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", {"city": "Paris"})
    talk += [message, {"role": "tool", "content": get_weather(**call.function.arguments), "tool_name": call.function.name}]
    assert "18 °C" in ask().content


def test_structured_output_images_and_options(server: Server) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    message = {"role": "user", "content": "The movie Inception", "images": [base64.b64encode(b"png").decode()]}
    options = ollama.Options(temperature=0, num_predict=50)
    with client(server) as api:
        answer = api.chat(model=MODEL, messages=[message], format=schema, options=options, keep_alive="1m")
    assert '"Inception"' in answer.message.content
    assert server.requests[-1].body["options"]["num_predict"] == 50


def test_logprobs(server: Server) -> None:
    with client(server) as api:
        answer = api.chat(model=MODEL, messages=HELLO, logprobs=True, top_logprobs=3)
    assert "".join(entry.token for entry in answer.logprobs) == answer.message.content
    assert len(answer.logprobs[0].top_logprobs) == 3


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
def test_errors(status: int) -> None:
    with simulate([Reply("never", fault=Fault(status=status))]) as server, client(server) as api:
        with pytest.raises(ollama.ResponseError) as caught:
            api.chat(model=MODEL, messages=HELLO)
    assert caught.value.status_code == status
    assert caught.value.error


def test_error_inside_a_stream() -> None:
    with simulate([Reply("one two three", fault=Fault(error="after", after=2))]) as server, client(server) as api:
        stream = api.chat(model=MODEL, messages=HELLO, stream=True)
        with pytest.raises(ollama.ResponseError, match=r"(?i)overloaded"):
            list(stream)

"""The official clients of Cohere, Mistral, Groq and Hugging Face against the simulator: whoever wrote them did not know it."""

from __future__ import annotations

import asyncio
import importlib
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import BaseModel

from chatkit.simulator import Server, simulate
from tests.simulator.clients import closed_later

if TYPE_CHECKING:
    from collections.abc import Iterator

GREETING = "Hi there! How can I help today?"
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
PLACES: list[Any] = [{"role": "user", "content": "What is the weather in Boston and Tokyo?"}]
MOVIE: list[Any] = [{"role": "user", "content": "The movie Inception"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "get_weather", "description": "", "parameters": CITY}}]
ARGUMENTS = ['{"city":"Boston"}', '{"city":"Tokyo"}']


class Movie(BaseModel):
    """A movie with details."""

    title: str
    year: int


INCEPTION = Movie(title="Inception", year=2010)


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def client(module: str) -> Any:
    pytest.importorskip(module.partition(".")[0], reason="the official client is not installed")
    return importlib.import_module(module)


# Cohere.


def cohere(server: Server) -> Any:
    return client("cohere").ClientV2(api_key="test", base_url=server.url, httpx_client=closed_later(httpx.Client()))


def test_cohere(server: Server) -> None:
    api, given = cohere(server), {"model": "command-a-03-2025"}
    assert api.chat(**given, messages=HELLO).message.content[0].text == GREETING
    events = list(api.chat_stream(**given, messages=HELLO))
    assert (events[0].type, events[-1].delta.finish_reason) == ("message-start", "COMPLETE")
    assert "".join(event.delta.message.content.text for event in events if event.type == "content-delta") == GREETING
    calls = api.chat(**given, messages=PLACES, tools=TOOLS).message.tool_calls
    assert [call.function.arguments for call in calls] == ARGUMENTS
    format = {"type": "json_object", "schema": Movie.model_json_schema()}
    found = api.chat(**given, messages=MOVIE, response_format=format).message.content[0].text
    assert Movie.model_validate_json(found) == INCEPTION
    assert api.models.list().models


@pytest.mark.parametrize(
    ("status", "error"), [(401, "UnauthorizedError"), (429, "TooManyRequestsError"), (500, "InternalServerError")]
)
def test_errors_of_cohere(server: Server, status: int, error: str) -> None:
    with pytest.raises(getattr(client("cohere"), error)) as caught:
        cohere(server).chat(model=f"command-a?fault={status}", messages=HELLO, request_options={"max_retries": 0})
    assert caught.value.status_code == status


# Mistral.


def mistral(server: Server) -> Any:
    return client("mistralai.client").Mistral(api_key="test", server_url=server.url, client=closed_later(httpx.Client()))


def test_mistral(server: Server) -> None:
    api, given = mistral(server), {"model": "mistral-large-latest"}
    answer = api.chat.complete(**given, messages=HELLO, n=2)
    assert [choice.message.content for choice in answer.choices] == [GREETING, GREETING]
    chunks = [event.data for event in api.chat.stream(**given, messages=HELLO)]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == GREETING
    assert chunks[-1].usage.total_tokens > 0
    assert api.chat.parse(**given, messages=MOVIE, response_format=Movie).choices[0].message.parsed == INCEPTION
    assert api.models.list().data


def test_mistral_streams_calls_whole(server: Server) -> None:
    stream = mistral(server).chat.stream(model="mistral-large-latest", messages=PLACES, tools=TOOLS)
    calls = [call for event in stream for call in event.data.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.function.name, call.function.arguments) for call in calls] == [
        (0, "get_weather", ARGUMENTS[0]),
        (1, "get_weather", ARGUMENTS[1]),
    ]


def test_thoughts_of_mistral(server: Server) -> None:
    api = mistral(server)
    given = {"model": "magistral-medium-latest", "messages": [{"role": "user", "content": "Think of the sky"}]}
    thought, text = api.chat.complete(**given).choices[0].message.content
    assert (thought.type, text.type) == ("thinking", "text")
    pieces = [event.data.choices[0].delta.content for event in api.chat.stream(**given)]
    thoughts = [piece[0].thinking[0].text for piece in pieces if isinstance(piece, list)]
    assert "".join(thoughts) == thought.thinking[0].text


# Groq.


def test_groq(server: Server) -> None:
    groq = client("groq")
    with groq.Groq(api_key="test", base_url=server.url, max_retries=0) as api:
        chat, given = api.chat.completions, {"model": "openai/gpt-oss-20b"}
        assert chat.create(**given, messages=HELLO).choices[0].message.content == GREETING
        assert "Hello" in chat.create(**given, messages=HELLO, reasoning_format="parsed").choices[0].message.reasoning
        stream = chat.create(**given, messages=HELLO, include_reasoning=True, stream=True)
        assert "Hello" in "".join(chunk.choices[0].delta.reasoning or "" for chunk in stream)
        calls = chat.create(**given, messages=PLACES, tools=TOOLS).choices[0].message.tool_calls
        assert [call.function.arguments for call in calls] == ARGUMENTS
        with pytest.raises(groq.RateLimitError):
            chat.create(model="llama?fault=429", messages=HELLO)
        assert api.models.list().data


# Hugging Face.


def test_hugging_face(server: Server) -> None:
    hub = client("huggingface_hub")
    api = hub.InferenceClient(base_url=f"{server.url}/v1", api_key="test")
    assert api.chat_completion(HELLO).choices[0].message.content == GREETING
    assert "".join(chunk.choices[0].delta.content or "" for chunk in api.chat_completion(HELLO, stream=True)) == GREETING
    assert [
        call.function.arguments for call in api.chat_completion(PLACES, tools=TOOLS).choices[0].message.tool_calls
    ] == ARGUMENTS
    format = {"type": "json_schema", "json_schema": {"name": "Movie", "schema": Movie.model_json_schema(), "strict": True}}
    found = api.chat_completion(MOVIE, response_format=format).choices[0].message.content
    assert Movie.model_validate_json(found) == INCEPTION


def test_hugging_face_async(server: Server) -> None:
    hub = client("huggingface_hub")

    async def ask() -> str:
        async with hub.AsyncInferenceClient(base_url=f"{server.url}/v1", api_key="test") as api:
            return "".join(
                [chunk.choices[0].delta.content or "" async for chunk in await api.chat_completion(HELLO, stream=True)]
            )

    assert asyncio.run(ask()) == GREETING

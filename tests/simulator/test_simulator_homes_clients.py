"""Official clients at the other homes of the APIs: Azure, Bedrock, Vertex AI; and the async ones."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.simulator import Server, simulate
from tests.simulator.clients import closed_later

if TYPE_CHECKING:
    from collections.abc import Iterator

GREETING = "Hi there! How can I help today?"
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
PLACE: list[Any] = [{"role": "user", "content": "What is the weather in Rome?"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
OPENAI_TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": CITY}}
CLAUDE_TOOL: Any = {"name": "get_weather", "input_schema": CITY}


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


@pytest.fixture
def openai() -> Any:
    return pytest.importorskip("openai", reason="the official client is not installed")


@pytest.fixture
def anthropic() -> Any:
    return pytest.importorskip("anthropic", reason="the official client is not installed")


def chat_stream_and_tools(completions: Any, model: str) -> None:
    assert completions.create(model=model, messages=HELLO).choices[0].message.content == GREETING
    chunks = list(completions.create(model=model, messages=HELLO, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == GREETING
    (call,) = completions.create(model=model, messages=PLACE, tools=[OPENAI_TOOL]).choices[0].message.tool_calls
    assert (call.function.name, call.function.arguments) == ("get_weather", '{"city":"Rome"}')


def test_azure_by_deployment(server: Server, openai: Any) -> None:
    client = closed_later(openai.AzureOpenAI(azure_endpoint=server.url, api_version="2025-03-01-preview", api_key="test"))
    chat_stream_and_tools(client.chat.completions, "my-deployment")
    assert server.requests[0].path == "/openai/deployments/my-deployment/chat/completions?api-version=2025-03-01-preview"
    assert client.responses.create(model="my-deployment", input="Hello").output_text == GREETING


def test_azure_by_its_v1_address(server: Server, openai: Any) -> None:
    client = closed_later(openai.OpenAI(base_url=f"{server.url}/openai/v1", api_key="test"))
    chat_stream_and_tools(client.chat.completions, "my-deployment")
    with client.responses.stream(model="my-deployment", input="Hello") as stream:
        assert stream.get_final_response().output_text == GREETING


def claude_stream_and_tools(messages: Any, model: str) -> None:
    given = {"model": model, "max_tokens": 100}
    assert messages.create(**given, messages=HELLO).content[0].text == GREETING
    with messages.stream(**given, messages=HELLO) as stream:
        assert "".join(stream.text_stream) == GREETING
    with messages.stream(**given, messages=PLACE, tools=[CLAUDE_TOOL]) as stream:
        (call,) = stream.get_final_message().content
    assert (call.name, call.input) == ("get_weather", {"city": "Rome"})


def test_claude_on_bedrock(server: Server, anthropic: Any) -> None:
    pytest.importorskip("boto3", reason="the official client needs boto3")
    keys = {"aws_access_key": "AK", "aws_secret_key": "SK", "aws_region": "us-east-1"}
    client = closed_later(anthropic.AnthropicBedrock(base_url=server.url, **keys))
    claude_stream_and_tools(client.messages, "anthropic.claude-sonnet-4-5-20250929-v1:0")


def test_claude_on_vertex(server: Server, anthropic: Any) -> None:
    place = {"region": "us-east5", "project_id": "p", "access_token": "t", "base_url": f"{server.url}/v1"}
    claude_stream_and_tools(closed_later(anthropic.AnthropicVertex(**place)).messages, "claude-sonnet-4-5@20250929")


def test_gemini_on_vertex(server: Server) -> None:
    genai = pytest.importorskip("google.genai", reason="the official client is not installed")
    credentials = pytest.importorskip("google.oauth2.credentials", reason="the official client is not installed")
    options = genai.types.HttpOptions(base_url=server.url)
    token = credentials.Credentials("test")
    client = closed_later(genai.Client(vertexai=True, project="p", location="global", credentials=token, http_options=options))
    models = client.models
    given = {"model": "gemini-2.5-flash"}
    assert models.generate_content(**given, contents="Hello").text == GREETING
    pieces = list(models.generate_content_stream(**given, contents="Hello"))
    assert "".join(piece.text or "" for piece in pieces) == GREETING
    tool = genai.types.Tool(function_declarations=[{"name": "get_weather", "parameters_json_schema": CITY}])
    config = genai.types.GenerateContentConfig(tools=[tool])
    (call,) = models.generate_content(**given, contents="What is the weather in Rome?", config=config).function_calls
    assert (call.name, call.args) == ("get_weather", {"city": "Rome"})
    assert "/projects/p/locations/global/publishers/google/models/gemini-2.5-flash" in server.requests[0].path


def test_async_clients(server: Server, openai: Any, anthropic: Any) -> None:
    async def ask() -> list[str]:
        said: list[str] = []
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="test") as client:
            async with client.chat.completions.stream(model="gpt-4.1", messages=HELLO) as stream:
                said.append("".join([event.delta async for event in stream if event.type == "content.delta"]))
        async with anthropic.AsyncAnthropic(base_url=server.url, api_key="test") as client:
            async with client.messages.stream(model="claude-sonnet-5", max_tokens=100, messages=HELLO) as stream:
                said.append("".join([piece async for piece in stream.text_stream]))
        return said

    assert asyncio.run(ask()) == [GREETING, GREETING]

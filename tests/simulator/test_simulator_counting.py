"""The simulator counts tokens, in every API that has an endpoint for it."""

from __future__ import annotations

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.errors import AuthenticationError, NotFoundError, RateLimitError, UnsupportedFeatureError
from chatkit.simulator import Fault, simulated_environment

TALK = [("system", "Be brief."), ("user", "What is 1 + 1?")]
COUNTING = [
    "openai:gpt-4.1",
    "azure_openai:gpt-4.1",
    "anthropic:claude-sonnet-4-5",
    "google_anthropic_vertex:claude-sonnet-4-5@20250929",
    "google_genai:gemini-2.5-flash",
    "google_vertexai:gemini-2.5-flash",
    "bedrock_converse:us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0",
]


def get_weather(location: str) -> str:
    """Get the weather."""
    return location


@pytest.mark.parametrize("name", COUNTING)
def test_a_count_is_what_an_answer_reports(name: str) -> None:
    with simulated_environment(["one answer"]) as server:
        model = init_chat_model(name)
        counted = model.count_tokens(TALK)
        path = server.requests[-1].path
        answer = model.invoke(TALK)
    assert "count" in path or "/responses/input_tokens" in path
    assert answer.text == "one answer", "counting takes no answer away"
    assert counted == (answer.usage_metadata or {})["input_tokens"]


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
@pytest.mark.anyio
async def test_counting_is_async_and_keeps_bound_tools(anyio_backend: str) -> None:
    model = init_chat_model("simulator:parrot").bind_tools([get_weather])
    assert await model.acount_tokens("Hello there") == 3 + 2
    assert model.simulator.requests[-1].body["tools"][0]["name"] == "get_weather"


@pytest.mark.parametrize("name", COUNTING)
def test_errors_are_the_api_s_own(name: str) -> None:
    with simulated_environment(fault=Fault(status=401)), pytest.raises(AuthenticationError):
        init_chat_model(name, max_retries=0).count_tokens("Hi")
    with simulated_environment(fault=Fault(status=429, retry_after=0.01, times=1)) as server:
        assert init_chat_model(name).count_tokens("Hi") == 4
        assert [request.status for request in server.requests] == [429, 200]
        with pytest.raises(RateLimitError):
            init_chat_model(name, max_retries=0).count_tokens("Hi")


def test_what_cannot_be_counted() -> None:
    with simulated_environment(fault=Fault(status=404)), pytest.raises(NotFoundError):
        init_chat_model("openai:gpt-5").count_tokens("Hi")  # a compatible server without the endpoint
    with simulated_environment() as server, pytest.raises(UnsupportedFeatureError):
        init_chat_model("ollama:llama3").count_tokens("Hi")
    assert not server.requests

"""Counting tokens: estimates, and the requests and answers of the providers' endpoints (wire sheets, row "Count")."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs

from chatkit.dialects.counting import CountParser
from chatkit.errors import InvalidResponseError, UnsupportedFeatureError
from chatkit.jsons import decode_object
from chatkit.messages import HumanMessage, SystemMessage
from chatkit_anthropic import ChatAnthropic, ChatAnthropicVertex
from chatkit_aws import ChatBedrock, ChatBedrockConverse
from chatkit_google_genai import ChatGoogleGenerativeAI
from chatkit_google_vertexai import ChatVertexAI
from chatkit_mistralai import ChatMistralAI
from chatkit_openai import AzureChatOpenAI, ChatOpenAI

if TYPE_CHECKING:
    from chatkit.codec import Request
    from chatkit.model import ChatModel

TALK = [SystemMessage("Be brief."), HumanMessage("What is 1 + 1?")]


def get_weather(location: str) -> str:
    """Get the weather."""
    return location


def counted(model: ChatModel, *tools: Any) -> tuple[Request, dict[str, Any]]:
    model = model.bind_tools(tools) if tools else model
    call = structs.replace(model._call(TALK), api_key="k")
    request = model._count_request(call)
    return request, decode_object(request.body) or {}


def test_anthropic() -> None:
    request, body = counted(ChatAnthropic("claude-haiku-4-5", api_key="k", temperature=0.5, max_tokens=9), get_weather)
    assert request.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert request.headers["x-api-key"] == "k"
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert sorted(body) == ["messages", "model", "system", "tools"], "the endpoint refuses max_tokens and temperature"


def test_anthropic_on_vertex() -> None:
    request, body = counted(ChatAnthropicVertex("claude-haiku-4-5@20251001", project="p", location="us-east5", api_key="t"))
    assert request.url.endswith("/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict")
    assert body["model"] == "claude-haiku-4-5@20251001"
    assert "max_tokens" not in body


def test_gemini() -> None:
    request, body = counted(ChatGoogleGenerativeAI("gemini-2.5-flash", api_key="k"), get_weather)
    assert request.url == "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:countTokens"
    assert request.headers["x-goog-api-key"] == "k"
    inner = body["generateContentRequest"]
    assert inner["model"] == "models/gemini-2.5-flash"
    assert inner["contents"] == [{"role": "user", "parts": [{"text": "What is 1 + 1?"}]}]
    assert inner["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert inner["tools"]


def test_gemini_on_vertex() -> None:
    request, body = counted(ChatVertexAI("gemini-2.5-flash", project="p", location="global", api_key="t"))
    assert request.url.endswith("/v1beta1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:countTokens")
    assert set(body) <= {"contents", "systemInstruction", "tools", "generationConfig"}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "What is 1 + 1?"}]}]


def test_openai_counts_over_the_responses_api_whatever_the_model_uses() -> None:
    request, body = counted(ChatOpenAI("gpt-4o-mini", api_key="k", temperature=1.0, use_responses_api=False), get_weather)
    assert request.url == "https://api.openai.com/v1/responses/input_tokens"
    assert request.headers["authorization"] == "Bearer k"
    assert sorted(body) == ["input", "model", "tools"]


def test_azure() -> None:
    request, body = counted(
        AzureChatOpenAI("gpt-4o", azure_endpoint="https://r.openai.azure.com", azure_deployment="d", api_key="k")
    )
    assert request.url == "https://r.openai.azure.com/openai/v1/responses/input_tokens"
    assert body["model"] == "d"


BEDROCK = {"region_name": "us-east-1", "api_key": "k"}


def test_converse_counts_with_the_model_behind_a_regional_profile() -> None:
    request, body = counted(
        ChatBedrockConverse("us.anthropic.claude-sonnet-4-20250514-v1:0", max_tokens=9, **BEDROCK), get_weather
    )
    assert request.url.endswith("/model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens")
    inner = body["input"]["converse"]
    assert sorted(inner) == ["messages", "system", "toolConfig"], "there is no inferenceConfig here"
    assert inner["messages"] == [{"role": "user", "content": [{"text": "What is 1 + 1?"}]}]


def test_invoke_model_counts_its_own_body() -> None:
    request, body = counted(ChatBedrock("anthropic.claude-sonnet-4-20250514-v1:0", **BEDROCK))
    assert request.url.endswith("/model/anthropic.claude-sonnet-4-20250514-v1%3A0/count-tokens")
    inner = decode_object(base64.b64decode(body["input"]["invokeModel"]["body"])) or {}
    assert inner["anthropic_version"] == "bedrock-2023-05-31"
    assert inner["max_tokens"] > 0


def test_who_cannot_count_says_so() -> None:
    model = ChatMistralAI("mistral-small", api_key="k")
    with pytest.raises(UnsupportedFeatureError, match=r"ChatMistralAI.*get_num_tokens_from_messages"):
        counted(model)
    assert model.get_num_tokens_from_messages(TALK) == 15
    assert model.get_num_tokens_from_messages("What is 1 + 1?", tools=[get_weather]) > 30
    assert model.bind_tools([get_weather]).get_num_tokens_from_messages(TALK) > 40, "bound tools count"
    assert (model.get_num_tokens(""), model.get_num_tokens("four"), model.get_num_tokens("fives")) == (0, 1, 2)


@pytest.mark.parametrize(
    ("body", "count"),
    [
        (b'{"input_tokens":16}', 16),
        (b'{"object": "response.input_tokens", "input_tokens": 15}', 15),
        (b'{"inputTokens": 18}', 18),
        (b'{"totalTokens": 9, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 9}]}', 9),
        (b'{"promptTokensDetails": []}', 0),
    ],
)
def test_answers(body: bytes, count: int) -> None:
    parser = CountParser()
    events = [event for at in range(len(body)) for event in parser.feed(body[at : at + 1])] + parser.close()
    assert [event.usage["input_tokens"] for event in events] == [count]  # type: ignore[union-attr]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"input_tokens": "many"}', b"data: {}\n\n", b"<html>"])
def test_answers_that_are_none(body: bytes) -> None:
    parser = CountParser()
    with pytest.raises(InvalidResponseError):
        for event in [*parser.feed(body), *parser.close()]:
            raise event.error  # type: ignore[union-attr]

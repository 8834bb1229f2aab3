"""`ChatOpenAI`, `AzureChatOpenAI` and compatible services over the Responses API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chatkit.codec import Call
from chatkit.errors import UnsupportedFeatureError
from chatkit.events import Metadata
from chatkit.jsons import decode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit_openai import AzureChatOpenAI, ChatOpenAI
from chatkit_openai_compatible import ChatLlamaCpp, ChatLMStudio, ChatOpenRouter, ChatVLLM, ChatXAI
from tests.dialects.openai_responses_case import frames_of, sse, stream_of, text_item, whole_of
from tests.dialects.test_openai_responses_parse import CALL, EVERYTHING, REASONING, SEARCH
from tests.providers.codec_case import read, request_of, sent

OPENAI = ChatOpenAI("gpt-5", api_key="sk-test", use_responses_api=True, profile={})


def chat(model: str = "gpt-5", **settings: Any) -> ChatOpenAI:
    return ChatOpenAI(model, api_key="sk-test", profile={}, **settings)


def path_of(model: Any, **params: Any) -> str:
    return request_of(model, **params).url.partition("?")[0].rpartition("/v1")[2]


# Which API.


@pytest.mark.parametrize(
    ("model", "params", "path"),
    [
        ("gpt-5", {}, "/chat/completions"),
        ("gpt-5", {"tools": [{"type": "web_search"}]}, "/responses"),
        ("gpt-5", {"reasoning": {"summary": "auto"}}, "/responses"),
        ("gpt-5-pro", {}, "/responses"),
        ("gpt-5.2-pro-2025-12-11", {}, "/responses"),
        ("o1-pro", {}, "/responses"),
        ("o3-deep-research", {}, "/responses"),
        ("gpt-5.6-sol", {}, "/responses"),
        ("gpt-5.3-codex", {}, "/responses"),
        ("codex-mini-latest", {}, "/responses"),
        ("computer-use-preview", {}, "/responses"),
        ("gpt-6", {}, "/chat/completions"),
        ("gpt-6", {"tools": [{"type": "function", "name": "f"}]}, "/responses"),
        ("openai/gpt-5-pro", {}, "/chat/completions"),
        ("gpt-4o", {}, "/chat/completions"),
    ],
)
def test_the_api_is_chosen_by_feature_and_by_name(model: str, params: dict[str, Any], path: str) -> None:
    assert path_of(chat(model), **params) == path


def test_the_name_counts_behind_a_gateway_too() -> None:
    assert path_of(chat("gpt-5-pro", base_url="https://gateway.example/v1")) == "/responses"


def test_the_user_decides() -> None:
    assert path_of(chat("gpt-5-pro", use_responses_api=False)) == "/chat/completions"
    assert path_of(chat("gpt-4o", use_responses_api=True)) == "/responses"
    with pytest.raises(UnsupportedFeatureError, match="use_responses_api=True"):
        request_of(chat("gpt-5", use_responses_api=False), reasoning={"effort": "low"})


def test_the_parser_fits_the_request() -> None:
    body = stream_of([text_item("Hi")])
    assert read(OPENAI, body).text == "Hi"
    assert read(chat("gpt-5-pro"), body).text == "Hi"


# Requests.


def test_a_request() -> None:
    request = request_of(OPENAI, "Why?", key="sk-test", max_tokens=50, store=False)
    assert request.url == "https://api.openai.com/v1/responses"
    assert request.headers["authorization"] == "Bearer sk-test"
    assert decode(request.body) == {
        "model": "gpt-5",
        "input": [{"role": "user", "content": "Why?"}],
        "max_output_tokens": 50,
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "stream": True,
    }


def test_the_o_series_takes_system_messages_as_developer() -> None:
    assert sent(chat("o3", use_responses_api=True), [SystemMessage("s")])["input"][0]["role"] == "developer"


@pytest.mark.parametrize(
    ("model", "params", "kept"),
    [
        ("gpt-5", {"temperature": 0.2}, False),
        ("gpt-4o", {"temperature": 0.2}, True),
        ("gpt-5.1", {"temperature": 0.2}, True),
        ("gpt-5.1", {"temperature": 0.2, "reasoning": {"effort": "high"}}, False),
        ("gpt-5.1", {"temperature": 0.2, "reasoning_effort": "high"}, False),
        ("gpt-5.1", {"temperature": 0.2, "reasoning": {"effort": "none"}}, True),
    ],
)
def test_reasoning_models_are_not_sent_a_temperature_that_they_refuse(model: str, params: dict[str, Any], kept: bool) -> None:
    assert ("temperature" in sent(chat(model, use_responses_api=True), **params)) is kept


def test_disabled_parameters_and_more_fields() -> None:
    model = chat(
        use_responses_api=True,
        disabled_params={"parallel_tool_calls": None},
        extra_body={"new_field": 1},
        parallel_tool_calls=True,
    )
    body = sent(model)
    assert "parallel_tool_calls" not in body
    assert body["new_field"] == 1


def test_settings_of_the_model_count() -> None:
    model = chat(reasoning={"effort": "low"}, include=["web_search_call.action.sources"], truncation="auto", store=False)
    body = sent(model)
    assert body["reasoning"] == {"effort": "low"}
    assert body["include"] == ["web_search_call.action.sources", "reasoning.encrypted_content"]
    assert body["truncation"] == "auto"


def test_a_conversation_that_openai_keeps() -> None:
    model = chat(use_previous_response_id=True)
    first = read(model, whole_of([text_item("Hi")]))
    body = sent(model, [HumanMessage("a"), first, HumanMessage("b")])
    assert body["previous_response_id"] == "resp_1"
    assert body["input"] == [{"role": "user", "content": "b"}]


def test_a_tool_loop_sends_back_what_came() -> None:
    answer = read(OPENAI, stream_of([REASONING, CALL], store=False))
    body = sent(OPENAI, [HumanMessage("a"), answer, ToolMessage("22", tool_call_id="call_1")], store=False)
    assert body["input"][1:] == [REASONING, CALL, {"type": "function_call_output", "call_id": "call_1", "output": "22"}]


# An answer in the background.


def test_background_mode() -> None:
    assert sent(chat(background=True), stream=False)["background"] is True
    queued = read(OPENAI, whole_of([], status="queued", usage=None), stream=False)
    assert (queued.id, queued.response_metadata["status"]) == ("resp_1", "queued")


def test_an_answer_is_fetched_by_its_id() -> None:
    request = request_of(chat(), stream=False, resume_response_id="resp_1")
    assert (request.method, request.url, request.body) == ("GET", "https://api.openai.com/v1/responses/resp_1?stream=false", b"")
    request = request_of(chat(), resume_response_id="resp_1", starting_after=7)
    assert request.url == "https://api.openai.com/v1/responses/resp_1?stream=true&starting_after=7"


def test_a_stream_in_the_background_can_be_resumed_from_its_last_number() -> None:
    parser = chat()._parser(Call("gpt-5", [HumanMessage("Hi")], {"background": True}, True))
    body = stream_of([text_item("Hi")])
    numbers = [event.metadata["sequence_number"] for event in parser.feed(body) if type(event) is Metadata]
    assert numbers == list(range(body.count(b"event:")))


# Azure.


def azure(**settings: Any) -> AzureChatOpenAI:
    given = {"azure_endpoint": "https://r.openai.azure.com", "azure_deployment": "mine", "api_key": "k", "profile": {}}
    return AzureChatOpenAI("gpt-5", use_responses_api=True, **{**given, **settings})


def test_azure() -> None:
    request = request_of(azure(), key="k")
    assert request.url == "https://r.openai.azure.com/openai/v1/responses"
    assert request.headers["api-key"] == "k"
    assert decode(request.body)["model"] == "mine"
    classic = azure(api_version="2025-04-01-preview")
    assert request_of(classic).url == "https://r.openai.azure.com/openai/responses?api-version=2025-04-01-preview"
    fetched = request_of(classic, resume_response_id="resp_1", stream=False).url
    assert fetched == "https://r.openai.azure.com/openai/responses/resp_1?api-version=2025-04-01-preview&stream=false"


def test_azure_and_openai_do_not_read_each_others_reasoning() -> None:
    answer = read(azure(), whole_of([REASONING, text_item("Hi")]))
    assert answer.response_metadata["model_provider"] == "azure_openai"
    assert sent(OPENAI, [answer])["input"] == [{"role": "assistant", "content": "Hi"}]
    assert sent(azure(), [answer])["input"][0] == REASONING


# Between the two APIs, and between services.


def test_an_answer_of_responses_goes_to_chat_completions_as_text_and_calls() -> None:
    answer = read(OPENAI, whole_of([REASONING, SEARCH, text_item("Hi"), CALL]))
    message = sent(chat("gpt-4o", use_responses_api=False), [HumanMessage("a"), answer])["messages"][1]
    assert message == {
        "role": "assistant",
        "content": "Hi",
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Zürich"}'}}],
    }


@pytest.mark.parametrize("service", [ChatXAI, ChatOpenRouter])
def test_compatible_services(service: type[Any]) -> None:
    model = service("m", api_key="k", use_responses_api=True, profile={})
    assert request_of(model).url.endswith("/responses")
    answer = read(model, stream_of(EVERYTHING, names=False))
    assert answer.response_metadata["model_provider"] == service.provider
    assert [item["type"] for item in sent(model, [answer])["input"]] == [item["type"] for item in EVERYTHING]


def test_own_tools_of_xai_go_through_responses() -> None:
    assert (
        request_of(ChatXAI("grok-4", api_key="k", profile={}), tools=[{"type": "x_search"}]).url
        == "https://api.x.ai/v1/responses"
    )


def test_a_message_of_the_users_own_has_no_item_ids() -> None:
    assert sent(OPENAI, [AIMessage("Hi")])["input"] == [{"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize("pieces", range(1, 5))
@pytest.mark.asyncio
async def test_a_reader_who_leaves_and_comes_back_misses_nothing(pieces: int) -> None:
    frames = [
        {**frame, "sequence_number": number}
        for number, frame in enumerate(frames_of([REASONING, text_item("Herons are birds.")]))
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        after = request.url.params.get("starting_after")
        rest = frames if after is None else frames[int(after) + 1 :]
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=sse(*rest))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        model = chat(background=True, http_client=client)
        async with model.astream("Hi") as stream:
            total = await anext(aiter(stream))
            for _ in range(pieces):
                total += await anext(aiter(stream))
        number = total.response_metadata["sequence_number"]
        async for chunk in model.astream("Hi", resume_response_id=total.id, starting_after=number):
            total += chunk
    assert total.content_blocks == read(OPENAI, whole_of([REASONING, text_item("Herons are birds.")])).content_blocks


@pytest.mark.parametrize("service", [ChatVLLM, ChatLlamaCpp, ChatLMStudio])
def test_servers_of_ones_own_are_asked_there_only_on_request(service: type[Any]) -> None:
    assert request_of(service("m", profile={})).url.endswith("/chat/completions")
    assert request_of(service("m", use_responses_api=True, profile={})).url.endswith("/v1/responses")


def test_parameters_of_openrouter_keep_their_names_on_the_wire() -> None:
    model = ChatOpenRouter("m", api_key="k", use_responses_api=True, provider_options={"sort": "price"}, profile={})
    assert sent(model)["provider"] == {"sort": "price"}

"""ChatBedrock: Claude over InvokeModel in Anthropic's format, other models over Converse."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.codec import ToolSpec
from chatkit.errors import IncompleteStreamError, InvalidResponseError, RateLimitError, UnsupportedFeatureError
from chatkit.events import ErrorEvent
from chatkit.messages import AIMessage, HumanMessage, SystemMessage
from chatkit.wire.awsstream import encode_message
from chatkit_aws import ChatBedrock
from tests.providers.codec_case import cuts, events_of, read, request_of, sent

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def chat(model: str = CLAUDE, **kwargs: Any) -> ChatBedrock:
    return ChatBedrock(model, region_name="us-east-1", api_key="k", **kwargs)


MODEL = chat()


def chunk(**said: Any) -> bytes:
    """One object of Anthropic's stream, framed as Bedrock frames it."""
    payload = {"bytes": base64.b64encode(json.dumps(said).encode()).decode(), "p": "abcd"}
    headers = {":event-type": "chunk", ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, json.dumps(payload).encode())


MESSAGE = {"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "content": []}
METRICS = {"inputTokenCount": 9, "outputTokenCount": 7, "invocationLatency": 800, "firstByteLatency": 300}
STREAM = [
    chunk(type="message_start", message={**MESSAGE, "usage": {"input_tokens": 9, "output_tokens": 1}}),
    chunk(type="content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""}),
    chunk(type="content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm."}),
    chunk(type="content_block_delta", index=0, delta={"type": "signature_delta", "signature": "sig"}),
    chunk(type="content_block_stop", index=0),
    chunk(type="content_block_start", index=1, content_block={"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}),
    chunk(type="content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '{"x": "ü'}),
    chunk(type="content_block_delta", index=1, delta={"type": "input_json_delta", "partial_json": '"}'}),
    chunk(type="content_block_stop", index=1),
    chunk(type="message_delta", delta={"stop_reason": "tool_use", "stop_sequence": None}, usage={"output_tokens": 7}),
    chunk(type="message_stop", **{"amazon-bedrock-invocationMetrics": METRICS}),
]
BODY = b"".join(STREAM)


# What is sent.


def test_claude_is_asked_in_anthropics_format() -> None:
    request = request_of(MODEL, [SystemMessage("Be brief."), HumanMessage("Hi")], stream=False, max_tokens=50, temperature=0.5)
    host = "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert request.url == f"{host}/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke"
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    body = json.loads(request.body)
    assert {name: body[name] for name in ("anthropic_version", "max_tokens", "temperature")} == {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 50,
        "temperature": 0.5,
    }
    assert not {"model", "stream"} & set(body)


def test_a_stream_is_asked_for_by_the_address() -> None:
    request = request_of(MODEL, "Hi", stream=True)
    assert request.url.endswith("/invoke-with-response-stream")
    assert "stream" not in json.loads(request.body)


def test_what_converse_has_in_the_body_goes_into_headers() -> None:
    request = request_of(
        MODEL,
        "Hi",
        guardrail_config={
            "guardrailIdentifier": "g",
            "guardrailVersion": "1",
            "trace": "enabled",
            "streamProcessingMode": "async",
        },
        performance_config={"latency": "optimized"},
        request_metadata={"team": "birds"},
        service_tier="priority",
        additional_model_request_fields={"top_a": 1},
    )
    assert {name: value for name, value in request.headers.items() if name.startswith("x-")} == {
        "x-amzn-bedrock-guardrailidentifier": "g",
        "x-amzn-bedrock-guardrailversion": "1",
        "x-amzn-bedrock-trace": "ENABLED",
        "x-amzn-bedrock-performanceconfig-latency": "optimized",
        "x-amzn-bedrock-service-tier": "priority",
        "x-amzn-bedrock-request-metadata": '{"team":"birds"}',
    }
    body = json.loads(request.body)
    assert body["top_a"] == 1
    assert body["amazon-bedrock-guardrailConfig"] == {"streamProcessingMode": "ASYNCHRONOUS"}
    assert "service_tier" not in body


def test_betas_go_into_the_body() -> None:
    assert sent(chat(betas=["context-1m-2025-08-07"]))["anthropic_beta"] == ["context-1m-2025-08-07"]


def test_web_images_are_refused_before_the_request() -> None:
    with pytest.raises(UnsupportedFeatureError):
        sent(MODEL, [HumanMessage([{"type": "image", "url": "https://x.test/a.png"}])])


def test_the_model_behind_an_arn_decides() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    claude, unknown = chat(arn, base_model="anthropic.claude-haiku-4-5-20251001-v1:0"), chat(arn)
    assert request_of(claude).url.endswith("application-inference-profile%2Fabc/invoke-with-response-stream")
    assert sent(claude)["max_tokens"] == sent(MODEL)["max_tokens"]
    assert request_of(unknown).url.endswith("/converse-stream")


def test_other_models_are_asked_over_converse() -> None:
    nova = chat("amazon.nova-lite-v1:0", top_k=5)
    assert request_of(nova, stream=False).url.endswith("/model/amazon.nova-lite-v1%3A0/converse")
    assert sent(nova, tools=[ToolSpec("f")])["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}
    document = {"output": {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}, "stopReason": "end_turn"}
    assert read(nova, json.dumps(document).encode(), stream=False).text == "Hi"


def test_the_user_may_choose_the_api() -> None:
    assert request_of(chat(beta_use_converse_api=True)).url.endswith("/converse-stream")
    assert request_of(chat("my-import", beta_use_converse_api=False)).url.endswith("/invoke-with-response-stream")


def test_parameters_that_only_the_other_api_has_are_refused() -> None:
    with pytest.raises(UnsupportedFeatureError, match="InvokeModel, which has no prompt_variables"):
        sent(MODEL, prompt_variables={"a": {"text": "b"}})
    with pytest.raises(UnsupportedFeatureError, match="Converse, which has no mcp_servers"):
        sent(chat("amazon.nova-lite-v1:0"), mcp_servers=[{"url": "https://x.test"}])


# What is read.


def test_a_stream() -> None:
    message = read(MODEL, BODY)
    assert message.content_blocks == [
        {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "sig"}},
        {"type": "tool_call", "name": "f", "args": {"x": "ü"}, "id": "toolu_1"},
    ]
    assert message.id == "msg_bdrk_1"
    assert message.response_metadata["stop_reason"] == "tool_use"
    assert message.response_metadata["amazon-bedrock-invocationMetrics"] == METRICS
    assert message.usage_metadata is not None
    assert (message.usage_metadata["input_tokens"], message.usage_metadata["output_tokens"]) == (9, 7)


def test_what_the_last_object_tells_of_guardrails() -> None:
    told = {"amazon-bedrock-guardrailAction": "INTERVENED", "amazon-bedrock-trace": {"guardrail": {"input": {}}}}
    message = read(MODEL, b"".join(STREAM[:-1]) + chunk(type="message_stop", **told))
    assert told.items() <= message.response_metadata.items()


@given(cuts(BODY))
def test_at_any_cut(at: set[int]) -> None:
    assert read(MODEL, BODY, at) == read(MODEL, BODY)


def test_byte_by_byte() -> None:
    assert read(MODEL, BODY, range(len(BODY))) == read(MODEL, BODY)


def test_a_whole_answer_is_the_same_message() -> None:
    content = [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": "ü"}},
    ]
    usage = {"input_tokens": 9, "output_tokens": 7}
    document = {**MESSAGE, "content": content, "stop_reason": "tool_use", "stop_sequence": None, "usage": usage}
    whole, streamed = read(MODEL, json.dumps(document).encode(), stream=False), read(MODEL, BODY)
    del streamed.response_metadata["amazon-bedrock-invocationMetrics"]
    assert whole == streamed


def test_an_answer_goes_back_as_it_came() -> None:
    turn = sent(MODEL, [HumanMessage("Hi"), read(MODEL, BODY), HumanMessage("Go on")])["messages"][1]
    assert turn["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"x": "ü"}},
    ]


@given(st.integers(1, len(STREAM) - 1))
def test_a_stream_without_its_end_is_incomplete(count: int) -> None:
    with pytest.raises(IncompleteStreamError, match="message_stop"):
        read(MODEL, b"".join(STREAM[:count]))


def test_exceptions_inside_a_stream() -> None:
    headers = {":exception-type": "throttlingException", ":message-type": "exception"}
    last = events_of(MODEL, STREAM[0] + encode_message(headers, b'{"message": "Slow down"}'))[-1]
    assert isinstance(last, ErrorEvent)
    assert isinstance(last.error, RateLimitError)


@pytest.mark.parametrize("payload", [b"{", b'{"bytes": "?"}', b'{"bytes": "e30"}', b'{"bytes": "ew=="}'])
def test_chunks_that_hold_no_json(payload: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        read(MODEL, encode_message({":event-type": "chunk"}, payload))


@pytest.mark.parametrize(("provider", "kept"), [("anthropic", True), ("bedrock", True), ("openai", False)])
def test_reasoning_goes_back_to_claude_only(provider: str, kept: bool) -> None:
    block = {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "sig"}}
    turn = AIMessage([block, {"type": "text", "text": "Yes."}], response_metadata={"model_provider": provider})
    content = sent(MODEL, [HumanMessage("Hi"), turn, HumanMessage("Go on")])["messages"][1]["content"]
    thought = [{"type": "thinking", "thinking": "Hm.", "signature": "sig"}]
    assert content == ([*thought, {"type": "text", "text": "Yes."}] if kept else "Yes.")

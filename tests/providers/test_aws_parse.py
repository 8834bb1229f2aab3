"""What ChatBedrockConverse reads: bytes in, events and messages out, streamed and whole, at any cut."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.codec import Call
from chatkit.errors import (
    AuthenticationError,
    BadRequestError,
    ChatKitError,
    ContextLengthError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from chatkit.events import ErrorEvent, Start, TextDelta
from chatkit.messages import HumanMessage
from chatkit.wire.awsstream import encode_message
from chatkit_aws import ChatBedrockConverse
from tests.providers.codec_case import cuts, events_of, read, request_of

MODEL = ChatBedrockConverse("amazon.nova-lite-v1:0", region_name="us-east-1", api_key="k")


def event(kind: str, **members: Any) -> bytes:
    """One event of a stream, with the padding that the service adds."""
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_message(headers, json.dumps({**members, "p": "abcdefgh"}, ensure_ascii=False).encode())


def failure(kind: str, **members: Any) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return encode_message(headers, json.dumps(members).encode())


def delta(index: int, **members: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=members)


def start(index: int, **members: Any) -> bytes:
    return event("contentBlockStart", contentBlockIndex=index, start=members)


def stop(index: int) -> bytes:
    return event("contentBlockStop", contentBlockIndex=index)


NAMES = (
    "text toolUse toolResult reasoningContent citationsContent image input toolUseId name type content citations source "
    "sourceContent location web url reasoningText signature redactedContent bytes format contentBlockIndex delta start "
    "stopReason usage metrics inputTokens cacheDetails ttl additionalModelResponseFields citation status s3Location"
).split()
BEGIN = event("messageStart", role="assistant")
USAGE = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}
COUNTED = event("metadata", usage=USAGE, metrics={"latencyMs": 321})


def stopped(reason: str = "end_turn", **members: Any) -> bytes:
    return event("messageStop", stopReason=reason, **members)


def stream(*events: bytes, reason: str = "end_turn") -> bytes:
    return b"".join([BEGIN, *events, stopped(reason), COUNTED])


def whole(*content: Any, reason: str = "end_turn", **members: Any) -> bytes:
    message = {"role": "assistant", "content": list(content)}
    body = {"output": {"message": message}, "stopReason": reason, "usage": USAGE, "metrics": {"latencyMs": 321}, **members}
    return json.dumps(body, ensure_ascii=False).encode()


# The same answer in both forms: (stream, whole, blocks).

SOURCE = {"title": "Facts", "sourceContent": [{"text": "Parrots talk."}], "location": {"web": {"url": "https://x.test"}}}
PAGE = {"title": "Facts", "sourceContent": [{"text": "a"}, {"text": "b"}], "location": {"documentPage": {"start": 1}}}
ANSWERS: dict[str, tuple[bytes, bytes, list[dict[str, Any]]]] = {
    "text": (
        stream(delta(0, text="Grüße "), delta(0, text="🦜"), stop(0)),
        whole({"text": "Grüße 🦜"}),
        [{"type": "text", "text": "Grüße 🦜"}],
    ),
    "empty text": (stream(delta(0, text=""), stop(0)), whole({"text": ""}), []),
    "reasoning": (
        stream(
            delta(0, reasoningContent={"text": "Let me "}),
            delta(0, reasoningContent={"text": "see."}),
            delta(0, reasoningContent={"signature": "sig"}),
            stop(0),
            delta(1, reasoningContent={"redactedContent": "cmVk"}),
            stop(1),
            delta(2, text="Yes."),
        ),
        whole(
            {"reasoningContent": {"reasoningText": {"text": "Let me see.", "signature": "sig"}}},
            {"reasoningContent": {"redactedContent": "cmVk"}},
            {"text": "Yes."},
        ),
        [
            {"type": "reasoning", "reasoning": "Let me see.", "extras": {"signature": "sig"}},
            {"type": "non_standard", "value": {"reasoningContent": {"redactedContent": "cmVk"}}},
            {"type": "text", "text": "Yes."},
        ],
    ),
    "calls": (
        stream(
            delta(0, text="Two calls."),
            start(1, toolUse={"toolUseId": "t1", "name": "weather", "type": "tool_use"}),
            delta(1, toolUse={"input": '{"city": "Z'}),
            delta(1, toolUse={"input": 'ürich"}'}),
            stop(1),
            start(2, toolUse={"toolUseId": "t2", "name": "now"}),
            delta(2, toolUse={"input": ""}),
            stop(2),
            reason="tool_use",
        ),
        whole(
            {"text": "Two calls."},
            {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Zürich"}, "type": "tool_use"}},
            {"toolUse": {"toolUseId": "t2", "name": "now", "input": {}}},
            reason="tool_use",
        ),
        [
            {"type": "text", "text": "Two calls."},
            {"type": "tool_call", "name": "weather", "args": {"city": "Zürich"}, "id": "t1"},
            {"type": "tool_call", "name": "now", "args": {}, "id": "t2"},
        ],
    ),
    "server tools": (
        stream(
            start(0, toolUse={"toolUseId": "s1", "name": "nova_code_interpreter", "type": "server_tool_use"}),
            delta(0, toolUse={"input": '{"snippet":"1+1"}'}),
            stop(0),
            start(1, toolResult={"toolUseId": "s1", "type": "nova_code_interpreter_result", "status": "success"}),
            delta(1, toolResult=[{"json": {"stdOut": "2"}}]),
            delta(1, toolResult=[{"text": "done"}]),
            stop(1),
            delta(2, text="Two."),
        ),
        whole(
            {
                "toolUse": {
                    "toolUseId": "s1",
                    "name": "nova_code_interpreter",
                    "input": {"snippet": "1+1"},
                    "type": "server_tool_use",
                }
            },
            {
                "toolResult": {
                    "toolUseId": "s1",
                    "type": "nova_code_interpreter_result",
                    "status": "success",
                    "content": [{"json": {"stdOut": "2"}}, {"text": "done"}],
                }
            },
            {"text": "Two."},
        ),
        [
            {"type": "server_tool_call", "name": "nova_code_interpreter", "args": {"snippet": "1+1"}, "id": "s1"},
            {
                "type": "server_tool_result",
                "tool_call_id": "s1",
                "status": "success",
                "output": [{"json": {"stdOut": "2"}}, {"text": "done"}],
                "extras": {"type": "nova_code_interpreter_result"},
            },
            {"type": "text", "text": "Two."},
        ],
    ),
    "citations": (
        stream(delta(0, citation=SOURCE), delta(0, text="They "), delta(0, text="do."), delta(0, citation=PAGE), stop(0)),
        whole({"citationsContent": {"content": [{"text": "They "}, {"text": "do."}], "citations": [SOURCE, PAGE]}}),
        [
            {
                "type": "text",
                "text": "They do.",
                "annotations": [
                    {
                        "type": "citation",
                        "url": "https://x.test",
                        "title": "Facts",
                        "cited_text": "Parrots talk.",
                        "extras": {"location": SOURCE["location"]},
                    },
                    {
                        "type": "citation",
                        "title": "Facts",
                        "cited_text": "ab",
                        "extras": {"location": PAGE["location"], "sourceContent": PAGE["sourceContent"]},
                    },
                ],
            }
        ],
    ),
    "image": (
        stream(
            start(0, image={"format": "jpeg"}),
            delta(0, image={"source": {"bytes": "AAAA"}}),
            delta(0, image={"source": {"bytes": "BBBB"}}),
            stop(0),
        ),
        whole({"image": {"format": "jpeg", "source": {"bytes": "AAAABBBB"}}}),
        [{"type": "image", "mime_type": "image/jpeg", "base64": "AAAABBBB"}],
    ),
}
PLACE = {"s3Location": {"uri": "s3://b/k.mp4", "bucketOwner": "1"}}
MEDIA: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"document": {"format": "pdf", "name": "Report", "source": {"bytes": "AAAA"}}},
        {"type": "file", "mime_type": "application/pdf", "base64": "AAAA", "extras": {"name": "Report"}},
    ),
    (
        {"video": {"format": "three_gp", "source": PLACE}},
        {"type": "video", "mime_type": "video/3gpp", "url": "s3://b/k.mp4", "extras": {"bucket_owner": "1"}},
    ),
    (
        {"audio": {"format": "x-aac", "source": {"bytes": "AAAA"}}},
        {"type": "audio", "mime_type": "audio/x-aac", "base64": "AAAA"},
    ),
    (
        {"image": {"format": "png", "error": {"message": "blocked"}}},
        {"type": "non_standard", "value": {"image": {"format": "png", "error": {"message": "blocked"}}}},
    ),
]


@pytest.mark.parametrize("name", ANSWERS)
def test_streamed_and_whole_answers_are_the_same_message(name: str) -> None:
    streamed, document, blocks = ANSWERS[name]
    message = read(MODEL, streamed)
    assert message.content_blocks == blocks
    assert message == read(MODEL, document, stream=False)


@pytest.mark.parametrize("name", ANSWERS)
def test_byte_by_byte(name: str) -> None:
    for body in ANSWERS[name][:2]:
        assert read(MODEL, body, range(len(body))) == read(MODEL, body)


@given(st.sampled_from(sorted(ANSWERS)), st.data())
def test_at_any_cut(name: str, data: st.DataObject) -> None:
    for body in ANSWERS[name][:2]:
        assert read(MODEL, body, data.draw(cuts(body))) == read(MODEL, body)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_goes_back_as_it_came(name: str) -> None:
    _, document, blocks = ANSWERS[name]
    content = json.loads(document)["output"]["message"]["content"]
    if name == "citations":  # one text, not the pieces that the stream cut it into
        content[0]["citationsContent"]["content"] = [{"text": "They do."}]
    for block in content:
        if block.get("toolUse", {}).get("type") == "tool_use":
            del block["toolUse"]["type"]
    turn = [HumanMessage("Hi"), read(MODEL, document), HumanMessage("Go on")]
    sent = json.loads(request_of(MODEL, turn).body)["messages"]
    assert [message["content"] for message in sent if message["role"] == "assistant"] == ([content] if blocks else [])


@pytest.mark.parametrize(("wire", "block"), MEDIA)
def test_media_of_an_answer_are_standard_blocks_and_go_back(wire: dict[str, Any], block: dict[str, Any]) -> None:
    message = read(MODEL, whole(wire), stream=False)
    assert message.content_blocks == [block]
    sent = json.loads(request_of(MODEL, [HumanMessage("Hi"), message, HumanMessage("Go on")]).body)["messages"]
    assert sent[1]["content"] == [wire]


def test_a_picture_that_failed_in_a_stream() -> None:
    message = read(MODEL, stream(start(0, image={"format": "png"}), delta(0, image={"error": {"message": "blocked"}}), stop(0)))
    assert message.content_blocks == [MEDIA[-1][1]]


def test_a_document_that_is_text() -> None:
    message = read(MODEL, whole({"document": {"name": "Notes", "source": {"text": "Hello"}}}), stream=False)
    notes = {"type": "text-plain", "mime_type": "text/plain", "text": "Hello", "extras": {"name": "Notes"}}
    assert message.content_blocks == [notes]


# Metadata.


def test_what_is_known_of_an_answer() -> None:
    trace = {"guardrail": {"actionReason": "Guardrail masked."}}
    facts = {"trace": trace, "performanceConfig": {"latency": "optimized"}, "serviceTier": {"type": "flex"}}
    counted = event("metadata", usage=USAGE, metrics={"latencyMs": 321}, **facts)
    body = b"".join([BEGIN, delta(0, text="Hi"), stopped("guardrail_intervened"), counted])
    message = read(MODEL, body)
    assert message.response_metadata == {
        "model_name": "amazon.nova-lite-v1:0",
        "finish_reason": "guardrail_intervened",
        "stopReason": "guardrail_intervened",
        "metrics": {"latencyMs": 321},
        "model_provider": "bedrock_converse",
        **facts,
    }
    assert message == read(MODEL, whole({"text": "Hi"}, reason="guardrail_intervened", **facts))


def test_usage_holds_cached_tokens() -> None:
    usage = {
        "inputTokens": 433,
        "outputTokens": 16,
        "totalTokens": 3211,
        "cacheReadInputTokens": 2752,
        "cacheWriteInputTokens": 10,
        "cacheDetails": [{"ttl": "5m", "inputTokens": 4}, {"ttl": "1h", "inputTokens": 6}],
        "serverToolUsage": {},
    }
    assert read(MODEL, whole({"text": "Hi"}, usage=usage)).usage_metadata == {
        "input_tokens": 3195,
        "output_tokens": 16,
        "total_tokens": 3211,
        "input_token_details": {
            "cache_read": 2752,
            "cache_creation": 10,
            "ephemeral_5m_input_tokens": 4,
            "ephemeral_1h_input_tokens": 6,
        },
    }


def test_reasoning_tokens_where_they_were_asked_for() -> None:
    more = {"usage": {"output_tokens_details": {"thinking_tokens": 3}}}
    streamed = b"".join([BEGIN, delta(0, text="Hi"), stopped(additionalModelResponseFields=more), COUNTED])
    message = read(MODEL, streamed)
    assert message.usage_metadata == {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "output_token_details": {"reasoning": 3},
    }
    assert message.response_metadata["additionalModelResponseFields"] == more
    assert message == read(MODEL, whole({"text": "Hi"}, additionalModelResponseFields=more))


def test_usage_may_be_missing() -> None:
    assert read(MODEL, whole({"text": "Hi"}, usage=None)).usage_metadata is None
    message = read(MODEL, BEGIN + delta(0, text="Hi") + stopped())
    assert (message.text, message.usage_metadata) == ("Hi", None)


# The end.


def done_after(*events: bytes) -> list[bool]:
    parser = MODEL._parser(Call(MODEL.model, [HumanMessage("Hi")], {}, True))
    seen = []
    for data in events:
        parser.feed(data)
        seen.append(parser.done)
    return seen


def test_an_answer_is_done_when_both_its_ends_were_seen() -> None:
    assert done_after(BEGIN, delta(0, text="Hi"), stopped(), COUNTED) == [False, False, False, True]
    assert done_after(BEGIN, delta(0, text="Hi"), COUNTED, stopped()) == [False, False, False, True]


def test_a_stream_without_message_stop_is_incomplete() -> None:
    with pytest.raises(IncompleteStreamError, match="messageStop"):
        read(MODEL, BEGIN + delta(0, text="Hi") + COUNTED)
    with pytest.raises(IncompleteStreamError, match="messageStop"):
        read(MODEL, b"")


def test_a_stream_that_ends_inside_an_event() -> None:
    """Incomplete, unless messageStop came before: then only the usage is missing."""
    begun = BEGIN + delta(0, text="Hi")
    with pytest.raises(IncompleteStreamError, match="messageStop"):
        read(MODEL, begun + stopped()[:-1])
    assert read(MODEL, begun + stopped() + COUNTED[:-1]).text == "Hi"


def test_a_whole_answer_that_is_cut_is_incomplete() -> None:
    with pytest.raises(IncompleteStreamError, match="JSON"):
        read(MODEL, b'{"output": {"mess')


def test_a_call_that_is_cut_is_no_call() -> None:
    cut = stream(start(0, toolUse={"toolUseId": "t", "name": "f"}), delta(0, toolUse={"input": '{"a": '}), reason="max_tokens")
    message = read(MODEL, cut)
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"a": '


# What servers do besides.


def test_unknown_events_fields_and_blocks() -> None:
    body = stream(
        event("contentBlockHiccup", contentBlockIndex=0),
        start(0),
        delta(0, text="Hi", mood="good"),
        delta(0, smell={"of": "rain"}),
        event("contentBlockDelta", contentBlockIndex=0),
    )
    assert read(MODEL, body).text == "Hi"
    message = read(MODEL, whole({"smell": {"of": "rain"}}, {"type": "text", "text": "Hi"}))
    assert message.content_blocks == [
        {"type": "non_standard", "value": {"smell": {"of": "rain"}}},
        {"type": "text", "text": "Hi"},
    ]


def test_arguments_as_an_object() -> None:
    body = stream(start(0, toolUse={"toolUseId": "t", "name": "f"}), delta(0, toolUse={"input": {"a": 1}}))
    assert read(MODEL, body).tool_calls[0]["args"] == {"a": 1}


def test_the_answer_begins_with_its_model() -> None:
    assert events_of(MODEL, stream(delta(0, text="Hi")))[:2] == [Start(model=MODEL.model), TextDelta("Hi", 0)]


@pytest.mark.parametrize(
    "body",
    [
        b"{]",
        b"{}",
        b'{"output": {"message": null}}',
        b'["output"]',
        b"<html>Not found</html>",
        b"nonsense",
        event("messageStop")[:-1] + b"x",
        encode_message({":event-type": "contentBlockDelta"}, b"{"),
        encode_message({":event-type": "messageStop"}, b"[]"),
    ],
)
def test_what_is_not_the_format_is_an_invalid_response(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        read(MODEL, body)


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
KINDS = ["messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata", "other"]


@settings(max_examples=500)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), JSONS, max_size=4), st.lists(JSONS, max_size=3))
def test_fields_of_any_type_raise_nothing_but_chatkits_errors(kind: str, members: Any, content: Any) -> None:
    for body in (stream(event(kind, **members)), whole(*content, **members)):
        with suppress(ChatKitError):
            read(MODEL, body)


def test_what_came_before_a_broken_event_is_not_lost() -> None:
    parser = MODEL._parser(Call(MODEL.model, [HumanMessage("Hi")], {}, True))
    broken = encode_message({":event-type": "contentBlockDelta"}, b"{")
    assert parser.feed(BEGIN + delta(0, text="Hi") + broken) == [Start(model=MODEL.model), TextDelta("Hi", 0)]
    with pytest.raises(InvalidResponseError):
        parser.close()


# Errors.


@pytest.mark.parametrize(
    ("kind", "members", "error"),
    [
        ("throttlingException", {"message": "Too many requests, please wait before trying again."}, RateLimitError),
        ("serviceUnavailableException", {"message": "Bedrock is unable to process your request."}, OverloadedError),
        ("internalServerException", {"message": "Internal error"}, ServerError),
        ("modelStreamErrorException", {"originalStatusCode": 500, "originalMessage": "The model broke"}, ServerError),
        ("modelTimeoutException", {"message": "Model took too long"}, ServerError),
        ("validationException", {"message": "Malformed input"}, BadRequestError),
        ("validationException", {"message": "Input is too long for requested model."}, ContextLengthError),
    ],
)
def test_exceptions_inside_a_stream(kind: str, members: dict[str, Any], error: type[ModelError]) -> None:
    events = events_of(MODEL, BEGIN + delta(0, text="Hi") + failure(kind, **members))
    assert events[1] == TextDelta("Hi", 0)
    assert isinstance(events[-1], ErrorEvent)
    raised = events[-1].error
    assert type(raised) is error
    assert raised.type == kind
    assert raised.provider_message == (members.get("message") or members.get("originalMessage"))
    assert raised.retryable is not issubclass(error, BadRequestError)


def test_errors_of_the_framing() -> None:
    broken = encode_message({":message-type": "error", ":error-code": "InternalError", ":error-message": "It broke"}, b"")
    last = events_of(MODEL, BEGIN + broken)[-1]
    assert isinstance(last, ErrorEvent)
    assert (last.error.type, last.error.provider_message) == ("InternalError", "It broke")


def test_an_error_in_a_whole_answer() -> None:
    last = events_of(MODEL, b'{"message": "Too many tokens", "__type": "com.amazon#ThrottlingException"}')[-1]
    assert isinstance(last, ErrorEvent)
    assert isinstance(last.error, RateLimitError)


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "ValidationException", "The provided model identifier is invalid.", BadRequestError),
        (400, "ValidationException", "Input Tokens Exceeded: Number of input tokens exceeds maximum length.", ContextLengthError),
        (403, "UnrecognizedClientException", "The security token included in the request is invalid.", AuthenticationError),
        (403, "ExpiredTokenException", "The security token included in the request is expired", AuthenticationError),
        (403, "AccessDeniedException", "You don't have access to the model", PermissionDeniedError),
        (404, "ResourceNotFoundException", "Could not find the model", NotFoundError),
        (408, "ModelTimeoutException", "The model took too long", ServerError),
        (424, "ModelErrorException", "The model broke", ServerError),
        (429, "ThrottlingException", "Too many requests", RateLimitError),
        (429, "ModelNotReadyException", "The model is not ready", OverloadedError),
        (500, "InternalServerException", "It broke", ServerError),
        (503, "ServiceUnavailableException", "Not now", OverloadedError),
    ],
)
def test_error_statuses(status: int, kind: str, message: str, error: type[ModelError]) -> None:
    headers = {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/", "x-amzn-requestid": "r1"}
    raised = MODEL._error(status, headers, json.dumps({"message": message}).encode())
    assert type(raised) is error
    assert (raised.type, raised.status, raised.request_id, raised.provider_message) == (kind, status, "r1", message)

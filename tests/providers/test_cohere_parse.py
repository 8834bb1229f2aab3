"""What ChatCohere reads from `/v2/chat`, at any cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from chatkit.errors import AuthenticationError, IncompleteStreamError, InvalidResponseError, ModelError
from chatkit_cohere import ChatCohere
from tests.providers.codec_case import cuts, events_of, read

MODEL = ChatCohere("command-a-03-2025", api_key="k")

USAGE = {
    "billed_units": {"input_tokens": 12, "output_tokens": 7},
    "tokens": {"input_tokens": 507.0, "output_tokens": 30},
    "cached_tokens": 448,
}
SOURCE = {"type": "document", "id": "doc:0", "document": {"id": "doc:0", "title": "Facts", "url": "https://x.org", "text": "…"}}
CITED = {"start": 0, "end": 5, "text": "sunny", "type": "TEXT_CONTENT", "sources": [SOURCE]}
CALLS = [
    {"id": "weather_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Zürich"}'}},
    {"id": "now_2", "type": "function", "function": {"name": "now", "arguments": ""}},
]


def sse(*events: dict) -> bytes:
    return b"".join(f"event: {e.get('type')}\ndata: {json.dumps(e, ensure_ascii=False)}\n\n".encode() for e in events)


def piece(type: str, index: int | None = None, **message: object) -> dict:
    event: dict = {"type": type, "delta": {"message": message}}
    return event if index is None else {**event, "index": index}


START = {"id": "a1", **piece("message-start", role="assistant", content=[], tool_plan="", tool_calls=[], citations=[])}


def end(reason: str = "COMPLETE", **more: object) -> dict:
    return {"type": "message-end", "delta": {"finish_reason": reason, "usage": USAGE, **more}}


TEXT = sse(
    START,
    piece("content-start", 0, content={"type": "thinking", "thinking": ""}),
    piece("content-delta", 0, content={"thinking": "Look"}),
    piece("content-delta", 0, content={"thinking": " out…"}),
    {"type": "content-end", "index": 0},
    piece("content-start", 1, content={"type": "text", "text": ""}),
    piece("content-delta", 1, content={"text": "sunny"}),
    piece("content-delta", 1, content={"text": " in Zürich ☀"}),
    {"type": "content-end", "index": 1},
    piece("citation-start", 0, citations=CITED),
    {"type": "citation-end", "index": 0},
    {"type": "debug", "prompt": "secret"},
    end(),
)
TOOLS = sse(
    START,
    piece("tool-plan-delta", tool_plan="I will"),
    piece("tool-plan-delta", tool_plan=" look."),
    piece(
        "tool-call-start", 0, tool_calls={"id": "weather_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    ),
    piece("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"city":'}}),
    piece("tool-call-delta", 0, tool_calls={"function": {"arguments": '"Zürich"}'}}),
    {"type": "tool-call-end", "index": 0},
    piece("tool-call-start", 1, tool_calls=CALLS[1]),
    {"type": "tool-call-end", "index": 1},
    end("TOOL_CALL"),
)


def check_text(message) -> None:
    reasoning, text = message.content_blocks
    assert reasoning == {"type": "reasoning", "reasoning": "Look out…"}
    assert text["text"] == message.text == "sunny in Zürich ☀"
    (citation,) = text["annotations"]
    assert (citation["start_index"], citation["end_index"], citation["cited_text"]) == (0, 5, "sunny")
    assert (citation["title"], citation["url"], citation["extras"]["sources"]) == ("Facts", "https://x.org", [SOURCE])
    assert message.id == "a1"
    assert message.response_metadata["finish_reason"] == "COMPLETE"
    assert message.response_metadata["billed_units"] == USAGE["billed_units"]
    assert message.usage_metadata == {
        "input_tokens": 507,
        "output_tokens": 30,
        "total_tokens": 537,
        "input_token_details": {"cache_read": 448},
    }


def check_tools(message) -> None:
    assert message.text == ""
    assert message.content_blocks[0] == {"type": "non_standard", "value": {"type": "tool_plan", "tool_plan": "I will look."}}
    assert [(c["name"], c["args"], c["id"]) for c in message.tool_calls] == [
        ("weather", {"city": "Zürich"}, "weather_1"),
        ("now", {}, "now_2"),
    ]
    assert message.response_metadata["finish_reason"] == "TOOL_CALL"


def test_text_in_one_piece_and_byte_by_byte() -> None:
    check_text(read(MODEL, TEXT))
    check_text(read(MODEL, TEXT, range(len(TEXT))))


def test_tools_in_one_piece_and_byte_by_byte() -> None:
    check_tools(read(MODEL, TOOLS))
    check_tools(read(MODEL, TOOLS, range(len(TOOLS))))


@given(cuts(TEXT), cuts(TOOLS))
def test_any_cut(at, other) -> None:
    check_text(read(MODEL, TEXT, at))
    check_tools(read(MODEL, TOOLS, other))


def whole(**message: object) -> bytes:
    reason = "TOOL_CALL" if "tool_calls" in message else "COMPLETE"
    return json.dumps(
        {"id": "a1", "message": {"role": "assistant", **message}, "finish_reason": reason, "usage": USAGE}, indent=1
    ).encode()


def test_whole_answers_are_the_sum_of_the_streams() -> None:
    content = [{"type": "thinking", "thinking": "Look out…"}, {"type": "text", "text": "sunny in Zürich ☀"}]
    assert read(MODEL, whole(content=content, citations=[CITED]), stream=False) == read(MODEL, TEXT)
    assert read(MODEL, whole(tool_plan="I will look.", tool_calls=CALLS), stream=False) == read(MODEL, TOOLS)


def test_text_alone_is_a_plain_string() -> None:
    assert read(MODEL, whole(content=[{"type": "text", "text": "Hi"}])).content == "Hi"
    assert read(MODEL, whole(content="Hi")).content == "Hi"


@pytest.mark.parametrize("fragments", [["null"], [" null "], []])
def test_arguments_that_are_null_mean_none(fragments: list[str]) -> None:
    deltas = [piece("tool-call-delta", 0, tool_calls={"function": {"arguments": text}}) for text in fragments]
    body = sse(
        START,
        piece("tool-call-start", 0, tool_calls={"id": "c", "function": {"name": "f", "arguments": ""}}),
        *deltas,
        end("TOOL_CALL"),
    )
    assert read(MODEL, body).tool_calls[0]["args"] == {}


def test_null_inside_arguments_is_kept() -> None:
    deltas = [piece("tool-call-delta", 0, tool_calls={"function": {"arguments": text}}) for text in ('{"a":', "null", "}")]
    body = sse(
        START,
        piece("tool-call-start", 0, tool_calls={"id": "c", "function": {"name": "f", "arguments": ""}}),
        *deltas,
        end("TOOL_CALL"),
    )
    assert read(MODEL, body).tool_calls[0]["args"] == {"a": None}


def test_citation_names_its_part() -> None:
    parts = [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}, {"type": "text", "text": "c"}]
    message = read(MODEL, whole(content=parts, citations=[{**CITED, "content_index": 1}]))
    assert [len(block.get("annotations", [])) for block in message.content_blocks] == [0, 1, 0]
    message = read(MODEL, whole(content=parts, citations=[CITED]))
    assert [len(block.get("annotations", [])) for block in message.content_blocks] == [0, 0, 1]


def test_citation_of_a_tool_has_no_title() -> None:
    cited = {**CITED, "sources": [{"type": "tool", "id": "t:0", "tool_output": {"content": "-3"}}]}
    (citation,) = read(MODEL, whole(content="sunny", citations=[cited])).content_blocks[0]["annotations"]
    assert "title" not in citation
    assert citation["extras"]["sources"][0]["tool_output"] == {"content": "-3"}


def test_citations_of_thinking_and_plan_stay_with_them() -> None:
    thinking, plan = {**CITED, "type": "THINKING_CONTENT", "content_index": 0}, {**CITED, "type": "PLAN"}
    message = read(MODEL, whole(tool_plan="p", content=[{"type": "thinking", "thinking": "a"}], citations=[thinking, plan, plan]))
    assert message.content_blocks == [
        {"type": "non_standard", "value": {"type": "tool_plan", "tool_plan": "p", "citations": [plan, plan]}},
        {"type": "reasoning", "reasoning": "a", "extras": {"citations": [thinking]}},
    ]


def test_reasoning_and_image_tokens() -> None:
    usage = {"tokens": {"input_tokens": 5, "output_tokens": 9, "reasoning_tokens": 4, "image_tokens": 259}}
    message = read(MODEL, sse(START, {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}))
    assert message.usage_metadata["output_token_details"] == {"reasoning": 4}
    assert message.response_metadata["image_tokens"] == 259


def test_logprobs_add_up() -> None:
    deltas = [piece("content-delta", 0, content={"text": t}) | {"logprobs": {"text": t, "logprobs": [-0.1]}} for t in "ab"]
    entries = read(MODEL, sse(START, *deltas, end())).response_metadata["logprobs"]["content"]
    assert [(entry["token"], entry["logprob"]) for entry in entries] == [("a", -0.1), ("b", -0.1)]
    given = [{"text": "ab", "token_ids": [1, 2], "logprobs": [-0.25, -0.5]}, {"text": "c"}]
    body = json.loads(whole(content="abc")) | {"logprobs": given}
    several, unknown = read(MODEL, json.dumps(body).encode()).response_metadata["logprobs"]["content"]
    assert several == {"token": "ab", "logprob": -0.75, "top_logprobs": [], **given[0]}
    assert unknown["logprob"] is None


def test_missing_usage_and_unknown_events_do_no_harm() -> None:
    body = (
        sse(START, {"type": "novelty", "delta": {"x": 1}}, {"type": "message-end", "delta": {"finish_reason": "MAX_TOKENS"}})
        + b"data: [DONE]\n\n"
    )
    message = read(MODEL, body)
    assert (message.usage_metadata, message.response_metadata["finish_reason"]) == (None, "MAX_TOKENS")


def test_error_at_the_end_of_a_stream() -> None:
    with pytest.raises(ModelError, match="generation failed"):
        read(MODEL, sse(START, piece("content-delta", 0, content={"text": "half"}), end("ERROR", error="generation failed")))


@pytest.mark.parametrize("body", [b'data: {"id":"x","message":"too many tokens"}\n\n', b'{"id":"x","message":"too many tokens"}'])
def test_error_body_inside_a_200(body: bytes) -> None:
    with pytest.raises(ModelError, match="too many tokens"):
        read(MODEL, body)


def test_error_status() -> None:
    error = MODEL._error(401, {"x-debug-trace-id": "t1"}, b'{"id":"x","message":"invalid api token"}')
    assert isinstance(error, AuthenticationError)
    assert (error.provider_message, error.request_id) == ("invalid api token", "t1")


@pytest.mark.parametrize("kept", [1, 6])
def test_stream_without_end_is_incomplete(kept: int) -> None:
    body = b"".join(part + b"\n\n" for part in TEXT.split(b"\n\n")[:kept])
    with pytest.raises(IncompleteStreamError, match="message-end"):
        read(MODEL, body)


@pytest.mark.parametrize(
    "body", [b"data: {oops\n\n", b"<html>gateway</html>", b"[]", b'{"message": 3}', b'data: {"type": 3}\n\n']
)
def test_what_is_not_coheres_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        read(MODEL, body)


def test_events_of_a_stream() -> None:
    assert [type(event).__name__ for event in events_of(MODEL, TEXT)] == [
        "Start",
        "ReasoningDelta",
        "ReasoningDelta",
        "TextDelta",
        "TextDelta",
        "Citation",
        "Usage",
        "Finish",
    ]

"""Chat completions: bytes to events (wire sheets: openai_chat §6-9, openai_compatible §2-5)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.errors import (
    ContextLengthError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ServerError,
)
from chatkit.events import ErrorEvent, ReasoningDelta, Start, TextDelta, ToolCallChunk, Usage
from tests.dialects.openai_chat_case import chunk, events, finish, message, sse, stream_of, tool_piece, usage_chunk, whole

USAGE = {
    "prompt_tokens": 64,
    "completion_tokens": 40,
    "total_tokens": 104,
    "prompt_tokens_details": {"cached_tokens": 32, "cache_write_tokens": 8, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 30},
}
NORMAL = {
    "input_tokens": 64,
    "output_tokens": 40,
    "total_tokens": 104,
    "input_token_details": {"audio": 0, "cache_creation": 8, "cache_read": 32},
    "output_token_details": {"reasoning": 30},
}
STREAM = sse(
    chunk({"role": "assistant", "content": "", "refusal": None}),
    chunk({"content": "Kraniche "}),
    chunk({"content": "ziehen nach Süden \u2028☀"}),
    tool_piece(0, "", id="call_1", name="weather", type="function"),
    tool_piece(0, '{"city":'),
    tool_piece(0, '"Köln"}'),
    tool_piece(1, "", id="call_2", name="now", type="function"),
    finish("tool_calls"),
    usage_chunk(**USAGE),
)
WHOLE = whole(
    {
        "content": "Kraniche ziehen nach Süden \u2028☀",
        "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Köln"}'}},
            {"id": "call_2", "type": "function", "function": {"name": "now", "arguments": "{}"}},
        ],
    },
    reason="tool_calls",
    usage=USAGE,
)


def test_a_stream_and_a_whole_answer_say_the_same() -> None:
    streamed, complete = message(STREAM), message(WHOLE)
    assert streamed == complete
    assert streamed.content == "Kraniche ziehen nach Süden \u2028☀"
    assert [(call["name"], call["args"], call["id"]) for call in streamed.tool_calls] == [
        ("weather", {"city": "Köln"}, "call_1"),
        ("now", {}, "call_2"),
    ]
    assert streamed.usage_metadata == NORMAL
    assert streamed.id == "chatcmpl-1"
    assert streamed.response_metadata == {
        "model_name": "gpt-5-2025-08-07",
        "finish_reason": "tool_calls",
        "created": 1,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
        "token_usage": USAGE,
    }


@settings(max_examples=80, deadline=None)
@given(st.sets(st.integers(1, len(STREAM) - 1), max_size=40))
def test_cuts_change_nothing(places: set[int]) -> None:
    assert message(STREAM, places) == message(STREAM)
    assert message(WHOLE, {place % len(WHOLE) for place in places}) == message(WHOLE)


def test_byte_by_byte() -> None:
    assert events(STREAM, range(1, len(STREAM))) == events(STREAM)


def test_events_come_with_their_chunk() -> None:
    said = events(STREAM)
    assert said[0] == Start("chatcmpl-1", "gpt-5-2025-08-07")
    assert said[1:3] == [TextDelta("Kraniche ", 0), TextDelta("ziehen nach Süden \u2028☀", 0)]
    assert said[3:6] == [
        ToolCallChunk("", 0, "call_1", "weather"),
        ToolCallChunk('{"city":', 0),
        ToolCallChunk('"Köln"}', 0),
    ]


def test_a_stream_that_nobody_asked_for_and_a_body_where_a_stream_was_asked() -> None:
    assert message(b"\n\n  " + WHOLE).text == message(b": keep-alive\n\n" + STREAM).text


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "reasoning_text"])
def test_reasoning_of_compatible_servers(field: str) -> None:
    streamed = message(stream_of({"content": None, field: "Let "}, {field: "me "}, {field: "see"}, {"content": "4"}))
    complete = message(whole({field: "Let me see", "content": "4"}))
    expected = [
        {"type": "reasoning", "reasoning": "Let me see", "extras": {"field": field}},
        {"type": "text", "text": "4"},
    ]
    assert streamed.content_blocks == complete.content_blocks == expected


def test_reasoning_that_comes_in_both_fields_is_taken_once() -> None:
    both = {"reasoning_content": "hm", "reasoning": "hm"}
    assert [event.text for event in events(stream_of(both, both)) if isinstance(event, ReasoningDelta)] == ["hm", "hm"]


def test_reasoning_parts_of_databricks() -> None:
    def part(text: str, **more: str) -> dict[str, Any]:
        return {"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": text, **more}]}]}

    frames = [chunk(part("Two and ")), chunk(part("two")), chunk(part("", signature="sig")), chunk({"content": "Four"}), finish()]
    expected = [
        {"type": "reasoning", "reasoning": "Two and two", "extras": {"field": "summary", "signature": "sig"}},
        {"type": "text", "text": "Four"},
    ]
    assert message(sse(*frames)).content_blocks == expected
    both = [*part("Two and two", signature="sig")["content"], {"type": "text", "text": "Four"}]
    assert message(whole({"content": both})).content_blocks == expected


def test_what_copilot_says_beside_its_text() -> None:
    frames = [chunk({"content": "Fo"}), chunk({"content": "ur"}), chunk({"content": "!", "reasoning_opaque": "gAAA"}), finish()]
    text, fields = message(sse(*frames)).content_blocks
    assert text == {"type": "text", "text": "Four!"}
    assert fields["value"] == {"type": "message_fields", "reasoning_opaque": "gAAA"}


def test_think_tags_stay_in_the_text() -> None:
    assert message(stream_of({"content": "<think>\n"}, {"content": "hm</think>4"})).text == "<think>\nhm</think>4"


def test_reasoning_details_are_joined_by_type_and_index() -> None:
    text = {"type": "reasoning.text", "format": "anthropic-claude-v1", "index": 0}
    streamed = message(
        stream_of(
            {"reasoning": "Two ", "reasoning_details": [{**text, "text": "Two "}]},
            {"reasoning": "and ", "reasoning_details": [{**text, "text": "and "}]},
            {"reasoning": "two", "reasoning_details": [{**text, "text": "two"}]},
            {"reasoning": None, "reasoning_details": [{**text, "text": "", "signature": "sig"}]},
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "AB", "index": 1, "format": "x"}]},
            {"reasoning_details": [{"type": "reasoning.encrypted", "data": "CD", "index": 1, "format": "x"}]},
            {"content": "4", "reasoning": None, "reasoning_details": []},
        )
    )
    assert [block["type"] for block in streamed.content_blocks] == ["reasoning", "reasoning", "text"]
    first, second, _ = streamed.content_blocks
    assert first["reasoning"] == "Two and two"
    assert first["extras"] == {"detail": {**text, "text": "", "signature": "sig"}}
    assert second["extras"]["detail"]["data"] == "ABCD"


def test_whole_reasoning_details_are_never_pieces_of_each_other() -> None:
    detail = {"type": "reasoning.summary", "summary": "one", "index": 0, "format": "x"}
    blocks = message(whole({"content": "4", "reasoning_details": [detail, {**detail, "summary": "two"}]})).content_blocks
    assert [block.get("reasoning") for block in blocks] == ["one", "two", None]


def test_refusal() -> None:
    streamed = message(stream_of({"refusal": "I can"}, {"refusal": "not"}))
    assert streamed.content_blocks == message(whole({"refusal": "I cannot"})).content_blocks
    assert streamed.content_blocks == [{"type": "non_standard", "value": {"type": "refusal", "refusal": "I cannot"}}]
    assert streamed.text == ""


def test_logprobs_add_up() -> None:
    token = {"token": "a", "logprob": -0.1, "bytes": [97], "top_logprobs": []}
    piece = {"logprobs": {"content": [token], "refusal": None}}
    streamed = message(sse(chunk({"content": "a"}, choice=piece), chunk({"content": "a"}, choice=piece), finish()))
    assert streamed.response_metadata["logprobs"] == {"content": [token, token]}


def test_url_citations() -> None:
    citation = {"url": "https://a.example", "title": "A", "content": "said", "start_index": 0, "end_index": 4}
    answer = {"content": "Yes.", "annotations": [{"type": "url_citation", "url_citation": citation}]}
    expected = {
        "type": "citation",
        "url": "https://a.example",
        "title": "A",
        "cited_text": "said",
        "start_index": 0,
        "end_index": 4,
    }
    for body in (whole(answer), stream_of({"content": "Yes."}, {"annotations": answer["annotations"]})):
        assert message(body).content_blocks == [{"type": "text", "text": "Yes.", "annotations": [expected]}]


def test_other_annotations_are_kept_whole() -> None:
    parsed = {"type": "file", "file": {"hash": "h", "name": "a.pdf", "content": []}}
    blocks = message(whole({"content": "Yes.", "annotations": [parsed]})).content_blocks
    assert blocks[0]["annotations"] == [{"type": "non_standard_annotation", "value": parsed}]


def test_sources_that_the_text_points_at_become_spans() -> None:
    beside: dict[str, Any] = {
        "citations": ["https://a.example", "https://b.example"],
        "search_results": [{"url": "https://a.example", "title": "A", "snippet": "s", "date": "2026-01-01"}],
    }
    streamed = message(sse(chunk({"content": "Cranes["}, **beside), chunk({"content": "1] fly[1]."}, **beside), finish(**beside)))
    assert streamed == message(whole({"content": "Cranes[1] fly[1]."}, **beside))
    first = {"type": "citation", "url": "https://a.example", "title": "A", "cited_text": "s", "extras": {"date": "2026-01-01"}}
    assert streamed.content_blocks[0]["annotations"] == [
        {**first, "start_index": 6, "end_index": 9},
        {**first, "start_index": 13, "end_index": 16},
        {"type": "citation", "url": "https://b.example"},
    ]
    assert streamed.response_metadata["citations"] == beside["citations"]


def test_sources_that_come_after_the_text_have_no_spans() -> None:
    beside: dict[str, Any] = {"citations": ["https://a.example"]}
    streamed = message(sse(chunk({"content": "Cranes"}), chunk({"content": "[1] fly"}), finish(**beside)))
    assert streamed.content_blocks[0]["annotations"] == [{"type": "citation", "url": "https://a.example"}]
    late = message(sse(chunk({"content": "Cranes"}), chunk({"content": "[1]"}, **beside), chunk({"content": " fly"}), finish()))
    assert late.content_blocks[0]["annotations"] == [{"type": "citation", "url": "https://a.example"}]


def test_sources_that_come_only_with_the_first_text() -> None:
    beside: dict[str, Any] = {"citations": ["https://a.example"]}
    streamed = message(sse(chunk({"content": "Cranes"}, **beside), chunk({"content": "[1] fly"}), finish()))
    expected = {"type": "citation", "url": "https://a.example", "start_index": 6, "end_index": 9}
    assert streamed.content_blocks[0]["annotations"] == [expected]


def test_images() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}}
    for body in (whole({"content": "Here:", "images": [image]}), stream_of({"content": "Here:"}, {"images": [image]})):
        assert message(body).content_blocks[1] == {"type": "image", "base64": "iVBOR", "mime_type": "image/png"}


def test_spoken_answers() -> None:
    complete = message(
        whole({"audio": {"id": "audio_1", "data": "QUJD", "transcript": "Hello", "expires_at": 9}}), audio_format="wav"
    )
    pieces = [{"id": "audio_1", "transcript": "Hel"}, {"data": "QUJD"}, {"transcript": "lo"}, {"expires_at": 9}]
    streamed = message(stream_of(*({"audio": piece} for piece in pieces)), audio_format="wav")
    assert streamed.content_blocks == complete.content_blocks
    assert complete.content_blocks == [
        {
            "type": "audio",
            "id": "audio_1",
            "base64": "QUJD",
            "mime_type": "audio/wav",
            "extras": {"transcript": "Hello", "expires_at": 9},
        }
    ]


def test_tools_that_groq_runs_itself() -> None:
    call = {"index": 0, "type": "search", "arguments": '{"query":"cranes"}'}
    found = {**call, "output": "Title: ...", "search_results": {"results": [{"url": "https://a.example"}]}}
    streamed = message(stream_of({"executed_tools": [call]}, {"executed_tools": [found]}, {"content": "They fly."}))
    complete = message(whole({"executed_tools": [found], "content": "They fly."}))
    assert streamed.content_blocks == complete.content_blocks
    kinds = [block["type"] for block in streamed.content_blocks]
    assert kinds == ["server_tool_call", "server_tool_result", "text"]
    assert streamed.content_blocks[0]["args"] == {"query": "cranes"}
    assert streamed.tool_calls == []


def test_steps_that_perplexity_takes() -> None:
    step = {"type": "web_search", "thought": "Look.", "web_search": {"search_keywords": ["cranes"], "search_results": []}}
    blocks = message(whole({"content": "They fly.", "reasoning_steps": [step]})).content_blocks
    assert [block["type"] for block in blocks] == ["reasoning", "server_tool_call", "server_tool_result", "text"]
    assert blocks[1]["args"] == {"search_keywords": ["cranes"]}


def test_several_answers_the_message_is_the_first() -> None:
    second = chunk(choice={"index": 1, "delta": {"content": "Ho"}})
    streamed = message(sse(chunk({"content": "Hi"}), second, finish(), chunk(choice={"index": 1, "finish_reason": "length"})))
    assert streamed.text == "Hi"
    assert streamed.response_metadata["finish_reason"] == "stop"
    assert streamed.response_metadata["other_choices"] == [
        {"index": 1, "content": [{"type": "text", "text": "Ho"}], "finish_reason": "length"}
    ]


# Usage.


def usage_of(body: bytes) -> Any:
    return message(body).usage_metadata


@pytest.mark.parametrize(
    "frames",
    [
        [finish(), usage_chunk(**USAGE)],
        [finish(usage=USAGE)],
        [finish(), finish(usage=USAGE)],
        [finish(x_groq={"id": "req_1", "usage": USAGE})],
        [chunk(choice={"finish_reason": "stop", "usage": USAGE})],
        [chunk({"content": "b"}, usage={"prompt_tokens": 64, "completion_tokens": 1}), finish(usage=USAGE)],
    ],
    ids=["own chunk", "with the finish", "repeated finish", "x_groq", "in the choice", "on every chunk"],
)
def test_usage_wherever_it_stands(frames: list[dict[str, Any]]) -> None:
    assert usage_of(sse(chunk({"content": "a"}), *frames)) == NORMAL


def test_usage_is_never_added_up() -> None:
    said = [event for event in events(sse(chunk({"content": "a"}, usage=USAGE), finish(usage=USAGE))) if type(event) is Usage]
    assert len(said) == 2
    assert usage_of(sse(chunk({"content": "a"}, usage=USAGE), finish(usage=USAGE))) == NORMAL


def test_reasoning_that_xai_leaves_out_of_the_completion_counts_as_output() -> None:
    usage = {"prompt_tokens": 12, "completion_tokens": 1, "total_tokens": 241}
    usage["completion_tokens_details"] = {"reasoning_tokens": 228}  # type: ignore[assignment]
    assert usage_of(whole({"content": "4"}, usage=usage)) == {
        "input_tokens": 12,
        "output_tokens": 229,
        "total_tokens": 241,
        "output_token_details": {"reasoning": 228},
    }


def test_thinking_that_geminis_facade_hides_counts_as_output() -> None:
    usage = {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109}
    assert usage_of(whole({"content": "4"}, usage=usage))["output_tokens"] == 74


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"prompt_cache_hit_tokens": 7, "prompt_cache_miss_tokens": 3}, {"cache_read": 7}),
        ({"cached_tokens": 7}, {"cache_read": 7}),
        ({"num_cached_tokens": 7}, {"cache_read": 7}),
        ({"cache_creation_input_tokens": 2, "cache_read_input_tokens": 7}, {"cache_creation": 2, "cache_read": 7}),
    ],
)
def test_cached_tokens_by_every_name(extra: dict[str, int], expected: dict[str, int]) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": None, **extra}
    assert usage_of(whole({"content": "4"}, usage=usage))["input_token_details"] == expected


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": None}, [], "none"])
def test_no_usage(usage: Any) -> None:
    assert usage_of(whole({"content": "4"}, usage=usage)) is None


# Ends, metadata and what servers do wrong.


def test_a_cut_stream_is_an_error_that_leaves_the_text() -> None:
    said = events(sse(chunk({"content": "Hal"}), done=False))
    assert said[1] == TextDelta("Hal", 0)
    with pytest.raises(IncompleteStreamError, match=r"\[DONE\]"):
        message(sse(chunk({"content": "Hal"}), done=False))


@pytest.mark.parametrize("body", [b"", b": ping\n\n", b"data: \n\n"])
def test_an_empty_stream_is_an_error(body: bytes) -> None:
    with pytest.raises(IncompleteStreamError):
        message(body)


def test_done_may_be_missing_after_a_finish_reason() -> None:
    assert message(sse(chunk({"content": "a"}), finish(), usage_chunk(**USAGE), done=False)).usage_metadata == NORMAL


def test_a_finish_reason_may_be_missing_before_done() -> None:
    streamed = message(sse(chunk({"content": "a"}), usage_chunk(**USAGE)))
    assert streamed.text == "a"
    assert "finish_reason" not in streamed.response_metadata


def test_an_empty_finish_reason_is_kept_as_it_is() -> None:
    assert message(whole({"content": "a"}, reason="")).response_metadata["finish_reason"] == ""


def test_a_chunk_after_usage_is_read() -> None:
    late = {"choices": [], "usage": None, "moderation": {"input": {"type": "moderation_results"}}}
    streamed = message(sse(chunk({"content": "a"}), finish(), usage_chunk(**USAGE), late))
    assert streamed.response_metadata["moderation"] == {"input": {"type": "moderation_results"}}
    assert streamed.usage_metadata == NORMAL


def test_azures_first_chunk_names_no_answer() -> None:
    results = [{"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}]
    first = {"choices": [], "id": "", "model": "", "object": "", "created": 0, "prompt_filter_results": results}
    streamed = message(sse(first, chunk({"content": "a"}), finish()))
    assert streamed.id == "chatcmpl-1"
    assert streamed.response_metadata["model_name"] == "gpt-5-2025-08-07"
    assert streamed.response_metadata["prompt_filter_results"] == results


def test_what_azures_filter_finds_is_kept_and_harmless_results_do_not_stop_the_text() -> None:
    safe = {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
    found = {"content_filter_results": {"violence": {"filtered": False, "severity": "low"}}}
    frames = [chunk({"content": "a"}, choice=safe), chunk({"content": "b"}, choice=safe), chunk({"content": "c"}, choice=found)]
    streamed = message(sse(*frames, finish()))
    assert streamed.text == "abc"
    assert streamed.response_metadata["content_filter_results"]["violence"]["severity"] == "low"


def test_a_stream_of_one_chunk_may_hold_the_whole_message() -> None:
    alone = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    assert message(sse({"id": "a", "model": "m", "choices": [alone]})).text == "Hi"
    assert message(sse(chunk({"content": "Hi"}), {"id": "a", "model": "m", "choices": [alone]})).text == "Hi"


def test_chunks_without_delta_and_unknown_frames_are_ignored() -> None:
    body = sse(chunk({"content": "a"}), {"choices": [{"index": 0}]}, {"object": "ping"}, {}, "[]", finish())
    assert message(body).text == "a"


def test_nulls_for_everything() -> None:
    empty = {"role": "assistant", "refusal": "", "function_call": {}, "audio": {}, "tool_calls": None, "annotations": None}
    assert message(stream_of({"content": "a", **empty}, {"content": None, **empty})).content == "a"
    assert message(whole({"content": "a", **empty})).content == "a"


def test_content_as_parts_and_other_shapes() -> None:
    assert message(whole({"content": [{"type": "text", "text": "a"}, "b"]})).text == "ab"
    assert message(whole({"content": {"answer": 4}})).text == '{"answer":4}'


def test_perplexitys_cumulative_message_is_ignored() -> None:
    assert message(sse(chunk({"content": "a"}, choice={"message": {"content": "a"}}), finish())).text == "a"


def test_lists_in_metadata_are_not_added_up_over_chunks() -> None:
    streamed = message(sse(chunk({"content": "a"}, warnings=["w"]), chunk({}, warnings=["w"]), finish(warnings=["w"])))
    assert streamed.response_metadata["warnings"] == ["w"]


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        ({"error": {"message": "Slow down", "type": "requests", "code": "rate_limit_exceeded"}}, RateLimitError),
        ({"error": {"message": "No room", "code": 503}}, OverloadedError),
        ({"error": "out of memory"}, ModelError),
        ({"error_type": "overloaded", "error_message": "busy"}, ModelError),
        ({"choices": None, "base_resp": {"status_code": 1013, "status_msg": "internal"}}, ModelError),
        ({"detail": "Not there"}, ModelError),
        ({"message": "upstream died", "code": 500}, ServerError),
        ({"object": "error", "message": "Not there", "code": 404}, NotFoundError),
        (chunk({"content": ""}, choice={"finish_reason": "error"}, error={"code": 429, "message": "Too many"}), RateLimitError),
        (chunk(choice={"error": {"code": 429, "message": "Too many"}}), RateLimitError),
    ],
    ids=["object", "number", "text", "venice", "minimax", "detail", "message", "old vLLM", "beside choices", "in the choice"],
)
def test_errors_inside_a_stream(frame: dict[str, Any], kind: type[ModelError]) -> None:
    said = events(sse(chunk({"content": "Hal"}), frame))
    assert TextDelta("Hal", 0) in said
    error = next(event.error for event in said if isinstance(event, ErrorEvent))
    assert isinstance(error, kind)
    with pytest.raises(kind):
        message(sse(chunk({"content": "Hal"}), frame))


def test_an_error_frame_by_its_event_name() -> None:
    body = sse(chunk({"content": "Hal"}), done=False) + b'event: error\ndata: {"message":"gone","code":"model_not_found"}\n\n'
    with pytest.raises(NotFoundError, match="gone"):
        message(body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": 429, "message": "Provider returned error"}, "user_id": "u"}, RateLimitError),
        ({"error": "The context length is too short; maximum context length is 4096"}, ContextLengthError),
        ({"detail": "busy"}, ModelError),
        ([{"error": {"code": 404, "message": "no model", "status": "NOT_FOUND"}}], NotFoundError),
    ],
)
def test_errors_inside_a_200_body(body: Any, kind: type[ModelError]) -> None:
    with pytest.raises(kind):
        message(json.dumps(body).encode())


@pytest.mark.parametrize(
    "body",
    [
        *(b"<html>502</html>", b"{broken", b'{"request_id": "r"}', b'{"choices": null, "error": null}'),
        whole({}).replace(b'"choices": [', b'"choices": [], "x": ['),
    ],
)
def test_bodies_that_are_no_answer(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        message(body)


def test_a_frame_that_is_not_json_leaves_what_came_before() -> None:
    said = events(sse(chunk({"content": "Hal"}), chunk({"content": "lo"}), '{"choices": [{"del', done=False)[:-2] + b"\n\n")
    assert said[1:3] == [TextDelta("Hal", 0), TextDelta("lo", 0)]
    assert isinstance(said[3], ErrorEvent)
    assert isinstance(said[3].error, InvalidResponseError)

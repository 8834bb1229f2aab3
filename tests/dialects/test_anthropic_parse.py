"""Answers of the Messages API, streamed and whole, as messages."""

from __future__ import annotations

import pytest
from hypothesis import given

from chatkit.dialects.anthropic import AnthropicReader
from chatkit.errors import (
    BadRequestError,
    IncompleteStreamError,
    InvalidResponseError,
    OverloadedError,
    RateLimitError,
    StreamInterruptedError,
)
from chatkit.events import ErrorEvent, ReasoningDelta, Start, TextDelta, ToolCallChunk
from chatkit.fold import Fold
from tests.dialects.anthropic_case import MODEL, THINKING, WEB_SEARCH, sse, stream_of, whole_of
from tests.providers.codec_case import cuts, events_of, read

CALL = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Zürich"}, "caller": {"type": "direct"}}
ANSWER = [THINKING, {"type": "text", "text": "It is ☀ 22°C\u2028today."}, CALL, {**CALL, "id": "toolu_2", "input": {}}]
STREAM = stream_of(ANSWER, stop_reason="tool_use")


def start(index: int = 0, **block) -> dict:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int = 0, **said) -> dict:
    return {"type": "content_block_delta", "index": index, "delta": said}


def stop(index: int = 0) -> dict:
    return {"type": "content_block_stop", "index": index}


BEGIN = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "content": [], "usage": {"input_tokens": 3}}}
END = ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}, {"type": "message_stop"})


def check(message) -> None:
    assert message.content_blocks == [
        {"type": "reasoning", "reasoning": "Two and two…", "extras": {"signature": "EqQB/sig+1=="}},
        {"type": "text", "text": "It is ☀ 22°C\u2028today."},
        {
            "type": "tool_call",
            "name": "weather",
            "args": {"city": "Zürich"},
            "id": "toolu_1",
            "extras": {"caller": {"type": "direct"}},
        },
        {"type": "tool_call", "name": "weather", "args": {}, "id": "toolu_2", "extras": {"caller": {"type": "direct"}}},
    ]
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("weather", {"city": "Zürich"}), ("weather", {})]
    assert message.id == "msg_01"
    assert message.usage_metadata == {
        "input_tokens": 115,
        "output_tokens": 42,
        "total_tokens": 157,
        "input_token_details": {"cache_read": 100, "cache_creation": 5},
    }
    assert message.response_metadata["model_name"] == "claude-sonnet-4-5-20250929"
    assert message.response_metadata["finish_reason"] == message.response_metadata["stop_reason"] == "tool_use"


def test_stream_in_one_piece_and_byte_by_byte() -> None:
    check(read(MODEL, STREAM))
    check(read(MODEL, STREAM, range(len(STREAM))))


@given(cuts(STREAM))
def test_stream_at_any_cut(at) -> None:
    check(read(MODEL, STREAM, at))


def test_whole_answer_is_the_sum_of_the_stream() -> None:
    whole = whole_of(ANSWER, stop_reason="tool_use")
    check(read(MODEL, whole, range(len(whole)), stream=False))
    assert read(MODEL, whole) == read(MODEL, STREAM)  # a server may answer whole where a stream was asked for


def test_deltas_are_given_as_they_come() -> None:
    events = events_of(MODEL, STREAM)
    assert events[0] == Start("msg_01", "claude-sonnet-4-5-20250929")
    assert [e.text for e in events if isinstance(e, TextDelta)] == ["It is ☀", " 22°C\u2028t", "oday."]
    assert [e.text for e in events if isinstance(e, ReasoningDelta)] == ["Two and", " two…", ""]
    pieces = [e for e in events if isinstance(e, ToolCallChunk) and e.index == 2]
    assert pieces[0] == ToolCallChunk("", 2, "toolu_1", "weather", {"caller": {"type": "direct"}})
    assert "".join(piece.args for piece in pieces) == '{"city": "Zürich"}'
    assert all(piece.name is None and piece.id is None for piece in pieces[1:])


def test_server_tools_and_their_results() -> None:
    for body in (stream_of(WEB_SEARCH), whole_of(WEB_SEARCH)):
        call, result, text = read(MODEL, body).content_blocks
        assert call == {"type": "server_tool_call", "name": "web_search", "args": {"query": "héron"}, "id": "srvtoolu_1"}
        assert result["tool_call_id"] == "srvtoolu_1"
        assert result["status"] == "success"
        assert result["output"] == WEB_SEARCH[1]["content"]
        assert result["extras"] == {"block_type": "web_search_tool_result", "caller": {"type": "direct"}}
        assert text["annotations"] == [
            {
                "type": "citation",
                "url": "https://a.example",
                "title": "A",
                "cited_text": "Herons are birds",
                "extras": {"type": "web_search_result_location", "encrypted_index": "Eo8B=="},
            }
        ]


@pytest.mark.parametrize(
    "content",
    [
        {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
        {"type": "bash_code_execution_tool_result_error", "error_code": "unavailable", "error_message": None},
    ],
)
def test_a_failed_server_tool(content) -> None:
    block = {"type": content["type"].removesuffix("_error"), "tool_use_id": "srvtoolu_1", "content": content}
    assert read(MODEL, whole_of([block])).content_blocks[0]["status"] == "error"


def test_tools_of_a_remote_mcp_server() -> None:
    use = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "ask", "server_name": "wiki", "input": {"q": "x"}}
    result = {
        "type": "mcp_tool_result",
        "tool_use_id": "mcptoolu_1",
        "is_error": True,
        "content": [{"type": "text", "text": "no"}],
    }
    for body in (stream_of([use, result]), whole_of([use, result])):
        call, answer = read(MODEL, body).content_blocks
        assert (call["name"], call["args"]) == ("mcp:ask", {"q": "x"})
        assert call["extras"] == {"block_type": "mcp_tool_use", "tool_name": "ask", "server_name": "wiki"}
        assert answer["status"] == "error"


def test_what_has_no_standard_form_is_kept() -> None:
    blocks = [
        {"type": "redacted_thinking", "data": "EroB"},
        {"type": "compaction", "content": "We spoke of herons.", "encrypted_content": "enc"},
        {"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}},
        {"type": "hologram", "beam": 3},
    ]
    for body in (stream_of(blocks), whole_of(blocks)):
        assert read(MODEL, body).content_blocks == [{"type": "non_standard", "value": block} for block in blocks]


def test_a_fallback_says_which_model_answers() -> None:
    blocks = [{"type": "fallback", "from": {"model": "a"}, "to": {"model": "b"}}, {"type": "text", "text": "Hi"}]
    for body in (stream_of(blocks), whole_of(blocks)):
        assert read(MODEL, body).response_metadata["model_name"] == "b"


def test_arguments_that_come_whole_with_the_start() -> None:
    call = start(type="tool_use", id="toolu_1", name="f", input={"a": 1})
    server = start(1, type="server_tool_use", id="srv_1", name="web_search", input={"query": "x"})
    message = read(MODEL, sse(BEGIN, call, stop(), server, stop(1), *END))
    assert message.content_blocks[0]["args"] == {"a": 1}
    assert message.content_blocks[1]["args"] == {"query": "x"}
    assert read(MODEL, sse(BEGIN, call, server, *END)).content_blocks == message.content_blocks, "no block is said to end"


def test_arguments_that_come_with_the_start_and_again_in_pieces() -> None:
    call = start(type="tool_use", id="toolu_1", name="f", input={"a": 1})
    again = delta(type="input_json_delta", partial_json='{"a": 1}')
    assert read(MODEL, sse(BEGIN, call, again, stop(), *END)).tool_calls[0]["args"] == {"a": 1}


def test_arguments_that_a_gateway_sends_as_text() -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": '{"a": 1}'}
    assert read(MODEL, whole_of([call])).tool_calls[0]["args"] == {"a": 1}
    assert read(MODEL, sse(BEGIN, start(**call), stop(), *END)).tool_calls[0]["args"] == {"a": 1}


def test_blocks_that_stand_in_message_start_already() -> None:
    begin = {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "content": [{"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1}}],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": 3, "output_tokens": 0},
        },
    }
    message = read(MODEL, sse(begin, {"type": "message_stop"}))
    assert message.tool_calls[0]["args"] == {"a": 1}
    assert message.response_metadata["stop_reason"] == "tool_use"


def test_text_and_thinking_may_begin_filled() -> None:
    said = sse(
        BEGIN,
        start(type="thinking", thinking="Hm", signature="s1"),
        delta(type="thinking_delta", thinking="m."),
        stop(),
        start(1, type="text", text="He"),
        delta(1, type="text_delta", text="llo"),
        stop(1),
        *END,
    )
    blocks = read(MODEL, said).content_blocks
    assert blocks[0] == {"type": "reasoning", "reasoning": "Hmm.", "extras": {"signature": "s1"}}
    assert blocks[1]["text"] == "Hello"


def test_thinking_that_is_not_shown_keeps_its_signature() -> None:
    said = sse(
        BEGIN,
        start(type="thinking", thinking="", signature=""),
        delta(type="signature_delta", signature="s1"),
        stop(),
        start(1, type="text", text=""),
        delta(1, type="text_delta", text="4"),
        stop(1),
        *END,
    )
    message = read(MODEL, said)
    assert message.content_blocks[0] == {"type": "reasoning", "reasoning": "", "extras": {"signature": "s1"}}


def test_a_refusal_without_content() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": None}
    for make in (stream_of, whole_of):
        message = read(MODEL, make([], stop_reason="refusal", stop_details=details))
        assert message.content == ""
        assert message.response_metadata["finish_reason"] == "refusal"
        assert message.response_metadata["stop_details"] == details


def test_a_pause_leaves_the_server_call_open() -> None:
    for make in (stream_of, whole_of):
        message = read(MODEL, make(WEB_SEARCH[:1], stop_reason="pause_turn", container={"id": "container_1"}))
        assert message.content_blocks[0]["args"] == {"query": "héron"}
        assert message.response_metadata["container"] == {"id": "container_1"}


def test_a_call_that_max_tokens_cut_is_invalid() -> None:
    said = sse(
        BEGIN,
        start(type="tool_use", id="toolu_1", name="f", input={}),
        delta(type="input_json_delta", partial_json='{"path": "/tmp'),
        stop(),
        {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
    message = read(MODEL, said)
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"path": "/tmp'


def test_usage_is_cumulative_and_the_last_figure_wins() -> None:
    begin = {
        "type": "message_start",
        "message": {
            "id": "m",
            "content": [],
            "usage": {
                "input_tokens": 10,
                "cache_read_input_tokens": 7,
                "cache_creation_input_tokens": 6,
                "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4},
                "output_tokens": 1,
            },
        },
    }
    end = {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn"},
        "usage": {
            "input_tokens": 30,
            "cache_read_input_tokens": None,
            "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 20},
            "server_tool_use": {"web_search_requests": 1},
        },
    }
    message = read(MODEL, sse(begin, end, {"type": "message_stop"}))
    details = {"cache_read": 7, "cache_creation": 6, "ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 4}
    assert message.usage_metadata == {
        "input_tokens": 43,
        "output_tokens": 50,
        "total_tokens": 93,
        "input_token_details": details,
        "output_token_details": {"reasoning": 20},
    }
    assert message.response_metadata["usage"]["server_tool_use"] == {"web_search_requests": 1}


def test_figures_that_message_delta_leaves_out_stay() -> None:
    assert read(MODEL, sse(BEGIN, *END)).usage_metadata == {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}


def test_overloaded_inside_a_stream() -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"}
    events = events_of(MODEL, sse(BEGIN, start(type="text", text=""), delta(type="text_delta", text="He"), error))
    assert isinstance(events[-1], ErrorEvent)
    assert type(events[-1].error) is OverloadedError
    assert events[-1].error.request_id == "req_1"
    assert TextDelta("He", 0) in events


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}', RateLimitError),
        (b'{"error":{"type":"invalid_request_error","message":"no"}}', BadRequestError),
        (b'data: {"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n', OverloadedError),
    ],
)
def test_errors_in_a_good_response_in_other_forms(body, kind) -> None:
    with pytest.raises(kind):
        read(MODEL, body)


def test_a_stream_that_ends_early_is_an_error() -> None:
    with pytest.raises(IncompleteStreamError, match="message_stop"):
        read(MODEL, sse(BEGIN, start(type="text", text=""), delta(type="text_delta", text="He"), END[0]))
    with pytest.raises(IncompleteStreamError):
        read(MODEL, b"")


def test_two_answers_spliced_into_one_stream() -> None:
    other = {"type": "message_start", "message": {"id": "msg_2", "content": []}}
    body = sse(BEGIN, start(type="text", text=""), delta(type="text_delta", text="He"), other)
    with pytest.raises(StreamInterruptedError, match="message_start"):
        read(MODEL, body)


def test_message_start_may_come_twice_before_any_content() -> None:
    other = {"type": "message_start", "message": {"id": "msg_2", "model": "n", "content": [], "usage": {"input_tokens": 4}}}
    text = (start(type="text", text=""), delta(type="text_delta", text="He"), stop())
    message = read(MODEL, sse(BEGIN, other, *text, *END))
    assert (message.id, message.text) == ("msg_2", "He")
    assert read(MODEL, sse(BEGIN, *text, BEGIN, *END)).text == "He"  # the same one again is nothing new


def test_what_is_not_known_is_passed_over() -> None:
    said = sse(
        {"type": "hello", "index": 1},
        BEGIN,
        {"type": "ping"},
        start(type="text", text="", novel={"a": 1}),
        delta(type="text_delta", text="He", mood="calm"),
        delta(type="hologram_delta", beam=3),
        stop(),
        *END,
    )
    assert read(MODEL, said + b"data: [DONE]\n\n").text == "He"


@pytest.mark.parametrize(
    "body",
    [
        b"data: {oops\n\n",
        b'data: {"type": "\xff"}\n\n',
        b'{"id": "\xff"}',
        b"{oops",
        b"[]",
        b'{"id": "msg_1"}',
        b"<html>busy</html>",
    ],
)
def test_what_is_not_this_format_is_refused(body) -> None:
    with pytest.raises(InvalidResponseError):
        read(MODEL, body)


def test_the_reader_without_any_framing() -> None:
    """As Bedrock uses it, whose last object carries figures of its own."""
    reader = AnthropicReader()
    metrics = {"inputTokenCount": 3, "invocationLatency": 1200}
    fold = Fold()
    objects = [
        b'{"type":"message_start","message":{"id":"msg_bdrk_1","model":"claude","content":[]}}',
        b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}',
        b'{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"invocationLatency":1200}}',
    ]
    for data in objects:
        assert not reader.done
        fold.feed_all(reader.read(data))
    assert reader.done
    assert fold.text() == "Hi"
    assert fold.metadata["amazon-bedrock-invocationMetrics"] == metrics

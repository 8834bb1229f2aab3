"""The OpenAI chat dialect as pure functions: requests in, questions out; answers in, bytes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.codec import NamedTool, Request
from chatkit.dialects.openai_chat import ChatParser
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Reply
from chatkit.simulator.dialects.dialect import Limits, Refused
from chatkit.simulator.dialects.openai_chat import OpenAIChat
from chatkit.simulator.problem import KINDS, problem
from chatkit.simulator.reply import settle
from chatkit.statuses import error_from_response

if TYPE_CHECKING:
    from chatkit.events import Event
    from chatkit.messages import AIMessage
    from chatkit.simulator.question import Question

DIALECT = OpenAIChat()
HELLO = [{"role": "user", "content": "Hello"}]


def read(**body: Any) -> Question:
    return DIALECT.read(Request("/v1/chat/completions", json.dumps({"model": "m", "messages": HELLO, **body}).encode()))


def parsed(data: bytes, size: int | None = None) -> AIMessage:
    parser = ChatParser()
    events: list[Event] = []
    for at in range(0, len(data), size or len(data)):
        events += parser.feed(data[at : at + (size or len(data))])
    events += parser.close()
    return message_of_fold(Fold().feed_all(events))


def whole(reply: Reply, **body: Any) -> AIMessage:
    question = read(**body)
    return parsed(DIALECT.whole(question, settle(question, reply)))


def stream(reply: Reply, **body: Any) -> bytes:
    question = read(stream=True, stream_options={"include_usage": True}, **body)
    return b"".join(frame.data for frame in DIALECT.frames(question, settle(question, reply)))


WEATHER = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
FULL = Reply("Hello — 世界", reasoning="Let me see.", tool_calls=[("get_weather", {"city": "Zürich"}), ("get_weather", {})])


def test_a_request_is_read() -> None:
    question = read(
        stream=True,
        tools=[WEATHER, {"type": "web_search"}],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        parallel_tool_calls=False,
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        reasoning_effort="low",
        logprobs=True,
        top_logprobs=3,
        stop="END",
        max_completion_tokens=7,
    )
    assert question.model == "m" and question.prompt == "Hello" and question.stream
    assert [tool.name for tool in question.tools] == ["get_weather"]
    assert question.server_tools == ["web_search"]
    assert question.tool_choice == NamedTool("get_weather")
    assert question.parallel_tool_calls is False
    assert question.schema == {"type": "object"}
    assert question.reasoning is True
    assert (question.logprobs, question.stop, question.max_tokens) == (3, ["END"], 7)


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        (None, "auto"),
        ("none", "none"),
        ("required", "any"),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": []}}, "any"),
        ({"type": "custom", "custom": {"name": "sql"}}, NamedTool("sql")),
    ],
)
def test_tool_choices(choice: Any, meant: Any) -> None:
    assert read(tool_choice=choice).tool_choice == meant


def test_the_conversation_is_read_with_its_calls_and_results() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    question = read(
        messages=[
            {"role": "developer", "content": "Be short."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Look"},
                    {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}},
                ],
            },
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "one"},
        ]
    )
    assert [message.type for message in question.messages] == ["system", "human", "ai", "tool"]
    assert question.messages[1].content_blocks[1] == {"type": "image", "url": "https://x.example/a.png"}
    assert question.messages[2].tool_calls[0]["args"] == {"a": 1}
    assert question.prompt == "Look"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"messages": []}',
        b'{"model": "m"}',
        b'{"model": "m", "messages": []}',
        b'{"model":"m","messages":[{"role":"x","content":""}]}',
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        DIALECT.read(Request("/v1/chat/completions", body))
    assert caught.value.problem.status == 400


@pytest.mark.parametrize("size", [None, 1, 7])
def test_the_parser_gets_out_what_went_in(size: int | None) -> None:
    for message in (whole(FULL), parsed(stream(FULL), size)):
        assert message.text == "Hello — 世界"
        assert [block["reasoning"] for block in message.content_blocks if block["type"] == "reasoning"] == ["Let me see."]
        assert [(call["name"], call["args"]) for call in message.tool_calls] == [
            ("get_weather", {"city": "Zürich"}),
            ("get_weather", {}),
        ]
        assert all((call["id"] or "").startswith("call_") for call in message.tool_calls)
        assert message.response_metadata["finish_reason"] == "tool_calls"


def test_whole_and_stream_report_the_same_usage() -> None:
    one, other = whole(FULL), parsed(stream(FULL))
    assert one.usage_metadata == other.usage_metadata
    assert one.usage_metadata is not None
    assert one.usage_metadata["output_token_details"] == {"audio": 0, "reasoning": 3}


def test_usage_comes_in_a_stream_only_when_it_is_asked_for() -> None:
    question = read(stream=True)
    data = b"".join(frame.data for frame in DIALECT.frames(question, settle(question, FULL)))
    assert b'"usage"' not in data
    assert data.endswith(b"data: [DONE]\n\n")


def test_frames_say_which_part_they_are() -> None:
    question = read(stream=True, stream_options={"include_usage": True})
    parts = [frame.part for frame in DIALECT.frames(question, settle(question, Reply("a b")))]
    assert parts == ["start", "output", "output", "finish", "finish", "end"]


def test_broken_arguments_stay_broken() -> None:
    message = parsed(stream(Reply(tool_calls=[("f", '{"a": ')])))
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"a": '


def test_a_custom_tool_gets_text() -> None:
    tool = {"type": "custom", "custom": {"name": "sql"}}
    message = parsed(stream(Reply(tool_calls=[("sql", {"input": "select 1"})]), tools=[tool]))
    assert message.tool_calls[0]["args"] == {"__arg1": "select 1"}


def test_server_tools_citations_and_refusals() -> None:
    blocks = [
        {"type": "server_tool_call", "id": "s", "name": "web_search", "args": {"query": "q"}},
        {"type": "server_tool_result", "tool_call_id": "s", "output": "found"},
        {
            "type": "text",
            "text": "So.",
            "annotations": [{"type": "citation", "url": "https://x.example", "title": "X", "start_index": 0, "end_index": 3}],
        },
        {"type": "non_standard", "value": {"type": "refusal", "refusal": "No."}},
        {"type": "image", "base64": "AAAA", "mime_type": "image/png"},
    ]
    for message in (whole(Reply(blocks=blocks)), parsed(stream(Reply(blocks=blocks)))):
        found = {block["type"]: block for block in message.content_blocks}
        assert found["server_tool_call"]["args"] == {"query": "q"}
        assert found["server_tool_result"]["output"] == {"output": "found"}
        assert found["text"]["annotations"][0]["url"] == "https://x.example"
        assert found["non_standard"]["value"]["refusal"] == "No."
        assert found["image"]["base64"] == "AAAA"


@pytest.mark.parametrize("streamed", [False, True])
def test_logprobs_cover_the_text(streamed: bool) -> None:
    reply, asked = Reply("one two three"), {"logprobs": True, "top_logprobs": 2}
    message = parsed(stream(reply, **asked)) if streamed else whole(reply, **asked)
    entries = message.response_metadata["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == "one two three"
    assert all(entry["logprob"] < 0 and len(entry["top_logprobs"]) == 2 for entry in entries)
    assert bytes(entries[1]["bytes"]).decode() == entries[1]["token"]


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(1, 9) | st.none())
def test_any_text_survives(text: str, reasoning: str, piece: int | None) -> None:
    reply = Reply(text, reasoning=reasoning, piece=piece)
    for message in (whole(reply), parsed(stream(reply))):
        assert message.text == text
        assert "".join(block.get("reasoning", "") for block in message.content_blocks) == reasoning


def test_the_same_question_gets_the_same_bytes() -> None:
    assert stream(FULL) == stream(FULL)
    assert stream(FULL) != stream(FULL, messages=[{"role": "user", "content": "Bye"}])


def test_max_tokens_and_stop_end_an_answer() -> None:
    cut = whole(Reply("one two three"), max_tokens=2)
    assert (cut.text, cut.response_metadata["finish_reason"]) == ("one two", "length")
    stopped = whole(Reply("one two three"), stop=["two"])
    assert (stopped.text, stopped.response_metadata["finish_reason"]) == ("one ", "stop")


ERRORS = {
    "bad_request": "BadRequestError",
    "context_length": "ContextLengthError",
    "content_filter": "ContentFilterError",
    "authentication": "AuthenticationError",
    "permission": "PermissionDeniedError",
    "not_found": "NotFoundError",
    "timeout": "ServerError",
    "too_large": "BadRequestError",
    "model_error": "ServerError",
    "rate_limit": "RateLimitError",
    "quota": "RateLimitError",
    "server": "ServerError",
    "bad_gateway": "ServerError",
    "overloaded": "OverloadedError",
    "unavailable": "OverloadedError",
}

RETRIED = ("timeout", "model_error", "rate_limit", "server", "bad_gateway", "overloaded", "unavailable")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_error_is_understood(kind: str) -> None:
    given = problem(kind)
    error = error_from_response(given.status, {}, DIALECT.error(given))
    assert type(error).__name__ == ERRORS[kind]
    assert error.provider_message == given.message
    assert error.retryable == (kind in RETRIED)


def test_rate_limits_stand_in_headers() -> None:
    headers = DIALECT.headers(None, None, Limits(60, 59, 1.0, 1000, 10, 0.25))
    assert headers["x-ratelimit-limit-requests"] == "60"
    assert headers["x-ratelimit-remaining-tokens"] == "10"
    assert headers["x-ratelimit-reset-tokens"] == "250ms"


# Relatives of the API.


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            {"type": "document_url", "document_url": "data:application/pdf;base64,aGk="},
            {"type": "file", "base64": "aGk=", "mime_type": "application/pdf"},
        ),
        (
            {"type": "file_url", "file_url": {"url": "https://x.example/a.pdf"}},
            {"type": "file", "url": "https://x.example/a.pdf"},
        ),
        ({"type": "video_url", "video_url": {"url": "https://x.example/v"}}, {"type": "video", "url": "https://x.example/v"}),
        ({"type": "input_audio", "input_audio": "aGk="}, {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}),
    ],
)
def test_media_as_relatives_write_them(part: dict[str, Any], block: dict[str, Any]) -> None:
    question = read(messages=[{"role": "user", "content": [part, {"type": "text", "text": "Look"}]}])
    assert question.messages[0].content_blocks[0] == block
    assert question.prompt == "Look"


@pytest.mark.parametrize(
    ("body", "asked"),
    [
        ({"reasoning": {"effort": "low"}}, True),
        ({"reasoning": {"enabled": False}}, False),
        ({"thinking": {"type": "enabled"}}, True),
        ({"thinking": {"type": "disabled"}}, False),
        ({"enable_thinking": True}, True),
        ({"reasoning_effort": "none"}, False),
        ({}, None),
    ],
)
def test_reasoning_is_asked_for_in_many_words(body: dict[str, Any], asked: bool | None) -> None:
    assert read(**body).reasoning is asked


def test_mistral_reports_usage_unasked() -> None:
    question = read(model="mistral-large-latest", stream=True)
    *_, last, end = DIALECT.frames(question, settle(question, Reply("x")))
    assert json.loads(last.data.removeprefix(b"data: "))["usage"]["completion_tokens"] == 1
    assert end.part == "end"


CITY_ONLY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY_ONLY}},
        {"type": "json_object", "schema": CITY_ONLY},
        {"type": "json_object", "value": CITY_ONLY},
    ],
)
def test_a_schema_in_any_servers_words(asked: dict[str, Any]) -> None:
    assert read(response_format=asked).schema == CITY_ONLY

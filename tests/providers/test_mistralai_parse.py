"""What ChatMistralAI reads, at any cut: the forms in which Mistral departs from OpenAI's chat completions."""

from __future__ import annotations

import json

import pytest
from hypothesis import given

from chatkit.errors import AuthenticationError, BadRequestError, IncompleteStreamError, RateLimitError
from chatkit.messages import HumanMessage
from chatkit_mistralai import ChatMistralAI
from tests.providers.codec_case import cuts, read, sent

MODEL = ChatMistralAI("magistral-medium-latest", api_key="k")
USAGE = {"prompt_tokens": 25, "completion_tokens": 18, "total_tokens": 43, "num_cached_tokens": 12}
CALL = {"id": "gSIMJiOkT", "function": {"name": "weather", "arguments": '{"city": "Zürich"}'}}


def chunk(delta: dict, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    body = {"id": "cmpl-1", "object": "chat.completion.chunk", "model": "magistral-medium-latest", "choices": [choice], **more}
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"


def thinking(*texts: str) -> dict:
    return {"type": "thinking", "thinking": [{"type": "text", "text": text} for text in texts]}


def whole(message: dict, finish: str = "stop") -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "tool_calls": None, **message}, "finish_reason": finish}
    return json.dumps({"id": "cmpl-1", "model": "magistral-medium-latest", "choices": [choice], "usage": USAGE}).encode()


THINKING = (
    chunk({"role": "assistant", "content": ""})
    + chunk({"content": [thinking()]})
    + chunk({"content": [thinking("Let me")]})
    + chunk({"content": [thinking(" see…")]})
    + chunk({"content": [{"type": "text", "text": "It is "}]})
    + chunk({"content": "144"})
    + chunk({"content": ""}, "stop", usage=USAGE)
    + b"data: [DONE]\n\n"
)
TOOLS = (
    chunk({"role": "assistant", "content": ""})
    + chunk(
        {"content": "", "tool_calls": [CALL, {**CALL, "id": "null", "function": {"name": "now", "arguments": ""}}]},
        "tool_calls",
        usage=USAGE,
    )
    + b"data: [DONE]\n\n"
)


def check_thinking(message) -> None:
    assert [(b["type"], b.get("reasoning") or b.get("text")) for b in message.content_blocks] == [
        ("reasoning", "Let me see…"),
        ("text", "It is 144"),
    ]
    assert message.response_metadata["finish_reason"] == "stop"
    assert message.response_metadata["model_name"] == "magistral-medium-latest"
    assert message.usage_metadata == {
        "input_tokens": 25,
        "output_tokens": 18,
        "total_tokens": 43,
        "input_token_details": {"cache_read": 12},
    }


def check_tools(message) -> None:
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [("weather", {"city": "Zürich"}), ("now", {})]
    assert message.tool_calls[0]["id"] == "gSIMJiOkT"
    assert message.tool_calls[1]["id"] not in ("null", None, "gSIMJiOkT")


def test_streams_in_one_piece_and_byte_by_byte() -> None:
    for at in ((), range(len(THINKING))):
        check_thinking(read(MODEL, THINKING, at))
    for at in ((), range(len(TOOLS))):
        check_tools(read(MODEL, TOOLS, at))


@given(cuts(THINKING), cuts(TOOLS))
def test_streams_at_any_cut(at, other) -> None:
    check_thinking(read(MODEL, THINKING, at))
    check_tools(read(MODEL, TOOLS, other))


def test_whole_answers() -> None:
    check_thinking(read(MODEL, whole({"content": [thinking("Let me", " see…"), {"type": "text", "text": "It is 144"}]})))
    calls = [{"index": 0, **CALL}, {"index": 1, "id": "aaaaaaaaa", "function": {"name": "now", "arguments": "{}"}}]
    check_tools(read(MODEL, whole({"content": "", "tool_calls": calls}, "tool_calls")))


def test_empty_names_of_later_pieces_do_not_overwrite() -> None:
    first = {"index": 0, "id": "chatcmpl-tool-1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    later = [{"index": 0, "type": "function", "function": {"name": "", "arguments": text}} for text in ('{"city":', ' "Oslo"}')]
    body = b"".join(chunk({"tool_calls": [call]}) for call in (first, *later)) + chunk({}, "tool_calls") + b"data: [DONE]\n\n"
    assert read(MODEL, body).tool_calls == [
        {"type": "tool_call", "name": "weather", "args": {"city": "Oslo"}, "id": "chatcmpl-tool-1"}
    ]


REFERENCED = (
    chunk({"content": "Sky is"})
    + chunk({"content": " green"})
    + chunk({"content": [{"type": "reference", "reference_ids": [0, 2]}]})
    + chunk({"content": ", says"})
    + chunk({"content": " a book"})
    + chunk({"content": [{"type": "reference", "reference_ids": [1]}, {"type": "text", "text": "."}]}, "stop")
    + b"data: [DONE]\n\n"
)
PARTS = [
    {"type": "text", "text": "Sky is green"},
    {"type": "reference", "reference_ids": [0, 2]},
    {"type": "text", "text": ", says a book"},
    {"type": "reference", "reference_ids": [1]},
    {"type": "text", "text": "."},
]


def test_references_are_citations_of_the_text_before_them_and_go_back_in_their_place() -> None:
    streamed, at_once = read(MODEL, REFERENCED), read(MODEL, whole({"content": PARTS}))
    for message in (streamed, at_once):
        assert message.text == "Sky is green, says a book."
        cited = [[a["extras"]["reference_ids"] for a in block.get("annotations", ())] for block in message.content_blocks]
        assert cited == [[[0, 2]], [[1]], []]
        assert sent(MODEL, [HumanMessage("x"), message])["messages"][1]["content"] == PARTS


def test_thinking_goes_back_as_it_came() -> None:
    parts = [{**thinking("Let me see"), "signature": "s", "closed": True}, {"type": "text", "text": "144"}]
    message = read(MODEL, whole({"content": parts}))
    assert sent(MODEL, [HumanMessage("x"), message])["messages"][1] == {"role": "assistant", "content": parts}


@pytest.mark.parametrize(
    ("status", "body", "cls", "said"),
    [
        (401, {"message": "Unauthorized", "request_id": "r1"}, AuthenticationError, "Unauthorized"),
        (401, {"detail": "Unauthorized"}, AuthenticationError, "Unauthorized"),
        (
            422,
            {"detail": [{"loc": ["body", "x"], "msg": "Extra inputs are not permitted", "type": "extra"}]},
            BadRequestError,
            "Extra inputs",
        ),
        (
            422,
            {"object": "error", "message": {"detail": [{"msg": "no"}]}, "type": "invalid_request_error"},
            BadRequestError,
            "no",
        ),
        (
            400,
            {"object": "error", "message": "bad", "type": "invalid_request_error", "param": None, "code": "3051"},
            BadRequestError,
            "bad",
        ),
        (
            429,
            {"object": "error", "message": "capacity", "type": "service_tier_capacity_exceeded", "code": "3505"},
            RateLimitError,
            "capacity",
        ),
    ],
)
def test_error_statuses(status: int, body: dict, cls: type, said: str) -> None:
    error = MODEL._error(status, {"mistral-correlation-id": "m1"}, json.dumps(body).encode())
    assert type(error) is cls
    assert said in error.provider_message
    assert error.request_id == "m1"


def test_cut_stream() -> None:
    with pytest.raises(IncompleteStreamError):
        read(MODEL, chunk({"content": "half"}))

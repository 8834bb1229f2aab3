"""What is read from answers of Gemini, streamed and whole, at any cut."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given

from chatkit.dialects.gemini import parts_in
from chatkit.errors import (
    ContentFilterError,
    IncompleteStreamError,
    InvalidResponseError,
    OverloadedError,
    RateLimitError,
)
from chatkit.events import ErrorEvent, Finish, Start, TextDelta, ToolCallChunk, Usage
from tests.dialects.gemini_case import MODEL, STOP, array, frame, stream, text, whole
from tests.providers.codec_case import cuts, events_of, read

CALL = {"functionCall": {"name": "weather", "args": {"city": "Zürich", "days": 2}}, "thoughtSignature": "c2ln"}
CODE = {"executableCode": {"language": "PYTHON", "code": "print(6*7)", "id": "x1"}}
RESULT = {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n", "id": "x1"}}
IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}}
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 6, "totalTokenCount": 20}
STREAM = stream(
    frame(text("I think", thought=True), usage={"promptTokenCount": 10, "totalTokenCount": 10}),
    frame(text(" so.", thought=True)),
    frame(text("It is ☀\u2028")),
    frame(text("22°C.", thoughtSignature="dGV4dA==")),
    frame(CODE, RESULT),
    frame(CALL, {"functionCall": {"name": "now"}}),
    frame(IMAGE, usage=USAGE, finishMessage="Model generated function call(s).", **STOP),
)


@pytest.fixture(autouse=True)
def counted_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids that are made up are random; here only that they are there matters."""
    monkeypatch.setattr(parts_in, "new_id", lambda: "made up")


def blocks(*frames: dict[str, Any]) -> list[dict[str, Any]]:
    return read(MODEL, stream(*frames)).content_blocks


def test_a_stream_becomes_a_message_with_everything_in_order() -> None:
    message = read(MODEL, STREAM)
    assert message.text == "It is ☀\u202822°C."
    assert message.id == "answer-1"
    assert message.content_blocks == [
        {"type": "reasoning", "reasoning": "I think so."},
        {"type": "text", "text": "It is ☀\u202822°C.", "extras": {"signature": "dGV4dA=="}},
        {"type": "server_tool_call", "name": "code_execution", "args": {"language": "PYTHON", "code": "print(6*7)"}, "id": "x1"},
        {
            "type": "server_tool_result",
            "tool_call_id": "x1",
            "status": "success",
            "output": "42\n",
            "extras": {"outcome": "OUTCOME_OK"},
        },
        {
            "type": "tool_call",
            "name": "weather",
            "args": {"city": "Zürich", "days": 2},
            "id": "made up",
            "extras": {"signature": "c2ln"},
        },
        {"type": "tool_call", "name": "now", "args": {}, "id": "made up"},
        {"type": "image", "mime_type": "image/png", "base64": "aGVsbG8="},
    ]
    assert message.usage_metadata == {
        "input_tokens": 10,
        "output_tokens": 10,
        "total_tokens": 20,
        "output_token_details": {"reasoning": 6},
    }
    assert message.response_metadata["finish_reason"] == "STOP"
    assert message.response_metadata["model_name"] == "gemini-2.5-flash"
    assert message.response_metadata["finish_message"] == "Model generated function call(s)."


@given(cuts(STREAM))
def test_no_cut_changes_the_events(at: set[int]) -> None:
    pytest.MonkeyPatch().setattr(parts_in, "new_id", lambda: "made up")
    assert events_of(MODEL, STREAM, at) == events_of(MODEL, STREAM)


def test_byte_by_byte_is_the_same() -> None:
    assert events_of(MODEL, STREAM, range(len(STREAM))) == events_of(MODEL, STREAM)


def test_a_whole_answer_and_a_stream_say_the_same() -> None:
    parts = [text("I think so.", thought=True), text("Hello"), CALL]
    answer = frame(*parts, usage=USAGE, **STOP)
    streamed = stream(*(frame(part) for part in parts), frame(usage=USAGE, **STOP))
    assert read(MODEL, whole(answer), stream=False) == read(MODEL, streamed)
    assert read(MODEL, whole(answer)) == read(MODEL, streamed), "asked for a stream, got a whole answer"


def test_an_array_of_pieces_is_read_like_the_stream() -> None:
    frames = [frame(text("Hel")), frame(text("lo"), usage=USAGE, **STOP)]
    assert read(MODEL, array(*frames)) == read(MODEL, stream(*frames))


def test_events_come_as_soon_as_their_bytes_are_there() -> None:
    parser = MODEL._parser(None)  # type: ignore[arg-type]
    assert parser.feed(stream(frame(text("Hi"), usage={"promptTokenCount": 3, "totalTokenCount": 3}))) == [
        Start("answer-1", "gemini-2.5-flash"),
        TextDelta("Hi", 0),
        Usage({"input_tokens": 3, "output_tokens": 0, "total_tokens": 3}),
    ]
    assert parser.feed(stream(frame(text("!"), **STOP))) == [TextDelta("!", 0)]
    assert parser.close() == [Finish("STOP")]


def test_the_end_marker_of_another_api_is_ignored() -> None:
    assert read(MODEL, stream(frame(text("Hi"), **STOP)) + b"data: [DONE]\n\n").text == "Hi"


def test_more_may_follow_a_finish_reason() -> None:
    message = read(MODEL, stream(frame(CODE, **STOP), frame(RESULT), frame(text("42"), finishReason="MAX_TOKENS")))
    assert [block["type"] for block in message.content_blocks] == ["server_tool_call", "server_tool_result", "text"]
    assert message.response_metadata["finish_reason"] == "MAX_TOKENS"


# Blocks and signatures.


def test_an_empty_text_gives_its_signature_to_the_text_before_it() -> None:
    assert blocks(frame(text("Hi")), frame(text("", thoughtSignature="a"), **STOP)) == [
        {"type": "text", "text": "Hi", "extras": {"signature": "a"}}
    ]


def test_a_signature_after_a_call_stands_on_a_text_of_its_own() -> None:
    assert blocks(frame(CALL), frame(text("", thoughtSignature="a"), **STOP))[1:] == [
        {"type": "text", "text": "", "extras": {"signature": "a"}}
    ]


def test_a_signature_closes_its_block() -> None:
    assert blocks(frame(text("a", thoughtSignature="s"), text("b"), **STOP)) == [
        {"type": "text", "text": "a", "extras": {"signature": "s"}},
        {"type": "text", "text": "b"},
    ]


def test_thoughts_keep_their_signatures_and_stay_apart_from_text() -> None:
    parts = [text("t", thought=True, thoughtSignature="s"), text("x"), text("u", thought=True), text("y")]
    assert blocks(frame(*parts, **STOP)) == [
        {"type": "reasoning", "reasoning": "t", "extras": {"signature": "s"}},
        {"type": "text", "text": "x"},
        {"type": "reasoning", "reasoning": "u"},
        {"type": "text", "text": "y"},
    ]


def test_calls_are_never_merged_and_empty_texts_say_nothing() -> None:
    same = {"functionCall": {"name": "roll", "args": {}}}
    assert [block["type"] for block in blocks(frame(same, text(""), same, text(""), **STOP))] == ["tool_call", "tool_call"]


def test_a_call_beside_an_empty_text_is_a_call() -> None:
    assert [block["type"] for block in blocks(frame({**CALL, "text": ""}, **STOP))] == ["tool_call"]


def test_calls_keep_the_ids_that_the_api_gives() -> None:
    assert blocks(frame({"functionCall": {"id": "abc", "name": "f", "args": {}}}, **STOP))[0]["id"] == "abc"


def test_calls_without_id_get_one_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    ids = [call["id"] for call in read(MODEL, stream(frame(CALL, CALL, **STOP))).tool_calls]
    assert len({*ids}) == 2
    assert all(ids)


def test_server_tools_of_gemini_3() -> None:
    call = {"toolCall": {"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "args": {"queries": ["x"]}}, "thoughtSignature": "a"}
    response = {"toolResponse": {"id": "t1", "toolType": "GOOGLE_SEARCH_WEB", "response": {"n": 1}}, "thoughtSignature": "b"}
    bare = {"toolCall": {"id": "t2", "toolType": "FILE_SEARCH"}}
    assert blocks(frame(call, response, bare, **STOP)) == [
        {
            "type": "server_tool_call",
            "name": "GOOGLE_SEARCH_WEB",
            "args": {"queries": ["x"]},
            "id": "t1",
            "extras": {"signature": "a"},
        },
        {
            "type": "server_tool_result",
            "tool_call_id": "t1",
            "status": "success",
            "output": {"n": 1},
            "extras": {"signature": "b", "tool_type": "GOOGLE_SEARCH_WEB"},
        },
        {"type": "server_tool_call", "name": "FILE_SEARCH", "args": {}, "id": "t2"},
    ]


def test_code_without_ids_is_paired_and_failures_are_errors() -> None:
    call = {"executableCode": {"language": "PYTHON", "code": "1/0"}}
    failed = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError"}}
    first, second = blocks(frame(call, failed, **STOP))
    assert first["id"] == second["tool_call_id"] == "made up"
    assert second["status"] == "error"


def test_sound_in_pieces_is_one_sound_and_images_are_many() -> None:
    pcm = "audio/L16;codec=pcm;rate=24000"
    pieces = [frame({"inlineData": {"mimeType": pcm, "data": data}}) for data in ("YQ==", "YmM=")]
    assert blocks(*pieces, frame(IMAGE, IMAGE, **STOP)) == [
        {"type": "audio", "mime_type": pcm, "base64": "YWJj"},
        {"type": "image", "mime_type": "image/png", "base64": "aGVsbG8="},
        {"type": "image", "mime_type": "image/png", "base64": "aGVsbG8="},
    ]


def test_media_keep_signatures_and_may_be_files() -> None:
    file = {"fileData": {"mimeType": "application/pdf", "fileUri": "https://x/y.pdf"}}
    assert blocks(frame({**IMAGE, "thoughtSignature": "s"}, file, **STOP)) == [
        {"type": "image", "mime_type": "image/png", "base64": "aGVsbG8=", "extras": {"signature": "s"}},
        {"type": "file", "mime_type": "application/pdf", "url": "https://x/y.pdf"},
    ]


@pytest.mark.parametrize("make", [lambda f: stream(f), whole, lambda f: array(f)])
def test_parts_of_an_unknown_kind_are_kept_whole(make: Any) -> None:
    hologram = {"hologram": {"depth": 3}, "extra": True}
    answer = frame(text("a"), hologram, {}, text("b"), **STOP)
    assert read(MODEL, make(answer)).content_blocks == [
        {"type": "text", "text": "a"},
        {"type": "non_standard", "value": hologram},
        {"type": "text", "text": "b"},
    ]


# Arguments in pieces.


def call(**fields: Any) -> dict[str, Any]:
    return {"functionCall": fields}


def piece(path: str, more: bool = False, **value: Any) -> dict[str, Any]:
    return {"jsonPath": path, **value, **({"willContinue": True} if more else {})}


ROLL = call(name="roll", willContinue=True)
HALF = call(partialArgs=[piece("$.city", True, stringValue="Bos")], willContinue=True)
REST = call(partialArgs=[piece("$.city", stringValue='ton "\n'), piece("$.days[0]", numberValue=2)], willContinue=True)


def test_arguments_in_pieces_arrive_as_json_text() -> None:
    events = events_of(MODEL, stream(frame({**ROLL, "thoughtSignature": "s"}), frame(HALF), frame(REST), frame(call(), **STOP)))
    assert [event for event in events if type(event) is ToolCallChunk] == [
        ToolCallChunk("", 0, "made up", "roll", {"signature": "s"}),
        ToolCallChunk('{"city":"Bos', 0),
        ToolCallChunk('ton \\"\\n","days":[2', 0),
        ToolCallChunk("]}", 0),
    ]


@pytest.mark.parametrize(
    "ending",
    [
        pytest.param([call()], id="empty call"),
        pytest.param([], id="nothing"),
        pytest.param([text("done")], id="text"),
        pytest.param([call(name="now", args={})], id="next call"),
        pytest.param([call(partialArgs=[piece("$.unit", stringValue="C")])], id="last piece"),
        pytest.param([call(), call()], id="two empty calls"),
    ],
)
def test_a_call_in_pieces_ends_in_any_of_the_ways_seen(ending: list[dict[str, Any]]) -> None:
    first = read(MODEL, stream(frame(ROLL), frame(HALF), frame(REST), *map(frame, ending), frame(**STOP))).tool_calls[0]
    unit = {"unit": "C"} if ending == [call(partialArgs=[piece("$.unit", stringValue="C")])] else {}
    assert (first["name"], first["args"]) == ("roll", {"city": 'Boston "\n', "days": [2], **unit})


def test_calls_in_pieces_one_after_the_other() -> None:
    message = read(MODEL, stream(frame(ROLL), frame(call()), frame(ROLL), frame(HALF), frame(REST), frame(ROLL, **STOP)))
    assert [made["args"] for made in message.tool_calls] == [{}, {"city": 'Boston "\n', "days": [2]}, {}]


def test_a_call_that_the_token_limit_cuts_is_invalid() -> None:
    message = read(MODEL, stream(frame(ROLL), frame(HALF, finishReason="MAX_TOKENS")))
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"city":"Bos'


def test_a_piece_without_a_path_is_refused() -> None:
    events = events_of(MODEL, stream(frame(ROLL), frame(call(partialArgs=[piece("$", numberValue=1)]), **STOP)))
    assert isinstance(next(event for event in events if type(event) is ErrorEvent).error, InvalidResponseError)


# Facts beside the parts.


def test_usage_counts_tools_thoughts_cache_and_sound() -> None:
    usage = {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 60,
        "toolUsePromptTokenCount": 7,
        "candidatesTokenCount": 20,
        "thoughtsTokenCount": 5,
        "totalTokenCount": 132,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}, {"modality": "AUDIO", "tokenCount": 30}],
        "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 20}],
        "trafficType": "ON_DEMAND",
    }
    assert read(MODEL, whole(frame(text("Hi"), usage=usage, **STOP))).usage_metadata == {
        "input_tokens": 107,
        "output_tokens": 25,
        "total_tokens": 132,
        "input_token_details": {"cache_read": 60, "audio": 30},
        "output_token_details": {"reasoning": 5, "audio": 20},
    }


def test_usage_is_a_running_total_that_may_fall() -> None:
    totals = [(102, None), (9, 3), (51, 40), (165, None)]
    frames = [
        frame(text("."), usage={"promptTokenCount": prompt, "candidatesTokenCount": said, "totalTokenCount": prompt})
        for prompt, said in totals
    ]
    usage = read(MODEL, stream(*frames, frame(**STOP))).usage_metadata
    assert usage == {"input_tokens": 165, "output_tokens": 0, "total_tokens": 165}


def test_no_usage_is_no_usage() -> None:
    assert read(MODEL, whole(frame(text("Hi"), usage={"trafficType": "ON_DEMAND"}, **STOP))).usage_metadata is None


def test_log_probabilities_have_the_form_that_all_providers_have() -> None:
    def result(token: str) -> dict[str, Any]:
        tops = [{"token": token, "tokenId": 1, "logProbability": -0.1}, {"token": "?", "tokenId": 2, "logProbability": -3}]
        return {"chosenCandidates": tops[:1], "topCandidates": [{"candidates": tops}]}

    message = read(
        MODEL, stream(frame(text("a"), logprobsResult=result("a")), frame(text("b"), logprobsResult=result("b"), **STOP))
    )
    assert message.response_metadata["logprobs"] == {
        "content": [
            {
                "token": token,
                "logprob": -0.1,
                "top_logprobs": [{"token": token, "logprob": -0.1}, {"token": "?", "logprob": -3}],
            }
            for token in "ab"
        ]
    }


def test_ratings_are_repeated_by_every_piece_and_told_once() -> None:
    ratings = [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "NEGLIGIBLE"}]
    message = read(MODEL, stream(frame(text("a"), safetyRatings=ratings), frame(safetyRatings=ratings, avgLogprobs=0.0, **STOP)))
    assert message.response_metadata["safety_ratings"] == ratings
    assert message.response_metadata["avg_logprobs"] == 0.0
    assert "grounding_metadata" not in message.response_metadata


def test_numbers_that_json_has_no_word_for_come_as_text() -> None:
    chosen = {"chosenCandidates": [{"token": "a", "logProbability": "-Infinity"}]}
    message = read(MODEL, stream(frame(text("a"), avgLogprobs="NaN", logprobsResult=chosen, **STOP)))
    assert "avg_logprobs" not in message.response_metadata
    assert message.response_metadata["logprobs"]["content"][0]["logprob"] == -math.inf


def test_what_is_known_beside_the_answer_is_kept() -> None:
    feedback = {"safetyRatings": [{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]}
    first = {**frame(text("a")), "promptFeedback": feedback}
    last = frame(usage={**USAGE, "trafficType": "ON_DEMAND", "serviceTier": "flex"}, continuationToken="t1", **STOP)
    metadata = read(MODEL, stream(first, last)).response_metadata
    assert metadata["prompt_feedback"] == feedback
    assert (metadata["traffic_type"], metadata["service_tier"]) == ("ON_DEMAND", "flex")
    assert metadata["continuation_token"] == "t1"


def test_enums_may_come_as_numbers() -> None:
    events = events_of(MODEL, whole(frame(text("Hi"), finishReason=2)))
    assert events[-1] == Finish("MAX_TOKENS", {"finish_reason": 2})
    assert events_of(MODEL, whole(frame(text("Hi"), finishReason=99)))[-1] == Finish("99", {"finish_reason": 99})


def test_only_the_first_of_several_answers_is_read() -> None:
    two = frame(text("one"), **STOP)
    two["candidates"].append({"content": {"parts": [text("two")]}, "index": 1, "finishReason": "SAFETY"})
    assert read(MODEL, whole(two)).text == "one"


@pytest.mark.parametrize("content", [{}, None, {"parts": None}, {"role": "model"}, {"parts": []}])
def test_an_answer_may_be_empty(content: Any) -> None:
    message = read(MODEL, json.dumps({"candidates": [{"content": content, "finishReason": "SAFETY"}]}).encode())
    assert message.content == ""
    assert message.response_metadata["finish_reason"] == "SAFETY"


# Errors.


@pytest.mark.parametrize("make", [lambda f: stream(f), whole, lambda f: array(f)])
def test_a_blocked_prompt_is_an_error(make: Any) -> None:
    feedback = {"blockReason": "PROHIBITED_CONTENT", "blockReasonMessage": "Not this."}
    with pytest.raises(ContentFilterError, match=r"PROHIBITED_CONTENT.*Not this\.") as caught:
        read(MODEL, make({"promptFeedback": feedback, "modelVersion": "m"}))
    assert caught.value.code == "PROHIBITED_CONTENT"
    assert caught.value.body == feedback


def test_ratings_of_the_prompt_are_no_block() -> None:
    fine: dict[str, Any] = {"promptFeedback": {"safetyRatings": []}}
    for nothing in ({}, None):
        assert read(MODEL, stream({"promptFeedback": nothing}, frame(text("Hi"), **STOP))).text == "Hi"
    assert read(MODEL, stream(fine, {**frame(text("Hi"), **STOP), **fine})).text == "Hi"


def test_an_error_inside_a_stream() -> None:
    error = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    events = events_of(MODEL, stream(frame(text("Hi"), **STOP), error))
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hi"]
    assert isinstance(events[-1], ErrorEvent)
    assert type(events[-1].error) is OverloadedError


@pytest.mark.parametrize("make", [whole, array])
def test_an_error_instead_of_a_stream(make: Any) -> None:
    with pytest.raises(RateLimitError, match="slow down"):
        read(MODEL, make({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}}))


def test_a_stream_without_finish_reason_is_cut() -> None:
    with pytest.raises(IncompleteStreamError, match="finishReason"):
        read(MODEL, stream(frame(text("Hi"))))
    with pytest.raises(IncompleteStreamError, match="finishReason"):
        read(MODEL, array(frame(text("Hi"))))


def test_a_whole_answer_needs_no_finish_reason_but_candidates() -> None:
    assert read(MODEL, whole(frame(text("Hi")))).text == "Hi"
    with pytest.raises(InvalidResponseError, match="no candidates"):
        read(MODEL, b'{"totalTokens": 258}')


@pytest.mark.parametrize("body", [b"{broken", b"[{broken", b"data: {broken\n\n", b"<html>no</html>", b'{"candidates": 3}'])
def test_what_is_not_the_format_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        read(MODEL, body)

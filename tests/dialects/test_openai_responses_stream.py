"""The Responses dialect: what servers do differently in streams (wire sheet: openai_responses §6, traps), and resuming."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.dialects.openai_responses import ResponsesParser
from chatkit.errors import IncompleteStreamError
from chatkit.events import Metadata, TextDelta
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from tests.dialects.openai_responses_case import events_of, frames_of, message_of, response, sse, stream_of, text_item, whole_of

CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Rome"}',
}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "heron"}}
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Two and two"}],
    "encrypted_content": "gAAA==",
}
CODE = {"id": "ci_1", "type": "code_interpreter_call", "status": "completed", "code": 'print("4")', "outputs": None}
CUSTOM = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "status": "completed",
    "call_id": "call_2",
    "name": "sql",
    "input": "SELECT 1",
}
OUTPUT: list[dict[str, Any]] = [REASONING, SEARCH, text_item("Herons are birds.", phase="final_answer"), CALL, CUSTOM]


def expected() -> Any:
    return message_of(whole_of(OUTPUT)).model_dump()


def changed(change: Any) -> bytes:
    """The stream of OUTPUT after a change to its frames; a change that gives None drops the frame."""
    frames = [change(dict(frame)) for frame in frames_of(OUTPUT)]
    return sse(*[frame for frame in frames if frame is not None])


def without(*names: str) -> Any:
    return lambda frame: {name: value for name, value in frame.items() if name not in names}


def test_no_event_names_and_done_at_the_end() -> None:
    assert message_of(stream_of(OUTPUT, names=False) + b"data: [DONE]\n\n").model_dump() == expected()


def test_comments_between_events() -> None:
    body = stream_of(OUTPUT).replace(
        b"\n\nevent: response.output_item", b"\n\n: OPENROUTER PROCESSING\n\nevent: response.output_item"
    )
    assert message_of(body).model_dump() == expected()


def test_a_proxy_that_changes_ids_with_every_event() -> None:
    number = iter(range(1000))

    def rotate(frame: dict[str, Any]) -> dict[str, Any]:
        if "item" in frame and frame["type"].endswith("added"):
            return {**frame, "item": {**frame["item"], "id": f"other_{next(number)}"}}
        return {**frame, "item_id": f"other_{next(number)}"} if "item_id" in frame else frame

    message = message_of(changed(rotate))
    call = next(block for block in message.content_blocks if block["type"] == "server_tool_call")
    result = next(block for block in message.content_blocks if block["type"] == "server_tool_result")
    assert call["id"] == result["tool_call_id"]
    assert call["id"].startswith("other_")
    call["id"] = result["tool_call_id"] = "ws_1"
    assert message.model_dump() == expected()


def test_a_server_without_places() -> None:
    assert message_of(changed(without("output_index"))).model_dump() == expected()


def test_a_server_without_ids_in_its_pieces() -> None:
    assert message_of(changed(without("item_id", "sequence_number"))).model_dump() == expected()


def test_a_server_with_neither() -> None:
    assert message_of(changed(without("item_id", "output_index"))).model_dump() == expected()


def test_numbers_that_skip() -> None:
    def skip(frame: dict[str, Any]) -> dict[str, Any]:
        return {**frame, "output_index": frame["output_index"] * 2} if "output_index" in frame else frame

    assert message_of(changed(skip)).model_dump() == expected()


def test_an_item_that_ends_under_another_number_than_it_began() -> None:
    def later(frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "response.output_item.done" and frame["item"]["type"] == "web_search_call":
            return {**frame, "output_index": 7}
        return frame

    assert message_of(changed(later)).model_dump() == expected()


@pytest.mark.parametrize(
    "dropped",
    ["delta", "added", "part.added", "output_item.done", "output_item.added", "created", "in_progress"],
)
def test_a_server_that_leaves_events_out(dropped: str) -> None:
    body = changed(lambda frame: None if frame["type"].endswith(dropped) else frame)
    message = message_of(body)
    whole = message_of(whole_of(OUTPUT))
    assert message.text == whole.text
    assert message.tool_calls == whole.tool_calls
    assert sorted(block["type"] for block in message.content_blocks) == sorted(block["type"] for block in whole.content_blocks)
    assert message.usage_metadata == whole.usage_metadata


def test_a_last_event_with_the_output_alone() -> None:
    assert message_of(sse({"type": "response.completed", "response": response(OUTPUT)})).model_dump() == expected()


def test_a_last_event_without_output() -> None:
    def empty(frame: dict[str, Any]) -> dict[str, Any]:
        return {**frame, "response": {**frame["response"], "output": []}} if frame["type"] == "response.completed" else frame

    assert message_of(changed(empty)).model_dump() == expected()


def test_parts_that_are_counted_differently_in_pieces() -> None:
    """Bedrock's open models number the only part of a message 1 in its deltas."""
    body = sse(
        {"type": "response.output_item.added", "output_index": 0, "item": text_item("", content=[])},
        {"type": "response.output_text.delta", "output_index": 0, "item_id": "msg_1", "content_index": 1, "delta": "Hi"},
        {"type": "response.output_item.done", "output_index": 0, "item": text_item("Hi")},
        {"type": "response.completed", "response": response([text_item("Hi")])},
    )
    message = message_of(body)
    assert message.content == [{"type": "text", "text": "Hi", "extras": {"item_id": "msg_1"}}]


def test_arguments_as_an_object() -> None:
    item = {**CALL, "arguments": {"city": "Rome"}}
    body = sse(
        {"type": "response.output_item.added", "output_index": 0, "item": {**CALL, "arguments": ""}},
        {"type": "response.function_call_arguments.delta", "output_index": 0, "item_id": "fc_1", "delta": {"city": "Rome"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response([item])},
    )
    assert message_of(body).tool_calls[0]["args"] == {"city": "Rome"}
    assert message_of(whole_of([item])).tool_calls[0]["args"] == {"city": "Rome"}


def test_items_of_one_answer_with_the_same_id() -> None:
    """xAI gives every reasoning item of an answer one id."""
    output = [REASONING, SEARCH, {**REASONING, "encrypted_content": "gBBB=="}, text_item("Hi")]
    for body in (whole_of(output), stream_of(output)):
        reasoning = [block for block in message_of(body).content_blocks if block["type"] == "reasoning"]
        assert [block["extras"]["encrypted_content"] for block in reasoning] == ["gAAA==", "gBBB=="]


def test_unknown_events_and_fields_are_passed_over() -> None:
    odd = sse({"type": "response.something.new", "response_id": 1, "item": "?", "delta": None}, {"type": "response.keepalive"})
    assert message_of(odd + stream_of(OUTPUT)).model_dump() == expected()


def test_a_whole_answer_where_a_stream_was_asked_for() -> None:
    assert message_of(b"\n" + whole_of(OUTPUT)).model_dump() == expected()


@pytest.mark.parametrize("frames", range(len(frames_of(OUTPUT))))
def test_a_stream_that_breaks_off_is_an_error(frames: int) -> None:
    with pytest.raises(IncompleteStreamError):
        message_of(sse(*frames_of(OUTPUT)[:frames]) + b": ping\n\n")


def test_previews_of_an_image_only_when_they_are_asked_for() -> None:
    item = {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": "aGVyb24=", "output_format": "png"}
    preview = {
        "type": "response.image_generation_call.partial_image",
        "output_index": 0,
        "item_id": "ig_1",
        "partial_image_b64": "aGU=",
        "partial_image_index": 0,
    }
    first, *rest = frames_of([item])[2:]
    body = sse(first, preview, *rest)
    images = [block for block in message_of(body, partial_images=True).content_blocks if block["type"] == "image"]
    assert [(image["base64"], image.get("extras", {}).get("partial_image_index")) for image in images] == [
        ("aGU=", 0),
        ("aGVyb24=", None),
    ]
    assert [block["base64"] for block in message_of(body).content_blocks if block["type"] == "image"] == ["aGVyb24="]


# Resuming an answer in the background.


def numbers(body: bytes) -> list[int]:
    return [
        event.metadata["sequence_number"]
        for event in events_of(body, numbered=True)
        if type(event) is Metadata and "sequence_number" in event.metadata
    ]


def test_a_stream_in_the_background_tells_where_it_stands() -> None:
    body = stream_of(OUTPUT)
    assert numbers(body) == list(range(len(frames_of(OUTPUT))))
    assert message_of(body, numbered=True).response_metadata["sequence_number"] == len(frames_of(OUTPUT)) - 1
    assert "sequence_number" not in message_of(body).response_metadata


PARTS = [{"type": "output_text", "text": "one more", "annotations": []}, {"type": "refusal", "refusal": "not this"}]
THOUGHTS = {**REASONING, "id": "rs_2", "summary": [{"type": "summary_text", "text": text} for text in ("Two and", "two more")]}
RESUMABLE: list[dict[str, Any]] = [*OUTPUT, CODE, THOUGHTS, {**text_item("", "msg_2"), "content": PARTS}]


@pytest.mark.parametrize("stop", range(1, len(frames_of(RESUMABLE))))
def test_a_resumed_stream_adds_exactly_what_was_missing(stop: int) -> None:
    frames = [{**frame, "sequence_number": number} for number, frame in enumerate(frames_of(RESUMABLE))]
    fold = Fold()
    fold.feed_all(ResponsesParser().feed(sse(*frames[:stop])))
    fold.feed_all(events_of(sse(*frames[stop:]), resumed="resp_1"))
    whole = message_of(whole_of(RESUMABLE))
    message = message_of_fold(fold)
    assert message.content_blocks == whole.content_blocks
    assert message.id == "resp_1"


def test_a_resumed_stream_says_only_what_is_new() -> None:
    frames = frames_of([text_item("Herons are birds.")])
    behind = next(number for number, frame in enumerate(frames) if frame["type"] == "response.output_text.delta") + 2
    events = events_of(sse(*frames[behind:]), resumed="resp_1")
    assert "".join(event.text for event in events if type(event) is TextDelta) == "re birds."


def test_a_server_that_says_everything_once_and_whole() -> None:
    """Neither pieces nor finished items nor a last output: text and arguments stand only in their `.done` events."""

    def once(frame: dict[str, Any]) -> dict[str, Any] | None:
        if frame["type"].endswith((".delta", "output_item.done")):
            return None
        return {**frame, "response": {**frame["response"], "output": []}} if frame["type"] == "response.completed" else frame

    output = [text_item("Herons are birds."), CALL, {"id": "mcp_1", "type": "mcp_call", "name": "find", "arguments": '{"q":1}'}]
    refusal = {"id": "msg_2", "type": "message", "role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}
    frames = [once(frame) for frame in frames_of([REASONING, *output, refusal])]
    blocks = message_of(sse(*[frame for frame in frames if frame is not None])).content_blocks
    assert [
        (block["type"], block.get("text") or block.get("reasoning") or block.get("args") or block.get("value"))
        for block in blocks
    ] == [
        ("reasoning", "Two and two"),
        ("text", "Herons are birds."),
        ("tool_call", {"city": "Rome"}),
        ("server_tool_call", {"q": 1}),
        ("non_standard", {"type": "refusal", "refusal": "No."}),
    ]

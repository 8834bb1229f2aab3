"""Content-block events as a function of typed events (spec N3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import OverloadedError
from chatkit.events import (
    Citation,
    Finish,
    Media,
    Raw,
    ReasoningDelta,
    Reset,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    Start,
    TextDelta,
    ToolCallChunk,
    Usage,
)
from chatkit.feeds.grammar import BlockWriter
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold

if TYPE_CHECKING:
    from chatkit.events import Event

START = Start("msg-1", "m-1", {"model_provider": "x"})
END = [Usage({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}), Finish("stop")]


def written(*events: Event) -> list[dict[str, Any]]:
    """All events of a complete answer."""
    writer, everything = BlockWriter("run-1"), [START, *events, *END]
    out = [told for event in everything for told in writer.write(event)]
    return out + writer.finish(message_of_fold(Fold().feed_all(everything), as_blocks=True))


def blocks(*events: Event) -> list[dict[str, Any]]:
    """What stands between the message's start and its end."""
    return written(*events)[1:-1]


def started(index: int, **content: Any) -> dict[str, Any]:
    return {"event": "content-block-start", "index": index, "content": content}


def delta(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"event": "content-block-delta", "index": index, "delta": {"type": kind, **fields}}


def finished(index: int, **content: Any) -> dict[str, Any]:
    return {"event": "content-block-finish", "index": index, "content": content}


def test_text() -> None:
    assert written(TextDelta("Hel", 0), TextDelta("lo", 0)) == [
        {"event": "message-start", "role": "ai", "id": "msg-1", "metadata": {"provider": "x", "model": "m-1"}},
        started(0, type="text", text=""),
        delta(0, "text-delta", text="Hel"),
        delta(0, "text-delta", text="lo"),
        finished(0, type="text", text="Hello"),
        {
            "event": "message-finish",
            "usage": {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
            "metadata": {"model_provider": "x", "model_name": "m-1", "finish_reason": "stop"},
        },
    ]


def test_an_answer_without_content() -> None:
    assert [event["event"] for event in written()] == ["message-start", "message-finish"]
    assert blocks(TextDelta("", 0)) == []


def test_the_id_is_made_up_when_there_is_none() -> None:
    assert BlockWriter("run-1").write(TextDelta("a"))[0]["id"] == "run-1"


def test_reasoning_with_what_goes_back_to_the_vendor() -> None:
    assert blocks(ReasoningDelta("h", 0, "rs_1"), ReasoningDelta("m", 0), ReasoningDelta("", 0, None, {"signature": "s"})) == [
        started(0, type="reasoning", reasoning="", id="rs_1"),
        delta(0, "reasoning-delta", reasoning="h"),
        delta(0, "reasoning-delta", reasoning="m"),
        delta(0, "block-delta", fields={"type": "reasoning", "extras": {"signature": "s"}}),
        finished(0, type="reasoning", reasoning="hm", id="rs_1", extras={"signature": "s"}),
    ]


def test_parallel_calls_that_interleave() -> None:
    told = blocks(
        ToolCallChunk('{"a"', 1, "c1", "f"), ToolCallChunk('{"b"', 2, "c2", "g"), ToolCallChunk(":1}", 1), ToolCallChunk(":2}", 2)
    )
    assert told == [
        started(0, type="tool_call_chunk", name="f", args="", id="c1"),
        delta(0, "tool-call-delta", args='{"a"'),
        started(1, type="tool_call_chunk", name="g", args="", id="c2"),
        delta(1, "tool-call-delta", args='{"b"'),
        delta(0, "tool-call-delta", args=":1}"),
        delta(1, "tool-call-delta", args=":2}"),
        finished(0, type="tool_call", name="f", args={"a": 1}, id="c1"),
        finished(1, type="tool_call", name="g", args={"b": 2}, id="c2"),
    ]


def test_a_call_that_is_cut_is_invalid() -> None:
    (*_, end) = blocks(ToolCallChunk('{"a":', 0, "c1", "f"))
    assert (end["content"]["type"], end["content"]["args"]) == ("invalid_tool_call", '{"a":')


def test_a_name_that_comes_late() -> None:
    told = blocks(ToolCallChunk("", 0, "c1"), ToolCallChunk("{}", 0, None, "f"))
    assert told[1:] == [
        delta(0, "tool-call-delta", args="{}"),
        delta(0, "block-delta", fields={"type": "tool_call_chunk", "name": "f"}),
        finished(0, type="tool_call", name="f", args={}, id="c1"),
    ]


def test_sources_join_the_text_that_they_belong_to() -> None:
    first, second = {"type": "citation", "url": "a"}, {"type": "citation", "url": "b"}
    told = blocks(TextDelta("x", 0), Citation(first, 0), TextDelta("y", 1), Citation(second, 0))
    assert [event for event in told if event.get("delta", {}).get("type") == "block-delta"] == [
        delta(0, "block-delta", fields={"type": "text", "annotations": [first]}),
        delta(0, "block-delta", fields={"type": "text", "annotations": [first, second]}),
    ]
    assert told[-2:] == [finished(0, type="text", text="x", annotations=[first, second]), finished(1, type="text", text="y")]


def test_what_comes_as_a_whole_is_whole_from_the_start() -> None:
    call = {"type": "server_tool_call", "name": "web_search", "args": {"q": 1}, "id": "s1"}
    result = {"type": "server_tool_result", "tool_call_id": "s1", "status": "success", "output": [1]}
    told = blocks(ServerToolCall("web_search", {"q": 1}, "s1"), ServerToolResult("s1", "success", [1]), Raw({"odd": 1}))
    assert told == [
        started(0, **call),
        started(1, **result),
        started(2, type="non_standard", value={"odd": 1}),
        finished(0, **call),
        finished(1, **result),
        finished(2, type="non_standard", value={"odd": 1}),
    ]


def test_a_whole_that_is_brought_up_to_date() -> None:
    told = blocks(ServerToolCall("search", {}, "s1", 4), ServerToolCall("search", {"q": 1}, "s1", 4))
    assert told[1] == delta(0, "block-delta", fields={"type": "server_tool_call", "name": "search", "args": {"q": 1}, "id": "s1"})
    assert told[2]["content"]["args"] == {"q": 1}


def test_sound_in_pieces() -> None:
    told = blocks(
        Media({"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"}, 0),
        Media({"type": "audio", "base64": "BBBB"}, 0),
        Media({"type": "audio", "extras": {"transcript": "hi"}}, 0),
    )
    assert told == [
        started(0, type="audio", base64="AAAA", mime_type="audio/wav"),
        delta(0, "data-delta", data="BBBB", encoding="base64"),
        delta(0, "block-delta", fields={"type": "audio", "extras": {"transcript": "hi"}}),
        finished(0, type="audio", base64="AAAABBBB", mime_type="audio/wav", extras={"transcript": "hi"}),
    ]


def test_an_answer_that_begins_again() -> None:
    told = written(TextDelta("lost", 0), Reset(OverloadedError("x")), START, TextDelta("found", 0))
    assert [event["event"] for event in told] == [
        *("message-start", "content-block-start", "content-block-delta"),
        *("message-start", "content-block-start", "content-block-delta"),
        *("content-block-finish", "message-finish"),
    ]
    assert told[-2]["content"]["text"] == "found"


def test_errors() -> None:
    writer = BlockWriter("run-1")
    assert writer.fail(OverloadedError("busy", code="overloaded")) == [
        {"event": "error", "message": "busy (code overloaded)", "code": "overloaded"}
    ]
    assert writer.fail(OverloadedError("busy", status=529))[0]["code"] == "529"
    assert writer.fail(ValueError()) == [{"event": "error", "message": "ValueError"}]


indexes = st.sampled_from([None, 0, 1, 2])
words = st.sampled_from(["", "a", '{"x":', "1}", "é"])
events = st.one_of(
    st.builds(TextDelta, words, indexes),
    st.builds(ReasoningDelta, words, indexes, st.sampled_from([None, "r"]), st.sampled_from([None, {"signature": "s"}])),
    st.builds(ToolCallChunk, words, indexes, st.sampled_from([None, "c1", "c2"]), st.sampled_from([None, "f"])),
    st.builds(ServerToolCallChunk, words, indexes, st.sampled_from([None, "s1"]), st.sampled_from([None, "g"])),
    st.builds(ServerToolCall, st.just("g"), st.just({"q": 1}), st.just("s1"), indexes),
    st.builds(ServerToolResult, st.just("s1"), st.just("success"), st.sampled_from([None, 1]), st.none(), indexes),
    st.builds(Citation, st.just({"type": "citation", "url": "u"}), indexes),
    st.builds(Media, st.sampled_from([{"type": "audio", "base64": "AAAA"}, {"type": "image", "url": "u"}]), indexes),
    st.builds(Raw, st.just({"odd": 1}), indexes),
)


@given(st.lists(events, max_size=25))
def test_the_grammar_holds_and_the_blocks_are_those_of_the_message(pieces: list[Event]) -> None:
    told = written(*pieces)
    message = message_of_fold(Fold().feed_all([START, *pieces, *END]), as_blocks=True)
    kinds = [event["event"] for event in told]
    assert (kinds[0], kinds[-1], kinds.count("message-start"), kinds.count("message-finish")) == (
        *("message-start", "message-finish"),
        *(1, 1),
    )
    open_blocks: list[int] = []
    for event in told[1:-1]:
        if event["event"] == "content-block-start":
            assert event["index"] == len(open_blocks)
            open_blocks.append(event["index"])
        assert event["index"] in open_blocks
    closed = [event for event in told if event["event"] == "content-block-finish"]
    assert [event["index"] for event in closed] == open_blocks
    key = repr
    assert sorted([event["content"] for event in closed], key=key) == sorted(message.content_blocks, key=key)


@given(st.lists(events, max_size=25))
def test_deltas_add_up_to_the_blocks(pieces: list[Event]) -> None:
    texts: dict[int, str] = {}
    fields = {"text-delta": "text", "reasoning-delta": "reasoning", "tool-call-delta": "args"}
    told = written(*pieces)
    for event in told:
        kind = event.get("delta", {}).get("type")
        if kind in fields:
            texts[event["index"]] = texts.get(event["index"], "") + event["delta"][fields[kind]]
    for event in told:
        if event["event"] == "content-block-finish" and event["content"]["type"] in ("text", "reasoning"):
            assert event["content"][event["content"]["type"]] == texts.get(event["index"], "")

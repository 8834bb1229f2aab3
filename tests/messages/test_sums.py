"""Sums of chunks: any cut of an answer adds up to the same message, in time that grows with its length only."""

from __future__ import annotations

import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.events import Finish, ReasoningDelta, TextDelta, ToolCallChunk
from chatkit.fold import Fold
from chatkit.messages import AIMessageChunk
from chatkit.messages.ai import message_of_fold

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.events import Event

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=8
)
arguments = st.dictionaries(st.text(max_size=6), values, max_size=4)


def cut(text: str, places: list[int]) -> list[str]:
    ends = sorted({at % (len(text) + 1) for at in places} | {0, len(text)})
    return [text[start:end] for start, end in itertools.pairwise(ends)]


def chunk(event: Event, last: bool = False) -> AIMessageChunk:
    return AIMessageChunk.of_events([event], "run-1", "last" if last else None)


@given(arguments, st.lists(st.integers(0, 10**6), max_size=12), st.booleans())
def test_any_cut_of_the_arguments_gives_the_same_call(args: dict[str, Any], places: list[int], ascii_only: bool) -> None:
    text = json.dumps(args, ensure_ascii=ascii_only)
    pieces = cut(text, places)
    parts = [chunk(ToolCallChunk("", 0, "call_1", "write")), *(chunk(ToolCallChunk(piece, 0)) for piece in pieces)]
    full = sum(parts)
    seen = full.tool_calls  # parsed as far as it came, which here is the end
    done = full + chunk(Finish("tool_calls"), last=True)
    call = {"type": "tool_call", "name": "write", "args": args, "id": "call_1"}
    assert done.tool_calls == [call]
    assert done.invalid_tool_calls == []
    assert seen == [call]


@given(arguments, st.lists(st.integers(0, 10**6), max_size=12))
def test_partial_calls_grow_and_never_fail(args: dict[str, Any], places: list[int]) -> None:
    full = chunk(ToolCallChunk("", 0, "call_1", "write"))
    known: set[str] = set()
    for piece in cut(json.dumps(args), places):
        full = full + chunk(ToolCallChunk(piece, 0))
        (call,) = full.tool_calls
        assert known <= set(call["args"]) <= set(args)
        known = set(call["args"])
    assert known == set(args)


@given(arguments, st.data())
def test_a_call_that_is_cut_off_is_never_a_call(args: dict[str, Any], data: st.DataObject) -> None:
    text = json.dumps(args)
    prefix = text[: data.draw(st.integers(1, len(text) - 1))]
    full = chunk(ToolCallChunk(prefix, 0, "call_1", "write")) + chunk(Finish("length"), last=True)
    assert full.tool_calls == []
    assert full.invalid_tool_calls[0]["args"] == prefix


@pytest.mark.parametrize("args", ['{"a": ', "{}"])
def test_broken_calls_keep_their_place(args: str) -> None:
    said = [ToolCallChunk('{"a": ', 0, "call_1", "write"), ToolCallChunk(args, 1, "call_2", "write"), Finish("tool_calls")]
    whole = message_of_fold(Fold().feed_all(said))
    assert [block["id"] for block in whole.content_blocks] == ["call_1", "call_2"]
    total = AIMessageChunk.of_events(list(said), "run-1", "last")
    assert total.content_blocks == whole.content_blocks


events = st.one_of(
    st.builds(TextDelta, st.text(max_size=5), st.just(0)),
    st.builds(ReasoningDelta, st.text(max_size=5), st.just(1)),
    st.builds(
        ToolCallChunk,
        st.text('{}ab:" 1', max_size=5),
        st.sampled_from([2, 3]),
        st.none() | st.just("call"),
        st.none() | st.just("f"),
    ),
    st.builds(Finish, st.sampled_from([None, "stop"])),
)


@given(st.lists(events, min_size=1, max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_the_sum_is_the_message_however_it_is_added_up(stream: list[Event], places: list[int]) -> None:
    parts = [chunk(event) for event in stream]
    last = chunk(Finish("stop"), last=True)
    whole = message_of_fold(Fold().feed_all([*stream, Finish("stop")]), id="run-1")
    one_by_one = sum(parts) + last
    at_once = parts[0] + [*parts[1:], last]
    ends = sorted({place % (len(parts) + 1) for place in places} | {0, len(parts)})
    groups = [sum(parts[start:end]) for start, end in itertools.pairwise(ends)]
    grouped = sum(groups) + last
    for total in (one_by_one, at_once, grouped):
        assert total.to_message() == whole
        assert total.content_blocks == whole.content_blocks
        assert (total.text, total.tool_calls, total.response_metadata) == (whole.text, whole.tool_calls, whole.response_metadata)


@given(st.lists(events, min_size=2, max_size=8))
def test_a_sum_leaves_its_parts_alone(stream: list[Event]) -> None:
    parts = [chunk(event) for event in stream]
    before = [part.content_blocks for part in parts]
    first = parts[0] + parts[1]
    shown = first.content_blocks
    left, right = first + parts[-1], first + parts[-1] + parts[0]
    assert [part.content_blocks for part in parts] == before
    assert first.content_blocks == shown
    assert left.text + parts[0].text == right.text


def words(n: int) -> list[AIMessageChunk]:
    return [chunk(TextDelta("word ", 0)) for _ in range(n)]


def call_of(n: int) -> list[AIMessageChunk]:
    body = json.dumps({"text": "abcd" * n})
    return [
        chunk(ToolCallChunk("", 0, "call_1", "write")),
        *(chunk(ToolCallChunk(body[at : at + 4], 0)) for at in range(0, len(body), 4)),
    ]


def seconds(make: Callable[[int], list[AIMessageChunk]], n: int, look: Callable[[AIMessageChunk], Any]) -> float:
    parts = make(n)
    start = time.process_time()
    full = parts[0]
    for part in parts[1:]:
        full = full + part
        look(full)
    full = full + chunk(Finish("stop"), last=True)
    assert len(full.text) + sum(len(call["args"]["text"]) for call in full.tool_calls) >= 4 * n
    return time.process_time() - start


@pytest.mark.parametrize(
    ("make", "look"),
    [(words, lambda full: None), (call_of, lambda full: None), (call_of, lambda full: full.tool_calls)],
    ids=["text", "arguments", "arguments, looked at after every delta"],
)
def test_sums_are_linear(make: Callable[[int], list[AIMessageChunk]], look: Callable[[AIMessageChunk], Any]) -> None:
    """A hundred times as many deltas cost about a hundred times as much; re-parsing would make it ten thousand."""
    seconds(make, 1000, look)
    small = min(seconds(make, 1000, look) for _ in range(3))
    assert seconds(make, 100_000, look) < 1000 * max(small, 0.001)

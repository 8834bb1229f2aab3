"""Structured output while it arrives (spec S171)."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import anyio
import pydantic
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import TypedDict

from chatkit.errors import ModelError, OutputParserError
from chatkit.events import Reset, TextDelta, ToolCallChunk
from chatkit.partial_json import PartialJSON
from chatkit.schema import shape_of
from chatkit.simulator.fault import Fault
from chatkit.simulator.model import SimulatedChatModel
from chatkit.simulator.reply import Reply
from chatkit.structured.answer import Reader
from chatkit.structured.stream import _NOTHING, _Growing


class Movie(pydantic.BaseModel):
    title: str
    year: int
    rating: float | None = None


class MovieDict(TypedDict):
    title: str
    cast: list[str]


@dataclass
class Counter:
    n: int = 0
    words: str = ""


TEXT = '{"title": "Up", "cast": ["Ed", "Jo"]}'
GROWING = [
    {},
    {"title": ""},
    {"title": "U"},
    {"title": "Up"},
    {"title": "Up", "cast": []},
    {"title": "Up", "cast": [""]},
    {"title": "Up", "cast": ["E"]},
    {"title": "Up", "cast": ["Ed"]},
    {"title": "Up", "cast": ["Ed", ""]},
    {"title": "Up", "cast": ["Ed", "J"]},
    {"title": "Up", "cast": ["Ed", "Jo"]},
]
pytestmark = pytest.mark.anyio


def model(reply: Reply) -> SimulatedChatModel:
    return SimulatedChatModel("parrot", replies=[reply])


async def collect(structured: Any) -> list[Any]:
    return [item async for item in structured.astream("q")]


@pytest.mark.parametrize("reply", [Reply(TEXT, piece=1), Reply(f"Here:\n```json\n{TEXT}\n```", piece=1)], ids=["plain", "fenced"])
async def test_dicts_grow_with_json(reply: Reply) -> None:
    assert await collect(model(reply).with_structured_output(MovieDict, method="json_schema")) == GROWING


async def test_dicts_grow_with_calls() -> None:
    reply = Reply(tool_calls=[("MovieDict", TEXT), ("MovieDict", {"title": "other"})], piece=1)
    assert await collect(model(reply).with_structured_output(MovieDict, method="function_calling")) == GROWING


async def test_instances_only_when_valid() -> None:
    reply = Reply('{"title": "Up", "year": 2009, "rating": 8.3}', piece=1)
    items = await collect(model(reply).with_structured_output(Movie))
    assert all(isinstance(item, Movie) for item in items)
    assert items[0] == Movie(title="Up", year=2009)
    assert items[-1] == Movie(title="Up", year=2009, rating=8.3)


async def test_instances_grow_when_nothing_is_required() -> None:
    items = await collect(model(Reply('{"n": 1, "words": "ab"}', piece=1)).with_structured_output(Counter))
    assert items == [Counter(), Counter(1), Counter(1, "a"), Counter(1, "ab")]


async def test_lists() -> None:
    items = await collect(model(Reply('{"value": ["a", "b"]}', piece=4)).with_structured_output(list[str]))
    assert items[-1] == ["a", "b"]
    assert all(isinstance(item, list) for item in items)


async def test_include_raw() -> None:
    items = await collect(model(Reply(TEXT, piece=1)).with_structured_output(MovieDict, include_raw=True))
    assert [item["parsed"] for item in items] == [*GROWING, GROWING[-1]]
    assert all(item["raw"] is None for item in items[:-1])
    assert items[-1]["raw"].text == TEXT
    assert items[-1]["parsing_error"] is None


async def test_a_misfit_at_the_end() -> None:
    seen = []
    with pytest.raises(OutputParserError, match="cast: is required but missing") as caught:
        async for item in model(Reply('{"title": "Up"}', piece=1)).with_structured_output(MovieDict).astream("q"):
            seen.append(item)
    assert seen == GROWING[:4]
    assert caught.value.raw is not None
    assert caught.value.raw.text == '{"title": "Up"}'


async def test_a_misfit_with_include_raw() -> None:
    items = await collect(model(Reply("no", piece=1)).with_structured_output(MovieDict, include_raw=True))
    assert [item["parsed"] for item in items] == [None]
    assert isinstance(items[0]["parsing_error"], OutputParserError)


def test_sync() -> None:
    structured = model(Reply(TEXT, piece=1)).with_structured_output(MovieDict)
    assert list(structured.stream("q")) == GROWING


async def test_the_sum_is_what_invoke_gives() -> None:
    parrot = SimulatedChatModel("parrot")
    structured = parrot.with_structured_output(Movie)
    assert (await collect(structured))[-1] == await structured.ainvoke("q")


async def test_leaving_closes_the_request() -> None:
    stream = model(Reply(TEXT, piece=1, every=0.01)).with_structured_output(MovieDict).astream("q")
    async for _ in stream:
        break
    assert stream.message.response_metadata["interrupted"] is True


async def test_closing_from_another_task_ends_the_loop() -> None:
    stream = model(Reply(TEXT, piece=1, every=0.01)).with_structured_output(Movie).astream("q")
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:

            async def read() -> None:
                async for _ in stream:
                    pass

            group.start_soon(read)
            await anyio.sleep(0.05)
            await stream.aclose()
    assert stream.message.response_metadata["interrupted"] is True


async def test_as_context_manager() -> None:
    async with model(Reply(TEXT, piece=1)).with_structured_output(MovieDict).astream("q") as stream:
        async for item in stream:
            if item.get("cast"):
                break
        assert "Up" in stream.message.text


async def test_an_error_in_the_middle() -> None:
    reply = Reply(TEXT, piece=1, fault=Fault(error="after", after=3))
    with pytest.raises(ModelError) as caught:
        await collect(model(reply).with_structured_output(MovieDict))
    assert caught.value.partial is not None
    assert caught.value.partial.text == TEXT[:3]


def growing(as_call: bool = False) -> _Growing:
    return _Growing(Reader(shape_of(MovieDict), as_call=as_call))


def test_a_restart_forgets() -> None:
    state = growing()
    state.feed(TextDelta('{"title": "wrong", '))
    state.feed(Reset(error=None))  # type: ignore[arg-type]
    assert state.value() is _NOTHING
    state.feed(TextDelta('{"title": "U'))
    assert state.value() == {"title": "U"}


def test_only_the_first_call_of_the_name_counts() -> None:
    state = growing(as_call=True)
    pieces = [
        ToolCallChunk('{"x": 1}', 0, "a", "other"),
        ToolCallChunk("", 1, "b", "MovieDict"),
        ToolCallChunk('{"title": ', 1),
        ToolCallChunk('{"title": "no"}', 2, "c", "MovieDict"),
        ToolCallChunk('"Up"}', 1),
        ToolCallChunk('{"title": "no"}', 1, "d", "MovieDict"),
    ]
    assert [state.feed(piece) for piece in pieces] == [False, False, True, False, True, False]
    assert state.value() == {"title": "Up"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(JSON, st.integers(1, 7))
def test_shared_snapshots_say_the_same_as_copies(value: Any, size: int) -> None:
    """Also after more has come: what is shared never changes."""
    text = json.dumps(value)
    parser = PartialJSON()
    kept = []
    for at in range(0, len(text), size):
        parser.feed(text[at : at + size])
        kept.append((parser.snapshot(shared=True), parser.snapshot()))
    assert all(shared == copy for shared, copy in kept)


@settings(max_examples=20)
@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 9))
def test_any_cut_gives_the_same_end(numbers: list[int], size: int) -> None:
    text = json.dumps({"title": "x", "cast": [str(number) for number in numbers]})
    state = growing()
    for at in range(0, len(text), size):
        state.feed(TextDelta(text[at : at + size]))
    assert state.value() == json.loads(text)


def test_cost_is_linear() -> None:
    """Four times the deltas must not take sixteen times as long (a parse from the start for each would)."""

    def seconds(items: int) -> float:
        text = json.dumps({"title": "x", "cast": ["word"] * items})
        state = growing()
        begin = time.perf_counter()
        for at in range(0, len(text), 8):
            if state.feed(TextDelta(text[at : at + 8])):
                state.value()
        return time.perf_counter() - begin

    seconds(200)
    small = min(seconds(1000) for _ in range(3))
    large = min(seconds(4000) for _ in range(3))
    assert large < 10 * small

"""JSON that is still arriving: any prefix says something, any cut ends in the same (spec S48, S50)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.partial_json import PartialJSON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)
CUTS = st.lists(st.integers(1, 6), min_size=1, max_size=20)


def pieces(text: str, sizes: list[int]) -> list[str]:
    out, at, turn = [], 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)]
        out.append(text[at : at + size])
        at, turn = at + size, turn + 1
    return out


@given(JSON, CUTS, st.booleans(), st.booleans())
def test_the_end_is_what_json_says(value: Any, sizes: list[int], ascii: bool, look: bool) -> None:
    """Also when somebody looks at every step; `ascii` writes characters as pairs of escapes that a cut may part."""
    text = json.dumps({"value": value}, ensure_ascii=ascii)
    parser = PartialJSON()
    for piece in pieces(text, sizes):
        parser.feed(piece)
        if look:
            parser.snapshot()
            parser.snapshot(shared=True)
    assert parser.complete
    assert parser.snapshot() == parser.snapshot(shared=True) == json.loads(text)


@given(JSON, st.data())
def test_every_prefix_can_be_read_and_written(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value)
    parser = PartialJSON()
    parser.feed(text[: data.draw(st.integers(0, len(text)))])
    assert not parser.failed
    json.dumps(parser.snapshot()).encode()


@pytest.mark.parametrize(
    ("prefix", "value"),
    [
        ("", None),
        ("{", {}),
        ('{"a', {}),
        ('{"a":', {}),
        ('{"a": "b', {"a": "b"}),
        ('{"a": "b\\', {"a": "b"}),
        ('{"a": "b\\u00e', {"a": "b"}),
        ('{"a": "\\ud83d', {"a": ""}),
        ('{"a": "x\\ud83d\\ude00', {"a": "x😀"}),
        ('{"a": 1', {}),
        ('{"a": 1,', {"a": 1}),
        ('{"a": tru', {}),
        ('{"a": [1, [2, {"b": "c', {"a": [1, [2, {"b": "c"}]]}),
        ('{"a": 1, "a": "x', {"a": "x"}),
        ('[1, "', [1, ""]),
        ('"text', "text"),
        ("12", 12),
    ],
)
def test_prefixes(prefix: str, value: Any) -> None:
    parser = PartialJSON()
    parser.feed(prefix)
    assert parser.snapshot() == value


@pytest.mark.parametrize("text", ["{a", '{"a" 1', "[1 2", "nope ", '{"a": 1}}', '{"a": "\\x"', "[01,"])
def test_what_is_no_json_is_kept_up_to_the_fault(text: str) -> None:
    parser = PartialJSON()
    parser.feed(text)
    assert parser.failed
    assert not parser.complete


def test_what_is_shared_are_the_complete_parts() -> None:
    parser = PartialJSON()
    parser.feed('{"done": [1], "open": ["a')
    first = parser.snapshot(shared=True)
    parser.feed('b"]}')
    last = parser.snapshot(shared=True)
    assert first == {"done": [1], "open": ["a"]}
    assert last == {"done": [1], "open": ["ab"]}
    assert first["done"] is last["done"]
    assert parser.snapshot()["done"] is not last["done"]


def test_cost_is_linear() -> None:
    def seconds(deltas: int) -> float:
        parser = PartialJSON()
        begin = time.perf_counter()
        parser.feed('{"text": "')
        for _ in range(deltas):
            parser.feed("wörd ")
        parser.feed('"}')
        assert parser.complete
        return time.perf_counter() - begin

    small = min(seconds(5_000) for _ in range(3))
    large = min(seconds(20_000) for _ in range(3))
    assert large < 8 * small

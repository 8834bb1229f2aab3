"""Arguments in pieces, written down as JSON text."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from chatkit.dialects.gemini.partial_args import ArgsWriter, path_of
from chatkit.dialects.gemini.wire import PartialArg
from chatkit.errors import InvalidResponseError
from chatkit.partial_json import PartialJSON

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS = st.text(alphabet="ab_ .'\"[\\é", min_size=1, max_size=4)
LEAVES = st.none() | st.booleans() | st.integers(-99, 99) | st.floats(-9, 9) | st.text(max_size=6)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(KEYS, inner, min_size=1, max_size=3),
    max_leaves=6,
)


def leaves(value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """Every single value with its JSONPath, in the order of the document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            quoted = "['" + key.replace("\\", "\\\\").replace("'", "\\'") + "']"
            yield from leaves(inner, path + (f".{key}" if key.isidentifier() else quoted))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{at}]")
    else:
        yield path, value


def pieces(value: Any, rnd: random.Random) -> Iterator[PartialArg]:
    """The pieces that a server would send, strings cut anywhere, their end said or not."""
    for path, leaf in leaves(value):
        if isinstance(leaf, str):
            at = rnd.randint(0, len(leaf))
            yield PartialArg(path, leaf[:at], will_continue=True)
            yield PartialArg(path, leaf[at:], will_continue=rnd.random() < 0.5)
        elif isinstance(leaf, bool):
            yield PartialArg(path, bool_value=leaf)
        elif leaf is None:
            yield PartialArg(path, null_value=Raw(b'"NULL_VALUE"'))
        else:
            yield PartialArg(path, number_value=Raw(json.dumps(leaf).encode()))


@given(st.dictionaries(KEYS, VALUES, max_size=3), st.integers())
def test_any_arguments_come_back_whole(args: dict[str, Any], seed: int) -> None:
    writer = ArgsWriter()
    texts = [writer.write(piece) for piece in pieces(args, random.Random(seed))]
    assert json.loads("".join([*texts, writer.close()])) == args


@given(st.dictionaries(KEYS, VALUES, min_size=1, max_size=3), st.integers())
def test_the_text_grows_as_one_document(args: dict[str, Any], seed: int) -> None:
    writer, parser = ArgsWriter(), PartialJSON()
    for piece in pieces(args, random.Random(seed)):
        parser.feed(writer.write(piece))
        assert isinstance(parser.snapshot(), dict)


@pytest.mark.parametrize(
    ("json_path", "steps"),
    [
        ("$.city", ("city",)),
        ("$.rooms[0].name", ("rooms", 0, "name")),
        ("$.a[10][2]", ("a", 10, 2)),
        ("$['the name']", ("the name",)),
        ('$["a.b"].c', ("a.b", "c")),
        (r"$['it\'s']", ("it's",)),
        ("$", ()),
    ],
)
def test_paths(json_path: str, steps: tuple[str | int, ...]) -> None:
    assert path_of(json_path) == steps


def test_no_arguments_are_an_empty_object() -> None:
    assert ArgsWriter().close() == "{}"


def test_an_argument_without_a_place_is_refused() -> None:
    with pytest.raises(InvalidResponseError, match="names none"):
        ArgsWriter().write(PartialArg("$", "x"))

"""TypedDicts: descriptions, null, totality. LangChain loses all three (W23)."""

from __future__ import annotations

from typing import Annotated, NotRequired, Optional, Required

import pytest
from typing_extensions import TypedDict

from chatkit.errors import InputError
from chatkit.schema import shape_of


class Actor(TypedDict):
    name: str


class Movie(TypedDict):
    """A movie with details."""

    title: Annotated[str, ..., "The title of the movie"]
    year: Annotated[int, "When it came out"]
    rating: Annotated[float, 5.0, "Out of 10"]
    budget: Annotated[float | None, ..., "Budget in millions USD"]
    cast: list[Actor]
    sequel: NotRequired[Annotated[str, ..., "What comes next"]]
    prequel: Annotated[NotRequired[str], "What came before"]


class Draft(TypedDict, total=False):
    title: Required[str]
    year: Annotated[int, ..., "When"]


def test_descriptions() -> None:
    shape = shape_of(Movie)
    described = {name: item.get("description") for name, item in shape.schema["properties"].items()}
    assert described == {
        "title": "The title of the movie",
        "year": "When it came out",
        "rating": "Out of 10",
        "budget": "Budget in millions USD",
        "cast": None,
        "sequel": "What comes next",
        "prequel": "What came before",
    }
    assert (shape.name, shape.description) == ("Movie", "A movie with details.")


def test_default_in_the_middle() -> None:
    assert shape_of(Movie).schema["properties"]["rating"] == {"type": "number", "description": "Out of 10", "default": 5.0}


def test_null_stays() -> None:
    assert shape_of(Movie).schema["properties"]["budget"]["anyOf"] == [{"type": "number"}, {"type": "null"}]


def test_what_is_required() -> None:
    assert shape_of(Movie).schema["required"] == ["title", "year", "budget", "cast"]
    assert shape_of(Draft).schema["required"] == ["title"]


def test_no_docstring_of_dict() -> None:
    assert shape_of(Actor).description == ""
    assert shape_of(Movie).schema["properties"]["cast"] == {
        "type": "array",
        "items": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    }


def test_names_that_are_local_to_a_function() -> None:
    class Inner(TypedDict):
        n: Optional[int]  # noqa: UP045

    class Outer(TypedDict):
        inner: list[Inner]

    assert shape_of(Outer).schema["properties"]["inner"]["items"]["properties"] == {
        "n": {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    }


def test_description_must_be_text() -> None:
    class Wrong(TypedDict):
        n: Annotated[int, ..., 5]

    with pytest.raises(InputError, match="description of 'n' must be text"):
        shape_of(Wrong)


def test_unknown_name() -> None:
    class Wrong(TypedDict):
        n: Nowhere  # noqa: F821  # type: ignore[name-defined]

    with pytest.raises(InputError, match="annotation of 'Wrong' cannot be read: name 'Nowhere'"):
        shape_of(Wrong)

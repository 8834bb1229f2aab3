"""Everything that can describe an object, in one view."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, field
from typing import Annotated, Any

import pydantic
import pytest
from msgspec import Meta, Struct

from chatkit.errors import InputError
from chatkit.schema import Misfit, shape_of

PROPERTIES = {"title": {"type": "string"}, "year": {"type": "integer"}}
OBJECT: dict[str, Any] = {"type": "object", "properties": PROPERTIES, "required": ["title", "year"]}


class PydanticMovie(pydantic.BaseModel):
    """A movie."""

    title: str
    year: int


@dataclass
class DataMovie:
    """A movie."""

    title: str
    year: int


class StructMovie(Struct):
    """A movie."""

    title: str
    year: int


FORMS: dict[str, Any] = {
    "pydantic": PydanticMovie,
    "dataclass": DataMovie,
    "struct": StructMovie,
    "json schema": {"title": "Movie", "description": "A movie.", **OBJECT},
    "openai tool": {"type": "function", "function": {"name": "Movie", "description": "A movie.", "parameters": OBJECT}},
    "openai function": {"name": "Movie", "description": "A movie.", "parameters": OBJECT},
    "responses tool": {"type": "function", "name": "Movie", "description": "A movie.", "parameters": OBJECT},
    "anthropic": {"name": "Movie", "description": "A movie.", "input_schema": OBJECT},
    "bedrock": {"toolSpec": {"name": "Movie", "description": "A movie.", "inputSchema": {"json": OBJECT}}},
    "response format": {"type": "json_schema", "json_schema": {"name": "Movie", "description": "A movie.", "schema": OBJECT}},
    "inner response format": {"name": "Movie", "description": "A movie.", "schema": OBJECT},
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_say_the_same(form: str) -> None:
    shape = shape_of(FORMS[form])
    assert shape.name.endswith("Movie")
    assert shape.description == "A movie."
    assert shape.schema == OBJECT


@pytest.mark.parametrize("form", ["pydantic", "dataclass", "struct"])
def test_classes_give_instances(form: str) -> None:
    movie = shape_of(FORMS[form]).decode({"title": "Up", "year": "2009"})
    assert type(movie) is FORMS[form]
    assert (movie.title, movie.year) == ("Up", 2009)


def test_functions() -> None:
    def search(text: str, limit: Annotated[int, "At most"] = 5) -> None:
        """Search the web.

        Args:
            text: What to look for.
        """

    shape = shape_of(search)
    assert (shape.name, shape.description) == ("search", "Search the web.")
    assert shape.schema == {
        "type": "object",
        "properties": {
            "text": {"type": "string", "description": "What to look for."},
            "limit": {"type": "integer", "description": "At most", "default": 5},
        },
        "required": ["text"],
    }
    assert shape.decode({"text": "x", "limit": "3"}) == {"text": "x", "limit": 3}


def test_json_schema_is_not_checked() -> None:
    assert shape_of(FORMS["json schema"]).decode({"title": 5}) == {"title": 5}
    with pytest.raises(Misfit, match="Expected `object`"):
        shape_of(FORMS["json schema"]).decode([1])


def test_json_schema_with_references_is_inlined() -> None:
    shape = shape_of(
        {
            "title": "T",
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/A"}},
            "$defs": {"A": {"title": "A", "type": "integer"}},
        }
    )
    assert shape.schema == {"type": "object", "properties": {"a": {"type": "integer"}}}


def test_titles_become_names() -> None:
    assert shape_of({"title": "My movie (new)", "properties": {}}).name == "My_movie_new"


class Kind(enum.Enum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize(
    ("thing", "inner", "answer", "expected"),
    [
        (
            list[DataMovie],
            {"type": "array", "items": OBJECT | {"description": "A movie."}},
            [{"title": "Up", "year": 1}],
            [DataMovie("Up", 1)],
        ),
        (Kind, {"type": "string", "enum": ["good", "bad"]}, "bad", Kind.BAD),
        (int | str, {"anyOf": [{"type": "integer"}, {"type": "string"}]}, 4, 4),
        (
            {"title": "L", "type": "array", "items": {"type": "integer"}},
            {"type": "array", "items": {"type": "integer"}},
            [1],
            [1],
        ),
    ],
    ids=["list", "enum", "union", "array schema"],
)
def test_what_is_no_object_stands_under_value(thing: Any, inner: Any, answer: Any, expected: Any) -> None:
    shape = shape_of(thing)
    assert shape.schema == {"type": "object", "properties": {"value": inner}, "required": ["value"]}
    assert shape.decode({"value": answer}) == expected
    assert shape.decode(answer) == expected


@pytest.mark.parametrize("thing", [5, "text", {}, {"description": "nothing"}, None])
def test_nothing_that_describes_an_object(thing: Any) -> None:
    with pytest.raises(InputError, match="Unsupported function"):
        shape_of(thing)


def test_a_tool_without_name() -> None:
    with pytest.raises(InputError, match="has no name"):
        shape_of({"type": "function", "function": {"parameters": {}}})


def test_types_without_json() -> None:
    @dataclass
    class Job:
        run: type[int]

    with pytest.raises(InputError, match=r"run: .*has no JSON Schema; use str"):
        shape_of(Job)


def test_descriptions_of_dataclasses_and_structs() -> None:
    @dataclass
    class A:
        n: int = field(metadata={"description": "How many"})

    class B(Struct):
        n: Annotated[int, Meta(description="How many", ge=1)]

    assert shape_of(A).schema["properties"]["n"] == {"type": "integer", "description": "How many"}
    assert shape_of(B).schema["properties"]["n"] == {"type": "integer", "minimum": 1, "description": "How many"}


def test_read_once() -> None:
    assert shape_of(DataMovie) is shape_of(DataMovie)


def test_always_the_same_text() -> None:
    """Providers cache prompts by their bytes, so a schema must not depend on the order of a set."""

    class Branch(pydantic.BaseModel):
        left: Branch | None = None
        leaf: Leaf | None = None

    class Leaf(pydantic.BaseModel):
        up: Leaf | None = None

    Branch.model_rebuild()
    assert list(json.loads(json.dumps(shape_of(Branch).schema))["$defs"]) == ["Branch", "Leaf"]

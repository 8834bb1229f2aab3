"""Guessed values always fit their schema."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from chatkit.simulator.answers.guess import guess_value

PROMPTS = ["", "Hello", "Ada Lovelace, ada@example.org, is 36 and lives in London since 1835", 'Say "yes" in 3 ways', "Inception"]


def valid(value: Any, schema: dict[str, Any]) -> bool:
    """A check that shares no code with the guesser."""
    if "enum" in schema:
        return value in schema["enum"]
    if "anyOf" in schema:
        return any(valid(value, option) for option in schema["anyOf"])
    match schema["type"]:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6)
        case "integer" | "number" as kind:
            wanted = int if kind == "integer" else (int, float)
            low, high = schema.get("minimum", -(10**9)), schema.get("maximum", 10**9)
            above, below = schema.get("exclusiveMinimum", -(10**9)), schema.get("exclusiveMaximum", 10**9)
            return isinstance(value, wanted) and not isinstance(value, bool) and low <= value <= high and above < value < below
        case "array":
            most = schema.get("maxItems", 10**6)
            return (
                isinstance(value, list)
                and schema.get("minItems", 0) <= len(value) <= most
                and all(valid(item, schema["items"]) for item in value)
            )
        case _:
            keys = set(value) if isinstance(value, dict) else {None}
            return set(schema["required"]) <= keys <= set(schema["properties"]) and all(
                valid(value[key], schema["properties"][key]) for key in value
            )


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    kind, low = draw(st.sampled_from(["integer", "number"])), draw(st.integers(-50, 50))
    bounds = {
        draw(st.sampled_from(["minimum", "exclusiveMinimum"])): low,
        draw(st.sampled_from(["maximum", "exclusiveMaximum"])): low + draw(st.integers(2, 90)),
    }
    return {"type": kind, **{key: bounds[key] for key in draw(st.sets(st.sampled_from(sorted(bounds))))}}


@st.composite
def strings(draw: st.DrawFn) -> dict[str, Any]:
    least = draw(st.integers(0, 20))
    return {
        "type": "string",
        **draw(st.sampled_from([{}, {"minLength": least}, {"maxLength": least + 5}, {"minLength": least, "maxLength": least}])),
    }


NAMES = st.sampled_from(
    ["name", "title", "year", "age", "city", "email", "url", "summary", "tags", "cast", "rating", "x", "genres", "query"]
)


def objects(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, inner, max_size=5).flatmap(
        lambda properties: st.sets(st.sampled_from(sorted(properties) or ["x"])).map(
            lambda wanted: {"type": "object", "properties": properties, "required": sorted(wanted & set(properties))}
        )
    )


def arrays(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, least, more: {"type": "array", "items": items, "minItems": least, "maxItems": least + more},
        inner,
        st.integers(0, 3),
        st.integers(0, 3),
    )


LEAVES = st.one_of(
    numbers(),
    strings(),
    st.just({"type": "boolean"}),
    st.just({"enum": ["red", "green", 3]}),
    st.just({"anyOf": [{"type": "null"}, {"type": "integer"}]}),
)
SCHEMAS = st.recursive(LEAVES, lambda inner: st.one_of(objects(inner), arrays(inner)), max_leaves=12)


@settings(max_examples=400, deadline=None)
@given(SCHEMAS, st.sampled_from(PROMPTS))
def test_any_schema_gets_a_value_that_fits(schema: dict[str, Any], prompt: str) -> None:
    assert valid(guess_value(prompt, "An answer.", schema), schema)


class Actor(BaseModel):
    name: str
    role: str


class MovieDetails(BaseModel):
    title: str
    year: int = Field(ge=1888)
    cast: list[Actor]
    genres: list[str] = Field(min_length=1)
    budget: float | None = Field(None, description="Budget in millions USD")


class Node(BaseModel):
    label: str
    children: list["Node"]  # noqa: UP037 - pydantic finds itself by name
    parent: "Node | None" = None  # noqa: UP037


def test_a_nested_model_with_references() -> None:
    movie = MovieDetails.model_validate(guess_value("Inception", "", MovieDetails.model_json_schema()))
    assert movie.title == "Inception"
    assert movie.cast[0] == Actor(name="Leonardo DiCaprio", role="Dom Cobb")
    assert movie.budget == 160.0


def test_a_schema_that_contains_itself_comes_to_an_end() -> None:
    Node.model_validate(guess_value("Hello", "", Node.model_json_schema()))


def test_parts_that_are_put_together() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
            {"properties": {"b": {"type": ["null", "string"]}}, "required": ["b"]},
        ]
    }
    assert set(guess_value("Hello", "", schema)) == {"a", "b"}


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("name", {"type": "string"}, "Ada Lovelace"),
        ("age", {"type": "integer"}, 36),
        ("birth_year", {"type": "integer"}, 1835),
        ("email", {"type": "string"}, "ada@example.org"),
        ("contact", {"type": "string", "format": "email"}, "ada@example.org"),
        ("city", {"type": "string", "enum": ["Paris", "London"]}, "London"),
        ("summary", {"type": "string"}, "The answer."),
    ],
)
def test_what_the_prompt_says_is_used(name: str, schema: dict[str, Any], value: Any) -> None:
    whole = {"type": "object", "properties": {name: schema}, "required": [name]}
    assert guess_value(PROMPTS[2], "The answer.", whole) == {name: value}


@pytest.mark.parametrize("form", ["date", "date-time", "time", "email", "uri", "uuid", "ipv4"])
def test_formats(form: str) -> None:
    patterns = {
        "date": r"\d{4}-\d\d-\d\d",
        "date-time": r".*T.*Z",
        "time": r"\d\d:\d\d:\d\dZ",
        "email": r".+@.+",
        "uri": r"https://.+",
        "uuid": r"[0-9a-f-]{36}",
        "ipv4": r"[\d.]+",
    }
    assert re.fullmatch(patterns[form], guess_value("Hello", "", {"type": "string", "format": form}))

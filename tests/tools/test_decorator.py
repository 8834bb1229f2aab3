"""`@tool`: names, descriptions, schemas (spec S128-S132)."""

from __future__ import annotations

from typing import Annotated, Any

import pydantic
import pytest
from typing_extensions import TypedDict

from chatkit.errors import InputError, InputTypeError
from chatkit.tools import StructuredTool, Tool, ToolInputError, tool


def test_bare() -> None:
    @tool
    def get_weather(location: str) -> str:
        """Get the weather at a location."""
        return f"It's sunny in {location}."

    assert isinstance(get_weather, StructuredTool)
    assert (get_weather.name, get_weather.description) == ("get_weather", "Get the weather at a location.")
    assert get_weather.args == {"location": {"type": "string"}}
    assert get_weather.tool_call_schema == {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
    }
    assert get_weather.invoke({"location": "Boston"}) == "It's sunny in Boston."


def test_with_a_name() -> None:
    @tool("search")
    def function(query: str) -> str:
        """Look it up."""
        return query

    assert function.name == "search"


def test_with_options() -> None:
    @tool("search", description="Find things.", return_direct=True, extras={"cache_control": {"type": "ephemeral"}}, tags=["web"])
    def function(query: str) -> str:
        return query

    assert (function.name, function.description, function.return_direct, function.tags) == (
        "search",
        "Find things.",
        True,
        ["web"],
    )
    assert function.spec.extras == {"cache_control": {"type": "ephemeral"}}


def test_without_any_argument() -> None:
    @tool()
    def now() -> str:
        """The time."""
        return "noon"

    assert now.args == {}
    assert now.invoke({}) == now.invoke("") == "noon"


def test_whole_docstring_is_the_description() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Add two numbers.

        Args:
            a: One.
        """
        return a + b

    assert add.description == "Add two numbers.\n\nArgs:\n    a: One."
    assert "description" not in add.args["a"]


def test_parse_docstring() -> None:
    @tool(parse_docstring=True)
    def add(a: int, b: Annotated[int, "Two, really."]) -> int:
        """Add two numbers.

        Args:
            a: One.
            b: Two.
        """
        return a + b

    assert add.description == "Add two numbers."
    assert {name: item["description"] for name, item in add.args.items()} == {"a": "One.", "b": "Two, really."}


def test_invalid_docstring() -> None:
    def add(a: int) -> int:
        """Add two numbers."""
        return a

    with pytest.raises(InputError, match="Found invalid Google-Style docstring"):
        tool(parse_docstring=True)(add)
    assert tool(parse_docstring=True, error_on_invalid_docstring=False)(add).description == "Add two numbers."


def test_no_docstring() -> None:
    with pytest.raises(ValueError, match="Function must have a docstring if description not provided"):

        @tool
        def nameless(a: int) -> int:
            return a


def test_no_annotations() -> None:
    @tool
    def anything(a, b=2):  # type: ignore[no-untyped-def]
        """Take anything."""
        return [a, b]

    assert anything.tool_call_schema == {"type": "object", "properties": {"a": {}, "b": {"default": 2}}, "required": ["a"]}
    assert anything.invoke({"a": {"x": 1}}) == [{"x": 1}, 2]


def test_an_annotation_without_schema() -> None:
    with pytest.raises(InputError, match=r"connection: 'Connection' has no JSON Schema"):

        class Connection: ...

        @tool
        def query(connection: Connection) -> str:
            """Ask the database."""
            return ""


class Search(pydantic.BaseModel):
    """Search the web."""

    query: str = pydantic.Field(description="What to look for")
    limit: int = 5


class SearchDict(TypedDict):
    query: str
    limit: Annotated[int, 5, "At most"]


SEARCH_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}},
    "required": ["query"],
}


@pytest.mark.parametrize(
    "schema", [Search, SearchDict, {"title": "search", **SEARCH_SCHEMA}], ids=["pydantic", "typed dict", "json schema"]
)
def test_args_schema(schema: Any) -> None:
    @tool(args_schema=schema, description="Search.")
    def search(query: str, limit: int = 5) -> str:
        return f"{query} {limit}"

    assert list(search.args) == ["query", "limit"]
    assert search.invoke({"query": "x"}) == "x 5"
    assert search.args_schema is schema


def test_args_schema_of_pydantic_1() -> None:
    v1 = pytest.importorskip("pydantic.v1", reason="Python is too new for pydantic 1")

    class Old(v1.BaseModel):
        """Search."""

        text: str
        limit: int = 5

    @tool(args_schema=Old)
    def search(text: str, limit: int) -> str:
        return f"{text!r} {limit!r}"

    assert search.invoke({"text": "a", "limit": "3"}) == "'a' 3"
    assert search.invoke({"text": "a"}) == "'a' 5"
    assert search.description == "Search."
    with pytest.raises(ToolInputError, match="text: field required"):
        search.invoke({})


def test_description_of_args_schema() -> None:
    @tool(args_schema=Search)
    def search(query: str, limit: int) -> str:
        return f"{query} {limit}"

    assert search.description == "Search the web."


def test_infer_schema_false() -> None:
    @tool(infer_schema=False)
    def shout(text: str) -> str:
        """Say it loudly."""
        return text.upper()

    assert isinstance(shout, Tool)
    assert shout.args == {"tool_input": {"type": "string"}}
    assert shout.invoke("hello") == shout.invoke({"tool_input": "hello"}) == shout.invoke({"__arg1": "hello"}) == "HELLO"


def test_name_and_runnable() -> None:
    inner = StructuredTool.from_function(lambda a: a * 2, name="double", description="Double it.")
    outer = tool(
        "twice",
        inner,
        description="Twice.",
        args_schema={"title": "t", "type": "object", "properties": {"a": {"type": "integer"}}},
    )
    assert (outer.name, outer.invoke({"a": 4})) == ("twice", 8)


def test_neither_function_nor_name() -> None:
    with pytest.raises(InputTypeError, match="takes a function or a name, not int"):
        tool(5)  # type: ignore[call-overload]

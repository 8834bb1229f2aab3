"""Structured output: what the snippets give and print (spec D29-D34)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.messages import AIMessage
from tests.page import structured_output

if TYPE_CHECKING:
    import pytest

    from chatkit.simulator import Server

INCEPTION = {"title": "Inception", "year": 2010, "director": "Christopher Nolan", "rating": 8.8}
MOVIE = "Movie(title='Inception', year=2010, director='Christopher Nolan', rating=8.8)"
ASKED = "Provide details about the movie Inception"


def test_pydantic(model: Any, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    response = structured_output.pydantic_model(model)
    assert repr(response) == MOVIE
    assert capsys.readouterr().out == MOVIE.removeprefix("Movie(").removesuffix(")").replace(", ", " ") + "\n"
    properties = server.requests[-1].body["response_format"]["json_schema"]["schema"]["properties"]
    assert properties["rating"]["description"] == "The movie's rating out of 10"


def test_typed_dict(model: Any, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert structured_output.typed_dict(model) == INCEPTION
    assert capsys.readouterr().out == f"{INCEPTION}\n"
    schema = server.requests[-1].body["response_format"]["json_schema"]
    assert schema["schema"]["properties"]["year"]["description"] == "The year the movie was released"
    assert schema["description"] == "A movie with details."


def test_json_schema(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert structured_output.json_schema(model) == INCEPTION
    assert capsys.readouterr().out == f"{INCEPTION}\n"


def test_message_beside_the_parsed_structure(model: Any) -> None:
    response = structured_output.message_beside_the_parsed_structure(model)
    assert list(response) == ["raw", "parsed", "parsing_error"]
    assert isinstance(response["raw"], AIMessage)
    assert repr(response["parsed"]) == MOVIE
    assert response["parsing_error"] is None


def test_nested_structures(model: Any, server: Server) -> None:
    details = structured_output.nested_pydantic_model(model).invoke(ASKED)
    assert details.cast[0].name == "Leonardo DiCaprio"
    assert details.budget == 160.0
    same = structured_output.nested_typed_dict(model).invoke(ASKED)
    assert same == details.model_dump()
    schema = server.requests[-1].body["response_format"]["json_schema"]["schema"]
    assert {option.get("type") for option in schema["properties"]["budget"]["anyOf"]} == {"number", "null"}, "null is kept"
    assert schema["properties"]["budget"]["description"] == "Budget in millions USD"
    assert "description" not in schema, "the docstring of `dict` is nobody's description"

"""`with_structured_output`, whole answers (spec S163-S174)."""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import Annotated, Any

import pydantic
import pytest
from msgspec import Struct
from typing_extensions import TypedDict

from chatkit.codec import OutputSchema
from chatkit.errors import InputError, OutputParserError
from chatkit.messages import AIMessage
from chatkit.simulator.model import SimulatedChatModel
from chatkit.simulator.reply import Reply
from chatkit.structured import output_schema


class Movie(pydantic.BaseModel):
    """A movie with details."""

    title: str = pydantic.Field(..., description="The title of the movie")
    year: int = pydantic.Field(..., description="The year the movie was released")
    rating: float | None = None


class MovieDict(TypedDict):
    """A movie with details."""

    title: Annotated[str, ..., "The title of the movie"]
    year: Annotated[int, ..., "The year the movie was released"]


@dataclass
class MovieData:
    title: str
    year: int


class MovieStruct(Struct):
    title: str
    year: int


SCHEMA: dict[str, Any] = {
    "title": "Movie",
    "description": "A movie",
    "type": "object",
    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
    "required": ["title", "year"],
}
ANSWER = {"title": "Inception", "year": 2010}
TEXT = json.dumps(ANSWER)
METHODS = ("json_schema", "function_calling", "json_mode")


def model(*replies: Any) -> SimulatedChatModel:
    return SimulatedChatModel("parrot", replies=list(replies))


def reply(method: str, args: Any = ANSWER, name: str = "Movie") -> Reply:
    if method == "function_calling":
        return Reply(tool_calls=[(name, args)])
    return Reply(args if isinstance(args, str) else json.dumps(args))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (Movie, Movie(**ANSWER)),
        (MovieDict, ANSWER),
        (MovieData, MovieData(**ANSWER)),
        (MovieStruct, MovieStruct(**ANSWER)),
        (SCHEMA, ANSWER),
    ],
    ids=["pydantic", "typed dict", "dataclass", "struct", "json schema"],
)
def test_schemas_and_methods(schema: Any, expected: Any, method: str) -> None:
    name = schema["title"] if isinstance(schema, dict) else schema.__name__
    structured = model(reply(method, name=name)).with_structured_output(schema, method=method)
    answer = structured.invoke("Tell me of Inception")
    assert answer == expected
    assert type(answer) is type(expected)


@pytest.mark.anyio
async def test_ainvoke() -> None:
    assert await model(TEXT).with_structured_output(Movie).ainvoke("Inception") == Movie(**ANSWER)


def test_the_simulators_own_answer() -> None:
    """The page's example, with nothing scripted."""
    answer = SimulatedChatModel("parrot").with_structured_output(Movie).invoke("Provide details about the movie Inception")
    assert (answer.title, answer.year) == ("Inception", 2010)


def asked(structured: Any) -> dict[str, Any]:
    structured.invoke("q")
    return structured.model.simulator.requests[-1].body


def test_what_json_schema_asks() -> None:
    body = asked(model(TEXT).with_structured_output(Movie))
    assert body["response_format"]["type"] == "json_schema"
    asked_for = body["response_format"]["json_schema"]
    assert (asked_for["name"], asked_for["description"], asked_for["strict"]) == ("Movie", "A movie with details.", True)
    assert asked_for["schema"]["required"] == ["title", "year", "rating"]
    assert asked_for["schema"]["additionalProperties"] is False


def test_what_function_calling_asks() -> None:
    body = asked(model(reply("function_calling")).with_structured_output(Movie, method="function_calling"))
    [tool] = body["tools"]
    assert tool["function"]["name"] == "Movie"
    assert tool["function"]["parameters"]["required"] == ["title", "year"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "Movie"}}


def test_what_json_mode_asks() -> None:
    assert asked(model(TEXT).with_structured_output(Movie, method="json_mode"))["response_format"] == {"type": "json_object"}


def test_json_mode_does_without_a_schema() -> None:
    assert model(TEXT).with_structured_output(method="json_mode").invoke("q") == ANSWER
    assert list(model(TEXT).with_structured_output(method="json_mode").stream("q"))[-1] == ANSWER
    with pytest.raises(OutputParserError, match="does not fit answer"):
        model("[1]").with_structured_output(None, method="json_mode").invoke("q")


class Free(pydantic.BaseModel):
    counts: dict[str, int]


@pytest.mark.parametrize(
    ("schema", "strict", "expected"),
    [
        (Movie, None, True),
        (Movie, False, False),
        (Free, None, None),
        (MovieDict, None, None),
        (MovieDict, True, True),
        (SCHEMA, None, None),
        ({**SCHEMA, "strict": True}, None, True),
    ],
)
def test_strict(schema: Any, strict: bool | None, expected: bool | None) -> None:
    asked_for = output_schema(schema, strict)
    assert isinstance(asked_for, OutputSchema)
    assert asked_for.strict is expected
    assert ("additionalProperties" in asked_for.schema) is (expected is True)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"method": "magic"}, "method must be one of json_schema, function_calling, json_mode, not 'magic'"),
        ({"method": "json_mode", "strict": True}, "strict needs a schema"),
        ({"schema": None}, "json_schema needs a schema; only json_mode can do without one"),
        ({"temprature": 0}, "no parameter 'temprature'.*Did you mean 'temperature'"),
    ],
)
def test_wrong_options(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        model(TEXT).with_structured_output(**{"schema": Movie, **options})


def test_contradicting_strict() -> None:
    with pytest.raises(InputError, match="says strict=True, but strict=False"):
        model(TEXT).with_structured_output({**SCHEMA, "strict": True}, strict=False)


def test_a_schema_that_cannot_be_strict() -> None:
    with pytest.raises(InputError, match="strict mode cannot express"):
        model(TEXT).with_structured_output(Free, strict=True)


def test_parameters_of_the_model() -> None:
    assert asked(model(TEXT).with_structured_output(Movie, temperature=0.5))["temperature"] == 0.5


class Sort(enum.Enum):
    GOOD = "good"
    BAD = "bad"


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        (list[MovieData], '{"value": [{"title": "Up", "year": 2009}]}', [MovieData("Up", 2009)]),
        (list[MovieData], '[{"title": "Up", "year": 2009}]', [MovieData("Up", 2009)]),
        (MovieData | MovieStruct, '{"value": {"title": "Up", "year": 2009}}', MovieData("Up", 2009)),
        (Sort, '{"value": "bad"}', Sort.BAD),
    ],
)
def test_what_is_no_object(schema: Any, text: str, expected: Any) -> None:
    assert model(text).with_structured_output(schema).invoke("q") == expected


@pytest.mark.parametrize(
    "text",
    [TEXT, f"```json\n{TEXT}\n```", f"```\n{TEXT}\n```", f"Here it is:\n```json\n{TEXT}\n```\nEnjoy!", f"  {TEXT}\n"],
    ids=["plain", "json fence", "fence", "fence in prose", "space"],
)
def test_fences(text: str) -> None:
    assert model(text).with_structured_output(Movie).invoke("q") == Movie(**ANSWER)


def test_arguments_as_text_instead_of_a_call() -> None:
    assert model(TEXT).with_structured_output(Movie, method="function_calling").invoke("q") == Movie(**ANSWER)


MISFITS: list[tuple[str, Any, str]] = [
    ("json_schema", "I don't know.", r"the answer is not JSON \(.*it begins \"I don't know.\""),
    ("json_schema", '{"title": "Up"', "the answer is not JSON"),
    ("json_schema", '{"title": 3}', "does not fit Movie: title: Input should be a valid string; year: Field required"),
    ("json_schema", "[1]", "does not fit Movie"),
    ("function_calling", "I don't know.", 'the model did not call Movie; it said "I don\'t know."'),
    ("function_calling", Reply(tool_calls=[("Movie", {"year": "x"})]), "does not fit Movie: title: Field required; year: "),
    ("function_calling", Reply(tool_calls=[("Movie", '{"title": "U')]), "the arguments of Movie cannot be read"),
    ("json_mode", "{}", "does not fit Movie: title: Field required"),
    (
        "json_schema",
        Reply(blocks=[{"type": "non_standard", "value": {"type": "refusal", "refusal": "I will not."}}]),
        "the model refused to answer: I will not.",
    ),
    (
        "json_schema",
        Reply('{"title": "U', finish="length"),
        r"finish reason 'length': the answer was cut at the token limit",
    ),
    ("json_schema", Reply("", finish="content_filter"), "finish reason 'content_filter': the provider stopped the answer"),
]


@pytest.mark.parametrize(("method", "said", "problem"), MISFITS)
def test_misfits(method: str, said: Any, problem: str) -> None:
    with pytest.raises(OutputParserError, match=problem) as caught:
        model(said).with_structured_output(Movie, method=method).invoke("q")
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value.raw, AIMessage)
    assert caught.value.raw.id


def test_the_raw_text_and_the_cause_are_kept() -> None:
    with pytest.raises(OutputParserError) as caught:
        model('{"title": 3}').with_structured_output(Movie).invoke("q")
    assert caught.value.llm_output == '{"title": 3}'
    assert isinstance(caught.value.__cause__, pydantic.ValidationError)


@pytest.mark.parametrize("schema", [MovieDict, MovieData, MovieStruct])
def test_misfits_of_other_classes(schema: Any) -> None:
    with pytest.raises(OutputParserError, match="title: is required but missing; year: Expected `int`, got `str`"):
        model('{"year": "x"}').with_structured_output(schema).invoke("q")


def test_include_raw() -> None:
    answer = model(TEXT).with_structured_output(Movie, include_raw=True).invoke("q")
    assert list(answer) == ["raw", "parsed", "parsing_error"]
    assert isinstance(answer["raw"], AIMessage)
    assert answer["raw"].text == TEXT
    assert answer["raw"].usage_metadata["total_tokens"] > 0
    assert (answer["parsed"], answer["parsing_error"]) == (Movie(**ANSWER), None)


def test_include_raw_with_a_misfit() -> None:
    answer = model("nope").with_structured_output(Movie, include_raw=True).invoke("q")
    assert (answer["raw"].text, answer["parsed"]) == ("nope", None)
    assert isinstance(answer["parsing_error"], OutputParserError)


def get_weather(location: str) -> str:
    """Get the weather."""
    return location


@pytest.mark.parametrize("method", METHODS)
def test_other_tools(method: str) -> None:
    replies = [Reply(tool_calls=[("get_weather", {"location": "Rome"})]), reply(method)]
    structured = model(*replies).with_structured_output(Movie, method=method, tools=[get_weather], include_raw=True)
    first, second = structured.invoke("q"), structured.invoke("q")
    assert (first["parsed"], first["parsing_error"]) == (None, None)
    assert first["raw"].tool_calls[0]["name"] == "get_weather"
    assert second["parsed"] == Movie(**ANSWER)


@pytest.mark.parametrize(
    ("profile", "method"),
    [
        ({"structured_output": False, "tool_calling": True}, "function_calling"),
        ({"structured_output": False, "tool_calling": False}, "function_calling"),
        ({"structured_output": True, "tool_calling": True}, "json_schema"),
        ({}, "json_schema"),
    ],
)
def test_the_profile_chooses_the_method(profile: dict[str, Any], method: str) -> None:
    structured = SimulatedChatModel("parrot", replies=[reply(method)], profile=profile).with_structured_output(Movie)
    assert ("tools" in asked(structured)) is (method == "function_calling")


def test_response_format_takes_a_class() -> None:
    bound = model(TEXT).bind(response_format=Movie)
    bound.invoke("q")
    assert bound.simulator.requests[-1].body["response_format"]["json_schema"]["name"] == "Movie"


def test_the_model_itself_stays_as_it_is() -> None:
    parrot = model(TEXT, "free text")
    parrot.with_structured_output(Movie).invoke("q")
    assert parrot.invoke("q").text == "free text"
    assert "response_format" not in parrot.simulator.requests[-1].body

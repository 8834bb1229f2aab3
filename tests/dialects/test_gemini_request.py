"""Parameters, tools and schemas in Gemini's requests."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.dialects.gemini.schema import clean_schema
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import HumanMessage, SystemMessage
from tests.dialects.gemini_case import MODEL, MODEL_3
from tests.providers.codec_case import sent

ADD = ToolSpec("add", "Adds.", {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]})
SUB = ToolSpec("sub")


def config(model: Any = MODEL, **params: Any) -> dict[str, Any]:
    return sent(model, **params).get("generationConfig") or {}


def calling(**params: Any) -> Any:
    return sent(MODEL, **params).get("toolConfig")


# Parameters.


def test_nothing_given_nothing_sent() -> None:
    assert sent(MODEL) == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}


def test_where_parameters_go() -> None:
    given = {
        "temperature": 0.0,
        "top_p": 0.9,
        "top_k": 40,
        "max_tokens": 100,
        "stop": ["END"],
        "seed": 7,
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "response_mime_type": "text/x.enum",
        "response_schema": {"type": "STRING"},
        "response_modalities": ["TEXT", "IMAGE"],
        "image_config": {"aspectRatio": "1:1"},
        "speech_config": {"languageCode": "de-DE"},
        "media_resolution": "MEDIA_RESOLUTION_LOW",
    }
    assert config(**given) == {
        "temperature": 0.0,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": 100,
        "stopSequences": ["END"],
        "seed": 7,
        "presencePenalty": 0.1,
        "frequencyPenalty": 0.2,
        "responseMimeType": "text/x.enum",
        "responseSchema": {"type": "STRING"},
        "responseModalities": ["TEXT", "IMAGE"],
        "imageConfig": {"aspectRatio": "1:1"},
        "speechConfig": {"languageCode": "de-DE"},
        "mediaResolution": "MEDIA_RESOLUTION_LOW",
    }


def test_more_fields_of_the_generation_config_win() -> None:
    assert config(temperature=1.0, generation_config={"temperature": 0.5, "candidateCount": 1}) == {
        "temperature": 0.5,
        "candidateCount": 1,
    }


def test_safety_settings_in_both_forms() -> None:
    entries = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]
    assert sent(MODEL, safety_settings={"HARM_CATEGORY_HARASSMENT": "BLOCK_NONE"})["safetySettings"] == entries
    assert sent(MODEL, safety_settings=entries)["safetySettings"] == entries


def test_a_cache_takes_the_place_of_what_it_holds() -> None:
    messages = [SystemMessage("Be brief."), HumanMessage("Hi")]
    body = sent(MODEL, messages, cached_content="cachedContents/1", tools=[ADD], tool_choice="any")
    assert body == {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}], "cachedContent": "cachedContents/1"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"logprobs": True}, {"responseLogprobs": True}),
        ({"logprobs": True, "top_logprobs": 3}, {"responseLogprobs": True, "logprobs": 3}),
        ({"logprobs": 5}, {"responseLogprobs": True, "logprobs": 5}),
        ({"top_logprobs": 2}, {"responseLogprobs": True, "logprobs": 2}),
        ({"logprobs": False}, {"responseLogprobs": False}),
    ],
)
def test_log_probabilities(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert config(**given) == expected


# Thinking.


@pytest.mark.parametrize(
    ("model", "given", "expected"),
    [
        (MODEL, {"thinking_budget": 0}, {"thinkingBudget": 0}),
        (MODEL, {"thinking_budget": -1, "include_thoughts": True}, {"thinkingBudget": -1, "includeThoughts": True}),
        (MODEL, {"include_thoughts": False}, {"includeThoughts": False}),
        (MODEL_3, {"thinking_level": "low"}, {"thinkingLevel": "LOW"}),
        (MODEL, {"reasoning_effort": "none"}, {"thinkingBudget": 0}),
        (MODEL, {"reasoning_effort": "low"}, {"thinkingBudget": 1024}),
        (MODEL, {"reasoning_effort": "high"}, {"thinkingBudget": 24576}),
        (MODEL_3, {"reasoning_effort": "none"}, {"thinkingLevel": "MINIMAL"}),
        (MODEL_3, {"reasoning_effort": "medium"}, {"thinkingLevel": "MEDIUM"}),
        (MODEL_3, {"reasoning_effort": "max"}, {"thinkingLevel": "HIGH"}),
        (MODEL, {"reasoning_effort": "high", "thinking_budget": 5}, {"thinkingBudget": 5}),
    ],
)
def test_thinking(model: Any, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert config(model, **given) == {"thinkingConfig": expected}


def test_budget_and_level_exclude_each_other() -> None:
    with pytest.raises(InputError, match="cannot be used together"):
        config(thinking_budget=1, thinking_level="low")


def test_an_unknown_effort_is_refused() -> None:
    with pytest.raises(InputError, match="reasoning_effort must be one of"):
        config(reasoning_effort="enormous")


# The form of the answer.

CITY = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (OutputSchema("city", CITY), {"responseMimeType": "application/json", "responseJsonSchema": CITY}),
        (
            {"type": "json_schema", "json_schema": {"name": "city", "schema": CITY}},
            {"responseMimeType": "application/json", "responseJsonSchema": CITY},
        ),
        ({"type": "json_object"}, {"responseMimeType": "application/json"}),
        ({"type": "text"}, {}),
        ({"responseMimeType": "text/x.enum", "responseSchema": {}}, {"responseMimeType": "text/x.enum", "responseSchema": {}}),
    ],
)
def test_response_format(wanted: Any, expected: dict[str, Any]) -> None:
    assert config(response_format=wanted) == expected


# Tools.


def test_functions_are_declared_together_and_built_in_tools_go_as_they_are() -> None:
    extra = ToolSpec("slow", extras={"behavior": "NON_BLOCKING", "cache_control": {"type": "ephemeral"}})
    search = {"google_search": {}}
    empty = {"type": "object", "properties": {}}
    assert sent(MODEL, tools=[ADD, search, SUB, {"codeExecution": {}}, extra])["tools"] == [
        {
            "functionDeclarations": [
                {"name": "add", "description": "Adds.", "parametersJsonSchema": ADD.parameters},
                {"name": "sub", "description": "", "parametersJsonSchema": empty},
                {"name": "slow", "description": "", "parametersJsonSchema": empty, "behavior": "NON_BLOCKING"},
            ]
        },
        search,
        {"codeExecution": {}},
    ]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("any", {"mode": "ANY"}),
        (NamedTool("add"), {"mode": "ANY", "allowedFunctionNames": ["add"]}),
    ],
)
def test_tool_choice(choice: Any, expected: dict[str, Any]) -> None:
    assert calling(tools=[ADD], tool_choice=choice) == {"functionCallingConfig": expected}


def test_a_tool_choice_of_the_api_s_own_is_the_tool_config() -> None:
    own = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["add", "sub"]}}
    assert calling(tools=[ADD, SUB], tool_choice=own) == own
    place = {"retrievalConfig": {"latLng": {"latitude": 1, "longitude": 2}}}
    assert calling(tools=[{"googleMaps": {}}], tool_config=place) == place


def test_strict_tools_are_validated_unless_a_call_is_forced() -> None:
    strict = ToolSpec("add", strict=True)
    assert calling(tools=[strict]) == {"functionCallingConfig": {"mode": "VALIDATED"}}
    assert calling(tools=[strict], tool_choice="any") == {"functionCallingConfig": {"mode": "ANY"}}
    assert calling(tools=[ADD]) is None


@pytest.mark.parametrize(
    ("tools", "both"), [([ADD, {"googleSearch": {}}], True), ([ADD], False), ([{"googleSearch": {}}], False)]
)
def test_functions_beside_built_in_tools_on_gemini_3(tools: list[Any], both: bool) -> None:
    assert sent(MODEL_3, tools=tools).get("toolConfig") == ({"includeServerSideToolInvocations": True} if both else None)
    assert calling(tools=tools) is None


def test_calls_one_at_a_time_cannot_be_had() -> None:
    with pytest.raises(UnsupportedFeatureError, match="parallel_tool_calls"):
        sent(MODEL, tools=[ADD], parallel_tool_calls=False)
    assert calling(tools=[ADD], parallel_tool_calls=True) is None


# Schemas.


def test_a_plain_schema_stays_as_it_is() -> None:
    schema = {
        "type": "object",
        "title": "T",
        "description": "d",
        "additionalProperties": False,
        "properties": {
            "when": {"type": "string", "format": "date-time"},
            "kind": {"enum": ["a", "b"], "type": "string"},
            "many": {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 1, "maxItems": 3},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "null": {"type": ["string", "null"]},
            "$ref": {"type": "string"},
        },
        "required": ["when"],
    }
    before = copy.deepcopy(schema)
    assert clean_schema(schema) == schema
    assert schema == before


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({"$schema": "x", "$id": "y", "type": "string", "examples": ["z"]}, {"type": "string"}),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"const": 3, "title": "T"}, {"title": "T", "type": "integer", "enum": [3]}),
        ({"const": True}, {"type": "boolean"}),
        ({"enum": [True, False], "type": "boolean"}, {"type": "boolean"}),
        ({"enum": ["a", None]}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "format": "email"}, {"type": "string"}),
        (
            {"type": "object", "additionalProperties": {"type": "integer", "multipleOf": 2}},
            {"type": "object", "additionalProperties": {"type": "integer"}},
        ),
        (
            {"allOf": [{"type": "object", "properties": {"a": True}}, {"properties": {"b": {"const": 1}}}], "title": "T"},
            {"type": "object", "properties": {"a": True, "b": {"type": "integer", "enum": [1]}}, "title": "T"},
        ),
        (
            {"type": "object", "oneOf": [{"const": "a"}], "discriminator": {"propertyName": "x"}},
            {"type": "object", "oneOf": [{"type": "string", "enum": ["a"]}]},
        ),
        ({"$ref": "#/nowhere", "title": "T"}, {"title": "T"}),
    ],
)
def test_what_gemini_does_not_know_is_left_out(schema: dict[str, Any], cleaned: dict[str, Any]) -> None:
    assert clean_schema(schema) == cleaned


def test_references_are_written_out_with_what_stands_beside_them() -> None:
    schema = {
        "type": "object",
        "properties": {
            "home": {"$ref": "#/$defs/Place", "description": "where"},
            "all": {"items": {"allOf": [{"$ref": "#/$defs/Place"}]}},
        },
        "$defs": {"Place": {"type": "object", "properties": {"a~b": {"$ref": "#/$defs/x~1y"}}}, "x/y": {"const": "z"}},
    }
    place = {"type": "object", "properties": {"a~b": {"type": "string", "enum": ["z"]}}}
    assert clean_schema(schema) == {
        "type": "object",
        "properties": {"home": {**place, "description": "where"}, "all": {"items": place}},
    }


def test_what_contains_itself_stays_a_reference() -> None:
    tree = {
        "type": "object",
        "properties": {"value": {"const": 1}, "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
    }
    clean_tree = {**tree, "properties": {**tree["properties"], "value": {"type": "integer", "enum": [1]}}}
    assert clean_schema({"$ref": "#/$defs/Tree", "$defs": {"Tree": tree}}) == {**clean_tree, "$defs": {"Tree": clean_tree}}


def test_definitions_that_contain_each_other() -> None:
    def holder(name: str) -> dict[str, Any]:
        return {"type": "object", "properties": {"inner": {"$ref": f"#/$defs/{name}"}}}

    cleaned = clean_schema({"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": holder("B"), "B": holder("A")}})
    a = {"type": "object", "properties": {"inner": {"type": "object", "properties": {"inner": {"$ref": "#/$defs/A"}}}}}
    assert cleaned == {"properties": {"a": a}, "$defs": {"A": a}}

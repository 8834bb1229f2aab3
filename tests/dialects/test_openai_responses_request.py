"""The Responses dialect: questions to request bodies (wire sheet: openai_responses §2-§4)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.codec import Call, NamedTool, OutputSchema, ToolSpec
from chatkit.dialects.openai_responses import Speaker, encode_responses, needs_responses, resume_query
from chatkit.errors import UnsupportedFeatureError
from chatkit.messages import HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.coerce import to_messages
from tests.dialects.openai_responses_case import message_of, whole_of
from tests.dialects.test_openai_responses_parse import CALL, CUSTOM

OPENAI = Speaker("ChatOpenAI", "openai")
WEATHER = ToolSpec("weather", "The weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def body(
    messages: Any = "Hi", *, model: str = "gpt-5", stream: bool = False, previous: bool = False, **params: Any
) -> dict[str, Any]:
    return encode_responses(Call(model, to_messages(messages), params, stream), OPENAI, use_previous=previous)


def test_the_least() -> None:
    assert body() == {"model": "gpt-5", "input": [{"role": "user", "content": "Hi"}]}
    assert body(stream=True) == {**body(), "stream": True}


def test_sampling_reasoning_and_text() -> None:
    sent = body(
        max_tokens=100, temperature=0.5, top_p=0.9, reasoning_effort="low", reasoning={"summary": "auto"}, verbosity="high"
    )
    assert {name: sent[name] for name in sent if name not in ("model", "input")} == {
        "max_output_tokens": 100,
        "temperature": 0.5,
        "top_p": 0.9,
        "reasoning": {"summary": "auto", "effort": "low"},
        "text": {"verbosity": "high"},
    }


def test_parameters_without_a_neutral_form_go_under_their_names() -> None:
    params = {
        "store": True,
        "truncation": "auto",
        "service_tier": "flex",
        "prompt_cache_key": "k",
        "background": True,
        "conversation": "conv_1",
        "context_management": [{"type": "compaction", "compact_threshold": 1000}],
        "instructions": "Be short.",
        "max_tool_calls": 3,
        "parallel_tool_calls": False,
        "safety_identifier": "u",
        "previous_response_id": "resp_1",
    }
    assert body(**params) == {**body(), **params}


@pytest.mark.parametrize("name", ["stop", "seed", "n", "logit_bias", "frequency_penalty", "presence_penalty"])
def test_what_the_api_has_not_is_refused_before_the_request(name: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"ChatOpenAI.*{name}.*use_responses_api=False"):
        body(**{name: ["x"] if name == "stop" else 2})
    assert body(stop=[], n=1, presence_penalty=0.0) == body()


def test_usage_needs_no_asking() -> None:
    assert body(stream=True, stream_usage=True, stream_options={"include_usage": True}) == body(stream=True)
    assert body(stream=True, stream_options={"include_obfuscation": False})["stream_options"] == {"include_obfuscation": False}


@pytest.mark.parametrize(
    ("model", "params", "include"),
    [
        ("gpt-5", {}, None),
        ("gpt-5", {"store": True}, None),
        ("gpt-5", {"store": False}, ["reasoning.encrypted_content"]),
        ("gpt-5", {"store": False, "include": ["reasoning.encrypted_content"]}, ["reasoning.encrypted_content"]),
        ("gpt-4.1", {"store": False}, None),
        ("openai/gpt-4o", {"store": False}, None),
        ("gpt-5-chat-latest", {"store": False}, None),
        ("gpt-4.1", {"logprobs": True}, ["message.output_text.logprobs"]),
        ("gpt-4.1", {"top_logprobs": 2}, ["message.output_text.logprobs"]),
        (
            "o3",
            {"include": ["web_search_call.results"], "store": False},
            ["web_search_call.results", "reasoning.encrypted_content"],
        ),
    ],
)
def test_include(model: str, params: dict[str, Any], include: list[str] | None) -> None:
    assert body(model=model, **params).get("include") == include


# Tools.


def test_functions_are_flat_and_say_whether_they_are_strict() -> None:
    strict = ToolSpec("f", strict=True, extras={"defer_loading": True, "cache_control": {"type": "ephemeral"}})
    assert body(tools=[WEATHER, strict])["tools"] == [
        {"type": "function", "name": "weather", "description": "The weather.", "parameters": WEATHER.parameters, "strict": False},
        {
            "type": "function",
            "name": "f",
            "description": "",
            "parameters": strict.parameters,
            "strict": True,
            "defer_loading": True,
        },
    ]


def test_built_in_tools_go_as_they_are() -> None:
    tools = [
        {"type": "web_search"},
        {"type": "mcp", "server_label": "birds", "server_url": "https://a.example", "require_approval": "never"},
    ]
    assert body(tools=tools)["tools"] == tools


def test_free_form_tools() -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
    spec = ToolSpec("sql", "Runs SQL.", extras={"type": "custom", "format": grammar})
    assert body(tools=[spec])["tools"] == [{"type": "custom", "name": "sql", "description": "Runs SQL.", "format": grammar}]


def test_an_image_that_is_drawn_in_a_stream_needs_previews() -> None:
    assert body(tools=[{"type": "image_generation"}], stream=True)["tools"] == [{"type": "image_generation", "partial_images": 1}]
    assert body(tools=[{"type": "image_generation"}])["tools"] == [{"type": "image_generation"}]
    assert body(tools=[{"type": "image_generation", "partial_images": 3}], stream=True)["tools"][0]["partial_images"] == 3


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("any", "required"),
        (NamedTool("weather"), {"type": "function", "name": "weather"}),
        (NamedTool("sql"), {"type": "custom", "name": "sql"}),
        (NamedTool("birds"), {"type": "mcp", "server_label": "birds"}),
        (NamedTool("web_search"), {"type": "web_search"}),
        (NamedTool("code_interpreter"), {"type": "code_interpreter"}),
        ({"type": "allowed_tools", "mode": "auto", "tools": []}, {"type": "allowed_tools", "mode": "auto", "tools": []}),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {"mode": "required", "tools": [{"type": "function", "function": {"name": "weather"}}]},
            },
            {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "weather"}]},
        ),
    ],
)
def test_tool_choice(choice: Any, sent: Any) -> None:
    tools = [WEATHER, {"type": "custom", "name": "sql"}, {"type": "mcp", "server_label": "birds"}, {"type": "web_search"}]
    assert body(tools=tools, tool_choice=choice)["tool_choice"] == sent


@pytest.mark.parametrize(
    ("wanted", "format"),
    [
        (
            OutputSchema("Movie", {"type": "object"}, "A film.", True),
            {"type": "json_schema", "name": "Movie", "schema": {"type": "object"}, "description": "A film.", "strict": True},
        ),
        ({"type": "json_schema", "json_schema": {"name": "M", "schema": {}}}, {"type": "json_schema", "name": "M", "schema": {}}),
        ({"type": "json_schema", "name": "M", "schema": {}}, {"type": "json_schema", "name": "M", "schema": {}}),
        ({"type": "json_object"}, {"type": "json_object"}),
    ],
)
def test_structured_output(wanted: Any, format: dict[str, Any]) -> None:
    assert body(response_format=wanted, text={"verbosity": "low"})["text"] == {"verbosity": "low", "format": format}


# Content.


def parts(*blocks: Any) -> Any:
    return body([HumanMessage(list(blocks))])["input"][0]["content"]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image", "url": "https://a.example/a.png"}, {"type": "input_image", "image_url": "https://a.example/a.png"}),
        (
            {"type": "image", "base64": "aGU=", "mime_type": "image/jpeg"},
            {"type": "input_image", "image_url": "data:image/jpeg;base64,aGU="},
        ),
        (
            {"type": "image", "file_id": "file-1", "extras": {"detail": "low"}},
            {"type": "input_image", "file_id": "file-1", "detail": "low"},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGU=", "detail": "high"}},
            {"type": "input_image", "image_url": "data:image/png;base64,aGU=", "detail": "high"},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGU="}},
            {"type": "input_image", "image_url": "data:image/png;base64,aGU="},
        ),
        (
            {"type": "input_image", "image_url": "https://a.example/a.png"},
            {"type": "input_image", "image_url": "https://a.example/a.png"},
        ),
        ({"type": "file", "url": "https://a.example/a.pdf"}, {"type": "input_file", "file_url": "https://a.example/a.pdf"}),
        ({"type": "file", "file_id": "file-1"}, {"type": "input_file", "file_id": "file-1"}),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf", "extras": {"filename": "a.pdf"}},
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "a.pdf"},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE", "filename": "b.pdf"}},
            {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "b.pdf"},
        ),
        ({"type": "text-plain", "text": "Hello", "title": "T"}, {"type": "input_text", "text": "T\n\nHello"}),
        (
            {"type": "image", "url": "https://a.example/a.png", "detail": "low"},
            {"type": "input_image", "image_url": "https://a.example/a.png", "detail": "low"},
        ),
        (
            {"type": "text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ),
        (
            {"type": "text-plain", "base64": "SGk=", "title": "a.txt"},
            {"type": "input_file", "file_data": "data:text/plain;base64,SGk=", "filename": "a.txt"},
        ),
        (
            {"type": "text", "text": "Hi", "extras": {"prompt_cache_breakpoint": {"mode": "explicit"}}},
            {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
        ),
        ({"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}}, {"type": "input_text", "text": "Hi"}),
    ],
)
def test_content(block: dict[str, Any], part: dict[str, Any]) -> None:
    assert parts("See:", block) == [{"type": "input_text", "text": "See:"}, part]


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_what_the_api_does_not_take(kind: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=f"ChatOpenAI.*'{kind}'"):
        parts({"type": kind, "base64": "aGU=", "mime_type": f"{kind}/mp4"})


def test_roles() -> None:
    messages = [SystemMessage("s"), ("developer", "d"), HumanMessage("h", name="Ada")]
    assert [item["role"] for item in body(messages)["input"]] == ["system", "developer", "user"]
    assert all(set(item) == {"role", "content"} for item in body(messages)["input"])
    call = Call("o3", [SystemMessage("s")], {})
    assert encode_responses(call, Speaker("ChatOpenAI", "openai", system_role="developer"))["input"][0]["role"] == "developer"


# Going on, and fetching.


def test_going_on_from_the_last_answer_sends_only_what_is_new() -> None:
    conversation = [HumanMessage("a"), message_of(whole_of([CUSTOM])), ToolMessage("ok", tool_call_id="call_2")]
    sent = body(conversation, previous=True)
    assert sent["previous_response_id"] == "resp_1"
    assert sent["input"] == [{"type": "custom_tool_call_output", "call_id": "call_2", "output": "ok"}]
    assert "previous_response_id" not in body(conversation)
    assert len(body(conversation)["input"]) == 3


def test_an_explicit_previous_answer_wins_and_all_messages_are_sent() -> None:
    conversation = [HumanMessage("a"), message_of(whole_of([CALL])), ToolMessage("22", tool_call_id="call_1")]
    sent = body(conversation, previous=True, previous_response_id="resp_0")
    assert (sent["previous_response_id"], len(sent["input"])) == ("resp_0", 3)


def test_fetching_an_answer() -> None:
    call = Call("gpt-5", [HumanMessage("")], {"resume_response_id": "resp_1/x", "starting_after": 7}, True)
    assert resume_query(call) == ("/responses/resp_1%2Fx", {"stream": "true", "starting_after": 7})
    assert resume_query(Call("gpt-5", [HumanMessage("")], {"resume_response_id": "resp_1"})) == (
        "/responses/resp_1",
        {"stream": "false", "starting_after": None},
    )
    assert resume_query(Call("gpt-5", [HumanMessage("")], {})) is None


# When the API is needed.


@pytest.mark.parametrize(
    ("params", "settings", "needed"),
    [
        ({}, {}, False),
        ({"temperature": 1, "reasoning_effort": "low", "verbosity": "low", "store": True, "tools": [WEATHER]}, {}, False),
        ({"reasoning": {"effort": "low"}}, {}, True),
        ({"include": ["x"]}, {}, True),
        ({"previous_response_id": "resp_1"}, {}, True),
        ({"truncation": "auto"}, {}, True),
        ({"context_management": []}, {}, True),
        ({"background": True}, {}, True),
        ({"resume_response_id": "resp_1"}, {}, True),
        ({"tools": [{"type": "web_search"}]}, {}, True),
        ({"tools": [{"type": "custom", "name": "sql"}]}, {}, True),
        ({"tools": [{"type": "custom", "custom": {"name": "sql"}}]}, {}, False),
        ({"tools": [ToolSpec("sql", extras={"type": "custom"})]}, {}, True),
        ({}, {"use_previous_response_id": True}, True),
        ({}, {"use_responses_api": True}, True),
        ({"tools": [{"type": "web_search"}]}, {"use_responses_api": False}, False),
    ],
)
def test_when_the_api_is_needed(params: dict[str, Any], settings: dict[str, Any], needed: bool) -> None:
    assert needs_responses(params, settings) is needed

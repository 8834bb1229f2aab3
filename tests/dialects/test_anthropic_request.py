"""Parameters, tools, betas and schemas as the Messages API takes them."""

from __future__ import annotations

import pytest

from chatkit.codec import Call, NamedTool, OutputSchema, ToolSpec
from chatkit.dialects.anthropic import ANTHROPIC, BEDROCK, VERTEX, encode
from chatkit.dialects.anthropic.schema import closed
from chatkit.errors import UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage

CACHE = {"type": "ephemeral"}
TOOL = ToolSpec("f", "Does f.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
THINK = {"type": "enabled", "budget_tokens": 2048}


def fields(model: str = "claude-sonnet-4-5", messages=None, route=ANTHROPIC, stream=False, **params) -> dict:
    return encode(Call(model, messages or [HumanMessage("Hi")], params, stream), route).fields


def betas(messages=None, **params) -> list[str]:
    call = Call("claude-sonnet-4-5", messages or [HumanMessage("Hi")], params)
    return encode(call, ANTHROPIC).headers.get("anthropic-beta", "").split(",")


def test_the_smallest_request() -> None:
    request = encode(Call("claude-sonnet-4-5", [HumanMessage("Hi")], {}), ANTHROPIC)
    assert request.fields == {
        "model": "claude-sonnet-4-5",
        "max_tokens": 64000,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert request.headers == {"anthropic-version": "2023-06-01"}


def test_parameters_go_by_the_api_s_names() -> None:
    given = {"temperature": 0.0, "top_p": 0.9, "top_k": 5, "service_tier": "auto", "inference_geo": "us", "speed": "standard"}
    own = {"context_management": {"edits": []}, "container": "container_1", "fallbacks": [{"model": "claude-haiku-4-5"}]}
    own |= {"diagnostics": {"previous_message_id": "msg_1"}, "thread": {"type": "create"}}
    sent = fields(stream=True, max_tokens=10, stop=["END"], user_id="u1", **given, **own)
    assert {name: sent[name] for name in (*given, *own)} == {**given, **own}
    assert sent["max_tokens"] == 10
    assert sent["stop_sequences"] == ["END"]
    assert sent["metadata"] == {"user_id": "u1"}
    assert sent["stream"] is True


def test_what_the_homes_want_differently() -> None:
    call = Call("claude-sonnet-4-5", [HumanMessage("Hi")], {"betas": ["b1"]}, stream=True)
    vertex, bedrock = encode(call, VERTEX), encode(call, BEDROCK)
    assert vertex.headers == {"anthropic-beta": "b1"}
    assert vertex.fields["anthropic_version"] == "vertex-2023-10-16"
    assert vertex.fields["stream"] is True
    assert bedrock.headers == {}
    assert bedrock.fields["anthropic_version"] == "bedrock-2023-05-31"
    assert bedrock.fields["anthropic_beta"] == ["b1"]
    assert "stream" not in bedrock.fields
    assert "model" not in vertex.fields
    assert "model" not in bedrock.fields
    assert encode(call, BEDROCK, version="2026-10-21").fields["anthropic_version"] == "2026-10-21"


@pytest.mark.parametrize(
    ("model", "size"),
    [
        ("claude-3-haiku-20240307", 4096),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", 8192),
        ("claude-3-7-sonnet@20250219", 64000),
        ("claude-sonnet-4-0", 64000),
        ("claude-sonnet-4-20250514", 64000),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 64000),
        ("claude-opus-4-1-20250805", 32000),
        ("claude-opus-4-20250514", 32000),
        ("claude-opus-4-5-20251101", 64000),
        ("us.anthropic.claude-opus-4-6-v1", 128000),
        ("claude-sonnet-4-6", 128000),
        ("claude-opus-5-5", 128000),
        ("claude-sonnet-5@20260801", 128000),
        ("some-other-model", 4096),
    ],
)
def test_max_tokens_without_being_given(model, size) -> None:
    assert fields(model)["max_tokens"] == size


def test_max_tokens_comes_from_the_profile_where_there_is_one_and_leaves_room_to_think() -> None:
    call = Call("claude-sonnet-4-5", [HumanMessage("Hi")], {})
    assert encode(call, ANTHROPIC, profile={"max_output_tokens": 777}).fields["max_tokens"] == 777
    assert fields("some-other-model", thinking={"type": "enabled", "budget_tokens": 10_000})["max_tokens"] == 14_096


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "config"),
    [
        ("claude-opus-4-5", "high", None, {"effort": "high"}),
        ("claude-opus-4-5", "minimal", None, {"effort": "low"}),
        ("claude-opus-4-8", "max", {"type": "adaptive", "display": "summarized"}, {"effort": "max"}),
        ("claude-sonnet-5", "none", {"type": "disabled"}, None),
    ],
)
def test_effort(model, effort, thinking, config) -> None:
    sent = fields(model, reasoning_effort=effort)
    assert sent.get("thinking") == thinking
    assert sent.get("output_config") == config


def test_effort_leaves_thinking_that_was_given_and_forced_calls_alone() -> None:
    assert fields("claude-sonnet-5", reasoning_effort="low", thinking={"type": "disabled"})["thinking"] == {"type": "disabled"}
    forced = fields("claude-sonnet-5", reasoning_effort="low", tools=[TOOL], tool_choice="any")
    assert "thinking" not in forced
    assert forced["tool_choice"] == {"type": "any"}


def test_the_newer_version_has_no_sampling_parameters() -> None:
    call = Call("claude-sonnet-5", [HumanMessage("Hi")], {"temperature": 1.0})
    with pytest.raises(UnsupportedFeatureError, match="temperature"):
        encode(call, ANTHROPIC, version="2026-10-21")
    with pytest.raises(UnsupportedFeatureError, match="seed"):
        fields(seed=1)


# Tools.


def test_tools() -> None:
    web = {"type": "web_search_20250305", "name": "web_search", "max_uses": 2}
    extras = {"cache_control": CACHE, "defer_loading": True, "eager_input_streaming": True, "of_another_vendor": 1}
    marked = ToolSpec("g", extras=extras)
    assert fields(tools=[TOOL, web, marked])["tools"] == [
        {"name": "f", "description": "Does f.", "input_schema": TOOL.parameters},
        web,
        {
            "name": "g",
            "input_schema": {"type": "object", "properties": {}},
            "cache_control": CACHE,
            "defer_loading": True,
            "eager_input_streaming": True,
        },
    ]


def test_strict_tools_have_closed_schemas() -> None:
    (tool,) = fields(tools=[ToolSpec("f", parameters=TOOL.parameters, strict=True)])["tools"]
    assert tool["strict"] is True
    assert tool["input_schema"] == {**TOOL.parameters, "additionalProperties": False}


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ({"tool_choice": "auto"}, {"type": "auto"}),
        ({"tool_choice": "any"}, {"type": "any"}),
        ({"tool_choice": "none"}, {"type": "none"}),
        ({"tool_choice": NamedTool("f")}, {"type": "tool", "name": "f"}),
        ({"tool_choice": {"type": "tool", "name": "f"}}, {"type": "tool", "name": "f"}),
        ({"parallel_tool_calls": False}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"tool_choice": "any", "parallel_tool_calls": False}, {"type": "any", "disable_parallel_tool_use": True}),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"type": "none"}),
        ({"parallel_tool_calls": True}, None),
    ],
)
def test_tool_choice(given, wire) -> None:
    assert fields(tools=[TOOL], **given).get("tool_choice") == wire
    assert "tool_choice" not in fields(**given)


def test_a_forced_call_gives_way_to_thinking_with_a_warning() -> None:
    with pytest.warns(UserWarning, match="while the model thinks"):
        sent = fields(tools=[TOOL], tool_choice=NamedTool("f"), thinking=THINK, parallel_tool_calls=False)
    assert sent["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert fields(tools=[TOOL], tool_choice="any", thinking={"type": "disabled"})["tool_choice"] == {"type": "any"}


# Betas.


@pytest.mark.parametrize(
    ("params", "beta"),
    [
        ({"tools": [{"type": "web_fetch_20250910", "name": "web_fetch"}]}, "web-fetch-2025-09-10"),
        ({"tools": [{"type": "code_execution_20250522", "name": "code_execution"}]}, "code-execution-2025-05-22"),
        ({"tools": [{"type": "memory_20250818", "name": "memory"}]}, "context-management-2025-06-27"),
        ({"tools": [{"type": "computer_20251124", "name": "computer"}]}, "computer-use-2025-11-24"),
        ({"tools": [{"type": "tool_search_tool_bm25_20251119", "name": "s"}]}, "advanced-tool-use-2025-11-20"),
        ({"tools": [ToolSpec("f", extras={"input_examples": [{"a": 1}]})]}, "advanced-tool-use-2025-11-20"),
        ({"mcp_servers": [{"type": "url", "name": "w", "url": "https://a.example"}]}, "mcp-client-2025-04-04"),
        ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}, "context-management-2025-06-27"),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, "compact-2026-01-12"),
        ({"output_config": {"task_budget": {"type": "tokens", "total": 9}}}, "task-budgets-2026-03-13"),
        ({"thinking": {"type": "adaptive", "display": "updates"}}, "thinking-display-updates-2026-08-18"),
        ({"container": {"skills": [{"type": "anthropic", "skill_id": "pdf"}]}}, "skills-2025-10-02"),
        ({"speed": "fast"}, "fast-mode-2026-02-01"),
        ({"fallbacks": [{"model": "claude-haiku-4-5"}]}, "server-side-fallback-2026-07-01"),
        ({"user_profile_id": "p"}, "user-profiles-2026-03-24"),
        ({"compaction": {"type": "summarize"}}, "compact-2026-09-04"),
        ({"thread": {"type": "create"}}, "message-threads-2026-08-12"),
        ({"betas": ["interleaved-thinking-2025-05-14"]}, "interleaved-thinking-2025-05-14"),
    ],
)
def test_the_betas_that_are_needed_come_by_themselves(params, beta) -> None:
    assert betas(**params) == [beta]


def test_betas_of_what_messages_hold() -> None:
    files = [{"type": "image", "file_id": "f1"}, {"type": "container_upload", "file_id": "f2"}]
    assert betas([HumanMessage(files)]) == ["files-api-2025-04-14"]
    assert betas([ToolMessage(files[:1], tool_call_id="t1")]) == ["files-api-2025-04-14"]
    change = SystemMessage([{"type": "tool_addition", "tool": {"type": "tool_reference", "name": "f"}}])
    assert betas([HumanMessage("Hi"), change]) == ["mid-conversation-tool-changes-2026-07-01"]
    inline = SystemMessage([{"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"name": "f"}}}])
    assert betas([HumanMessage("Hi"), inline]) == ["inline-tools-2026-09-15"]


def test_betas_that_were_given_come_first_once_and_beat_another_date_of_theirs() -> None:
    tools = [{"type": "mcp_toolset", "mcp_server_name": "w"}, {"type": "advisor_20260301", "name": "advisor"}]
    servers = [{"type": "url", "name": "w", "url": "https://a.example"}]
    assert betas(tools=tools, mcp_servers=servers) == ["mcp-client-2025-11-20", "advisor-tool-2026-03-01"]
    given = ["mcp-client-2026-09-15", "x-1", "x-1"]
    assert betas(betas=given, tools=tools, mcp_servers=servers) == ["mcp-client-2026-09-15", "x-1", "advisor-tool-2026-03-01"]


# Caching, containers.


def test_cache_control_of_the_whole_request() -> None:
    assert fields(cache_control=CACHE)["cache_control"] == CACHE
    assert fields(cache_control=CACHE, route=VERTEX)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hi", "cache_control": CACHE}]}
    ]
    thought = {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "s"}}
    paused = AIMessage([{"type": "text", "text": "Let me see."}, thought])
    said = fields(messages=[HumanMessage("Hi"), paused], cache_control=CACHE, route=BEDROCK)["messages"][1]["content"]
    assert said[0]["cache_control"] == CACHE
    assert "cache_control" not in said[1]


def test_the_last_container_can_be_used_again() -> None:
    used = AIMessage("Done.", response_metadata={"container": {"id": "container_1", "expires_at": "soon"}})
    talk = [HumanMessage("Hi"), used, HumanMessage("More")]
    assert fields(messages=talk, reuse_last_container=True)["container"] == "container_1"
    skills = [{"type": "anthropic", "skill_id": "pdf"}]
    assert fields(messages=talk, reuse_last_container=True, container={"skills": skills})["container"] == {
        "skills": skills,
        "id": "container_1",
    }
    assert fields(messages=talk, reuse_last_container=True, container="container_2")["container"] == "container_2"
    assert "container" not in fields(messages=talk)
    assert "container" not in fields(messages=talk[:1], reuse_last_container=True)


# Structured output.


def test_response_format() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    assert fields(response_format=OutputSchema("A", schema), reasoning_effort="low", model="claude-opus-4-5")[
        "output_config"
    ] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}},
    }
    own = {"type": "json_schema", "schema": {"type": "object"}}
    assert fields(response_format=own)["output_config"] == {"format": own}
    openai = {"type": "json_schema", "json_schema": {"name": "A", "schema": schema}}
    assert fields(response_format=openai)["output_config"]["format"]["schema"] == {**schema, "additionalProperties": False}


def test_any_json_object_is_no_format_of_this_api() -> None:
    with pytest.raises(UnsupportedFeatureError, match="no response format 'json_object'"):
        fields(response_format={"type": "json_object"})


def test_schemas_are_closed_and_what_the_grammar_does_not_know_is_said_in_words() -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "Trip",
        "properties": {
            "days": {"type": "integer", "minimum": 1, "description": "How long."},
            "when": {"type": "string", "format": "date"},
            "code": {"type": "string", "format": "iata", "pattern": "[A-Z]{3}"},
            "stops": {"type": "array", "items": {"$ref": "#/$defs/Stop"}, "minItems": 1},
            "pets": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            "how": {"oneOf": [{"type": "null"}, {"type": "object", "properties": {"by": {"const": "train"}}}]},
        },
        "required": ["days"],
        "additionalProperties": True,
        "$defs": {"Stop": {"type": "object", "properties": {"city": {"type": "string", "default": "Ulm"}}}},
    }
    assert closed(schema) == {
        "type": "object",
        "title": "Trip",
        "properties": {
            "days": {"type": "integer", "description": "How long.\n\n{minimum: 1}"},
            "when": {"type": "string", "format": "date"},
            "code": {"type": "string", "description": '{format: "iata", pattern: "[A-Z]{3}"}'},
            "stops": {"type": "array", "items": {"$ref": "#/$defs/Stop"}, "minItems": 1},
            "pets": {"type": "array", "items": {"type": "string"}, "description": "{minItems: 2}"},
            "how": {
                "anyOf": [
                    {"type": "null"},
                    {"type": "object", "properties": {"by": {"const": "train"}}, "additionalProperties": False},
                ]
            },
        },
        "required": ["days"],
        "$defs": {
            "Stop": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": '{default: "Ulm"}'}},
                "additionalProperties": False,
            }
        },
        "additionalProperties": False,
    }


def test_a_free_form_object_cannot_be_closed() -> None:
    with pytest.raises(UnsupportedFeatureError, match="free-form"):
        closed({"type": "object", "properties": {"m": {"type": "object", "additionalProperties": {"type": "string"}}}})

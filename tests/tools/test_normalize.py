"""Tools and tool choices in one form (spec S145-S148, S153, S154, S160)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pydantic
import pytest

from chatkit.codec import NamedTool, ToolSpec
from chatkit.errors import InputError, InputTypeError
from chatkit.tools import normalize_tool_choice, normalize_tools, tool

PARAMETERS: dict[str, Any] = {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}
SPEC = ToolSpec("get_weather", "Get the weather.", PARAMETERS)


@tool
def get_weather(location: str) -> str:
    """Get the weather."""
    return location


def plain(location: str) -> str:
    """Get the weather."""
    return location


plain.__name__ = "get_weather"


class GetWeather(pydantic.BaseModel):
    """Get the weather."""

    location: str


class McpTool:
    name = "get_weather"
    description = "Get the weather."
    inputSchema = PARAMETERS


class ForeignTool:
    """As LangChain's tools look."""

    name = "get_weather"
    description = "Get the weather."
    tool_call_schema = GetWeather


TEXTS = {"name": "get_weather", "description": "Get the weather."}
SAME: dict[str, Any] = {
    "spec": SPEC,
    "tool": get_weather,
    "function": plain,
    "mcp": McpTool(),
    "langchain": ForeignTool(),
    "openai": {"type": "function", "function": {**TEXTS, "parameters": PARAMETERS}},
    "openai function": {**TEXTS, "parameters": PARAMETERS},
    "responses": {"type": "function", **TEXTS, "parameters": PARAMETERS},
    "anthropic": {**TEXTS, "input_schema": PARAMETERS},
    "anthropic custom": {"type": "custom", **TEXTS, "input_schema": PARAMETERS},
    "bedrock": {"toolSpec": {**TEXTS, "inputSchema": {"json": PARAMETERS}}},
    "json schema": {"title": "get_weather", "description": "Get the weather.", **PARAMETERS},
}


@pytest.mark.parametrize("form", SAME)
def test_forms(form: str) -> None:
    assert normalize_tools([SAME[form]]) == [SPEC]


BUILT_IN: list[dict[str, Any]] = [
    {"type": "web_search_preview"},
    {"type": "web_search_20250305", "name": "web_search", "max_uses": 5},
    {"type": "code_interpreter", "container": {"type": "auto"}},
    {"type": "custom", "name": "sql", "format": {"type": "grammar"}},
    {"google_search": {}},
    {"type": "mcp", "server_label": "x", "server_url": "https://x"},
]


@pytest.mark.parametrize("given", BUILT_IN, ids=lambda tool: str(tool)[:30])
def test_built_in_tools_stay(given: dict[str, Any]) -> None:
    assert normalize_tools([given])[0] is given


def test_what_dicts_say_more_becomes_extras() -> None:
    [spec] = normalize_tools([{**SAME["anthropic"], "cache_control": {"type": "ephemeral"}}])
    assert spec == ToolSpec("get_weather", "Get the weather.", PARAMETERS, extras={"cache_control": {"type": "ephemeral"}})


def test_strict() -> None:
    [spec] = normalize_tools([get_weather], strict=True)
    assert isinstance(spec, ToolSpec)
    assert spec.strict is True
    assert spec.parameters == {**PARAMETERS, "additionalProperties": False}
    assert get_weather.spec.parameters == PARAMETERS


def test_strict_in_a_dict() -> None:
    given = {"type": "function", "function": {**TEXTS, "parameters": PARAMETERS, "strict": True}}
    [spec] = normalize_tools([given])
    assert isinstance(spec, ToolSpec)
    assert spec.strict is True
    with pytest.raises(InputError, match="says strict=True, but strict=False"):
        normalize_tools([given], strict=False)


def test_definition_of_the_provider() -> None:
    given = {"type": "memory_20250818", "name": "memory"}
    memory = tool("memory", description="Remember.", extras={"provider_tool_definition": given})(plain)
    assert normalize_tools([memory]) == [given]


def test_two_tools_of_one_name() -> None:
    with pytest.raises(InputError, match="two tools are called 'get_weather'"):
        normalize_tools([get_weather, plain])


@pytest.mark.parametrize("tools", [get_weather, "get_weather", {"type": "web_search"}])
def test_not_a_list(tools: Any) -> None:
    with pytest.raises(InputTypeError, match=r"tools must be a list, not .*; write \[tool\]"):
        normalize_tools(tools)


def test_nothing_to_make_a_tool_of() -> None:
    with pytest.raises(InputError, match="Unsupported function 5"):
        normalize_tools([5])


def test_again_is_the_same() -> None:
    specs = normalize_tools([get_weather, *BUILT_IN])
    assert normalize_tools(specs) == specs


def test_a_dataclass() -> None:
    @dataclass
    class Move:
        """Move a piece."""

        x: int
        y: int = 0

    [spec] = normalize_tools([Move])
    assert isinstance(spec, ToolSpec)
    assert (spec.name, spec.description) == ("Move", "Move a piece.")


TOOLS = normalize_tools([get_weather, {"type": "web_search_20250305", "name": "web_search"}])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        (False, None),
        ("auto", "auto"),
        ("none", "none"),
        ("any", "any"),
        ("required", "any"),
        (True, "any"),
        ("get_weather", NamedTool("get_weather")),
        ("web_search", NamedTool("web_search")),
        ("web_search_20250305", {"type": "web_search_20250305"}),
        ("code_interpreter", {"type": "code_interpreter"}),
        (NamedTool("get_weather"), NamedTool("get_weather")),
        ({"type": "function", "function": {"name": "get_weather"}}, NamedTool("get_weather")),
        ({"type": "function", "name": "get_weather"}, NamedTool("get_weather")),
        (
            {"type": "tool", "name": "x", "disable_parallel_tool_use": True},
            {"type": "tool", "name": "x", "disable_parallel_tool_use": True},
        ),
    ],
    ids=str,
)
def test_choices(choice: Any, expected: Any) -> None:
    got = normalize_tool_choice(choice, TOOLS)
    assert got == expected
    assert normalize_tool_choice(got, TOOLS) == expected


@pytest.mark.parametrize("choice", ["get_whether", {"type": "function", "function": {"name": "get_whether"}}])
def test_an_unknown_choice(choice: Any) -> None:
    with pytest.raises(InputError, match=r"tool_choice='get_whether' is none of the tools \('get_weather'"):
        normalize_tool_choice(choice, TOOLS)


def test_a_choice_of_a_wrong_type() -> None:
    with pytest.raises(InputTypeError, match="must be a str or a dict, not int"):
        normalize_tool_choice(5, TOOLS)


def test_a_tool_may_be_called_any() -> None:
    specs = normalize_tools([ToolSpec("any")])
    assert normalize_tool_choice("any", specs) == NamedTool("any")

"""`tools`, `tool_choice` and `response_format` (wire sheet: openai_chat §4-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.jsons import as_object, is_object

if TYPE_CHECKING:
    from chatkit.dialects.openai_chat.quirks import Quirks

__all__ = ["encode_response_format", "encode_tools", "only_the_named_tool"]


def encode_tools(params: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    """The fields that say which tools there are and how they may be called; none without tools."""
    if not quirks.named_tools:
        params = only_the_named_tool(params)
    tools = [_tool(tool) for tool in params.get("tools") or ()]
    if not tools:
        return {}
    choice = params.get("tool_choice")
    fields: dict[str, Any] = {"tools": tools}
    if choice is not None:
        fields["tool_choice"] = _choice(choice, tools, quirks)
    if params.get("parallel_tool_calls") is not None:
        fields["parallel_tool_calls"] = params["parallel_tool_calls"]
    return fields


def only_the_named_tool(params: dict[str, Any]) -> dict[str, Any]:
    """The parameters for a server that reads no names in `tool_choice`: the named tool alone, which must be called."""
    choice = params.get("tool_choice")
    if not isinstance(choice, NamedTool):
        return params
    named = [tool for tool in params.get("tools") or () if _name(_tool(tool)) == choice.name]
    return {**params, "tools": named, "tool_choice": "any"}


def _tool(tool: ToolSpec | dict[str, Any]) -> dict[str, Any]:
    if isinstance(tool, ToolSpec):
        extras = tool.extras or {}
        if extras.get("type") == "custom":
            return _custom({"name": tool.name, "description": tool.description, "format": extras.get("format")})
        function: dict[str, Any] = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
        if tool.strict is not None:
            function["strict"] = tool.strict
        return {"type": "function", "function": function}
    kind = tool.get("type")
    if kind not in ("function", "custom") or kind in tool:
        return tool
    inner = {key: value for key, value in tool.items() if key != "type"}  # as the Responses API has it
    return _custom(inner) if kind == "custom" else {"type": kind, kind: inner}


def _custom(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool whose input is free text."""
    inner = {key: value for key, value in tool.items() if value}
    form = as_object(inner.get("format"))
    if form.get("type") == "grammar" and "grammar" not in form:
        inner["format"] = {"type": "grammar", "grammar": {key: value for key, value in form.items() if key != "type"}}
    return {"type": "custom", "custom": inner}


def _name(tool: dict[str, Any]) -> Any:
    inner = tool.get(str(tool.get("type")))
    return inner.get("name") if is_object(inner) else None


def _choice(choice: Any, tools: list[dict[str, Any]], quirks: Quirks) -> Any:
    if isinstance(choice, NamedTool):
        kind = next((tool["type"] for tool in tools if _name(tool) == choice.name), "function")
        return {"type": kind, kind: {"name": choice.name}}
    return quirks.any_tool if choice == "any" else choice


def encode_response_format(given: OutputSchema | dict[str, Any]) -> dict[str, Any]:
    """`response_format`; the provider's own dict is sent as it is."""
    if not isinstance(given, OutputSchema):
        return given
    schema: dict[str, Any] = {"name": given.name, "schema": given.schema}
    if given.description:
        schema["description"] = given.description
    if given.strict is not None:
        schema["strict"] = given.strict
    return {"type": "json_schema", "json_schema": schema}

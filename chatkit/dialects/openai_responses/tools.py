"""Tools, tool choice and structured output of a request (wire sheet: openai_responses §2, §4; spec S195)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.jsons import as_object, is_list, is_object
from chatkit.schema.tool_dicts import BUILT_IN_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["callers_tools", "text_format", "tool_choice", "tool_dicts"]

_FUNCTION_FIELDS = ("defer_loading", "allowed_callers", "async", "output_schema")
"""What `ToolSpec.extras` may say of a function here; other vendors' words are left out."""


def tool_dicts(tools: Iterable[Any], *, stream: bool) -> list[dict[str, Any]]:
    """Tools as the API takes them.

    Args:
        tools: ToolSpec for functions (with `extras={"type": "custom", "format": ...}` for free-form input), dicts as they are.
        stream: an image that is drawn while streaming needs `partial_images`; 1 is filled in.
    """
    return [_function(tool) if isinstance(tool, ToolSpec) else _built_in(tool, stream) for tool in tools]


def _function(tool: ToolSpec) -> dict[str, Any]:
    extras = tool.extras or {}
    if extras.get("type") == "custom":
        known = {"description": tool.description or None, "format": extras.get("format")}
        return {"type": "custom", "name": tool.name, **{name: value for name, value in known.items() if value is not None}}
    spec: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.parameters,
        # Said always: this API takes a missing `strict` for true.
        "strict": bool(tool.strict),
    }
    return {**spec, **{name: extras[name] for name in _FUNCTION_FIELDS if name in extras}}


def _built_in(tool: dict[str, Any], stream: bool) -> dict[str, Any]:
    if stream and tool.get("type") == "image_generation" and "partial_images" not in tool:
        return {**tool, "partial_images": 1}
    return tool


def callers_tools(tools: Iterable[Any]) -> set[str]:
    """Names of the caller's free-form tools, and "shell" when the caller's side is to run the commands."""
    dicts = tool_dicts(tools, stream=False)
    names = {tool["name"] for tool in dicts if tool.get("type") == "custom" and "name" in tool}
    local = any(
        tool.get("type") == "shell" and as_object(tool.get("environment")).get("type") in (None, "local") for tool in dicts
    )
    return names | {"shell"} if local else names


def tool_choice(choice: Any, tools: list[dict[str, Any]]) -> Any:
    """`tool_choice` as the API takes it.

    Args:
        choice: "auto", "none", "any", NamedTool, or the API's own dict.
        tools: the tools of the same request; a name may be a function's, a custom tool's or a built-in tool's type.
    """
    if not isinstance(choice, NamedTool):
        return "required" if choice == "any" else _flat(choice)
    for tool in tools:
        if tool.get("name") == choice.name and tool.get("type") in ("function", "custom"):
            return {"type": tool["type"], "name": choice.name}
        if tool.get("type") == "mcp" and tool.get("server_label") == choice.name:
            return {"type": "mcp", "server_label": choice.name}
        if tool.get("type") == choice.name:
            return {"type": choice.name}
    return {"type": choice.name} if choice.name in BUILT_IN_TYPES else {"type": "function", "name": choice.name}


def _flat(choice: Any) -> Any:
    """A choice in the form of Chat Completions, whose fields stand under the name of its type, in this API's."""
    kind = choice.get("type") if is_object(choice) else None
    inner = choice.get(kind) if kind else None
    if not is_object(inner):
        return choice
    tools = inner.get("tools")
    return {"type": kind, **inner, **({"tools": [_flat(tool) for tool in tools]} if is_list(tools) else {})}


def text_format(response_format: Any) -> dict[str, Any]:
    """`response_format` as `text.format`: the schema stands flat here, not under `json_schema`."""
    if isinstance(response_format, OutputSchema):
        wanted = {
            "name": response_format.name,
            "schema": response_format.schema,
            "description": response_format.description or None,
            "strict": response_format.strict,
        }
        return {"type": "json_schema", **{name: value for name, value in wanted.items() if value is not None}}
    if is_object(response_format.get("json_schema")):
        return {"type": "json_schema", **response_format["json_schema"]}
    return response_format

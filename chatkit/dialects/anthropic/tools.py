"""Tools and the choice among them (wire sheet: anthropic §4)."""

from __future__ import annotations

import warnings
from typing import Any

from chatkit.codec import NamedTool, ToolSpec
from chatkit.dialects.anthropic.schema import closed
from chatkit.jsons import is_object

__all__ = ["thinks", "tool_choice", "tools"]

_EXTRAS = ("type", "cache_control", "defer_loading", "allowed_callers", "eager_input_streaming", "input_examples")
_CHOICES = {"auto": "auto", "any": "any", "none": "none"}


def tools(given: list[ToolSpec | dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Tools as the API takes them; dicts are the API's own tools and stay as they are."""
    return [_tool(tool) if isinstance(tool, ToolSpec) else tool for tool in given or ()] or None


def _tool(tool: ToolSpec) -> dict[str, Any]:
    extras = tool.extras or {}
    wire: dict[str, Any] = {name: extras[name] for name in _EXTRAS if extras.get(name) is not None}
    wire["name"] = tool.name
    if tool.description:
        wire["description"] = tool.description
    schema = {"type": "object", **tool.parameters}
    wire["input_schema"] = closed(schema) if tool.strict else schema
    if tool.strict is not None:
        wire["strict"] = tool.strict
    return wire


def thinks(thinking: Any) -> bool:
    """Whether a `thinking` parameter switches thinking on."""
    return is_object(thinking) and thinking.get("type") not in (None, "disabled")


def tool_choice(params: dict[str, Any], thinking: Any) -> dict[str, Any] | None:
    """`tool_choice` with `disable_parallel_tool_use`; None where there are no tools.

    A forced call and thinking exclude each other: the force is dropped with a warning (spec S159).
    """
    if not params.get("tools") and not params.get("mcp_servers"):
        return None
    choice = _choice(params.get("tool_choice"))
    if choice and choice.get("type") in ("any", "tool") and thinks(thinking):
        warnings.warn("tool_choice cannot force a call while the model thinks; it chooses itself", UserWarning, stacklevel=2)
        choice = {**choice, "type": "auto"}
        choice.pop("name", None)
    if params.get("parallel_tool_calls") is False and (choice or {}).get("type") != "none":
        choice = {**(choice or {"type": "auto"}), "disable_parallel_tool_use": True}
    return choice


def _choice(given: Any) -> dict[str, Any] | None:
    if isinstance(given, NamedTool):
        return {"type": "tool", "name": given.name}
    if is_object(given):
        return given
    return {"type": _CHOICES[given]} if given in _CHOICES else None

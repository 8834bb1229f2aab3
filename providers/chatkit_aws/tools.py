"""Tools and tool choice as Converse takes them (wire sheet: bedrock_converse §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool, ToolSpec
from chatkit.dialects.anthropic.schema import closed
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import is_object
from chatkit_aws.blocks_out import cache_point

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["tool_config"]

_ANY_ARGUMENTS: dict[str, Any] = {"type": "object", "additionalProperties": True}


def tool_config(
    params: dict[str, Any], messages: list[dict[str, Any]], choices: Sequence[str], owner: str
) -> dict[str, Any] | None:
    """The `toolConfig` of a request, None without tools.

    Bedrock refuses calls and results in the history without it: where no tools are given any more, those of the
    history are named, with open arguments. For the same reason "none", which Converse does not have, leaves the
    tools out only before the first call.
    """
    choice = params.get("tool_choice", "auto")
    called = _called(messages)
    tools = [written for tool in params.get("tools") or () for written in _tool(tool)]
    tools = tools or [_spec(name, _ANY_ARGUMENTS) for name in called]
    if not tools or (choice == "none" and not called):
        return None
    chosen = _choice(choice, tools, choices, owner)
    return {"tools": tools, **({"toolChoice": chosen} if chosen else {})}


def _tool(tool: ToolSpec | dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(tool, ToolSpec):
        return [tool]
    extras = tool.extras or {}
    parameters = {"type": "object", **tool.parameters}
    spec = _spec(tool.name, closed(parameters) if tool.strict else parameters, tool.description, tool.strict)
    return [spec, cache_point(extras["cache_control"])] if extras.get("cache_control") else [spec]


def _spec(name: str, parameters: dict[str, Any], description: str = "", strict: bool | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"name": name, "inputSchema": {"json": parameters}}
    if description:
        spec["description"] = description
    if strict is not None:
        spec["strict"] = strict
    return {"toolSpec": spec}


def _called(messages: list[dict[str, Any]]) -> list[str]:
    """Names of the caller's tools that the history holds calls to, each once."""
    calls = [block["toolUse"] for message in messages for block in message["content"] if is_object(block.get("toolUse"))]
    return list(dict.fromkeys(call["name"] for call in calls if call.get("type") != "server_tool_use"))


def _choice(choice: Any, tools: list[dict[str, Any]], choices: Sequence[str], owner: str) -> dict[str, Any] | None:
    """What to send; "auto" is what Bedrock does by itself, and some models refuse to be told."""
    if choice in ("auto", "none"):
        return None
    if is_object(choice):
        return choice
    if isinstance(choice, NamedTool):
        only_one = sum("toolSpec" in tool for tool in tools) == 1
        if "tool" not in choices and only_one and "any" in choices:
            return {"any": {}}
        chosen: dict[str, Any] = {"tool": {"name": choice.name}}
    else:
        chosen = {"any": {}}
    if not chosen.keys() & set(choices):
        raise UnsupportedFeatureError(
            f"{owner}: this model cannot be forced to call a tool (tool_choice {choice!r}); use tool_choice='auto', "
            "or supports_tool_choice_values=[...] if it can after all"
        )
    return chosen

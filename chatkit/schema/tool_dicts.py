"""Tools that are given as dicts, in the forms of OpenAI, Anthropic, Bedrock and JSON Schema (spec S145, S146)."""

from __future__ import annotations

from typing import Any

from chatkit.codec import ToolSpec
from chatkit.errors import InputError
from chatkit.jsons import is_object

__all__ = ["BUILT_IN_TYPES", "is_built_in", "read_tool_dict"]

BUILT_IN_TYPES = frozenset(
    {
        "apply_patch",
        "code_interpreter",
        "computer",
        "computer_use_preview",
        "custom",
        "file_search",
        "image_generation",
        "local_shell",
        "mcp",
        "namespace",
        "shell",
        "tool_search",
        "web_search",
        "web_search_preview",
    }
)
"""`type`s of tools that providers run themselves; a `tool_choice` may name one that is not among the tools."""

_NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


def is_built_in(tool: dict[str, Any]) -> bool:
    """Whether a dict is a provider's own tool, to be sent as it is: it describes no arguments in a known form."""
    return read_tool_dict(tool) is None and "title" not in tool and "properties" not in tool


def read_tool_dict(tool: dict[str, Any]) -> ToolSpec | None:
    """The tool that a dict describes; None when it is in none of the known forms.

    Raises:
        InputError: a known form without a name.
    """
    if tool.get("type") == "function":
        inner = tool["function"] if is_object(tool.get("function")) else tool
        return _spec(inner, "parameters", ("parameters",), tool)
    if is_object(tool.get("toolSpec")):
        schema = tool["toolSpec"].get("inputSchema")
        json = schema.get("json") if is_object(schema) else None
        return _spec({**tool["toolSpec"], "inputSchema": json}, "inputSchema", ("inputSchema",), tool)
    if "name" in tool and is_object(tool.get("input_schema")):
        return _spec(tool, "input_schema", ("input_schema",), tool)
    if "name" in tool and is_object(tool.get("parameters")):
        return _spec(tool, "parameters", ("parameters",), tool)
    if "name" in tool and set(tool) <= {"name", "description", "strict"}:
        return _spec(tool, "parameters", (), tool)
    return None


def _spec(inner: dict[str, Any], schema_key: str, keys: tuple[str, ...], outer: dict[str, Any]) -> ToolSpec:
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        raise InputError(f"the tool {outer!r} has no name")
    known = {"name", "description", "strict", "type", "function", "toolSpec", *keys}
    extras = {key: value for key, value in {**outer, **inner}.items() if key not in known}
    return ToolSpec(
        name=name,
        description=inner.get("description") or "",
        parameters=inner.get(schema_key) or _NO_PARAMETERS,
        strict=inner.get("strict", outer.get("strict")),
        extras=extras or None,
    )

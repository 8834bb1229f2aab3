"""Tools and the choice between them (wire sheet: google_genai §3)."""

from __future__ import annotations

from typing import Any

from chatkit.codec import NamedTool, ToolSpec
from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.dialects.gemini.schema import clean_schema
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import as_object

__all__ = ["tool_config", "tools_of"]

_FUNCTION_FIELDS = ("behavior", "response", "responseJsonSchema")
"""What `ToolSpec.extras` may say of a function here; other vendors' words (cache_control ...) would be refused."""

_MODES = {"auto": "AUTO", "none": "NONE", "any": "ANY"}


def tools_of(params: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The `tools` list: one entry for all functions, and one for each built-in tool."""
    given = params.get("tools") or ()
    functions = [_declaration(tool) for tool in given if isinstance(tool, ToolSpec)]
    built_in = [tool for tool in given if not isinstance(tool, ToolSpec)]
    return ([{"functionDeclarations": functions}] if functions else []) + built_in or None


def tool_config(model: str, params: dict[str, Any]) -> dict[str, Any] | None:
    """The `toolConfig` object, None when nothing is to be said.

    Raises:
        UnsupportedFeatureError: `parallel_tool_calls=False`; Gemini has no such switch.
    """
    if params.get("parallel_tool_calls") is False:
        raise UnsupportedFeatureError(
            "Gemini decides itself how many tools it calls at once; leave out parallel_tool_calls=False"
        )
    tools = params.get("tools") or ()
    choice = params.get("tool_choice")
    config: dict[str, Any] = {}
    if calling := _calling(choice, params):
        config["functionCallingConfig"] = calling
    if is_gemini_3(model) and {type(tool) is ToolSpec for tool in tools} == {True, False}:
        config["includeServerSideToolInvocations"] = True  # without it functions and built-in tools exclude each other
    config.update(as_object(choice))
    config.update(as_object(params.get("tool_config")))
    return config or None


def _declaration(tool: ToolSpec) -> dict[str, Any]:
    schema, extras = clean_schema(tool.parameters), tool.extras or {}
    more = {name: extras[name] for name in _FUNCTION_FIELDS if name in extras}
    return {"name": tool.name, "description": tool.description, "parametersJsonSchema": schema, **more}


def _calling(choice: Any, params: dict[str, Any]) -> dict[str, Any]:
    calling: dict[str, Any] = {}
    if isinstance(choice, NamedTool):
        calling = {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    elif isinstance(choice, str):
        calling = {"mode": _MODES[choice]}
    if calling.get("mode", "AUTO") == "AUTO" and _any_strict(params.get("tools") or ()):
        calling["mode"] = "VALIDATED"
    if "stream_function_call_arguments" in params:
        calling["streamFunctionCallArguments"] = params["stream_function_call_arguments"]
    return calling


def _any_strict(tools: Any) -> bool:
    """The one promise there is: arguments keep to their schemas when the mode is VALIDATED."""
    return any(isinstance(tool, ToolSpec) and tool.strict for tool in tools)

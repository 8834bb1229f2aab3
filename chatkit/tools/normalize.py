"""Tools and tool choices in one form for all providers: what `bind_tools` takes (spec 1N, 1O). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from chatkit.codec import NamedTool, ToolChoice, ToolSpec
from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_list, is_object
from chatkit.schema.shapes import shape_of
from chatkit.schema.tool_dicts import BUILT_IN_TYPES, is_built_in, read_tool_dict
from chatkit.schema.transform import strict_schema
from chatkit.tools.base import BaseTool

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["normalize_tool_choice", "normalize_tools", "tool_spec"]


def normalize_tools(tools: Sequence[Any], *, strict: bool | None = None) -> list[ToolSpec | dict[str, Any]]:
    """Tools of any kind as ToolSpecs; providers' built-in tools stay dicts.

    Args:
        tools: functions, tool objects, classes (pydantic, TypedDict, dataclass, Struct), MCP tools, and dicts: JSON
            Schema with a title, or a tool in OpenAI's, Anthropic's or Bedrock's form.
        strict: hold the arguments to the schema; the schemas are made strict.

    Raises:
        InputError: something that no tool can be made of, two tools of one name, a schema that cannot be strict.
    """
    if not is_list(tools) and not isinstance(tools, tuple):
        raise InputTypeError(f"tools must be a list, not {type(tools).__name__}; write [tool]")
    if strict is None and all(type(tool) is ToolSpec for tool in tools):
        return list(tools)  # already done; this is asked with every call
    specs = [_normalize(tool, strict) for tool in tools]
    names = [spec.name for spec in specs if isinstance(spec, ToolSpec)]
    twice = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if twice is not None:
        raise InputError(f"two tools are called {twice!r}; the model could not tell them apart")
    return specs


def _normalize(tool: Any, strict: bool | None) -> ToolSpec | dict[str, Any]:
    if is_object(tool) and is_built_in(tool):
        return tool
    if isinstance(tool, BaseTool) and tool.extras and is_object(tool.extras.get("provider_tool_definition")):
        return tool.extras["provider_tool_definition"]
    return tool_spec(tool, strict)


def tool_spec(tool: Any, strict: bool | None = None) -> ToolSpec:
    """One tool as ToolSpec.

    Raises:
        InputError: no tool can be made of it, or `strict` contradicts what its dict says.
    """
    spec = _spec(tool)
    if strict is None:
        return spec
    if spec.strict is not None and spec.strict != strict:
        raise InputError(f"the tool {spec.name!r} says strict={spec.strict}, but strict={strict} was asked for")
    return structs.replace(spec, strict=strict, parameters=strict_schema(spec.parameters) if strict else spec.parameters)


def _spec(tool: Any) -> ToolSpec:
    if isinstance(tool, ToolSpec):
        return tool
    if isinstance(tool, BaseTool):
        return tool.spec
    if is_object(tool) and (spec := read_tool_dict(tool)) is not None:
        return spec
    shape = shape_of(tool)
    return ToolSpec(shape.name, shape.description, shape.schema, shape.strict)


_WORDS: dict[Any, ToolChoice] = {True: "any", "any": "any", "required": "any", "auto": "auto", "none": "none"}


def normalize_tool_choice(choice: Any, tools: Sequence[ToolSpec | dict[str, Any]]) -> ToolChoice | None:
    """A tool choice in one form for all providers.

    Args:
        choice: "auto", "any" (also True or "required"), "none", the name of a tool, the type of a built-in tool, or a
            dict: OpenAI's {"type": "function", ...} names a tool, others are the provider's own and go as they are.
        tools: the tools as `normalize_tools` gives them.

    Raises:
        InputError: a name that none of the tools has.
    """
    if choice is None or choice is False:
        return None
    if isinstance(choice, NamedTool):
        return choice
    if is_object(choice):
        return _of_dict(choice, tools)
    if not isinstance(choice, str | bool):
        raise InputTypeError(f"tool_choice must be a str or a dict, not {type(choice).__name__}")
    names = [tool.name if isinstance(tool, ToolSpec) else tool.get("name") for tool in tools]
    if choice in names and choice is not True:
        return NamedTool(str(choice))
    if choice in _WORDS:
        return _WORDS[choice]
    if choice in {tool.get("type") for tool in tools if is_object(tool)} or choice in BUILT_IN_TYPES:
        return {"type": choice}
    raise _unknown(str(choice), names)


def _of_dict(choice: dict[str, Any], tools: Sequence[ToolSpec | dict[str, Any]]) -> ToolChoice:
    if choice.get("type") != "function":
        return choice
    inner = choice.get("function")
    name = inner.get("name") if is_object(inner) else choice.get("name")
    names = [tool.name for tool in tools if isinstance(tool, ToolSpec)]
    if not isinstance(name, str):
        raise InputError(f"the tool_choice {choice!r} names no function")
    if names and name not in names:
        raise _unknown(name, names)
    return NamedTool(name)


def _unknown(choice: str, names: Sequence[Any]) -> InputError:
    known = ", ".join(repr(name) for name in names if name) or "none"
    return InputError(f"tool_choice={choice!r} is none of the tools ({known}) and none of 'auto', 'any', 'none'")

"""Tools: what a model can call, how calls are run, and how tools of all kinds come into one form."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatkit.schema.injected import InjectedToolArg as InjectedToolArg
    from chatkit.schema.injected import InjectedToolCallId as InjectedToolCallId
    from chatkit.tools.base import BaseTool as BaseTool
    from chatkit.tools.convert import convert_to_json_schema as convert_to_json_schema
    from chatkit.tools.convert import convert_to_openai_function as convert_to_openai_function
    from chatkit.tools.convert import convert_to_openai_tool as convert_to_openai_tool
    from chatkit.tools.convert import tool_example_to_messages as tool_example_to_messages
    from chatkit.tools.decorator import tool as tool
    from chatkit.tools.errors import ToolException as ToolException
    from chatkit.tools.errors import ToolInputError as ToolInputError
    from chatkit.tools.mcp import tools_from_mcp as tools_from_mcp
    from chatkit.tools.normalize import normalize_tool_choice as normalize_tool_choice
    from chatkit.tools.normalize import normalize_tools as normalize_tools
    from chatkit.tools.run import ToolRun as ToolRun
    from chatkit.tools.run import ToolStream as ToolStream
    from chatkit.tools.run import TurnLimitError as TurnLimitError
    from chatkit.tools.run import run_tools as run_tools
    from chatkit.tools.run import run_tools_sync as run_tools_sync
    from chatkit.tools.run import stream_tools as stream_tools
    from chatkit.tools.runtime import ToolRuntime as ToolRuntime
    from chatkit.tools.structured import StructuredTool as StructuredTool
    from chatkit.tools.structured import Tool as Tool

_HOME = {
    "chatkit.schema.injected": ("InjectedToolArg", "InjectedToolCallId"),
    "chatkit.tools.base": ("BaseTool",),
    "chatkit.tools.convert": (
        "convert_to_json_schema",
        "convert_to_openai_function",
        "convert_to_openai_tool",
        "tool_example_to_messages",
    ),
    "chatkit.tools.decorator": ("tool",),
    "chatkit.tools.errors": ("ToolException", "ToolInputError"),
    "chatkit.tools.mcp": ("tools_from_mcp",),
    "chatkit.tools.normalize": ("normalize_tool_choice", "normalize_tools"),
    "chatkit.tools.run": ("ToolRun", "ToolStream", "TurnLimitError", "run_tools", "run_tools_sync", "stream_tools"),
    "chatkit.tools.runtime": ("ToolRuntime",),
    "chatkit.tools.structured": ("StructuredTool", "Tool"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "BaseTool",
    "InjectedToolArg",
    "InjectedToolCallId",
    "StructuredTool",
    "Tool",
    "ToolException",
    "ToolInputError",
    "ToolRun",
    "ToolRuntime",
    "ToolStream",
    "TurnLimitError",
    "convert_to_json_schema",
    "convert_to_openai_function",
    "convert_to_openai_tool",
    "normalize_tool_choice",
    "normalize_tools",
    "run_tools",
    "run_tools_sync",
    "stream_tools",
    "tool",
    "tool_example_to_messages",
    "tools_from_mcp",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chatkit.tools' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value

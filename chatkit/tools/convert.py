"""Conversions under LangChain's names (spec 1N), for code that builds requests by itself."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from chatkit.errors import InputError
from chatkit.jsons import is_object
from chatkit.merge import own
from chatkit.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from chatkit.schema.tool_dicts import is_built_in
from chatkit.tools.normalize import tool_spec

__all__ = ["convert_to_json_schema", "convert_to_openai_function", "convert_to_openai_tool", "tool_example_to_messages"]


def convert_to_openai_function(function: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """Anything that describes a tool as {"name", "description", "parameters"}, and "strict" when it is said.

    Raises:
        InputError: no tool can be made of it, or its dict contradicts `strict`.
    """
    spec = tool_spec(function, strict)
    out: dict[str, Any] = {"name": spec.name, "description": spec.description, "parameters": own(spec.parameters)}
    if is_object(function) and not spec.description:
        del out["description"]
    return out if spec.strict is None else {**out, "strict": spec.strict}


def convert_to_openai_tool(tool: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """The same as {"type": "function", "function": ...}; built-in tools of providers pass as they are."""
    if is_object(tool) and is_built_in(tool):
        return tool
    return {"type": "function", "function": convert_to_openai_function(tool, strict=strict)}


def convert_to_json_schema(schema: Any, *, strict: bool | None = None) -> dict[str, Any]:
    """Anything that describes an object as JSON Schema with "title" and, when there is one, "description"."""
    spec = tool_spec(schema, strict)
    description = {"description": spec.description} if spec.description else {}
    return {"title": spec.name, **description, **own(spec.parameters)}


def tool_example_to_messages(
    input: str, tool_calls: list[Any], tool_outputs: list[str] | None = None, *, ai_response: str | None = None
) -> list[BaseMessage]:
    """An example for a few-shot prompt: the question, the right calls, their results, and the answer.

    Args:
        input: what the user says.
        tool_calls: instances of the tools' classes (pydantic, dataclass, Struct), or dicts with `name` and `args`.
        tool_outputs: results, as many as calls; without them a sentence that says the calls were right.
        ai_response: what the model says at the end.

    Raises:
        InputError: not as many outputs as calls.
    """
    calls = [_example_call(call) for call in tool_calls]
    outputs = tool_outputs or ["You have correctly called this tool."] * len(calls)
    if len(outputs) != len(calls):
        raise InputError(f"{len(calls)} tool calls need as many outputs, not {len(outputs)}")
    results = [ToolMessage(output, tool_call_id=call["id"]) for output, call in zip(outputs, calls, strict=True)]
    answer = [AIMessage(ai_response)] if ai_response else []
    return [HumanMessage(input), AIMessage("", tool_calls=calls), *results, *answer]


def _example_call(call: Any) -> dict[str, Any]:
    if is_object(call):
        return {"id": str(uuid.uuid4()), **call, "type": "tool_call"}
    dump = getattr(call, "model_dump", None)
    args: Any = dump() if dump is not None else msgspec.to_builtins(call)
    return {"name": type(call).__name__, "args": args, "id": str(uuid.uuid4()), "type": "tool_call"}

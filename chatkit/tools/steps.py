"""Models and steps as tools: `as_tool`, and `tool("name", step)` (spec S128, S143)."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, TypedDict, cast

from chatkit.errors import InputError
from chatkit.schema.hints import hints_of
from chatkit.schema.pydantic_types import is_pydantic_model
from chatkit.schema.records import is_record
from chatkit.tools.structured import StructuredTool, Tool, description_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["calling", "input_type", "tool_of_step"]


def tool_of_step(
    step: Any, args_schema: Any, *, name: str | None, description: str | None, arg_types: dict[str, Any] | None
) -> StructuredTool:
    """A model or a step as a tool; see `Runnable.as_tool`."""
    name = str(name or getattr(step, "name", None) or type(step).__name__)
    if args_schema is None:
        args_schema = input_type(step) if arg_types is None else cast("Any", TypedDict)(name, arg_types)
    text = description_of(getattr(step, "func", None), description, None if args_schema is str else args_schema, parse=False)
    if args_schema is str:
        return Tool(name, None, text, step.ainvoke)
    if args_schema is None:
        raise InputError(f"nothing says what {name!r} takes: give arg_types={{'argument': type}} or args_schema")
    return StructuredTool.from_function(None, calling(step), name, text, args_schema=args_schema)


def input_type(step: Any) -> Any:
    """What a step takes: a class with fields, or str; None when its function does not say. Models take a text."""
    function = getattr(step, "func", None)
    if function is None:
        return str
    first = next(iter(inspect.signature(function).parameters), "")
    hint = hints_of(function).get(first) if inspect.isroutine(function) else None
    return hint if hint is str or is_record(hint) or is_pydantic_model(hint) else None


def calling(step: Any) -> Callable[..., Any]:
    """A function that gives its named arguments to a step, as a dict."""

    async def call(**arguments: Any) -> Any:
        return await step.ainvoke(arguments)

    return call

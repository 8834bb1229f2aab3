"""`@tool`: a function as a tool (spec S128-S131)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal, overload

from chatkit.errors import InputTypeError
from chatkit.schema.functions import name_of
from chatkit.tools.steps import calling
from chatkit.tools.structured import StructuredTool, Tool, description_of

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["tool"]


@overload
def tool(name_or_callable: Callable[..., Any], /, **options: Any) -> StructuredTool: ...


@overload
def tool(name_or_callable: str, runnable: Any, /, **options: Any) -> StructuredTool: ...


@overload
def tool(name_or_callable: str | None = None, /, **options: Any) -> Callable[[Callable[..., Any]], StructuredTool]: ...


def tool(
    name_or_callable: str | Callable[..., Any] | None = None,
    runnable: Any = None,
    /,
    *,
    description: str | None = None,
    return_direct: bool = False,
    args_schema: Any = None,
    infer_schema: bool = True,
    response_format: Literal["content", "content_and_artifact"] = "content",
    parse_docstring: bool = False,
    error_on_invalid_docstring: bool = True,
    extras: dict[str, Any] | None = None,
    **fields: Any,
) -> Any:
    """Make a tool of a function, sync or async.

        @tool
        def get_weather(location: str) -> str:
            \"\"\"Get the weather at a location.\"\"\"

    Args:
        name_or_callable: the function, or another name for the tool.
        runnable: a runnable that the tool calls with its arguments, for `tool("name", runnable)`.
        description: for the model; without it the docstring.
        return_direct, args_schema, response_format, extras, fields: see `BaseTool`.
        infer_schema: False makes a `Tool`, which takes one text.
        parse_docstring: read descriptions of the arguments from the docstring (Google, NumPy or Sphinx style).
        error_on_invalid_docstring: such a docstring must describe arguments, and only such as there are.

    Raises:
        InputError: no docstring and no description, an invalid docstring, an annotation that has no JSON Schema.
    """

    options: dict[str, Any] = {"return_direct": return_direct, "response_format": response_format, "extras": extras, **fields}
    if args_schema is None and not infer_schema:
        make = partial(_text_tool, description, options)
    else:
        docs = {"parse_docstring": parse_docstring, "error_on_invalid_docstring": error_on_invalid_docstring}
        make = partial(_structured_tool, description, {"args_schema": args_schema, **docs, **options})
    if runnable is not None:
        if not isinstance(name_or_callable, str):
            raise InputTypeError("tool(name, runnable) takes the name as a str")
        return make(name_or_callable, calling(runnable))
    if callable(name_or_callable):
        return make(None, name_or_callable)
    if name_or_callable is None or isinstance(name_or_callable, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        return partial(make, name_or_callable)
    raise InputTypeError(f"@tool takes a function or a name, not {type(name_or_callable).__name__}")


def _structured_tool(description: str | None, options: dict[str, Any], name: str | None, function: Any) -> StructuredTool:
    func, coroutine = (None, function) if _is_async(function) else (function, None)
    return StructuredTool.from_function(func, coroutine, name, description, **options)


def _text_tool(description: str | None, options: dict[str, Any], name: str | None, function: Any) -> Tool:
    func, coroutine = (None, function) if _is_async(function) else (function, None)
    text = description_of(function, description, None, parse=False)
    return Tool(name or name_of(function), func, text, coroutine, **options)


def _is_async(function: Any) -> bool:
    import inspect

    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004

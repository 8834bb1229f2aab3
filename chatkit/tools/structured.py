"""Tools made of functions: `StructuredTool` (named arguments) and `Tool` (one text)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal, Self

from chatkit.errors import InputError
from chatkit.schema.docstrings import parse_docstring
from chatkit.schema.functions import Parameters, name_of, read_function
from chatkit.schema.shapes import shape_of
from chatkit.tools.base import BaseTool
from chatkit.tools.errors import ToolException

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

__all__ = ["StructuredTool", "Tool"]


class StructuredTool(BaseTool):
    """A tool that calls a function with named arguments.

    Args:
        func: the function for sync use; `ainvoke` runs it in a worker thread when there is no coroutine.
        coroutine: the async function; `invoke` runs it in the background loop when there is no func.
        parse_docstring: descriptions of arguments come from the docstring.
    """

    func: Callable[..., Any] | None = None
    coroutine: Callable[..., Awaitable[Any]] | None = None
    parse_docstring: bool = False
    error_on_invalid_docstring: bool = False

    def __init__(self, **fields: Any) -> None:
        super().__init__(**fields)
        if self.func is None and self.coroutine is None:
            raise InputError(f"the tool {self.name!r} needs func or coroutine")
        _ = self._arguments  # whatever is wrong with the signature is said now

    @classmethod
    def from_function(
        cls,
        func: Callable[..., Any] | None = None,
        coroutine: Callable[..., Awaitable[Any]] | None = None,
        name: str | None = None,
        description: str | None = None,
        return_direct: bool = False,
        args_schema: Any = None,
        infer_schema: bool = True,
        *,
        response_format: Literal["content", "content_and_artifact"] = "content",
        parse_docstring: bool = False,
        error_on_invalid_docstring: bool = False,
        **fields: Any,
    ) -> Self:
        """A tool of a function, an async function, or both.

        Args:
            func, coroutine: what it runs.
            name: without it the function's name.
            description: without it the function's docstring, or the one of `args_schema`.
            return_direct, args_schema, response_format, fields: see `BaseTool`.
            infer_schema: False wants `args_schema`.
            parse_docstring: read descriptions of the arguments from the docstring (Google, NumPy or Sphinx style).
            error_on_invalid_docstring: the docstring must describe arguments, and only such as there are.

        Raises:
            InputError: no function, no description, a docstring or signature that cannot be read.
        """
        source = func if func is not None else coroutine
        if source is None:
            raise InputError("Function and/or coroutine must be provided")
        if args_schema is None and not infer_schema:
            raise InputError("with infer_schema=False give args_schema, or use Tool, which takes one text")
        return cls(
            name=name or name_of(source),
            description=description_of(source, description, args_schema, parse=parse_docstring),
            func=func,
            coroutine=coroutine,
            return_direct=return_direct,
            args_schema=args_schema,
            response_format=response_format,
            parse_docstring=parse_docstring,
            error_on_invalid_docstring=error_on_invalid_docstring,
            **fields,
        )

    def _function(self) -> Callable[..., Any]:
        function = self.func or self.coroutine
        assert function is not None  # __init__ made sure
        return function

    @functools.cached_property
    def _parameters(self) -> Parameters:
        check = self.parse_docstring and self.error_on_invalid_docstring and self.args_schema is None
        return read_function(self._function(), describe=self.parse_docstring, check_docstring=check)

    def _run(self, **kwargs: Any) -> Any:
        if self.func is None:
            return super()._run(**kwargs)
        return self._call(self.func, kwargs)

    async def _arun(self, **kwargs: Any) -> Any:
        if self.coroutine is None:
            return await super()._arun(**kwargs)
        return await self._call(self.coroutine, kwargs)

    def _call(self, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        positional = [kwargs.pop(name) for name in self._parameters.positional if name in kwargs]
        return function(*positional, **kwargs)


class Tool(StructuredTool):
    """A tool that takes one text.

    Args:
        name, func, description: the text goes to `func` as its first argument.
        coroutine: the same, async.
    """

    _TEXT: dict[str, Any] = {"type": "object", "properties": {"tool_input": {"type": "string"}}, "required": ["tool_input"]}

    def __init__(
        self,
        name: str,
        func: Callable[..., Any] | None,
        description: str = "",
        coroutine: Callable[..., Awaitable[Any]] | None = None,
        **fields: Any,
    ) -> None:
        fields.setdefault("args_schema", self._TEXT)
        super().__init__(name=name, func=func, description=description, coroutine=coroutine, **fields)

    @classmethod
    def from_function(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, func: Callable[..., Any] | None, name: str, description: str, return_direct: bool = False, **fields: Any
    ) -> Self:
        """A tool of a function that takes one text."""
        return cls(name, func, description, return_direct=return_direct, **fields)

    def _call(self, function: Callable[..., Any], kwargs: dict[str, Any]) -> Any:
        values = [value for name, value in kwargs.items() if name not in self.injected]
        if len(values) != 1:
            raise ToolException(
                f"the tool {self.name!r} takes one text, not {len(values)} arguments; use StructuredTool for more"
            )
        return function(*values, **{name: value for name, value in kwargs.items() if name in self.injected})


def description_of(function: Any, given: str | None, args_schema: Any, *, parse: bool) -> str:
    """The description of a tool: what was given, the function's docstring, or the one of `args_schema`."""
    import inspect

    own = inspect.cleandoc(getattr(function, "__doc__", None) or "")
    description = given or (parse_docstring(own).description if parse else own)
    if not description and args_schema is not None:
        description = shape_of(args_schema).description
    if not description:
        raise InputError("Function must have a docstring if description not provided.")
    return description

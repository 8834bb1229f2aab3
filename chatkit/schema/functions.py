"""What a function takes: the parameters that a model fills in, and those that are put in by the application."""

from __future__ import annotations

import typing
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, Struct, structs

from chatkit.config import RunnableConfig
from chatkit.errors import InputError
from chatkit.schema.annotations import Field, is_field_info, read_annotation, split_annotated
from chatkit.schema.docstrings import Docstring, parse_docstring
from chatkit.schema.hints import hints_of
from chatkit.schema.injected import InjectedToolArg, InjectedToolCallId
from chatkit.schema.types import UNIONS

if typing.TYPE_CHECKING:
    import inspect
    from collections.abc import Callable

__all__ = ["Injection", "Parameters", "injection_of", "name_of", "read_function"]

Injection: TypeAlias = Literal["argument", "call_id", "config", "runtime", "nothing"]
"""What is put into a parameter: the caller's argument, the tool call's id, the run's config, a `ToolRuntime` with all of
these, or nothing (None)."""

_BY_TYPE: dict[str, Injection] = {"RunnableConfig": "config", "ToolRuntime": "runtime"}
"""Types that say by their names what is put in; they may come from other libraries."""

_RESERVED: dict[str, Injection] = {"run_manager": "nothing", "callbacks": "nothing"}
"""Names that belong to callbacks in LangChain's tools, whatever their annotation."""


class Parameters(Struct, frozen=True):
    """The parameters of a function.

    Attributes:
        fields: what the model fills in.
        injected: the parameters that it does not see, by name.
        optional: the injected ones that have a default.
        positional: names that can only be given by position, in order.
        takes_more: the function has **kwargs.
        doc: its docstring, parsed.
        docstring: its docstring, whole.
    """

    fields: tuple[Field, ...]
    injected: dict[str, Injection]
    optional: frozenset[str] = frozenset()
    positional: tuple[str, ...] = ()
    takes_more: bool = False
    doc: Docstring = Docstring()
    docstring: str = ""


def read_function(function: Callable[..., Any], *, describe: bool = True, check_docstring: bool = False) -> Parameters:
    """Read a function's signature, annotations and docstring.

    Args:
        function: any callable; parameters without annotation may be anything.
        describe: parameters without a description get the docstring's.
        check_docstring: the docstring must describe parameters, and only such as there are.

    Raises:
        InputError: an annotation that cannot be read, or a docstring that fails the check.
    """
    import inspect

    parameters = list(inspect.signature(function).parameters.values())
    hints = _hints(function, [parameter.name for parameter in parameters])
    docstring = inspect.cleandoc(getattr(_plain(function), "__doc__", None) or "")
    doc = parse_docstring(docstring)
    named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    fields = [_field(parameter, hints.get(parameter.name, Any)) for parameter in named]
    injected: dict[str, Injection] = {field.name: kind for field in fields if (kind := injection_of(field)) is not None}
    if check_docstring:
        _check_docstring(doc, fields, injected, name_of(function))
    return Parameters(
        fields=tuple(_with_text(field, doc if describe else None) for field in fields if field.name not in injected),
        injected=injected,
        optional=frozenset(field.name for field in fields if not field.required),
        positional=tuple(p.name for p in named if p.kind is p.POSITIONAL_ONLY),
        takes_more=any(p.kind is p.VAR_KEYWORD for p in parameters),
        doc=doc,
        docstring=docstring,
    )


def name_of(function: Any) -> str:
    """The name of a function, of what a partial wraps, or of the class of a callable object."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", None) or type(inner).__name__


def injection_of(field: Field) -> Injection | None:
    """What is put into a parameter; None when the model fills it in."""
    for mark in field.marks:
        kind: Any = mark if isinstance(mark, type) else type(mark)
        if kind.__name__ == "InjectedToolCallId" or issubclass(kind, InjectedToolCallId):
            return "call_id"
        if any(base.__name__ == "InjectedToolArg" for base in kind.__mro__) or issubclass(kind, InjectedToolArg):
            return "argument"
    return _of_type(field.type) or _RESERVED.get(field.name)


def _of_type(tp: Any) -> Injection | None:
    if typing.get_origin(tp) in UNIONS:
        return next((kind for member in typing.get_args(tp) if (kind := _of_type(member))), None)
    tp = split_annotated(tp)[0]
    return _BY_TYPE.get(getattr(typing.get_origin(tp) or tp, "__name__", ""))


def _plain(function: Any) -> Any:
    """The function whose annotations count: of a partial, a wrapper or a callable object."""
    function = getattr(function, "func", function)
    if not hasattr(function, "__code__") and not hasattr(function, "__func__") and not isinstance(function, type):
        function = type(function).__call__
    return function


def _hints(function: Any, names: list[str]) -> dict[str, Any]:
    plain = _plain(function)
    plain = plain.__init__ if isinstance(plain, type) else plain
    try:
        return hints_of(plain)
    except InputError:
        # One unreadable annotation (a return type, a reserved parameter) must not spoil the others.
        return {name: hint for name in names if name not in _RESERVED for hint in _hint(plain, name)}


def _hint(function: Any, name: str) -> list[Any]:
    annotations = getattr(function, "__annotations__", {})
    if name not in annotations:
        return []

    def one(**_: Any) -> None: ...

    one.__annotations__ = {name: annotations[name]}
    one.__wrapped__ = function  # type: ignore[attr-defined]  # where names are looked up
    one.__name__ = getattr(function, "__name__", "function")
    try:
        return list(hints_of(one).values())
    except InputError:
        if "RunnableConfig" in str(annotations[name]):
            return [RunnableConfig]  # imported for type checkers only
        raise


def _field(parameter: inspect.Parameter, hint: Any) -> Field:
    default: Any = UNSET if parameter.default is parameter.empty else parameter.default
    required = default is UNSET
    if is_field_info(default):  # `x: int = Field(5, description="...")`
        hint, default, required = Annotated[hint, default], UNSET, True
    return read_annotation(parameter.name, hint, required=required, default=default)


def _with_text(field: Field, doc: Docstring | None) -> Field:
    text = doc.params.get(field.name) if doc else None
    return structs.replace(field, description=text) if text and not field.description else field


def _check_docstring(doc: Docstring, fields: list[Field], injected: dict[str, Injection], name: str) -> None:
    if doc.style is None and any(field.name not in injected for field in fields):
        raise InputError(
            f"Found invalid Google-Style docstring. {name} needs an 'Args:' section (or NumPy's 'Parameters', or ':param x:') "
            "that describes its parameters; or leave parse_docstring out"
        )
    unknown = [param for param in doc.params if param not in {field.name for field in fields}]
    if unknown:
        raise InputError(
            f"Arg {unknown[0]} in docstring not found in function signature of {name}; it has {[field.name for field in fields]}"
        )

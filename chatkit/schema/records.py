"""The fields of classes that hold named values: TypedDict, dataclass, msgspec Struct, NamedTuple."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Struct

from chatkit.schema.annotations import Field, read_annotation
from chatkit.schema.hints import hints_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["doc_of", "fields_of", "is_record"]


def is_record(cls: Any) -> bool:
    """Whether `fields_of` can tell the fields of a class."""
    cls = typing.get_origin(cls) or cls
    return isinstance(cls, type) and any(test(cls) for test, _ in _READERS)


def fields_of(cls: Any) -> list[Field]:
    """The fields of a TypedDict, dataclass, Struct or NamedTuple class; generic ones with their arguments."""
    origin = typing.get_origin(cls) or cls
    hints = hints_of(origin)
    arguments = dict(zip(getattr(origin, "__parameters__", ()), typing.get_args(cls), strict=False))
    if arguments:
        hints = {name: _substituted(hint, arguments) for name, hint in hints.items()}
    read = next(read for test, read in _READERS if test(origin))
    return read(origin, hints)


def _substituted(hint: Any, arguments: Mapping[Any, Any]) -> Any:
    if hint in arguments:
        return arguments[hint]
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(arguments.get(parameter, parameter) for parameter in parameters)] if parameters else hint


def doc_of(cls: Any) -> str:
    """The docstring that the author of a class wrote; "" for those that Python made up."""
    cls = typing.get_origin(cls) or cls
    doc = (vars(cls).get("__doc__") if isinstance(cls, type) else None) or ""
    made_up = doc.startswith(f"{getattr(cls, '__name__', '')}(") or doc == "An enumeration."
    if not doc or made_up:
        return ""
    import inspect

    return inspect.cleandoc(doc)


def _typed_dict(cls: Any, hints: dict[str, Any]) -> list[Field]:
    # With postponed annotations Python cannot see NotRequired when it makes __required_keys__, so the wrapper decides.
    return [read_annotation(name, hint, required=_wrapper(hint, name in cls.__required_keys__)) for name, hint in hints.items()]


def _wrapper(hint: Any, otherwise: bool) -> bool:
    while (origin := typing.get_origin(hint)) is not None:
        name = getattr(origin, "_name", getattr(origin, "__name__", ""))
        if name in ("Required", "NotRequired"):
            return name == "Required"
        if origin is not Annotated and name != "ReadOnly":
            break
        hint = hint.__origin__ if origin is Annotated else typing.get_args(hint)[0]
    return otherwise


def _dataclass(cls: Any, hints: dict[str, Any]) -> list[Field]:
    import dataclasses

    out: list[Field] = []
    for field in dataclasses.fields(cls):
        if not field.init:
            continue
        has_default = field.default is not dataclasses.MISSING
        default = field.default if has_default else UNSET
        required = not has_default and field.default_factory is dataclasses.MISSING
        out.append(_described(read_annotation(field.name, hints[field.name], required=required, default=default), field.metadata))
    return out


def _described(field: Field, metadata: Mapping[Any, Any]) -> Field:
    text = metadata.get("description") if metadata else None
    return msgspec.structs.replace(field, description=text) if isinstance(text, str) and not field.description else field


def _made(factory: Any) -> Any:
    """A default of a factory that makes empty containers can be told; others may have effects."""
    harmless = any(factory is kind for kind in (list, dict, set, tuple, frozenset))
    return factory() if harmless else UNSET


def _struct(cls: Any, hints: dict[str, Any]) -> list[Field]:
    out: list[Field] = []
    for field in msgspec.structs.fields(cls):
        default = UNSET if field.default is msgspec.NODEFAULT else field.default
        if default is UNSET and field.default_factory is not msgspec.NODEFAULT:
            default = _made(field.default_factory)
        out.append(
            read_annotation(field.name, hints[field.name], required=field.required, default=default, key=field.encode_name)
        )
    return out


def _named_tuple(cls: Any, hints: dict[str, Any]) -> list[Field]:
    defaults = cls._field_defaults
    return [
        read_annotation(name, hints.get(name, Any), required=name not in defaults, default=defaults.get(name, UNSET))
        for name in cls._fields
    ]


_READERS: tuple[tuple[Callable[[Any], bool], Callable[[Any, dict[str, Any]], list[Field]]], ...] = (
    (lambda cls: hasattr(cls, "__required_keys__") and issubclass(cls, dict), _typed_dict),
    (lambda cls: issubclass(cls, Struct), _struct),
    (lambda cls: hasattr(cls, "__dataclass_fields__"), _dataclass),
    (lambda cls: hasattr(cls, "_field_defaults") and issubclass(cls, tuple), _named_tuple),
)

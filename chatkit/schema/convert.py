"""JSON values into the types that the caller declared: arguments of tools, structured answers.

Scalars are msgspec's, pydantic's classes pydantic's; the walk is ours, so that all errors are found at once, each
with its place, in words that a model can act on. Numbers and booleans in strings are accepted ("5" for an int).
"""

from __future__ import annotations

import collections.abc
import enum
import pathlib
import typing
from typing import TYPE_CHECKING, Any, Literal, cast

import msgspec
from msgspec import UNSET, Meta

from chatkit.jsons import is_list, is_object
from chatkit.schema.annotations import Field, read_annotation
from chatkit.schema.pydantic_types import Misfit, is_pydantic, pydantic_convert
from chatkit.schema.records import fields_of, is_record
from chatkit.schema.types import ARRAYS, MAPS, UNIONS, is_subclass, named_type

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Misfit", "convert", "convert_fields"]

_FAILED = object()
_ANYTHING = (Any, object)

_EXACT, _STRICT, _LAX = range(3)
"""How a value may fit: no unknown keys and no conversion; no conversion; "5" for an int and unknown keys dropped."""


def convert(value: Any, annotation: Any) -> Any:
    """A JSON value as a value of the type.

    Raises:
        Misfit: it does not fit; every error is listed.
    """
    converter = _Converter(_LAX)
    out = converter.any(value, annotation, "")
    converter.raise_errors()
    return out


def convert_fields(values: dict[str, Any], fields: Iterable[Field]) -> dict[str, Any]:
    """JSON values by key as Python values by name; unknown keys and absent fields are left out.

    Raises:
        Misfit: a value does not fit, or a required one is missing; every error is listed.
    """
    converter = _Converter(_LAX)
    out = converter.fields(values, fields, "")
    converter.raise_errors()
    return out


class _Converter:
    def __init__(self, mode: int) -> None:
        self.mode = mode
        self.errors: list[str] = []
        self.cause: BaseException | None = None

    def raise_errors(self) -> None:
        if self.errors:
            raise Misfit(self.errors) from self.cause

    def fail(self, at: str, why: str) -> Any:
        self.errors.append(f"{at}: {why}" if at else why)
        return _FAILED

    def any(self, value: Any, annotation: Any, at: str) -> Any:
        field = read_annotation("", annotation)
        return self.bounded(self.bare(value, field.type, at), field.constraints, at)

    def bounded(self, value: Any, constraints: dict[str, Any], at: str) -> Any:
        """The value, when it keeps the bounds that make sense for its type."""
        kind: Any = type(cast("object", value))
        names = _BOUNDS.get(kind, ())
        bounds = {name: limit for name, limit in constraints.items() if name in names}
        if value is _FAILED or not bounds:
            return value
        return value if self.leaf(value, typing.Annotated[kind, Meta(**bounds)], at) is not _FAILED else _FAILED

    def bare(self, value: Any, tp: Any, at: str) -> Any:
        if tp in _ANYTHING:
            return value
        origin = typing.get_origin(tp)
        kind = origin or tp
        if origin in UNIONS:
            return self.union(value, typing.get_args(tp), at)
        if origin is Literal:
            return self.choice(value, {_plain(option): option for option in typing.get_args(tp)}, at)
        if is_pydantic(tp):
            return self.pydantic(value, tp, at)
        if is_record(tp):
            return self.record(value, tp, at)
        if is_subclass(tp, enum.Enum):
            return value if isinstance(value, tp) else self.choice(value, {member.value: member for member in tp}, at)
        if named_type(tp) is not None:
            return self.any(value, named_type(tp), at)
        if kind is tuple or kind in ARRAYS:
            return self.array(value, kind, typing.get_args(tp), at)
        return self.map(value, typing.get_args(tp), at) if kind in MAPS else self.leaf(value, tp, at)

    def leaf(self, value: Any, tp: Any, at: str) -> Any:
        if isinstance(tp, type) and isinstance(value, tp) and type(value) is not bool:
            return value
        try:
            return cast("Any", msgspec.convert(value, tp, strict=self.mode != _LAX, dec_hook=_other))
        except (msgspec.ValidationError, TypeError, ValueError) as error:
            return self.fail(at, str(error))

    def union(self, value: Any, members: tuple[Any, ...], at: str) -> Any:
        """The first member that fits, the strictest way first: "5" is a str in `int | str`."""
        why: list[str] = []
        for mode in range(self.mode + 1):
            why = []
            for member in members:
                trial = _Converter(mode)
                out = trial.any(value, member, at)
                if not trial.errors:
                    return out
                if member is not type(None):
                    why = [*why, *trial.errors] if len(members) <= 2 else [*why, trial.errors[0]]
        self.errors.extend(dict.fromkeys(why))
        return _FAILED

    def choice(self, value: Any, options: dict[Any, Any], at: str) -> Any:
        for plain, option in options.items():
            if type(plain) is type(value) and plain == value:
                return option
            if self.mode == _LAX and isinstance(value, str) and not isinstance(plain, str) and str(plain) == value:
                return option
        return self.fail(at, f"must be one of {', '.join(repr(option) for option in options)}, not {value!r}")

    def pydantic(self, value: Any, cls: Any, at: str) -> Any:
        try:
            return pydantic_convert(value, cls)
        except Misfit as misfit:
            self.errors.extend(f"{at}.{error}" if at else error for error in misfit.errors)
            self.cause = self.cause or misfit.__cause__
            return _FAILED

    def array(self, value: Any, kind: Any, args: tuple[Any, ...], at: str) -> Any:
        if not is_list(value) and not isinstance(value, tuple | set | frozenset):
            return self.fail(at, f"Expected `array`, got `{type(value).__name__}`")
        items: list[Any] = list(cast("Any", value))
        fixed = kind is tuple and args and args[-1] is not ...
        if fixed and len(args) != len(items):
            return self.fail(at, f"Expected `array` of length {len(args)}, got {len(items)}")
        types = args if fixed else [args[0] if args else Any] * len(items)
        before = len(self.errors)
        done = [self.any(item, tp, f"{at}[{index}]") for index, (item, tp) in enumerate(zip(items, types, strict=True))]
        return _FAILED if len(self.errors) > before else _make_array(kind, done)

    def map(self, value: Any, args: tuple[Any, ...], at: str) -> Any:
        if not is_object(value):
            return self.fail(at, f"Expected `object`, got `{type(value).__name__}`")
        if len(args) != 2:
            return value
        return {self.any(key, args[0], at): self.any(item, args[1], _join(at, str(key))) for key, item in value.items()}

    def record(self, value: Any, cls: Any, at: str) -> Any:
        origin = typing.get_origin(cls) or cls
        is_dict = issubclass(origin, dict)
        if not is_dict and isinstance(value, origin):
            return value
        if not is_object(value):
            return self.fail(at, f"Expected `object` ({origin.__name__}), got `{type(value).__name__}`")
        before = len(self.errors)
        fields = fields_of(cls)
        out = self.fields(value, fields, at)
        self.check_keys(value, fields, getattr(origin, "__struct_config__", None), at)
        if len(self.errors) > before:
            return _FAILED
        if is_dict:
            defaults = {field.name: field.default for field in fields if field.default is not UNSET}
            return {**defaults, **value, **out}
        try:
            return origin(**out)
        except (TypeError, ValueError) as error:  # __post_init__ of the class
            return self.fail(at, str(error))

    def fields(self, values: dict[str, Any], fields: Iterable[Field], at: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for field in fields:
            where = _join(at, field.key)
            value = values.get(field.key, UNSET)
            if value is UNSET:
                if field.required:
                    self.fail(where, "is required but missing")
            elif value is None and field.default is None:
                out[field.name] = None  # `x: str = None`
            else:
                out[field.name] = self.bounded(self.any(value, field.type, where), field.constraints, where)
        return out

    def check_keys(self, value: dict[str, Any], fields: list[Field], config: Any, at: str) -> None:
        """Keys beside the fields: the tag of a Struct must be right, others may be forbidden."""
        unknown = set(value) - {field.key for field in fields}
        if config is not None and config.tag is not None:
            unknown.discard(config.tag_field)
            tag = value.get(config.tag_field, None if self.mode == _EXACT else config.tag)
            if tag != config.tag:
                self.fail(_join(at, config.tag_field), f"must be {config.tag!r}, not {tag!r}")
        if unknown and (self.mode == _EXACT or (config is not None and config.forbid_unknown_fields)):
            self.fail(at, f"has unknown keys {sorted(unknown)}")


_NUMERIC = ("ge", "gt", "le", "lt", "multiple_of")
_SIZED = ("min_length", "max_length")
_BOUNDS: dict[type, tuple[str, ...]] = {
    int: _NUMERIC,
    float: _NUMERIC,
    str: (*_SIZED, "pattern"),
    bytes: _SIZED,
    list: _SIZED,
    tuple: _SIZED,
    set: _SIZED,
    frozenset: _SIZED,
    dict: _SIZED,
}


def _plain(option: Any) -> Any:
    return option.value if isinstance(option, enum.Enum) else option


def _join(at: str, key: str) -> str:
    return f"{at}.{key}" if at else key


def _make_array(kind: Any, items: list[Any]) -> Any:
    if kind in (collections.abc.Set, collections.abc.MutableSet):
        return set(items)
    makes: Any = kind if kind in (tuple, set, frozenset, collections.deque) else list
    return makes(items)


def _other(tp: type, value: Any) -> Any:
    """Scalars that msgspec does not know."""
    if issubclass(tp, pathlib.PurePath) and isinstance(value, str):
        return tp(value)
    raise TypeError(f"Expected `{tp.__name__}`, got `{type(value).__name__}`")

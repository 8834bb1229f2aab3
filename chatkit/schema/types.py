"""JSON Schema from Python types. Our own walk, so that descriptions in `Annotated`, unions of classes and pydantic
models inside other types work; scalars are msgspec's."""

from __future__ import annotations

import collections
import collections.abc
import datetime
import enum
import pathlib
import types
import typing
from typing import Any, Literal, TypeVar, Union

import msgspec
from msgspec import UNSET

from chatkit.errors import InputError
from chatkit.schema.annotations import Field, read_annotation
from chatkit.schema.pydantic_types import is_pydantic, pydantic_schema
from chatkit.schema.records import doc_of, fields_of, is_record
from chatkit.schema.transform import rename_refs

if typing.TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ARRAYS", "MAPS", "UNIONS", "SchemaWriter", "is_subclass", "named_type", "schema_of_type"]

UNIONS = (Union, types.UnionType)
ARRAYS: tuple[Any, ...] = (
    list,
    set,
    frozenset,
    collections.deque,
    collections.abc.Sequence,
    collections.abc.MutableSequence,
    collections.abc.Collection,
    collections.abc.Iterable,
    collections.abc.Set,
    collections.abc.MutableSet,
)
MAPS: tuple[Any, ...] = (
    dict,
    collections.abc.Mapping,
    collections.abc.MutableMapping,
    collections.OrderedDict,
    collections.defaultdict,
)

_ANYTHING = (Any, object)
_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
_NUMBER_KEYS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "multiple_of": "multipleOf"}
_KEYS: dict[str, dict[str, str]] = {
    "integer": _NUMBER_KEYS,
    "number": _NUMBER_KEYS,
    "string": {"min_length": "minLength", "max_length": "maxLength", "pattern": "pattern"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
    "object": {"min_length": "minProperties", "max_length": "maxProperties"},
}


def schema_of_type(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of a type, with `$defs` for the classes in it.

    Raises:
        InputError: a type that JSON has no counterpart for; says which and where.
    """
    writer = SchemaWriter()
    schema = writer.schema(annotation)
    return {**schema, "$defs": writer.defs} if writer.defs else schema


class SchemaWriter:
    """Writes schemas that share their definitions.

    Attributes:
        defs: the schemas of classes by name, for `$defs`.
    """

    def __init__(self) -> None:
        self.defs: dict[str, dict[str, Any]] = {}
        self._names: dict[Any, str] = {}

    def schema(self, annotation: Any) -> dict[str, Any]:
        """The schema of one annotation."""
        field = read_annotation("", annotation)
        schema = constrained(self._bare(field.type), field.constraints)
        if field.description:
            schema = {**schema, "description": field.description}
        return schema

    def object(self, fields: Iterable[Field]) -> dict[str, Any]:
        """The schema of an object with these fields."""
        fields = list(fields)
        out: dict[str, Any] = {"type": "object", "properties": {field.key: self._property(field) for field in fields}}
        required = [field.key for field in fields if field.required]
        return {**out, "required": required} if required else out

    def _property(self, field: Field) -> dict[str, Any]:
        try:
            schema = constrained(self.schema(field.type), field.constraints)
        except InputError as error:
            raise InputError(f"{field.name}: {error}") from None
        if field.description:
            schema = {**schema, "description": field.description}
        default = _json_default(field.default)
        return schema if default is UNSET else {**schema, "default": default}

    def _bare(self, tp: Any) -> dict[str, Any]:
        if tp in _ANYTHING:
            return {}
        if tp is None or (isinstance(tp, type) and tp in _JSON_TYPES):
            return {"type": _JSON_TYPES[tp or type(None)]}
        origin = typing.get_origin(tp)
        if origin in UNIONS:
            return self._union(typing.get_args(tp))
        if origin is Literal:
            return _choice(list(typing.get_args(tp)))
        if is_pydantic(tp):
            return self._defined(tp, self._pydantic)
        if is_record(tp):
            return self._defined(tp, self._record)
        if is_subclass(tp, enum.Enum):
            return self._defined(tp, _enum)
        if named_type(tp) is not None:
            return self._named(tp)
        return self._container(origin or tp, typing.get_args(tp)) or _scalar(tp)

    def _union(self, members: tuple[Any, ...]) -> dict[str, Any]:
        schemas = [self.schema(member) for member in members]
        unique = [item for at, item in enumerate(schemas) if item not in schemas[:at]]
        return unique[0] if len(unique) == 1 else {"anyOf": unique}

    def _named(self, tp: Any) -> dict[str, Any]:
        """NewType, TypeVar and `type X = ...`; the last may contain itself."""
        if hasattr(tp, "__value__"):
            return self._defined(tp, lambda alias: self.schema(alias.__value__))
        return self.schema(named_type(tp))

    def _container(self, kind: Any, args: tuple[Any, ...]) -> dict[str, Any] | None:
        if kind is tuple and args and args[-1] is not ...:
            items = [self.schema(arg) for arg in args]
            return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
        if kind is tuple or kind in ARRAYS:
            return {"type": "array", "items": self.schema(args[0]) if args else {}}
        if kind in MAPS:
            values = self.schema(args[1]) if len(args) == 2 else {}
            return {"type": "object", "additionalProperties": values or True}
        return None

    def _defined(self, tp: Any, write: typing.Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        if tp not in self._names:
            self._names[tp] = name = self._free_name(getattr(tp, "__name__", None) or str(tp))
            self.defs[name] = {}  # taken, so that a class can refer to itself
            self.defs[name] = write(tp)
        return {"$ref": f"#/$defs/{self._names[tp]}"}

    def _free_name(self, name: str) -> str:
        at = 2
        unique = name
        while unique in self.defs:
            unique, at = f"{name}_{at}", at + 1
        return unique

    def _record(self, cls: Any) -> dict[str, Any]:
        fields = fields_of(cls)
        schema = self.object(fields)
        description = doc_of(cls)
        config = getattr(typing.get_origin(cls) or cls, "__struct_config__", None)
        if config is not None and config.tag is not None:
            schema["properties"] = {
                config.tag_field: {"type": _JSON_TYPES[type(config.tag)], "enum": [config.tag]},
                **schema["properties"],
            }
            schema["required"] = [config.tag_field, *schema.get("required", ())]
        if config is not None and config.forbid_unknown_fields:
            schema["additionalProperties"] = False
        return {"title": getattr(cls, "__name__", str(cls)), **({"description": description} if description else {}), **schema}

    def _pydantic(self, cls: Any) -> dict[str, Any]:
        """Pydantic's schema; its definitions move to ours, under names that are free."""
        schema = pydantic_schema(cls)
        theirs: dict[str, Any] = schema.pop("$defs", {})
        root = str(schema.get("$ref", "")).removeprefix("#/$defs/")
        if root in theirs:
            schema = {**theirs[root], **{key: value for key, value in schema.items() if key != "$ref"}}
        names = {name: self._names[cls] if name == root else self._free_name(name) for name in theirs}
        for name in (name for name in theirs if name != root):
            self.defs[names[name]] = rename_refs(theirs[name], names)
        return rename_refs(schema, names)


def is_subclass(tp: Any, base: type) -> bool:
    """`issubclass` for anything that can stand in an annotation."""
    return isinstance(tp, type) and issubclass(tp, base)


def named_type(tp: Any) -> Any:
    """What stands behind a NewType, a TypeVar or a `type` alias; None for any other type."""
    if isinstance(tp, TypeVar):
        return tp.__bound__ or (Union[tp.__constraints__] if tp.__constraints__ else Any)  # noqa: UP007
    return getattr(tp, "__supertype__", None) or getattr(tp, "__value__", None)


def constrained(schema: dict[str, Any], constraints: dict[str, Any]) -> dict[str, Any]:
    """The schema with bounds; in a union each goes to the members that it makes sense for."""
    if not constraints:
        return schema
    if "anyOf" in schema:
        return {**schema, "anyOf": [constrained(member, constraints) for member in schema["anyOf"]]}
    keys = _KEYS.get(schema.get("type", ""), {})
    return {**schema, **{keys[name]: value for name, value in constraints.items() if name in keys}}


def _choice(values: list[Any]) -> dict[str, Any]:
    flat = [value.value if isinstance(value, enum.Enum) else value for value in values]
    kinds = list(dict.fromkeys(_JSON_TYPES[type(value)] for value in flat if type(value) in _JSON_TYPES))
    if not kinds:
        return {"enum": flat}
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": flat}


def _enum(cls: type[enum.Enum]) -> dict[str, Any]:
    description = doc_of(cls)
    return {
        "title": cls.__name__,
        **({"description": description} if description else {}),
        **_choice([member.value for member in cls]),
    }


_FORMATS: dict[Any, str] = {datetime.datetime: "date-time", datetime.time: "time"}
"""msgspec names no format for these, as it also reads values without time zone; models do better with one."""


def _scalar(tp: Any) -> dict[str, Any]:
    if tp in _FORMATS or is_subclass(tp, pathlib.PurePath):
        return {"type": "string", "format": _FORMATS.get(tp, "path")}
    try:
        return msgspec.json.schema(tp)
    except TypeError:
        name = getattr(tp, "__name__", None) or str(tp)
        raise InputError(
            f"{name!r} has no JSON Schema; use str, int, float, bool, None, list, dict, Literal, enums, dataclasses, "
            "TypedDicts, Structs or pydantic models, or mark the parameter as injected"
        ) from None


def _json_default(value: Any) -> Any:
    """A default as JSON; UNSET when it has none."""
    if value is UNSET or value is ...:
        return UNSET
    try:
        return msgspec.to_builtins(value, enc_hook=_dump)
    except (TypeError, ValueError, NotImplementedError):
        return UNSET


def _dump(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is None:
        raise TypeError(f"{type(value).__name__} has no JSON form")
    return dump(mode="json")

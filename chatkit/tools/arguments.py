"""The arguments of a tool: what the model sees, what is put in by the application, how values are checked."""

from __future__ import annotations

from typing import Annotated, Any, cast

from msgspec import Struct

from chatkit.errors import InputError
from chatkit.jsons import is_object
from chatkit.schema.annotations import Field, read_annotation
from chatkit.schema.convert import convert_fields
from chatkit.schema.functions import Injection, Parameters, injection_of
from chatkit.schema.pydantic_types import Misfit, is_pydantic_model
from chatkit.schema.records import fields_of, is_record
from chatkit.schema.shapes import Shape, fields_schema, shape_of
from chatkit.tools.runtime import completed

__all__ = ["Arguments"]

_FREE_TEXT = "__arg1"
"""What the text of a free-form call is called (spec S161)."""


class Arguments(Struct, frozen=True):
    """The arguments of a tool.

    Attributes:
        schema: JSON Schema of what the model fills in.
        injected: what is put in, by name; `optional` ones need no value.
        function: the parameters of the tool's function.
        shape: the `args_schema` that the user gave; None when the function says it all.
    """

    schema: dict[str, Any]
    injected: dict[str, Injection]
    optional: frozenset[str]
    function: Parameters
    shape: Shape | None = None

    @classmethod
    def of(cls, function: Parameters, args_schema: Any) -> Arguments:
        """Read from the function's signature, or from the schema that was given with it."""
        if args_schema is None:
            return cls(fields_schema(function), function.injected, function.optional, function)
        shape = shape_of(args_schema)
        hidden: dict[str, tuple[Field, Injection]] = {
            field.name: (field, kind) for field in _fields(args_schema) if (kind := injection_of(field)) is not None
        }
        put_in: dict[str, Injection] = {**function.injected}
        put_in.update({name: kind for name, (_, kind) in hidden.items()})
        return cls(
            schema=_without(shape.schema, {field.key for field, _ in hidden.values()}),
            injected=put_in,
            optional=function.optional | {name for name, (field, _) in hidden.items() if not field.required},
            function=function,
            shape=shape,
        )

    def read(self, given: Any, *, call_id: str | None, config: Any) -> tuple[dict[str, Any], list[str]]:
        """Arguments for the function, and the names that it does not take.

        Raises:
            Misfit: they do not fit.
            InputError: a value that the application must put in is missing.
        """
        values = self._as_object(given)
        put_in = self._put_in(values, call_id, config)
        seen = {name: value for name, value in values.items() if name not in self.injected}
        if self.shape is None:
            return self._read_fields(seen, put_in)
        if self.shape.type is None:
            return {**self.shape.decode(seen), **put_in}, []
        decoded = self.shape.decode({**seen, **put_in})
        arguments = (
            decoded if is_object(decoded) else {field.name: getattr(decoded, field.name) for field in _fields(self.shape.type)}
        )
        known = {*arguments, *self.schema.get("properties", ())}
        return {**arguments, **put_in}, [name for name in seen if name not in known]

    def _read_fields(self, seen: dict[str, Any], put_in: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        fields = self.function.fields
        more = {name: value for name, value in seen.items() if name not in {field.key for field in fields}}
        arguments = {**convert_fields(seen, fields), **put_in}
        return ({**more, **arguments}, []) if self.function.takes_more else (arguments, list(more))

    def _as_object(self, given: Any) -> dict[str, Any]:
        names = list(self.schema.get("properties", ()))
        if is_object(given):
            free_text = len(names) == 1 and list(given) == [_FREE_TEXT]
            return {names[0]: given[_FREE_TEXT]} if free_text else given
        if isinstance(given, str):
            return {names[0]: given} if names else {}
        raise Misfit([f"Expected `object`, got `{type(given).__name__}`"])

    def _put_in(self, values: dict[str, Any], call_id: str | None, config: Any) -> dict[str, Any]:
        out: dict[str, Any] = {}
        known: dict[Injection, Any] = {"config": {} if config is None else config, "call_id": call_id}
        for name, kind in self.injected.items():
            value = values.get(name, known.get(kind)) if kind != "nothing" else None
            if kind == "runtime":
                value = completed(value, tool_call_id=call_id, config=known["config"], state={})
            if value is not None or name in values:
                out[name] = value
            elif name not in self.optional:
                if kind in _MISSING:
                    raise InputError(_MISSING[kind].format(name))
                out[name] = None
        return out


_MISSING: dict[str, str] = {
    "argument": "the injected argument {!r} is missing: the application must put it into the arguments",
    "call_id": "the argument {!r} is the id of the tool call; invoke the tool with a whole tool call: "
    "{{'type': 'tool_call', 'name': ..., 'args': ..., 'id': ...}}",
}


def _fields(cls: Any) -> list[Field]:
    if is_pydantic_model(cls):
        infos = cast("dict[str, Any]", cls.model_fields if hasattr(cls, "model_fields") else cls.__fields__)  # version 1
        return [_pydantic_field(name, info) for name, info in infos.items()]
    return fields_of(cls) if is_record(cls) else []


def _pydantic_field(name: str, info: Any) -> Field:
    metadata: Any = getattr(info, "metadata", ())  # version 1 has none
    hint: Any = Annotated[(info.annotation, *metadata)] if metadata else info.annotation
    required = info.is_required() if hasattr(info, "is_required") else info.required is True
    return read_annotation(name, hint, required=required, key=getattr(info, "alias", None) or name)


def _without(schema: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    if not hidden:
        return schema
    properties = {name: item for name, item in schema.get("properties", {}).items() if name not in hidden}
    required = [name for name in schema.get("required", ()) if name not in hidden]
    out = {**schema, "properties": properties, "required": required}
    return out if required else {key: value for key, value in out.items() if key != "required"}

"""One view of everything that can describe a JSON object: classes, functions, JSON Schemas, tool dicts.

`shape_of(thing)` gives name, description, JSON Schema, and `decode`, which brings an answer into the thing's type.
"""

from __future__ import annotations

import re
import typing
import weakref
from typing import Any

from msgspec import Struct, structs

from chatkit.errors import InputError
from chatkit.jsons import is_object
from chatkit.merge import own
from chatkit.schema.convert import Misfit, convert, convert_fields
from chatkit.schema.functions import Parameters, name_of, read_function
from chatkit.schema.records import is_record
from chatkit.schema.tool_dicts import read_tool_dict
from chatkit.schema.transform import inline_refs, without_titles
from chatkit.schema.types import SchemaWriter, schema_of_type

__all__ = ["Shape", "fields_schema", "safe_name", "shape_of"]


class Shape(Struct, frozen=True):
    """The shape of a JSON object.

    Attributes:
        name: of the tool, or of the answer's schema.
        schema: JSON Schema, `type` object, no references but recursive ones, no titles. Do not change it.
        type: the Python type that `decode` makes; None for dicts, which are not checked.
        parameters: of the function that the shape was read from.
        wrapped: the type is no object by itself (a list, a union ...), so it stands under the key "value".
        strict: what a tool dict says of strictness.
    """

    name: str
    description: str
    schema: dict[str, Any]
    type: Any = None
    parameters: Parameters | None = None
    wrapped: bool = False
    strict: bool | None = None

    def decode(self, value: Any) -> Any:
        """An answer as the type that was asked for.

        Raises:
            Misfit: it does not fit.
        """
        if self.parameters is not None:
            return {**_object(value), **convert_fields(_object(value), self.parameters.fields)}
        if self.wrapped:
            value = value["value"] if is_object(value) and "value" in value else value
            return value if self.type is None else convert(value, self.type)
        return _object(value) if self.type is None else convert(value, self.type)

    @property
    def is_dict(self) -> bool:
        """Whether `decode` gives dicts."""
        return self.type is None or (isinstance(self.type, type) and issubclass(self.type, dict))


def _object(value: Any) -> dict[str, Any]:
    if not is_object(value):
        raise Misfit([f"Expected `object`, got `{type(value).__name__}`"])
    return value


_cache: weakref.WeakKeyDictionary[Any, Shape] = weakref.WeakKeyDictionary()
"""Shapes of classes and functions by identity: reading one costs up to a millisecond."""


def shape_of(thing: Any) -> Shape:
    """The shape that something describes.

    Args:
        thing: a pydantic model, TypedDict, dataclass, Struct or any other type; a function; a tool object; a dict:
            JSON Schema with a title, or a tool in OpenAI's, Anthropic's or Bedrock's form.

    Raises:
        InputError: nothing that a schema can be made of.
    """
    try:
        found = _cache.get(thing)
    except TypeError:  # not hashable, or no weak references to it
        return _read(thing)
    if found is None:
        found = _cache[thing] = _read(thing)
    return found


def _read(thing: Any) -> Shape:
    if is_object(thing):
        return _of_dict(thing)
    if isinstance(thing, type) or typing.get_origin(thing) is not None:
        return _of_type(thing)
    if hasattr(thing, "name") and (hasattr(thing, "tool_call_schema") or _mcp_schema(thing) is not None):
        return _of_tool(thing)
    if callable(thing):
        return _of_function(thing)
    raise InputError(
        f"Unsupported function {thing!r}: a schema can be made of a function, a class (pydantic, TypedDict, dataclass, Struct), "
        "a tool, or a dict (JSON Schema with a title, or a tool in OpenAI's, Anthropic's or Bedrock's form)"
    )


def _of_dict(thing: dict[str, Any]) -> Shape:
    tool = read_tool_dict(thing)
    if tool is not None:
        return Shape(tool.name, tool.description, tool.parameters, strict=tool.strict)
    thing = _response_format(thing) or thing
    if not any(key in thing for key in ("title", "properties", "anyOf", "$ref")):
        raise InputError(f"Unsupported function {thing!r}: a JSON Schema needs at least 'title' and 'properties'")
    rest = {key: own(value) for key, value in thing.items() if key not in ("title", "description", "strict", "$schema")}
    schema = without_titles(inline_refs(rest if "$ref" in rest else {"type": "object", **rest}))
    shape = Shape(safe_name(thing.get("title") or "answer"), thing.get("description") or "", schema, strict=thing.get("strict"))
    return shape if schema.get("type") == "object" else structs.replace(shape, schema=_under_value(schema), wrapped=True)


def _response_format(thing: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON Schema in OpenAI's `response_format`, whole or its inner part; None for anything else."""
    inner = thing["json_schema"] if thing.get("type") == "json_schema" and is_object(thing.get("json_schema")) else thing
    if "name" not in inner or not is_object(inner.get("schema")):
        return None
    facts = {"title": inner["name"], "description": inner.get("description"), "strict": inner.get("strict")}
    return {**inner["schema"], **{key: value for key, value in facts.items() if value is not None}}


def _of_type(thing: Any) -> Shape:
    schema = without_titles(inline_refs(schema_of_type(thing)))
    name = safe_name(thing.__name__) if isinstance(thing, type) or is_record(thing) else "answer"
    description = schema.pop("description", "")
    if schema.get("type") == "object":
        return Shape(name, description, schema, type=thing)
    return Shape(name, description, _under_value(schema), type=thing, wrapped=True)


def _under_value(schema: dict[str, Any]) -> dict[str, Any]:
    """Providers want an object at the root, so a list or a union stands under a key."""
    inner = {key: value for key, value in schema.items() if key != "$defs"}
    wrapper: dict[str, Any] = {"type": "object", "properties": {"value": inner}, "required": ["value"]}
    return {**wrapper, "$defs": schema["$defs"]} if "$defs" in schema else wrapper


def _of_tool(thing: Any) -> Shape:
    """A tool of chatkit, of MCP, or of LangChain, known by its attributes."""
    schema = getattr(thing, "tool_call_schema", None) or _mcp_schema(thing)
    if not is_object(schema):
        shape = shape_of(schema)
        schema = shape.schema
    schema = {key: value for key, value in without_titles(inline_refs(schema)).items() if key != "description"}
    return Shape(thing.name, getattr(thing, "description", None) or "", {"type": "object", "properties": {}, **schema})


def _mcp_schema(thing: Any) -> Any:
    """The schema of an MCP tool; the name of the attribute depends on the version of the `mcp` package."""
    return getattr(thing, "inputSchema", None) or getattr(thing, "input_schema", None)


def _of_function(function: Any) -> Shape:
    parameters = read_function(function)
    description = parameters.doc.description
    return Shape(name_of(function), description, fields_schema(parameters), parameters=parameters)


def fields_schema(parameters: Parameters) -> dict[str, Any]:
    """The JSON Schema of what the model fills in."""
    writer = SchemaWriter()
    schema = writer.object(parameters.fields)
    return without_titles(inline_refs({**schema, "$defs": writer.defs} if writer.defs else schema))


def safe_name(title: str) -> str:
    """A title as a name that all providers accept: letters, digits, _ and -, at most 64."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", title).strip("_")[:64] or "answer"

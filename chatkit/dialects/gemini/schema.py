"""JSON Schemas as Gemini takes them (`parametersJsonSchema`, `responseJsonSchema`; wire sheet: google_genai §2, §3).

The API documents which keywords it knows. References are written out, because a reference may have no neighbours
there; only a definition that contains itself stays one.
"""

from __future__ import annotations

from typing import Any, cast

from chatkit.jsons import is_list, is_object
from chatkit.merge import merged

__all__ = ["clean_schema"]

_KEPT = frozenset(
    {
        *("type", "format", "title", "description", "default", "nullable", "propertyOrdering"),
        *("required", "additionalProperties", "minimum", "maximum"),
        *("minItems", "maxItems", "minLength", "maxLength", "pattern", "minProperties", "maxProperties"),
    }
)
_ONE = ("items", "additionalProperties")
_LISTS = ("anyOf", "oneOf", "prefixItems")
_FORMATS = frozenset({"date-time", "date", "time", "duration", "enum", "int32", "int64", "float", "double"})
_TYPES: dict[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}


def clean_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema in the keywords that Gemini knows; never changes what it is given."""
    return _Cleaner(schema).root()


class _Cleaner:
    """Cleans one document, whose references point into itself."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._recursive: dict[str, str] = {}  # references that stay -> names of their definitions
        self._open: list[str] = []  # references that are being written out

    def root(self) -> dict[str, Any]:
        out = self.clean(self._document)
        done: dict[str, Any] = {}
        while missing := [ref for ref, name in self._recursive.items() if name not in done]:
            ref = missing[0]
            self._open = [ref]
            done[self._recursive[ref]] = self.clean(self._target(ref))
        return {**out, "$defs": done} if done else out

    def clean(self, schema: Any) -> Any:
        """One schema inside the document; `true` and `false` stand for anything and nothing."""
        if not is_object(schema):
            return schema
        if isinstance(schema.get("$ref"), str):
            return self._written_out(schema)
        if is_list(schema.get("allOf")):
            return self._all_of(schema)
        out = {key: value for key, value in schema.items() if key in _KEPT and (key != "format" or value in _FORMATS)}
        out.update(_values(schema))
        if is_object(schema.get("properties")):
            out["properties"] = {name: self.clean(inner) for name, inner in schema["properties"].items()}
        out.update((key, self.clean(schema[key])) for key in _ONE if key in schema)
        out.update((key, [self.clean(inner) for inner in schema[key]]) for key in _LISTS if is_list(schema.get(key)))
        return out

    def _all_of(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Schemas that must all hold, as one: what inheritance makes of them."""
        out: dict[str, Any] = {}
        for inner in (*schema["allOf"], {key: value for key, value in schema.items() if key != "allOf"}):
            out = merged(out, self.clean(inner))
        return out

    def _written_out(self, schema: dict[str, Any]) -> dict[str, Any]:
        ref = cast("str", schema["$ref"])
        if ref in self._open:
            name = self._recursive.setdefault(ref, ref.rsplit("/", 1)[-1].strip("#") or "root")
            return {"$ref": f"#/$defs/{name}"}
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        self._open.append(ref)
        out = self.clean({**self._target(ref), **beside})
        self._open.pop()
        return out

    def _target(self, ref: str) -> dict[str, Any]:
        """What a reference points to; one that leads nowhere allows anything."""
        found: Any = self._document
        for step in ref.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if is_object(found) else None
        return found if is_object(found) else {}


def _values(schema: dict[str, Any]) -> dict[str, Any]:
    """`const` is unknown there: an `enum` of one says the same. An `enum` may hold strings and numbers only."""
    if "const" not in schema and not is_list(schema.get("enum")):
        return {}
    given: list[Any] = [schema["const"]] if "const" in schema else schema["enum"]
    kind = _type_of(given[0]) if given else None
    values = [value for value in given if isinstance(value, str | int | float) and not isinstance(value, bool)]
    return {**({"type": kind} if kind and "type" not in schema else {}), **({"enum": values} if values else {})}


def _type_of(value: object) -> str | None:
    return _TYPES.get(type(value))

"""Changes to a JSON Schema that providers ask for: no titles, no references, strict. Each returns a new schema.

All walk the same way (`map_subschemas`), so a property that is called "title" or "default" is never taken for a keyword.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from chatkit.errors import InputError
from chatkit.jsons import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["can_be_strict", "inline_refs", "map_subschemas", "rename_refs", "strict_schema", "without_titles"]

_ONE = (
    "items",
    "additionalProperties",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
)
_MANY = ("anyOf", "oneOf", "allOf", "prefixItems")
_NAMED = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def map_subschemas(schema: dict[str, Any], change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """A copy whose direct subschemas are what `change` makes of them."""
    out = dict(schema)
    for key in _ONE:
        if is_object(out.get(key)):
            out[key] = change(out[key])
    for key in _MANY:
        if is_list(out.get(key)):
            out[key] = [change(item) if is_object(item) else item for item in out[key]]
    for key in _NAMED:
        if is_object(out.get(key)):
            out[key] = {name: change(item) if is_object(item) else item for name, item in out[key].items()}
    return out


def without_titles(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema without `title` at any level: they repeat the names and cost tokens (spec S147)."""
    out = map_subschemas(schema, without_titles)
    out.pop("title", None)
    return out


def rename_refs(schema: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The schema with `$ref`s to `#/$defs/<old>` pointing to `#/$defs/<new>`."""
    out = map_subschemas(schema, lambda item: rename_refs(item, names))
    old = str(out.get("$ref", "")).removeprefix("#/$defs/")
    if old in names:
        out["$ref"] = f"#/$defs/{names[old]}"
    return out


def inline_refs(schema: dict[str, Any], *, keep_recursive: bool = True) -> dict[str, Any]:
    """The schema with every local `$ref` replaced by what it points to.

    Args:
        schema: a JSON Schema with `$defs` or `definitions`.
        keep_recursive: a type that contains itself cannot be written without references. True leaves these
            references and their `$defs`; False cuts the recursion with an open schema, for providers that know no `$ref`.

    Raises:
        InputError: a `$ref` points to nothing.
    """
    return _Inliner(schema, keep_recursive).run()


class _Inliner:
    def __init__(self, root: dict[str, Any], keep_recursive: bool) -> None:
        self.root = root
        self.keep_recursive = keep_recursive
        self.kept: dict[str, str] = {}  # reference to a recursive type: its name

    def run(self) -> dict[str, Any]:
        root = self.target("#")
        while _is_local(root.get("$ref")):  # the root must be the object itself
            root = {**self.target(root.pop("$ref")), **root}
        out = self.visit(root, ())
        definitions: dict[str, Any] = {}
        while len(definitions) < len(self.kept):
            ref, name = next(item for item in self.kept.items() if item[1] not in definitions)
            definitions[name] = self.visit(self.target(ref), ())
        return {**out, "$defs": definitions} if definitions else out

    def visit(self, schema: dict[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
        ref: Any = schema.get("$ref")
        if not _is_local(ref):
            return _single_all_of(map_subschemas(schema, lambda item: self.visit(item, inside)))
        beside = self.visit({key: value for key, value in schema.items() if key != "$ref"}, inside)
        if self.keep_recursive and self.is_recursive(ref):
            name = self.kept.setdefault(ref, ref.rsplit("/", 1)[-1].strip("#") or "root")
            return {"$ref": f"#/$defs/{name}", **beside}
        if ref in inside:
            kind = self.target(ref).get("type")
            return {**({"type": kind} if kind else {}), **beside}
        return {**self.visit(self.target(ref), (*inside, ref)), **beside}

    def is_recursive(self, ref: str) -> bool:
        """Whether a type contains itself, directly or through others."""
        seen: set[str] = set()
        pending = _refs_in(self.target(ref))
        while pending and ref not in seen:
            seen |= pending
            pending = {inner for outer in pending for inner in _refs_in(self.target(outer))} - seen
        return ref in seen

    def target(self, ref: str) -> dict[str, Any]:
        found: Any = self.root
        for step in filter(None, ref.removeprefix("#").split("/")):
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if is_object(found) else None
        if not is_object(found):
            raise InputError(f"the JSON Schema refers to {ref!r}, which it does not define")
        return {key: value for key, value in found.items() if key not in ("$defs", "definitions")}


def _is_local(ref: Any) -> bool:
    return isinstance(ref, str) and ref.startswith("#")


def _refs_in(schema: dict[str, Any]) -> set[str]:
    refs: set[str] = {schema["$ref"]} if _is_local(schema.get("$ref")) else set()

    def collect(item: dict[str, Any]) -> dict[str, Any]:
        refs.update(_refs_in(item))
        return item

    map_subschemas(schema, collect)
    return refs


def _single_all_of(schema: dict[str, Any]) -> dict[str, Any]:
    """`allOf` with one member says no more than the member does, and some providers know no `allOf`."""
    members = schema.get("allOf")
    if not is_list(members) or len(members) != 1 or not is_object(members[0]):
        return schema
    return {**members[0], **{key: value for key, value in schema.items() if key != "allOf"}}


def strict_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema as strict modes want it: all properties required, no others allowed, recursively (spec S148).

    `default` goes too, as strict modes refuse it: nothing is left out that a default could fill.

    Raises:
        InputError: an object with free property names (`dict[str, ...]`), which strict modes cannot express.
    """
    out = map_subschemas(schema, strict_schema)
    out.pop("default", None)
    if out.get("type") == "object" or "properties" in out:
        if out.get("additionalProperties") not in (None, False):
            raise InputError(
                f"strict mode cannot express the free property names of {schema!r}; "
                "name its properties, use a list of key and value, or leave strict out"
            )
        out["additionalProperties"] = False
        out["properties"] = out.get("properties") or {}
        out["required"] = list(cast("dict[str, Any]", out["properties"]))
    return out


def can_be_strict(schema: dict[str, Any]) -> bool:
    """Whether `strict_schema` can express the schema."""
    try:
        strict_schema(schema)
    except InputError:
        return False
    return True

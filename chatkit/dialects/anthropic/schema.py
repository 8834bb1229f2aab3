"""JSON Schemas as the constrained output of Anthropic and Bedrock takes them (wire sheet: anthropic §4, structured output)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import dumps, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["closed"]

_KEPT = frozenset({"type", "enum", "const", "title", "description", "required", "$ref"})
_DROPPED = frozenset({"$schema", "$id", "additionalProperties"})
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"})


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every object closed (`additionalProperties: false`), which the API insists on.

    Keywords that its grammar does not know (minimum, pattern, default ...) are told to the model in the description.

    Raises:
        UnsupportedFeatureError: the schema has a free-form object, which cannot be closed.
    """
    out: dict[str, Any] = {}
    hints: list[str] = []
    for name, value in schema.items():
        if name in _NESTED:
            key, walk = _NESTED[name]
            out[key] = walk(value)
        elif name in _KEPT or _is_known(name, value):
            out[name] = value
        elif name not in _DROPPED:
            hints.append(f"{name}: {dumps(value)}")
    if "properties" in out or out.get("type") == "object":
        _close(out, schema)
    if hints:
        out["description"] = "\n\n".join(filter(None, (out.get("description"), f"{{{', '.join(hints)}}}")))
    return out


def _close(out: dict[str, Any], schema: dict[str, Any]) -> None:
    if not out.get("properties") and schema.get("additionalProperties"):
        raise UnsupportedFeatureError(
            f"structured output cannot hold the free-form object {schema.get('title') or dumps(schema)[:80]!r}; "
            "name its fields, or use method='function_calling' without strict"
        )
    out["additionalProperties"] = False


def _is_known(name: str, value: Any) -> bool:
    return (name == "format" and value in _FORMATS) or (name == "minItems" and value in (0, 1))


def _one(value: Any) -> Any:
    return closed(value) if is_object(value) else value


def _many(value: Any) -> Any:
    return [_one(item) for item in value] if is_list(value) else value


def _named(value: Any) -> Any:
    return {name: _one(item) for name, item in value.items()} if is_object(value) else value


_NESTED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "properties": ("properties", _named),
    "$defs": ("$defs", _named),
    "definitions": ("definitions", _named),
    "items": ("items", _one),
    "anyOf": ("anyOf", _many),
    "oneOf": ("anyOf", _many),
    "allOf": ("allOf", _many),
}

"""Reading JSON Schema: references, alternatives, types, and bringing a value within its bounds."""

from __future__ import annotations

import math
from typing import Any

from chatkit.jsons import is_list, is_object

__all__ = ["bounded", "fits", "is_simple", "kind_of", "pick", "resolved", "sized"]

_PYTHON: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def resolved(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    """The schema with `$ref` followed and `allOf` put together."""
    if not is_object(schema):
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        return {**resolved(_target(reference, root), root), **rest}
    parts = schema.get("allOf")
    return _together(schema, [resolved(part, root) for part in parts]) if is_list(parts) else schema


def _target(reference: str, root: dict[str, Any]) -> Any:
    target: Any = root
    for part in filter(None, reference.lstrip("#").split("/")):
        target = target.get(part) if is_object(target) else None
    return target


def _together(schema: dict[str, Any], parts: list[dict[str, Any]]) -> dict[str, Any]:
    whole = {key: value for key, value in schema.items() if key != "allOf"}
    for part in parts:
        properties: dict[str, Any] = {**(whole.get("properties") or {}), **(part.get("properties") or {})}
        required: list[str] = [*(whole.get("required") or []), *(part.get("required") or [])]
        whole.update(part)
        if properties:
            whole.update(properties=properties, required=required)
    return whole


def kind_of(schema: dict[str, Any]) -> str:
    """The type that a schema asks for; the first that is not null."""
    kind = schema.get("type")
    if is_list(kind):
        kind = next((one for one in kind if one != "null"), "null")
    return kind or ("object" if "properties" in schema else "array" if "items" in schema else "string")


def is_simple(schema: dict[str, Any]) -> bool:
    """Whether a schema says its type and allows any value of it."""
    return "type" in schema and not schema.keys() & {"enum", "const", "anyOf", "oneOf", "pattern"}


def pick(options: list[Any], root: dict[str, Any], *, simple: bool) -> dict[str, Any]:
    """The first alternative that is not null; with `simple` one that holds nothing else, such as null."""
    found = [resolved(option, root) for option in options]
    if simple:
        return min(found, key=lambda option: kind_of(option) in ("object", "array"))
    return next((option for option in found if kind_of(option) != "null"), found[0])


def fits(value: Any, kind: str) -> bool:
    """Whether a value has a type."""
    return isinstance(value, _PYTHON.get(kind, ())) and not (isinstance(value, bool) and kind != "boolean")


def sized(value: str, schema: dict[str, Any]) -> str:
    """A text brought to the length that a schema asks for."""
    value += "." * (schema.get("minLength", 0) - len(value))
    return value[: schema.get("maxLength")]


def bounded(value: float, schema: dict[str, Any]) -> float:
    """A number brought between the bounds of a schema; a whole one where an integer is asked for."""
    step = schema.get("multipleOf") or (1 if kind_of(schema) == "integer" else 0)
    low, high = _ends(schema, step or 0.5)
    if low > high:
        return (schema.get("exclusiveMinimum", low) + schema.get("exclusiveMaximum", high)) / 2
    value = min(max(value, low), high)
    if not step:
        return value
    on_step = math.floor(value / step) * step
    return on_step if on_step >= low else math.ceil(value / step) * step


def _ends(schema: dict[str, Any], beside: float) -> tuple[float, float]:
    """The lowest and the highest number, `beside` away from an exclusive bound."""
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above, below = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    return (above + beside if above >= low else low), (below - beside if below <= high else high)

"""JSON Schemas in one canonical form, so that only their meaning is compared."""

from __future__ import annotations

import json
from typing import Any

from chatkit.schema import inline_refs, without_titles
from chatkit.schema.transform import map_subschemas

__all__ = ["canonical", "canonical_object"]


def canonical(schema: dict[str, Any]) -> dict[str, Any]:
    """No references, no titles, one spelling for what has several; order does not count."""
    return _canonical(without_titles(inline_refs(schema)))


def canonical_object(schema: dict[str, Any]) -> dict[str, Any]:
    """The same for arguments of a function: whether others are allowed is not said by all generators."""
    return {key: value for key, value in canonical(schema).items() if key != "additionalProperties"}


def _canonical(schema: dict[str, Any]) -> dict[str, Any]:
    out = map_subschemas(schema, _canonical)
    if "const" in out:
        out["enum"] = [out.pop("const")]
    if isinstance(out.get("type"), list) and "enum" not in out:
        kinds = out.pop("type")
        out["anyOf"] = [{"type": kind} for kind in kinds]
    for key in ("anyOf", "enum", "required"):
        if key in out:
            out[key] = sorted(
                _unions_in(out[key]) if key == "anyOf" else out[key], key=lambda item: json.dumps(item, sort_keys=True)
            )
    if "enum" in out:
        out.pop("type", None)
    for key, nothing in (
        ("items", {}),
        ("items", False),
        ("additionalProperties", True),
        ("additionalProperties", {}),
        ("required", []),
    ):
        if out.get(key) == nothing and key in out:
            del out[key]
    out.pop("uniqueItems", None)
    return out


def _unions_in(members: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A union in a union is one union; several enums in one are one enum; null may be an enum's member."""
    flat: list[dict[str, Any]] = []
    for member in members:
        flat += member["anyOf"] if list(member) == ["anyOf"] else [member]
    values = [value for member in flat if list(member) == ["enum"] for value in member["enum"]]
    others = [member for member in flat if list(member) != ["enum"]]
    if None in values:
        values.remove(None)
        others.append({"type": "null"})
    return [*others, *([{"enum": sorted(values, key=str)}] if values else [])]

"""References, titles, strict mode."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import InputError
from chatkit.schema import can_be_strict, inline_refs, strict_schema, without_titles

NODE: dict[str, Any] = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {"type": "object", "properties": {"leaf": {"$ref": "#/$defs/Leaf"}, "next": {"$ref": "#/$defs/Node"}}},
        "Leaf": {"type": "object", "properties": {"title": {"type": "string", "title": "Title"}}},
    },
}
LEAF = NODE["$defs"]["Leaf"]


def test_titles_go_but_not_properties_called_title() -> None:
    schema = {
        "title": "M",
        "properties": {"title": {"title": "Title", "type": "string"}, "items": {"title": "Items", "items": {"title": "I"}}},
    }
    assert without_titles(schema) == {"properties": {"title": {"type": "string"}, "items": {"items": {}}}}


def test_recursive_types_keep_their_reference() -> None:
    node = {"type": "object", "properties": {"leaf": LEAF, "next": {"$ref": "#/$defs/Node"}}}
    assert inline_refs(NODE) == {**node, "$defs": {"Node": node}}


def test_inlining_again_changes_nothing() -> None:
    once = inline_refs(NODE)
    assert inline_refs(once) == once


def test_recursion_can_be_cut() -> None:
    assert inline_refs(NODE, keep_recursive=False) == {
        "type": "object",
        "properties": {"leaf": LEAF, "next": {"type": "object", "properties": {"leaf": LEAF, "next": {"type": "object"}}}},
    }


def test_the_root_may_refer_to_itself() -> None:
    schema = {"type": "object", "properties": {"next": {"$ref": "#"}}}
    root = {"type": "object", "properties": {"next": {"$ref": "#/$defs/root"}}}
    assert inline_refs(schema) == {**root, "$defs": {"root": root}}


def test_texts_beside_a_reference_win() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/definitions/A", "description": "here"}},
        "definitions": {"A": {"type": "string", "description": "there"}},
    }
    assert inline_refs(schema) == {"properties": {"a": {"type": "string", "description": "here"}}}


def test_a_single_all_of_is_its_member() -> None:
    schema = {"properties": {"a": {"allOf": [{"$ref": "#/$defs/A"}], "default": "x"}}, "$defs": {"A": {"type": "string"}}}
    assert inline_refs(schema) == {"properties": {"a": {"type": "string", "default": "x"}}}


def test_a_reference_to_nothing() -> None:
    with pytest.raises(InputError, match="'#/\\$defs/A', which it does not define"):
        inline_refs({"properties": {"a": {"$ref": "#/$defs/A"}}})


def test_strict_goes_all_the_way_down() -> None:
    schema = {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "default": 1},
            "default": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "string"}}}},
            "c": {"anyOf": [{"type": "object", "properties": {"d": {}}}, {"type": "null"}]},
        },
        "required": ["a"],
        "$defs": {"E": {"type": "object", "properties": {"f": {}}}},
    }
    assert strict_schema(schema) == {
        "type": "object",
        "properties": {
            "a": {"type": "integer"},
            "default": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"b": {"type": "string"}},
                    "required": ["b"],
                    "additionalProperties": False,
                },
            },
            "c": {
                "anyOf": [
                    {"type": "object", "properties": {"d": {}}, "required": ["d"], "additionalProperties": False},
                    {"type": "null"},
                ]
            },
        },
        "required": ["a", "default", "c"],
        "additionalProperties": False,
        "$defs": {"E": {"type": "object", "properties": {"f": {}}, "required": ["f"], "additionalProperties": False}},
    }


def test_free_property_names_cannot_be_strict() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "object", "additionalProperties": {"type": "integer"}}}}
    assert not can_be_strict(schema)
    with pytest.raises(InputError, match="strict mode cannot express"):
        strict_schema(schema)


def test_the_given_schema_is_not_changed() -> None:
    before = repr(NODE)
    inline_refs(strict_schema(without_titles(NODE)))
    assert repr(NODE) == before

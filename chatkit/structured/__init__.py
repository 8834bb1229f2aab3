"""Structured output: models whose answers are objects of a given type (spec 1P)."""

from __future__ import annotations

from chatkit.structured.model import StructuredModel, output_schema, with_structured_output
from chatkit.structured.stream import StructuredStream

__all__ = ["StructuredModel", "StructuredStream", "output_schema", "with_structured_output"]

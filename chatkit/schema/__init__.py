"""JSON Schema from Python types and functions, and JSON values back into those types."""

from chatkit.schema.convert import convert, convert_fields
from chatkit.schema.docstrings import Docstring, parse_docstring
from chatkit.schema.functions import Parameters, read_function
from chatkit.schema.injected import InjectedToolArg, InjectedToolCallId
from chatkit.schema.pydantic_types import Misfit
from chatkit.schema.shapes import Shape, shape_of
from chatkit.schema.transform import can_be_strict, inline_refs, strict_schema, without_titles
from chatkit.schema.types import schema_of_type

__all__ = [
    "Docstring",
    "InjectedToolArg",
    "InjectedToolCallId",
    "Misfit",
    "Parameters",
    "Shape",
    "can_be_strict",
    "convert",
    "convert_fields",
    "inline_refs",
    "parse_docstring",
    "read_function",
    "schema_of_type",
    "shape_of",
    "strict_schema",
    "without_titles",
]

"""What an annotation says: type, description, default, bounds. The metadata of several libraries is read alike."""

from __future__ import annotations

import typing
from typing import Annotated, Any

from msgspec import UNSET, Struct

from chatkit.errors import InputError

__all__ = ["Field", "is_field_info", "read_annotation", "split_annotated"]


class Field(Struct, frozen=True):
    """One named value.

    Attributes:
        name: its name in Python.
        key: its name in JSON.
        type: its annotation, without what is read into the other attributes.
        default: value when left out; UNSET when there is none that can be told.
        constraints: bounds and other metadata by msgspec.Meta's names (ge, max_length, pattern ...).
        marks: other metadata of the annotation, as it is.
    """

    name: str
    key: str
    type: Any
    required: bool = True
    default: Any = UNSET
    description: str = ""
    constraints: dict[str, Any] = {}
    marks: tuple[Any, ...] = ()


CONSTRAINTS = ("ge", "gt", "le", "lt", "multiple_of", "pattern", "min_length", "max_length")


def split_annotated(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type and the metadata of `Annotated`, through Required, NotRequired, ReadOnly and Final."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        inner, metadata = split_annotated(annotation.__origin__)
        return inner, (*metadata, *annotation.__metadata__)
    if getattr(origin, "_name", getattr(origin, "__name__", "")) in ("Required", "NotRequired", "ReadOnly", "Final"):
        return split_annotated(typing.get_args(annotation)[0])
    return annotation, ()


def read_annotation(name: str, annotation: Any, *, required: bool = True, default: Any = UNSET, key: str = "") -> Field:
    """What an annotation says: `Annotated[T, "text"]`, `Annotated[T, default or ..., "text"]`, Meta, pydantic's Field, Doc.

    Raises:
        InputError: the metadata that should be a description is not text (spec S149).
    """
    type_, metadata = split_annotated(annotation)
    if len(metadata) >= 2 and _is_plain(metadata[0]):
        given, metadata = metadata[0], metadata[1:]
        if _is_plain(metadata[0]) and not isinstance(metadata[0], str):
            raise InputError(
                f"the description of {name!r} must be text, not {metadata[0]!r}: Annotated[type, default or ..., 'text']"
            )
        if given is not ...:
            required, default = False, given
    facts = _Facts()
    for item in metadata:
        facts.read(item)
    if facts.default is not UNSET and default is UNSET:
        required, default = False, facts.default
    return Field(name, key or name, type_, required, default, facts.description, facts.constraints, tuple(facts.marks))


def _is_plain(value: Any) -> bool:
    return value is None or value is ... or isinstance(value, str | int | float | list | dict)


def is_field_info(value: Any) -> bool:
    """Whether a value is what `pydantic.Field(...)` returns."""
    return type(value).__name__ == "FieldInfo" and hasattr(value, "metadata")


class _Facts:
    """Metadata of any library, read by attribute names: they agree on what ge, pattern and description mean."""

    def __init__(self) -> None:
        self.description = ""
        self.default: Any = UNSET
        self.constraints: dict[str, Any] = {}
        self.marks: list[Any] = []

    def read(self, item: Any) -> None:
        if isinstance(item, str):
            self.description = self.description or item
            return
        self.marks.append(item)
        if isinstance(item, type) or item is ...:
            return
        text = getattr(item, "description", None) or getattr(item, "documentation", None)  # Meta and Field; PEP 727's Doc
        if isinstance(text, str):
            self.description = self.description or text
        bounds = {name: value for name in CONSTRAINTS if (value := getattr(item, name, None)) is not None}
        self.constraints.update(bounds)
        if is_field_info(item):
            self._field_info(item)
        elif not bounds and hasattr(item, "__iter__"):  # annotated_types groups such as Interval
            for part in item:
                self.read(part)

    def _field_info(self, info: Any) -> None:
        for part in info.metadata:
            self.read(part)
        if not info.is_required() and info.default_factory is None:
            self.default = info.default

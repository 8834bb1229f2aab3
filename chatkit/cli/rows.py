"""The rows of `chatkit batch`: what the input's lines ask."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.errors import InputError
from chatkit.jsons import decode, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BadRow", "Row", "key_of", "lines_of", "row_of"]

_FIELDS = ("input", "prompt", "messages")


class Row(Struct):
    """A line that can be asked.

    Attributes:
        line: its number, from 1.
        key: a digest of it, by which a changed input is noticed.
        input: what the model is asked.
        id: what the row calls itself.
    """

    line: int
    key: str
    input: Any
    id: Any = None


class BadRow(InputError):
    """A line that is no row."""


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines with something in them, with their numbers."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if text := line.strip():
                yield number, text


def row_of(number: int, text: bytes) -> Row:
    """What a line asks: a JSON string, a list of messages, or an object with "input", "prompt" or "messages", and maybe "id".

    Raises:
        BadRow: it is something else.
    """
    try:
        value = decode(text)
    except ValueError as error:
        raise BadRow(f"line {number} is not JSON: {error}") from None
    if not is_object(value):
        return Row(number, key_of(text), value)
    field = next((name for name in _FIELDS if name in value), None)
    if field is None:
        raise BadRow(f"line {number} has none of the fields {', '.join(_FIELDS)}")
    return Row(number, key_of(text), value[field], value.get("id"))


def key_of(text: bytes) -> str:
    """A digest of a line: 16 hexadecimal digits, not all of them 0."""
    return f"{int.from_bytes(hashlib.sha256(text).digest()[:8]) | 1:016x}"

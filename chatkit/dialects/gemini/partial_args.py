"""Arguments that arrive piece by piece as (path, value), written down as growing JSON text (wire sheet: google_genai §5).

The server cuts the model's JSON into such pieces as it comes, so that they stand in the order of the document: to
write the next value means to close what is open, down to where both paths part, and to open the rest.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from chatkit.errors import InvalidResponseError
from chatkit.jsons import dumps

if TYPE_CHECKING:
    from chatkit.dialects.gemini.wire import PartialArg

__all__ = ["ArgsWriter", "path_of"]

Step: TypeAlias = str | int
_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")


def path_of(json_path: str) -> tuple[Step, ...]:
    """The steps of a JSONPath such as `$.rooms[0]['the name']`: keys as str, places in lists as int."""
    return tuple(_step(*found) for found in _STEP.findall(json_path))


def _step(key: str, place: str, single: str, double: str) -> Step:
    return int(place) if place else key or re.sub(r"\\(.)", r"\1", single or double)


class ArgsWriter:
    """Writes the arguments of one call; every method gives the text that is to be appended."""

    def __init__(self) -> None:
        self._path: tuple[Step, ...] | None = None  # where the last value stands; None before the first
        self._in_string = False

    def write(self, piece: PartialArg) -> str:
        """The text for a value or for a piece of a string.

        Raises:
            InvalidResponseError: the path names no argument.
        """
        path = path_of(piece.json_path)
        if not path:
            raise InvalidResponseError(f"a piece of an argument came with the path {piece.json_path!r}, which names none")
        text = piece.string_value
        if text is None:
            return self._go_to(path) + _value(piece)
        start = "" if self._in_string and path == self._path else self._go_to(path) + '"'
        self._in_string = piece.will_continue is True
        return start + dumps(text)[1:-1] + ("" if self._in_string else '"')

    def close(self) -> str:
        """The text that makes the document complete."""
        if self._path is None:
            return "{}"
        closed = self._end_string() + "".join(_closing(step) for step in reversed(self._path))
        self._path = ()
        return closed

    def _end_string(self) -> str:
        was_open, self._in_string = self._in_string, False
        return '"' if was_open else ""

    def _go_to(self, path: tuple[Step, ...]) -> str:
        """Leave the last value and come to where the next one is written."""
        old, self._path = self._path, path
        if old is None:
            return "".join(_opening(step) for step in path)
        common = 0
        while common < min(len(old), len(path)) - 1 and old[common] == path[common]:
            common += 1
        closing = self._end_string() + "".join(_closing(step) for step in reversed(old[common + 1 :]))
        return closing + "," + _key(path[common]) + "".join(_opening(step) for step in path[common + 1 :])


def _opening(step: Step) -> str:
    return "[" if isinstance(step, int) else "{" + _key(step)


def _closing(step: Step) -> str:
    return "]" if isinstance(step, int) else "}"


def _key(step: Step) -> str:
    return "" if isinstance(step, int) else dumps(step) + ":"


def _value(piece: PartialArg) -> str:
    if piece.bool_value is not None:
        return "true" if piece.bool_value else "false"
    number = bytes(piece.number_value).decode()
    return number if number and number != "null" else "null"

"""Annotations as objects, also of classes and functions that refer to names local to a function."""

from __future__ import annotations

import contextlib
import sys
import typing
from typing import Any

from chatkit.errors import InputError

__all__ = ["hints_of"]


def hints_of(thing: Any) -> dict[str, Any]:
    """Annotations with their metadata, as objects.

    Raises:
        InputError: a name in an annotation means nothing where it is looked up.
    """
    try:
        return typing.get_type_hints(thing, include_extras=True)
    except NameError:
        return _hints_with_callers(thing)


def _hints_with_callers(thing: Any) -> dict[str, Any]:
    """Names of types that are local to a function (tests, notebooks) are found in the frames of the callers."""
    frame, problem = sys._getframe(2), None
    while frame is not None:
        try:
            return typing.get_type_hints(thing, localns={**frame.f_locals, **_closure(thing)}, include_extras=True)
        except NameError as error:
            problem = error
        frame = frame.f_back
    raise InputError(f"an annotation of {getattr(thing, '__name__', thing)!r} cannot be read: {problem}") from None


def _closure(thing: Any) -> dict[str, Any]:
    function = getattr(thing, "__func__", thing)
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    found: dict[str, Any] = {}
    for name, cell in zip(code.co_freevars if code else (), getattr(function, "__closure__", None) or (), strict=False):
        with contextlib.suppress(ValueError):  # a cell that is still empty
            found[name] = cell.cell_contents
    return found

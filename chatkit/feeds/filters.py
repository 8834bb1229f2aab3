"""Which runs a feed tells of (spec S106)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import InputTypeError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Filters"]


class Filters:
    """The include lists add up, the exclude lists take away from that.

    Args:
        names, types, tags: lists for `include_` and `exclude_`; types are "chat_model", "chain" and "tool".
    """

    def __init__(self, include: dict[str, Sequence[str] | None], exclude: dict[str, Sequence[str] | None]) -> None:
        self._include = {key: _checked(f"include_{key}", value) for key, value in include.items() if value is not None}
        self._exclude = {key: _checked(f"exclude_{key}", value) for key, value in exclude.items() if value is not None}

    def want(self, kind: str, name: str, tags: Sequence[str]) -> bool:
        """Whether events of such a run are told."""
        if self._include and not _fits(self._include, kind, name, tags):
            return False
        return not _fits(self._exclude, kind, name, tags)


def _fits(lists: dict[str, frozenset[str]], kind: str, name: str, tags: Sequence[str]) -> bool:
    known: dict[str, frozenset[str]] = {"names": frozenset([name]), "types": frozenset([kind]), "tags": frozenset(tags)}
    return any(wanted & known[key] for key, wanted in lists.items())


def _checked(name: str, value: Any) -> frozenset[str]:
    if isinstance(value, str):
        raise InputTypeError(f"{name} must be a list of str, not {value!r}")
    return frozenset(value)

"""How metadata adds up: scalars replace unless None, lists append, dicts merge (instead of LangChain's "stopstop")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["merge_into", "merged", "own"]


def merge_into(target: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add `more` to `target`, whose lists and dicts must be its own: they grow in place, so that sums stay linear."""
    for key, value in more.items():
        old = target.get(key)
        if value is None and old is not None:
            continue
        if is_object(old) and is_object(value):
            merge_into(old, value)
        elif is_list(old) and is_list(value):
            old.extend(own(value))
        else:
            target[key] = own(value)


def merged(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Any]:
    """The sum of two metadata dicts as a new dict."""
    out: dict[str, Any] = own(dict(left))
    merge_into(out, right)
    return out


def own(value: Any) -> Any:
    """A copy whose lists and dicts are shared with nobody."""
    if is_object(value):
        return {key: own(item) for key, item in value.items()}
    if is_list(value):
        return [own(item) for item in value]
    return value

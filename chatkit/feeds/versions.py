"""Which versions of event feeds there are, and who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.net.stream import EventStream
    from chatkit.verbs import Runnable

__all__ = ["check_version", "open_blocks"]


def check_version(version: Any, lists: Iterable[Any]) -> None:
    """Refuse a version that there is not, and lists that it does not know."""
    if version not in ("v2", "v3"):
        raise InputError(f"event feeds have version 'v2' and 'v3', not {version!r}")
    if version == "v3" and any(given is not None for given in lists):
        raise InputError("include_ and exclude_ lists are for version='v2'; a v3 feed has one model's events only")


def open_blocks(runnable: Runnable[Any], input: Any, config: Any, kwargs: dict[str, Any]) -> EventStream:
    """The event stream beneath a version 3 feed."""
    open_stream = getattr(runnable, "open_stream", None)
    if open_stream is None:
        raise InputError(f"{type(runnable).__name__} has no content blocks: version='v3' is for models; use 'v2' here")
    return open_stream(input, config, **kwargs)

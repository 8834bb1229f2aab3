"""Which versions of event feeds there are, and who has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError

if TYPE_CHECKING:
    from chatkit.net.stream import EventStream
    from chatkit.runnable import Runnable

__all__ = ["check_version", "open_blocks"]


def check_version(version: Any) -> None:
    """Refuse a version that there is not."""
    if version not in ("v2", "v3"):
        raise InputError(f"event feeds have version 'v2' and 'v3', not {version!r}")


def open_blocks(runnable: Runnable[Any], input: Any, config: Any, kwargs: dict[str, Any]) -> EventStream:
    """The event stream beneath a version 3 feed."""
    open_stream = getattr(runnable, "open_stream", None)
    if open_stream is None:
        raise InputError(f"{type(runnable).__name__} has no content blocks: version='v3' is for models; use 'v2' here")
    return open_stream(input, config, **kwargs)

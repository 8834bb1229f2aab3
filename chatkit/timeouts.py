"""The four clocks of a call: connect, first event, idle, total."""

from __future__ import annotations

from typing import Any, cast

from msgspec import Struct

from chatkit.errors import InputError, InputTypeError

__all__ = ["Timeouts", "as_timeouts"]


class Timeouts(Struct, frozen=True):
    """How long to wait, in seconds; None waits for ever.

    Attributes:
        connect: until the connection stands.
        first_event: from sending the request to the first piece of the answer (the whole answer when not streamed).
        idle: between two pieces. Comments and pings do not count as pieces.
        total: for the whole call, retries included.
    """

    connect: float | None = 10.0
    first_event: float | None = 600.0
    idle: float | None = 300.0
    total: float | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InputTypeError(f"timeout {name} must be a number of seconds, not {value!r}")
            if not value > 0:  # NaN is not either
                raise InputError(f"timeout {name} must be more than 0 seconds, not {value!r}")


def _connect_and_read(value: Any) -> tuple[float | None, float | None] | None:
    """(connect, read) of a tuple or of an httpx timeout."""
    if isinstance(value, tuple):
        numbers = cast("tuple[Any, ...]", value)
        return (numbers[0], numbers[1]) if len(numbers) >= 2 else None
    if hasattr(value, "connect") and hasattr(value, "read"):
        return value.connect, value.read
    return None


def as_timeouts(value: Any) -> Timeouts:
    """What a user may pass as `timeout`.

    Args:
        value: None (the defaults), seconds for the first event and between events, `(connect, read)`, a `Timeouts`,
            or an httpx timeout (`connect` and `read` are taken).
    """
    if value is None:
        return Timeouts()
    if isinstance(value, Timeouts):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Timeouts(connect=min(float(value), 10.0), first_event=float(value), idle=float(value))
    pair = _connect_and_read(value)
    if pair is not None:
        return Timeouts(connect=pair[0], first_event=pair[1], idle=pair[1])
    raise InputTypeError(f"timeout must be seconds, (connect, read) or Timeouts(...), not {value!r}")

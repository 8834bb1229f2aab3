"""One thing for each event loop: made on first use, closed when its loop ends, unknown in a forked child."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from chatkit.net.loops import after_fork, at_loop_end, current_loop

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PerLoop"]


class _OfLoop(Protocol):
    async def aclose(self) -> None:
        """Close everything. Called by the loop when it ends."""
        ...

    def shut(self) -> None:
        """Close what can be closed without the loop, which ended without announcing it."""
        ...


T = TypeVar("T", bound=_OfLoop)


class PerLoop(Generic[T]):
    """Holds one `T` for each running loop.

    Args:
        make: makes it, in the loop that is passed.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._known: dict[int, tuple[Any, T, object]] = {}
        self._orphans: list[object] = []  # a parent's, in a forked child: kept, so that nothing is closed twice
        after_fork(self._forget)

    def get(self) -> T:
        """The one of the running loop."""
        loop = current_loop()
        known = self._known.get(id(loop))
        if known is not None and known[0] is loop:
            return known[1]
        for key, (old, things, _) in list(self._known.items()):  # other threads come and go meanwhile
            if _is_closed(old) and self._known.pop(key, None) is not None:
                things.shut()
        made = self._make(loop)
        end = at_loop_end(lambda: self._end(id(loop)))
        self._known[id(loop)] = (loop, made, end)
        return made

    async def _end(self, key: int) -> None:
        known = self._known.pop(key, None)
        if known is not None:
            await known[1].aclose()

    def _forget(self) -> None:
        self._orphans.append(dict(self._known))
        self._known.clear()


def _is_closed(loop: Any) -> bool:
    return bool(getattr(loop, "is_closed", lambda: False)())

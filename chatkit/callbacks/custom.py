"""Events of the application's own, sent to whoever listens to the current run (spec S109)."""

from __future__ import annotations

from typing import Any

from chatkit.callbacks.dispatch import fire, fire_now
from chatkit.config import current_run
from chatkit.errors import InputError

__all__ = ["adispatch_custom_event", "dispatch_custom_event"]


async def adispatch_custom_event(name: str, data: Any) -> None:
    """Call `on_custom_event(name, data)` of the current run's handlers.

    Raises:
        InputError: outside a step or tool there is no run to belong to.
    """
    await fire(_run(), "on_custom_event", name, data)


def dispatch_custom_event(name: str, data: Any) -> None:
    """The same from sync code; async handlers are run on the background loop."""
    waiting = fire_now(_run(), "on_custom_event", name, data)
    if waiting:
        from chatkit.net.portal import run

        async def settle() -> None:
            for work in waiting:
                await work

        run(settle)


def _run() -> Any:
    run = current_run.get()
    if run is None:
        raise InputError("custom events can only be sent inside a step or a tool that is being run")
    return run

"""Events of the application's own, sent to whoever listens to the current run (spec S109)."""

from __future__ import annotations

from typing import Any

from chatkit.callbacks.dispatch import fire, fire_sync
from chatkit.config import known_config
from chatkit.errors import InputError
from chatkit.runs import current_run

__all__ = ["adispatch_custom_event", "dispatch_custom_event"]


async def adispatch_custom_event(name: str, data: Any, *, config: Any = None) -> None:
    """Call `on_custom_event(name, data)` of the current run's handlers.

    Args:
        name, data: what they get.
        config: the config that a step or tool was given, for code that runs in a thread without its context.

    Raises:
        InputError: outside a step or tool there is no run to belong to.
    """
    await fire(_run(config), "on_custom_event", name, data)


def dispatch_custom_event(name: str, data: Any, *, config: Any = None) -> None:
    """The same from sync code; async handlers are run on the background loop."""
    fire_sync(_run(config), "on_custom_event", name, data)


def _run(config: Any) -> Any:
    run = current_run.get() or getattr(known_config(config).get("callbacks"), "run", None)
    if run is None:
        raise InputError("custom events can only be sent inside a step or a tool that is being run")
    return run

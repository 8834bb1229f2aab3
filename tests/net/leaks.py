"""What is alive in an event loop."""

from __future__ import annotations

import gc
import inspect

import anyio


def live() -> tuple[int, int]:
    """(tasks, async generators that belong to HTTP or chatkit code)."""
    generators = [g for g in gc.get_objects() if inspect.isasyncgen(g) and g.ag_frame and "http" in g.ag_code.co_filename]
    return len(anyio.get_running_tasks()), len(generators)

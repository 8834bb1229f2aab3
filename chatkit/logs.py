"""The logger `chatkit`: silent until the application, or the variable CHATKIT_LOG, asks for it.

INFO tells of every response (status, time, attempt, request id) and every retry; DEBUG also of requests, without their
bodies, and of how calls ended. Keys never show. Warnings tell of callbacks that failed.
"""

from __future__ import annotations

import logging
import os

__all__ = ["VARIABLE", "log"]

VARIABLE = "CHATKIT_LOG"

log = logging.getLogger("chatkit")
log.addHandler(logging.NullHandler())


def _as_the_environment_says() -> None:
    """CHATKIT_LOG=debug, info, warning ...: lines on stderr."""
    level = logging.getLevelNamesMapping().get(os.environ.get(VARIABLE, "").upper())
    if level is not None:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        log.addHandler(handler)
        log.setLevel(level)


_as_the_environment_says()

"""The progress of a batch: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from chatkit.batch import Progress

__all__ = ["Bar"]

_TERMINAL_SECONDS = 0.1
_PLAIN_SECONDS = 10.0
_WIDTH = 24


class Bar:
    """Shows how far a batch has come.

    Args:
        total: rows of the whole batch.
        done: rows that were done before it began.
        out: where to.

    Attributes:
        failed: rows that failed without having been asked; count them here.
    """

    def __init__(self, total: int, done: int, out: TextIO | None = None) -> None:
        self._total = total
        self._before = done
        self._out = out or sys.stderr
        self._terminal = self._out.isatty()
        self._next = time.monotonic() + (0 if self._terminal else _PLAIN_SECONDS)
        self._last: Progress | None = None
        self.failed = 0

    def show(self, progress: Progress) -> None:
        """One more row is done."""
        self._last = progress
        now = time.monotonic()
        if now >= self._next:
            self._next = now + (_TERMINAL_SECONDS if self._terminal else _PLAIN_SECONDS)
            self._write(progress)

    def end(self) -> None:
        """Show the end."""
        if self._last is not None:
            self._write(self._last)
        if self._terminal and self._last is not None:
            self._out.write("\n")

    def _write(self, progress: Progress) -> None:
        line = self._line(progress)
        if self._terminal:
            line = f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K"
        self._out.write(line if self._terminal else f"{line}\n")
        self._out.flush()

    def _line(self, progress: Progress) -> str:
        done = self._before + self.failed + progress.done
        share = done / self._total if self._total else 1.0
        left = (self._total - done) / progress.rate if progress.rate else 0.0
        parts = [
            f"{done}/{self._total} {share:.0%}",
            f"{progress.rate:.1f}/s",
            f"ETA {duration(left)}",
            f"tokens {short(progress.input_tokens)} in, {short(progress.output_tokens)} out",
            f"errors {self.failed + progress.failed}",
        ]
        bar = f"[{'#' * int(share * _WIDTH):<{_WIDTH}}] " if self._terminal else ""
        return bar + "  ".join(parts)


def duration(seconds: float) -> str:
    """Seconds as 1:02:03 or 2:03."""
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def short(number: int) -> str:
    """A number in four characters or so."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return str(number)

"""The files that `chatkit batch` writes: answers that survive a kill, and failures.

An answer is appended as a whole line with one write, and the file is synced to disk once a second and at the end. So a
killed process loses nothing that it wrote; a machine that loses power loses the answers of a second, and those rows are
asked again. A line that was cut by that is taken away at the next start.
"""

from __future__ import annotations

import contextlib
import os
import time
from array import array
from typing import TYPE_CHECKING, Any, Self

from chatkit.cli.rows import key_of, lines_of
from chatkit.errors import InputError, ModelError
from chatkit.jsons import decode_object, encode

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from chatkit.cli.rows import Row
    from chatkit.messages import AIMessage

__all__ = ["Answers", "Failures"]

SYNC_SECONDS = 1.0
_BEGINNING = b'{"line":'


class Answers:
    """The file of answers, one JSON object a line, in the order in which they came.

    Raises:
        InputError: another process writes it, it holds something else, or answers to other rows than the source has.
    """

    def __init__(self, path: Path, source: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        self._synced = time.monotonic()
        try:
            self._lock()
            self._keys = self._read()
            self.rows = self._compare(source)
        except BaseException:
            os.close(self._file)
            raise
        self.before = sum(1 for key in self._keys if key)

    def __contains__(self, line: int) -> bool:
        return line < len(self._keys) and self._keys[line] != 0

    def write(self, row: Row, message: AIMessage) -> None:
        """Append an answer."""
        named = {} if row.id is None else {"id": row.id}
        answer = {"line": row.line, "key": row.key, **named, "output": message.text, "message": message.model_dump()}
        left = encode(answer) + b"\n"
        while left:
            left = left[os.write(self._file, left) :]
        if time.monotonic() > self._synced + SYNC_SECONDS:
            self._sync()

    def _sync(self) -> None:
        os.fsync(self._file)
        self._synced = time.monotonic()

    def _lock(self) -> None:
        if fcntl is not None:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(f"another process is writing {self._path}") from None

    def _read(self) -> array[int]:
        """The keys of the answered rows by their line's number, 0 for the others; a torn last line is taken away."""
        keys, whole = array("Q"), 0
        with self._path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    self._note(keys, line)
                    whole += len(line)
                elif not _BEGINNING.startswith(line.rstrip(b"\0")[: len(_BEGINNING)]):
                    raise self._foreign()
        os.ftruncate(self._file, whole)
        return keys

    def _note(self, keys: array[int], line: bytes) -> None:
        answer = decode_object(line) or {}
        number, key = answer.get("line"), answer.get("key")
        if not isinstance(number, int) or not isinstance(key, str) or number < 1:
            raise self._foreign()
        if number >= len(keys):
            keys.extend([0] * (number + 1000 - len(keys)))
        keys[number] = int(key, 16)

    def _foreign(self) -> InputError:
        return InputError(f"{self._path} exists and holds something else than answers; choose another file")

    def _compare(self, source: Path) -> int:
        """How many rows the source has; its answered ones must be those that were asked."""
        rows = found = 0
        for number, text in lines_of(source):
            rows += 1
            if number in self:
                found += 1
                if self._keys[number] != int(key_of(text), 16):
                    raise InputError(f"{self._path} answers another line {number} than {source} has now; choose another file")
        if found < sum(1 for key in self._keys if key):
            raise InputError(f"{self._path} answers more lines than {source} has; choose another file")
        return rows

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._sync()
        os.close(self._file)


class Failures:
    """The rows that were not answered in this run, beside the answers; no file when there are none."""

    def __init__(self, answers: Path) -> None:
        self.path = answers.with_suffix(f".errors{answers.suffix}")
        self.count = 0
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def write(self, line: int, id: Any, error: Exception) -> None:
        """Append a failure."""
        self.count += 1
        facts: dict[str, Any] = {"type": type(error).__name__, "message": str(error)}
        if isinstance(error, ModelError):
            facts |= {"status": error.status, "code": error.code, "request_id": error.request_id, "retryable": error.retryable}
        named = {} if id is None else {"id": id}
        with self.path.open("ab") as file:
            file.write(encode({"line": line, **named, "error": facts}) + b"\n")

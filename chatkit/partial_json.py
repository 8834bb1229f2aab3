"""Read JSON while it is still arriving: an incremental parser that never looks at a character twice.

`PartialJSON().feed(text)` takes any cut of a document, `.snapshot()` gives what is known so far:
open strings as far as they came, half numbers and half literals left out, keys without a value left out.
Errors are kept, not raised: the strict parse at the end decides (spec S48, S50, W4, W7).
"""

from __future__ import annotations

import re
from typing import Any

from chatkit.jsons import is_list
from chatkit.merge import own

__all__ = ["PartialJSON"]

MAX_DEPTH = 200
"""Deeper nesting is no answer but an attack: walking through it would end in a RecursionError."""

_STRING_STOP = re.compile(r'["\\]')
_LITERAL_STOP = re.compile(r"[\s,\]}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACE = " \t\r\n"
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?\Z")
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}
_NOTHING = object()

_VALUE, _FIRST_VALUE, _KEY, _FIRST_KEY, _COLON, _COMMA, _STRING, _ESCAPE, _LITERAL, _END = range(10)


class PartialJSON:
    """An incremental parser for one JSON document.

    Attributes:
        failed: the text cannot be the beginning of a JSON document; what came before the fault is kept.
    """

    __slots__ = ("_buffer", "_escape", "_halves", "_is_key", "_key", "_root", "_stack", "_state", "failed")

    def __init__(self) -> None:
        self.failed = False
        self._root: Any = _NOTHING
        self._stack: list[Any] = []
        self._key: str | None = None  # the key that waits for its value in the innermost object
        self._state = _VALUE
        self._buffer: list[str] = []  # pieces of the open string or literal
        self._escape = ""
        self._is_key = False
        self._halves = False  # the open string has surrogates, which may be halves of characters

    @property
    def complete(self) -> bool:
        """The document is closed (a number at the top level never is)."""
        return self._state == _END and not self.failed

    def feed(self, text: str) -> None:
        """Read the next piece of the document."""
        at, size = 0, len(text)
        while at < size and not self.failed:
            if self._state == _STRING:
                at = self._read_string(text, at)
            elif self._state == _ESCAPE:
                at = self._read_escape(text, at)
            elif self._state == _LITERAL:
                at = self._read_literal(text, at)
            else:
                if text[at] not in _SPACE:
                    self._read_mark(text[at])
                at += 1

    def snapshot(self, *, shared: bool = False) -> Any:
        """The value as far as it is known; None when nothing is.

        Args:
            shared: False gives a copy of its own. True copies only what is still growing: parts that are complete are
                the same objects in all snapshots and must not be changed. A stream of snapshots then stays cheap.
        """
        if self._state == _LITERAL and not self._stack:
            value = _literal("".join(self._buffer))
            return None if value is _NOTHING else value
        open_string = self._state in (_STRING, _ESCAPE) and not self._is_key
        if not open_string:
            return None if self._root is _NOTHING else self._copied(shared)
        text = "".join(self._buffer)
        self._buffer = [text]
        if self._halves:
            text = _printable(text)
        if not self._stack:
            return text
        parent = self._stack[-1]
        if is_list(parent):
            parent.append(text)
            value = self._copied(shared)
            parent.pop()
        else:
            had = parent.get(self._key, _NOTHING)
            parent[self._key] = text
            value = self._copied(shared)
            if had is _NOTHING:
                del parent[self._key]
            else:
                parent[self._key] = had
        return value

    def _copied(self, shared: bool) -> Any:
        if not shared:
            return own(self._root)
        copies = [container.copy() for container in self._stack]
        for at in range(len(copies) - 1):
            if is_list(copies[at]):
                copies[at][-1] = copies[at + 1]
            else:
                key = next(key for key in reversed(copies[at]) if copies[at][key] is self._stack[at + 1])
                copies[at][key] = copies[at + 1]
        return copies[0] if copies else self._root

    def _read_string(self, text: str, at: int) -> int:
        stop = _STRING_STOP.search(text, at)
        end = len(text) if stop is None else stop.start()
        if end > at:
            piece = text[at:end]
            self._buffer.append(piece)
            self._halves = self._halves or (not piece.isascii() and _SURROGATE.search(piece) is not None)
        if stop is None:
            return end
        if text[end] == "\\":
            self._state, self._escape = _ESCAPE, ""
            return end + 1
        value = "".join(self._buffer)
        if self._halves:
            value, self._halves = _join_surrogates(value), False
        self._buffer = []
        if self._is_key:
            self._key, self._state = value, _COLON
        else:
            self._put(value)
        return end + 1

    def _read_escape(self, text: str, at: int) -> int:
        self._escape += text[at]
        if self._escape[0] != "u":
            char = _ESCAPES.get(self._escape)
            if char is None:
                self.failed = True
            else:
                self._buffer.append(char)
                self._state = _STRING
        elif len(self._escape) == 5:
            try:
                char = chr(int(self._escape[1:], 16))
                self._buffer.append(char)
                self._halves = self._halves or "\ud800" <= char <= "\udfff"
                self._state = _STRING
            except ValueError:
                self.failed = True
        return at + 1

    def _read_literal(self, text: str, at: int) -> int:
        stop = _LITERAL_STOP.search(text, at)
        if stop is None:
            self._buffer.append(text[at:])
            return len(text)
        self._buffer.append(text[at : stop.start()])
        value = _literal("".join(self._buffer))
        self._buffer = []
        if value is _NOTHING:
            self.failed = True
        else:
            self._put(value)
        return stop.start()

    def _read_mark(self, char: str) -> None:
        state = self._state
        if state in (_VALUE, _FIRST_VALUE):
            if char == "]" and state == _FIRST_VALUE:
                self._close()
            else:
                self._open(char)
        elif state in (_KEY, _FIRST_KEY):
            if char == '"':
                self._state, self._is_key = _STRING, True
            elif char == "}" and state == _FIRST_KEY:
                self._close()
            else:
                self.failed = True
        elif state == _COLON and char == ":":
            self._state = _VALUE
        elif state == _COMMA and char == ",":
            self._state = _VALUE if isinstance(self._stack[-1], list) else _KEY
        elif state == _COMMA and char == ("]" if isinstance(self._stack[-1], list) else "}"):
            self._close()
        else:
            self.failed = True

    def _open(self, char: str) -> None:
        if char == '"':
            self._state, self._is_key = _STRING, False
        elif char in "{[":
            if len(self._stack) >= MAX_DEPTH:
                self.failed = True
                return
            container: Any = {} if char == "{" else []
            self._put(container)
            self._stack.append(container)
            self._state = _FIRST_KEY if char == "{" else _FIRST_VALUE
        elif char in "-0123456789tfn":
            self._state, self._buffer = _LITERAL, [char]
        else:
            self.failed = True

    def _put(self, value: Any) -> None:
        if not self._stack:
            self._root = value
        elif is_list(self._stack[-1]):
            self._stack[-1].append(value)
        else:
            self._stack[-1][self._key] = value
        self._state = _COMMA if self._stack else _END

    def _close(self) -> None:
        self._stack.pop()
        self._state = _COMMA if self._stack else _END


def _literal(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    match = _NUMBER.match(text)
    if match is None or len(text) > 4000:  # Python refuses to read longer numbers
        return _NOTHING
    return float(text) if match[2] or match[3] else int(text)


def _join_surrogates(text: str) -> str:
    r"""Two `\u` escapes can be one character; Python reads them as two halves."""
    if _SURROGATE.search(text):
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _printable(text: str) -> str:
    """An open string, without the half of a character at its end."""
    if text and "\ud800" <= text[-1] <= "\udbff":
        text = text[:-1]
    return _join_surrogates(text)

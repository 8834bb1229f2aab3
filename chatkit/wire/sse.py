"""Server-sent events from bytes (WHATWG HTML, "event stream interpretation"), at any cut.

Lines end with LF, CR LF or CR; a leading BOM is dropped; comments are skipped; several `data:` lines are joined
by LF. Only those three line ends count, so that JSON with U+2028 in it stays whole.
"""

from __future__ import annotations

from msgspec import Struct

from chatkit.errors import InvalidResponseError

__all__ = ["FIELDS", "MAX_EVENT_BYTES", "SSEDecoder", "SSEEvent"]

MAX_EVENT_BYTES = 128 * 1024 * 1024
"""An event larger than this is refused (a base64 image is far smaller)."""

MAX_STRAY_BYTES = 1024 * 1024
"""More lines that belong to no event are not kept."""

_LINE_COST = 50
"""What a line takes in memory beside its bytes: it counts too, so that an event of empty lines has an end."""

_BOM = b"\xef\xbb\xbf"
FIELDS = (b"event", b"data", b"id", b"retry")
"""Names that a line may begin with."""


class SSEEvent(Struct, frozen=True, gc=False):
    """One event: `data` as bytes, and the fields that stood with it; `retry` in milliseconds."""

    data: bytes
    event: str = ""
    id: str | None = None
    retry: int | None = None


class SSEDecoder:
    """Cuts a byte stream into events.

    Args:
        max_bytes: size above which an event is refused with InvalidResponseError.

    Attributes:
        stray: lines that belong to no event; some servers report a late error as bare JSON.
    """

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._rest: list[bytes] = []  # pieces of the unfinished line, joined once when its end has come
        self._started = False
        self._after_cr = False  # the last line ended with CR: a LF that follows belongs to it
        self._data: list[bytes] = []
        self._fresh = self._data  # each event after the first has a list of its own
        self._rest_size = 0
        self._size = 0  # bytes of the unfinished event
        self._event = b""
        self._id: str | None = None
        self._retry: int | None = None
        self.stray: list[bytes] = []
        self._stray_size = 0

    @property
    def seen(self) -> bool:
        """Whether any `data:` has come."""
        return self._data is not self._fresh or bool(self._data)

    def feed(self, chunk: bytes) -> list[SSEEvent]:
        """Events that the next bytes complete."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" in chunk:
            self._after_cr = chunk.endswith(b"\r")
            chunk = chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        lines = chunk.split(b"\n")
        if self._rest:
            self._rest.append(lines[0])
            if len(lines) > 1:
                lines[0], self._rest, self._rest_size = b"".join(self._rest), [], 0
        if len(lines) == 1:
            return self._unfinished(chunk)
        rest = lines.pop()
        if rest:
            self._rest.append(rest)
            self._rest_size = len(rest)
        if not self._started:
            lines[0] = lines[0].removeprefix(_BOM)
            self._started = True
        events: list[SSEEvent] = []
        for line in lines:
            if line.startswith(b"data: "):
                self._add(line[6:])
            elif not line:
                if self._data:
                    self._complete(events)
                self._event, self._retry = b"", None
            else:
                self._field(line)
        return events

    def _unfinished(self, piece: bytes) -> list[SSEEvent]:
        if not self._rest:
            self._rest.append(piece)
        self._rest_size += len(piece)
        if self._rest_size + self._size > self._max_bytes:
            self._refuse()
        return []

    def close(self) -> list[SSEEvent]:
        """The event that the end of the stream completes. The standard drops it; a lost last answer would hurt more."""
        return self.feed(b"\n\n")

    def _add(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value) + _LINE_COST
        if self._size > self._max_bytes:
            self._refuse()

    def _complete(self, events: list[SSEEvent]) -> None:
        data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
        name = self._event.decode("utf-8", "replace") if self._event else ""
        events.append(SSEEvent(data, name, self._id, self._retry))
        self._data, self._size = [], 0

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not name:
            return  # a comment
        if name == b"event":
            self._event = value
        elif name == b"data":
            self._add(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and value.isascii():
            self._retry = int(value[:18])
        elif name not in FIELDS and self._stray_size < MAX_STRAY_BYTES:
            self._stray_size += len(line) + _LINE_COST
            if self._stray_size < MAX_STRAY_BYTES:
                self.stray.append(line)

    def _refuse(self) -> None:
        raise InvalidResponseError(f"an event of the stream is larger than {self._max_bytes} bytes")

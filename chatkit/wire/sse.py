"""Server-sent events from bytes (WHATWG HTML, "event stream interpretation"), at any cut.

Lines end with LF, CR LF or CR; a leading BOM is dropped; comments are skipped; several `data:` lines are joined
by LF. Only those three line ends count, so that JSON with U+2028 in it stays whole.
"""

from __future__ import annotations

from chatkit.errors import InvalidResponseError

__all__ = ["MAX_EVENT_BYTES", "SSEDecoder", "SSEEvent"]

MAX_EVENT_BYTES = 128 * 1024 * 1024
"""An event larger than this is refused (a base64 image is far smaller)."""

MAX_STRAY_LINES = 1000
"""More lines that belong to no event are not kept."""

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"event", b"data", b"id", b"retry")


class SSEEvent:
    """One event: `data` as bytes, and the fields that stood with it."""

    __slots__ = ("data", "event", "id", "retry")

    def __init__(self, data: bytes, event: str = "", id: str | None = None, retry: int | None = None) -> None:
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry

    def __repr__(self) -> str:
        return f"SSEEvent(data={self.data!r}, event={self.event!r}, id={self.id!r}, retry={self.retry!r})"


class SSEDecoder:
    """Cuts a byte stream into events.

    Args:
        max_bytes: size above which an event is refused with InvalidResponseError.

    Attributes:
        stray: lines that belong to no event; some servers report a late error as bare JSON.
    """

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()  # an unfinished line
        self._searched = 0  # how far the buffer holds no line end
        self._started = False
        self._after_cr = False  # the last line ended with CR: a LF that follows belongs to it
        self._data: list[bytes] = []
        self._size = 0
        self._event = b""
        self._id: str | None = None
        self._retry: int | None = None
        self.stray: list[bytes] = []

    def feed(self, chunk: bytes) -> list[SSEEvent]:
        """Events that the next bytes complete."""
        events: list[SSEEvent] = []
        buffer = self._buffer
        buffer += chunk
        if not self._started and not self._skip_bom():
            return events
        start = 0
        if self._after_cr and buffer:
            start = 1 if buffer[0] == 10 else 0
            self._searched = max(self._searched, start)
            self._after_cr = False
        while True:
            end, width = self._line_end(buffer, self._searched)
            if end < 0:
                break
            self._line(bytes(buffer[start:end]), events)
            start = self._searched = end + width
        del buffer[:start]
        self._searched = len(buffer)
        if len(buffer) + self._size > self._max_bytes:
            self._refuse()
        return events

    def close(self) -> list[SSEEvent]:
        """The event that the end of the stream completes. The standard drops it; a lost last answer would hurt more."""
        events: list[SSEEvent] = []
        if self._buffer:
            self._line(bytes(self._buffer), events)
            self._buffer.clear()
        self._line(b"", events)
        return events

    def _skip_bom(self) -> bool:
        buffer = self._buffer
        if len(buffer) < 3 and _BOM.startswith(buffer):
            return False
        if buffer.startswith(_BOM):
            del buffer[:3]
        self._started = True
        return True

    def _line_end(self, buffer: bytearray, at: int) -> tuple[int, int]:
        lf = buffer.find(b"\n", at)
        cr = buffer.find(b"\r", at, lf if lf >= 0 else len(buffer))
        if cr < 0:
            return lf, 1
        if cr + 1 == len(buffer):
            self._after_cr = True
            return cr, 1
        return cr, 2 if buffer[cr + 1] == 10 else 1

    def _line(self, line: bytes, events: list[SSEEvent]) -> None:
        if not line:
            if self._data:
                data = self._data[0] if len(self._data) == 1 else b"\n".join(self._data)
                events.append(SSEEvent(data, self._event.decode("utf-8", "replace"), self._id, self._retry))
                self._data = []
                self._size = 0
            self._event = b""
            self._retry = None
        elif line.startswith(b"data:"):
            value = line[6:] if line[5:6] == b" " else line[5:]
            self._data.append(value)
            self._size += len(value) + 1
            if self._size > self._max_bytes:
                self._refuse()
        elif line[0] != 58:  # ":" begins a comment
            self._field(line)

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._event = value
        elif name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit() and value.isascii():
            self._retry = int(value)
        elif name not in _FIELDS and len(self.stray) < MAX_STRAY_LINES:
            self.stray.append(line)

    def _refuse(self) -> None:
        raise InvalidResponseError(f"an event of the stream is larger than {self._max_bytes} bytes")

"""What parsers of JSON-over-SSE formats share: telling a stream from a whole body, and refusing what is neither."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from chatkit.codec import incomplete
from chatkit.errors import InvalidResponseError, ModelError
from chatkit.events import ErrorEvent
from chatkit.jsons import decode_object, excerpt, is_truncated, not_json
from chatkit.statuses import error_from_body
from chatkit.wire.sse import FIELDS, MAX_EVENT_BYTES, SSEDecoder, SSEEvent

if TYPE_CHECKING:
    from chatkit.events import Event

__all__ = ["SSEParser", "broken_format"]

_BOM = b"\xef\xbb\xbf"


def broken_format(error: Exception) -> ModelError:
    """The error for an answer that a parser cannot make sense of."""
    if isinstance(error, ModelError):
        return error
    broken = InvalidResponseError(f"the answer is not the JSON that this API sends: {type(error).__name__}: {error}")
    broken.__cause__ = error
    return broken


class SSEParser:
    """Base of parsers for formats that are one JSON document when whole and SSE when streamed.

    Which of the two an answer is, is read off its first byte, not off what was asked or the content type: some
    servers stream unasked, and errors come as JSON where a stream was expected.

    Subclasses write `frame` (one SSE event), `whole` (one JSON document) and `end` (the stream is over), and set
    `done` when the end marker was seen.

    Attributes:
        max_bytes: size above which one event, or a whole answer, is refused.
    """

    max_bytes: ClassVar[int] = MAX_EVENT_BYTES

    def __init__(self) -> None:
        self.done = False
        self._decoder: SSEDecoder | None = None
        self._body: list[bytes] = []
        self._head = b""
        self._size = 0

    def frame(self, frame: SSEEvent) -> list[Event]:
        """Events of one SSE event."""
        raise NotImplementedError

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole JSON answer."""
        raise NotImplementedError

    def end(self) -> list[Event]:
        """Events at the end of a stream; raises IncompleteStreamError when the end marker is missing."""
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Event]:
        """Events that the next bytes complete."""
        decoder = self._decoder
        if decoder is None:
            return self._first(data)
        frames = decoder.feed(data)
        events: list[Event] = []
        try:
            if len(frames) == 1:
                return self.frame(frames[0])
            for frame in frames:
                if self.done:
                    break
                events += self.frame(frame)
        except Exception as error:
            events.append(ErrorEvent(broken_format(error)))  # what came before the bad frame is not lost
        return events

    def _first(self, data: bytes) -> list[Event]:
        if self._body:
            self._body.append(data)
            self._size += len(data)
            if self._size > self.max_bytes:
                raise InvalidResponseError(f"the answer is larger than {self.max_bytes} bytes")
            return []
        head = (self._head + data).removeprefix(_BOM).lstrip()
        if _BOM.startswith(head):  # nothing yet, or a piece of the mark
            self._head = head
            return []
        self._head = b""
        if head[:1] in (b"{", b"[", b"<"):
            self._body.append(head)
            self._size = len(head)
            return []
        self._decoder = SSEDecoder(self.max_bytes)
        return self.feed(head)

    def close(self) -> list[Event]:
        """Events that the end of the body completes."""
        if self._body:
            body = b"".join(self._body).strip()
            if body.startswith(b"<"):
                raise InvalidResponseError(f"the answer is a web page, not JSON; check base_url. It begins: {excerpt(body)}")
            if is_truncated(body):
                raise incomplete("the end of its JSON")
            self.done = True
            return self.whole(body)
        events: list[Event] = []
        if self._decoder is not None:
            events += self._tail(self._decoder)
            if (error := _bare_error(self._decoder)) is not None:
                return [*events, ErrorEvent(error)]
        try:
            return events + self.end()
        except ModelError as error:
            return [*events, ErrorEvent(error)]

    def _tail(self, decoder: SSEDecoder) -> list[Event]:
        """Events of a last frame without its blank line; a frame that was cut in the middle does not count."""
        try:
            return [event for frame in decoder.close() for event in self.frame(frame)]
        except Exception:
            return []


def _bare_error(decoder: SSEDecoder) -> ModelError | None:
    """The error that a server put between or after the events as JSON of its own, or instead of them as plain text."""
    text = b"\n".join(decoder.stray)
    body = decode_object(text) if text else None
    if body and "error" in body:
        return error_from_body(body)
    if not text or decoder.seen or any(field.startswith(text) for field in FIELDS):  # the last: cut in a field's name
        return None
    error = not_json(text, "and no stream of events either")
    error.retryable = True  # a gateway's or an older answer's words, which the next attempt may not meet
    return error

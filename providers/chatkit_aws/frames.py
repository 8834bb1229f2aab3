"""What parsers of Bedrock's answers share: one JSON document when whole, an AWS event stream when streamed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.codec import incomplete
from chatkit.errors import InvalidResponseError
from chatkit.events import ErrorEvent
from chatkit.jsons import decode_object, excerpt, is_truncated, not_json
from chatkit.statuses import error_from_body
from chatkit.wire.awsstream import EventStreamDecoder, EventStreamMessage
from chatkit.wire.sse import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from chatkit.events import Event

__all__ = ["FrameParser"]

_MALFORMED = (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError)
"""What reading raises when bytes are not JSON, or a field has a type that the API never sends."""


class FrameParser:
    """Base of the parsers. Which of the two an answer is, is read off its first byte: a message begins with its length.

    Subclasses write `frame` (one event of a stream), `whole` (one JSON document) and `end` (the stream is over).
    """

    def __init__(self) -> None:
        self.done = False
        self._decoder: EventStreamDecoder | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._failure: InvalidResponseError | None = None  # told after the events that came before it

    def frame(self, kind: str, payload: bytes) -> list[Event]:
        """Events of one message whose `:event-type` is `kind`."""
        raise NotImplementedError

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole JSON answer."""
        raise NotImplementedError

    def end(self) -> list[Event]:
        """Events at the end of a stream; raises IncompleteStreamError when the end marker is missing."""
        raise NotImplementedError

    def feed(self, data: bytes) -> list[Event]:
        """Events that the next bytes complete."""
        if self._decoder is None:
            if self._body or (data and data[0] > 8):  # a length that begins with more is beyond every limit: text
                self._body.append(data)
                self._size += len(data)
                if self._size > MAX_EVENT_BYTES:
                    raise InvalidResponseError(f"the answer is larger than {MAX_EVENT_BYTES} bytes")
                return []
            self._decoder = EventStreamDecoder()
        self._raise_failure()
        events: list[Event] = []
        try:
            for message in self._decoder.feed(data):
                if self.done:
                    break
                events += self._message(message)
        except InvalidResponseError as error:
            if not events:
                raise
            self._failure = error
        return events

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _message(self, message: EventStreamMessage) -> list[Event]:
        kind = message.headers.get(":event-type")
        if not isinstance(kind, str):
            return self._failed(message)
        try:
            return self.frame(kind, message.payload)
        except _MALFORMED as error:
            raise not_json(message.payload, error) from error

    def _failed(self, message: EventStreamMessage) -> list[Event]:
        """An exception that the model declares, or an error of the framing: both end the stream."""
        headers = {name: value for name, value in message.headers.items() if isinstance(value, str)}
        kind = headers.get(":exception-type") or headers.get(":error-code")
        if kind is None:
            return []
        self.done = True
        said: dict[str, Any] = decode_object(message.payload) or {}
        text = said.get("message") or said.get("Message") or said.get("originalMessage") or headers.get(":error-message") or kind
        return [ErrorEvent(error_from_body({**said, "message": text, "__type": kind}))]

    def close(self) -> list[Event]:
        """Events that the end of the body completes."""
        if self.done:
            return []
        self._raise_failure()
        if self._body:
            body = b"".join(self._body).removeprefix(b"\xef\xbb\xbf").strip()
            if body.startswith(b"<"):
                raise InvalidResponseError(f"the answer is a web page, not JSON; check base_url. It begins: {excerpt(body)}")
            if is_truncated(body):
                raise incomplete("the end of its JSON")
            self.done = True
            try:
                return self.whole(body)
            except _MALFORMED as error:
                raise not_json(body, error) from error
        if self._decoder is not None:
            self._decoder.close()
        return self.end()

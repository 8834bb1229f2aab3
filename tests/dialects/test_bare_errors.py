"""Errors that a server writes into a stream of events as bare JSON, without `data:`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatkit.dialects.base import SSEParser
from chatkit.errors import ServerError
from chatkit.events import ErrorEvent, Event, TextDelta

if TYPE_CHECKING:
    from chatkit.wire.sse import SSEEvent

ERROR = b'{\n  "error": {\n    "code": 499,\n    "message": "The operation was cancelled.",\n    "status": "CANCELLED"\n  }\n}\n'


class Words(SSEParser):
    """Every event is a word."""

    def frame(self, frame: SSEEvent) -> list[Event]:
        return [TextDelta(frame.data.decode())]

    def end(self) -> list[Event]:
        return [TextDelta("end")]


def read(body: bytes, size: int) -> list[Event]:
    parser = Words()
    events: list[Event] = []
    for at in range(0, len(body), size):
        events += parser.feed(body[at : at + size])
    return events + parser.close()


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize("between", [b"\n\n", b"\n"])
@pytest.mark.parametrize("error", [ERROR, ERROR.replace(b"\n", b"\r\n"), ERROR.replace(b"\n", b" ") + b"\n"])
def test_a_bare_error_after_the_events_is_reported_after_what_came(size: int, between: bytes, error: bytes) -> None:
    events = read(b"data: one\n\ndata: two" + between + error, size)
    assert events[:2] == [TextDelta("one"), TextDelta("two")]
    assert len(events) == 3
    assert isinstance(events[2], ErrorEvent)
    assert type(events[2].error) is ServerError
    assert events[2].error.provider_message == "The operation was cancelled."
    assert events[2].error.type == "CANCELLED"


@pytest.mark.parametrize("stray", [b"unknown: field\n", b"{}\n", b"{broken\n", b'{"id": 1}\n', b": comment\n", b"\n" * 5])
def test_other_lines_are_ignored(stray: bytes) -> None:
    assert read(b"data: one\n\n" + stray, 3) == [TextDelta("one"), TextDelta("end")]

"""Structured output while it arrives: objects that grow (spec S171).

Dict schemas give a dict for every piece that adds something. Classes give instances, as soon as what came makes a
valid one. Every character is parsed once; completed parts are shared between the dicts, so do not change them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import OutputParserError
from chatkit.events import Event, Reset, TextDelta, ToolCallChunk
from chatkit.jsons import is_object
from chatkit.net.leaving import Leaving
from chatkit.partial_json import PartialJSON
from chatkit.schema.pydantic_types import Misfit

if TYPE_CHECKING:
    from chatkit.messages import AIMessage
    from chatkit.net.stream import EventStream
    from chatkit.structured.answer import Reader

__all__ = ["StructuredStream"]

_NOTHING = object()
_STEPS_OF_DICTS, _STEPS_OF_INSTANCES = 4096, 20
"""A new object costs as much as the answer is long. That large answers stay linear, one is made when the text has grown
by 1/4096 (a dict: every piece, up to 4,096 characters) or by 1/20 (an instance, which is also checked)."""


class StructuredStream(Leaving[Any]):
    """The growing objects of one answer: `async for movie in model.with_structured_output(Movie).astream(...)`.

    The last item is checked as `ainvoke` checks it, with the same errors. With `include_raw` the items are dicts with
    "raw" (None until the last), "parsed" and "parsing_error". Leaving the loop closes the request.
    """

    _stoppable = True

    def __init__(self, events: EventStream, reader: Reader, include_raw: bool) -> None:
        self._events = events
        self._reader = reader
        self._include_raw = include_raw
        self._growing = _Growing(reader)
        self._last: Any = _NOTHING
        self._finished = False

    @property
    def message(self) -> AIMessage:
        """The model's message as far as it came."""
        return self._events.message

    async def _next(self) -> Any:
        while not self._finished:
            try:
                event = await anext(self._events)
            except StopAsyncIteration:
                self._finished = True
                if self._events.interrupted:  # closed by another task
                    raise
                return self._end()
            if self._growing.feed(event):
                value = self._growing.value()
                if value is not _NOTHING and value != self._last:
                    self._last = value
                    return {"raw": None, "parsed": value, "parsing_error": None} if self._include_raw else value
        raise StopAsyncIteration

    def _end(self) -> Any:
        message = self.message
        try:
            parsed, error = self._reader.read(message), None
        except OutputParserError as problem:
            parsed, error = None, problem
        if self._include_raw:
            return {"raw": message, "parsed": parsed, "parsing_error": error}
        if error is not None:
            raise error
        if parsed is None or (self._last is not _NOTHING and parsed == self._last):
            raise StopAsyncIteration
        return parsed

    async def _close(self) -> None:
        await self._events.aclose()

    def _abandon(self) -> None:
        self._events._exchange.abandon()


class _Growing:
    """The object as far as it came."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.restart()

    def restart(self) -> None:
        self.json = PartialJSON()
        self.begun = False
        self.size = 0
        self.show_at = 0
        self.call: tuple[Any, str | None] | None = None  # index and id of the call that holds the answer

    def feed(self, event: Event) -> bool:
        """Read an event; whether it added something."""
        if type(event) is Reset:
            self.restart()
            return False
        text = self._of_call(event) if self.reader.as_call else event.text if type(event) is TextDelta else ""
        if not self.begun and text:
            # Text may stand in front: a ```json fence, or an introduction.
            start = text.find("{")
            self.begun, text = start >= 0, text[start:] if start >= 0 else ""
        self.json.feed(text)
        self.size += len(text)
        return bool(text)

    def _of_call(self, event: Event) -> str:
        if type(event) is not ToolCallChunk:
            return ""
        if self.call is None and event.name == self.reader.shape.name:
            self.call = (event.index, event.id)
        if self.call is None or event.index != self.call[0] or event.id not in (None, self.call[1]):
            return ""
        return event.args

    def value(self) -> Any:
        """The object so far; _NOTHING when there is none that can be shown."""
        shape = self.reader.shape
        if self.size < self.show_at:
            return _NOTHING
        value = self.json.snapshot(shared=True)
        if not is_object(value):
            return _NOTHING
        self.show_at = self.size + self.size // (_STEPS_OF_DICTS if shape.is_dict else _STEPS_OF_INSTANCES)
        if shape.is_dict:
            return value.get("value", _NOTHING) if shape.wrapped else value
        if any(key not in value for key in shape.schema.get("required", ())):
            return _NOTHING
        try:
            return shape.decode(value)
        except Misfit:
            return _NOTHING

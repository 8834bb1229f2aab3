"""From the lines of an answer of `POST /api/chat` to events (wire sheet: ollama, "Response object / stream line").

A stream is one JSON object a line; a whole answer is the same object once. So one parser reads both.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from chatkit.codec import incomplete
from chatkit.events import ErrorEvent, Event, Finish, Metadata, ReasoningDelta, Start, TextDelta, ToolCallChunk, Usage
from chatkit.jsons import decode, dumps, is_object, is_truncated, not_json
from chatkit.messages.usage import usage_metadata
from chatkit.statuses import error_from_body
from chatkit.wire.ndjson import NDJSONDecoder

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["OllamaParser"]


class _Function(Struct):
    name: str | None = None
    arguments: Any = None


class _Call(Struct):
    function: _Function = field(default_factory=_Function)
    id: str | None = None


class _Message(Struct):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(Struct):
    message: _Message | None = None
    done: bool = False
    model: str | None = None
    logprobs: list[Any] | None = None
    error: Any = None
    done_reason: str | None = None
    prompt_eval_count: int | None = None
    eval_count: int | None = None


_decode = msgspec.json.Decoder(_Line).decode
_KEPT = ("created_at", "total_duration", "load_duration", "prompt_eval_duration", "eval_duration", "remote_model", "remote_host")


class OllamaParser:
    """Reads one answer, streamed or whole."""

    def __init__(self) -> None:
        self.done = False
        self._lines = NDJSONDecoder()
        self._started = False
        self._calls = 0

    def feed(self, data: bytes) -> list[Event]:
        """Events that the next bytes complete."""
        return self._events(self._lines.feed(data))

    def close(self) -> list[Event]:
        """Events of a last line without line end, then IncompleteStreamError when no line said `done`."""
        events = self._events(line for line in self._lines.close() if not is_truncated(line))
        return events if self.done else [*events, ErrorEvent(incomplete('a line with "done": true'))]

    def _events(self, lines: Iterable[bytes]) -> list[Event]:
        events: list[Event] = []
        for raw in lines:
            if self.done:
                break
            try:
                self._line(raw, events)
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                self.done = True
                events.append(ErrorEvent(not_json(raw, error)))
        return events

    def _line(self, raw: bytes, events: list[Event]) -> None:
        line = _decode(raw)
        if line.error:
            self.done = True
            events.append(_error(raw))
            return
        if not self._started:
            self._started = True
            events.append(Start(model=line.model))
        if line.message is not None:
            self._message(line.message, events)
        if line.logprobs:
            events.append(Metadata({"logprobs": {"content": line.logprobs}}))  # the form of all providers
        if line.done:
            self.done = True
            events += _end(line, raw)

    def _message(self, message: _Message, events: list[Event]) -> None:
        if message.thinking:
            events.append(ReasoningDelta(message.thinking))
        if message.content:
            events.append(TextDelta(message.content))
        for call in message.tool_calls or ():
            args = call.function.arguments
            text = args if isinstance(args, str) else dumps(args or {})
            # Servers before 0.12 give calls no id; results need one to find their call.
            events.append(ToolCallChunk(text, self._calls, call.id or f"call_{uuid.uuid4().hex}", call.function.name))
            self._calls += 1


def _end(line: _Line, raw: bytes) -> list[Event]:
    """Usage and reason; a model that was only loaded or unloaded reports no tokens."""
    events: list[Event] = []
    if line.prompt_eval_count is not None or line.eval_count is not None:
        events.append(Usage(usage_metadata(line.prompt_eval_count or 0, line.eval_count or 0)))
    fields: dict[str, Any] = decode(raw)
    kept = {name: fields[name] for name in _KEPT if name in fields}
    events.append(Finish(line.done_reason or None, {"done_reason": line.done_reason, **kept}))
    return events


def _error(raw: bytes) -> ErrorEvent:
    """An error inside a 200 answer; newer servers tell the status that it would have had."""
    body = decode(raw)
    status = body.get("status") if is_object(body) else None
    return ErrorEvent(error_from_body(body, status=status if isinstance(status, int) else None))

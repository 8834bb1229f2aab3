"""From the bytes of an answer of `POST /v2/chat` to events (wire sheet: cohere, "Response", "Stream").

The plan that a model makes before it calls tools has no standard form: it is a `non_standard` block of type
`tool_plan`, and goes back under its own name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.codec import incomplete
from chatkit.dialects.base import SSEParser
from chatkit.events import (
    Citation,
    ErrorEvent,
    Event,
    Finish,
    Metadata,
    Raw,
    ReasoningDelta,
    Start,
    TextDelta,
    ToolCallChunk,
    Usage,
)
from chatkit.jsons import decode, is_list, is_object, not_json
from chatkit.messages.usage import usage_metadata
from chatkit.statuses import error_from_body
from chatkit_cohere.wire import Delta, Function, Message, Part, Piece, Tokens, ToolCall, decode_answer, decode_event

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.events import Index
    from chatkit.wire.sse import SSEEvent
    from chatkit_cohere.wire import StreamEvent, TokenUsage

__all__ = ["CohereParser"]


class CohereParser(SSEParser):
    """Reads one answer, streamed or whole."""

    def __init__(self) -> None:
        super().__init__()
        self._text_index: Index = None  # the last text part: what a citation without `content_index` speaks of
        self._args_begun = False

    def frame(self, frame: SSEEvent) -> list[Event]:
        """Events of one SSE event; `type` in the data says which it is."""
        if frame.data.strip() == b"[DONE]":
            return []
        try:
            event = decode_event(frame.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(frame.data, error) from error
        handler = _HANDLERS.get(event.type or "")
        if handler is not None:
            return handler(self, event)
        if isinstance(event.message, str):
            self.done = True
            return [ErrorEvent(error_from_body(decode(frame.data)))]
        return []

    def end(self) -> list[Event]:
        """Nothing; raises IncompleteStreamError when no `message-end` came."""
        if not self.done:
            raise incomplete("its 'message-end' event")
        return []

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole answer, in the order in which a stream has them."""
        try:
            answer = decode_answer(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        if not isinstance(answer.message, Message):
            return [ErrorEvent(error_from_body(decode(body)))]
        events: list[Event] = [Start(answer.id), *self._message(answer.message)]
        if answer.logprobs:
            events.append(_logprobs(answer.logprobs))
        return events + _closing(answer.usage, answer.finish_reason)

    def _message(self, message: Message) -> list[Event]:
        events: list[Event] = _plan(message.tool_plan)
        parts = [Part("text", message.content)] if isinstance(message.content, str) else message.content or ()
        for index, part in enumerate(parts):
            events += self._part(part, index)
        for index, call in enumerate(message.tool_calls or ()):
            events.append(self._call_start(call, index))
        for citation in message.citations or ():
            events.append(self._citation(citation))
        return events

    def _part(self, part: Part, index: Index) -> list[Event]:
        """A content part or a piece of one; an empty one makes no block."""
        if part.text:
            self._text_index = index
            return [TextDelta(part.text, index)]
        return [ReasoningDelta(part.thinking, index)] if part.thinking else []

    def _call_start(self, call: ToolCall, index: Index) -> ToolCallChunk:
        self._args_begun = False
        function = call.function or Function()
        return ToolCallChunk(self._args(function.arguments), index, call.id, function.name)

    def _args(self, text: str | None) -> str:
        """Arguments that are `null` as a whole mean none."""
        if not text or (not self._args_begun and text.strip() == "null"):
            return ""
        self._args_begun = True
        return text

    def _citation(self, citation: dict[str, Any]) -> Event:
        index = citation.get("content_index")
        match citation.get("type"):
            case "PLAN":
                return Raw({"type": "tool_plan", "citations": [citation]}, "tool_plan")
            case "THINKING_CONTENT":
                return ReasoningDelta("", 0 if index is None else index, extras={"citations": [citation]})
            case _:
                return Citation(_annotation(citation), self._text_index if index is None else index)

    # One method for each type of event.

    def _on_message_start(self, event: StreamEvent) -> list[Event]:
        return [Start(event.id)]

    def _on_plan(self, event: StreamEvent) -> list[Event]:
        return _plan(_piece(event).tool_plan)

    def _on_content(self, event: StreamEvent) -> list[Event]:
        part = _piece(event).content
        events = self._part(part, event.index) if isinstance(part, Part) else []
        if event.logprobs:
            events.append(_logprobs([event.logprobs]))
        return events

    def _on_call_start(self, event: StreamEvent) -> list[Event]:
        call = _piece(event).tool_calls
        return [self._call_start(call, event.index)] if isinstance(call, ToolCall) else []

    def _on_call_delta(self, event: StreamEvent) -> list[Event]:
        call = _piece(event).tool_calls
        args = self._args(call.function.arguments) if isinstance(call, ToolCall) and call.function else ""
        return [ToolCallChunk(args, event.index)] if args else []

    def _on_citation(self, event: StreamEvent) -> list[Event]:
        citation = _piece(event).citations
        return [self._citation(citation)] if is_object(citation) else []

    def _on_message_end(self, event: StreamEvent) -> list[Event]:
        self.done = True
        delta = event.delta or Delta()
        if delta.error:
            return [ErrorEvent(error_from_body(delta.error))]
        return _closing(delta.usage, delta.finish_reason)


_HANDLERS: dict[str, Callable[[CohereParser, StreamEvent], list[Event]]] = {
    "content-delta": CohereParser._on_content,
    "content-start": CohereParser._on_content,
    "tool-call-delta": CohereParser._on_call_delta,
    "tool-call-start": CohereParser._on_call_start,
    "tool-plan-delta": CohereParser._on_plan,
    "citation-start": CohereParser._on_citation,
    "message-start": CohereParser._on_message_start,
    "message-end": CohereParser._on_message_end,
}


def _piece(event: StreamEvent) -> Piece:
    return (event.delta and event.delta.message) or Piece()


def _plan(text: str | None) -> list[Event]:
    return [Raw({"type": "tool_plan", "tool_plan": text}, "tool_plan", "tool_plan")] if text else []


def _annotation(citation: dict[str, Any]) -> dict[str, Any]:
    """A standard citation; all its sources are kept, the first document gives title and address."""
    sources = citation.get("sources")
    documents = [source.get("document") for source in (sources if is_list(sources) else ()) if is_object(source)]
    first = next(filter(is_object, documents), dict[str, Any]())
    fields = {
        "start_index": citation.get("start"),
        "end_index": citation.get("end"),
        "cited_text": citation.get("text"),
        "title": first.get("title"),
        "url": first.get("url"),
        "extras": {key: value for key, value in citation.items() if key not in ("start", "end", "text")} or None,
    }
    return {"type": "citation", **{key: value for key, value in fields.items() if value is not None}}


def _logprobs(entries: list[Any]) -> Event:
    """Probabilities in the form of all providers. Cohere tells them for pieces of text, which may be several tokens."""
    return Metadata({"logprobs": {"content": [_entry(entry) for entry in entries if is_object(entry)]}})


def _entry(entry: dict[str, Any]) -> dict[str, Any]:
    numbers = entry.get("logprobs")
    total = sum(number for number in numbers if isinstance(number, int | float)) if is_list(numbers) else None
    return {"token": entry.get("text"), "logprob": total, "top_logprobs": [], **entry}


def _closing(usage: TokenUsage | None, reason: str | None) -> list[Event]:
    """Usage counts all tokens, not only those that are billed; the bill is in the metadata."""
    events: list[Event] = []
    metadata: dict[str, Any] = {}
    if usage is not None:
        tokens = usage.tokens or Tokens()
        if tokens.input_tokens is not None or tokens.output_tokens is not None:
            events.append(Usage(_usage(tokens, usage.cached_tokens)))
        metadata = {"billed_units": usage.billed_units, "image_tokens": _whole(tokens.image_tokens)}
    events.append(Finish(reason, {key: value for key, value in metadata.items() if value is not None} or None))
    return events


def _usage(tokens: Tokens, cached: float | None) -> dict[str, Any]:
    return usage_metadata(
        int(tokens.input_tokens or 0),
        int(tokens.output_tokens or 0),
        input_details={"cache_read": _whole(cached)},
        output_details={"reasoning": _whole(tokens.reasoning_tokens)},
    )


def _whole(count: float | None) -> int | None:
    return None if count is None else int(count)

"""Answers of the Messages API to events, streamed and whole (wire sheet: anthropic §5-§7).

`AnthropicReader` reads the JSON objects; what they are framed in is another's matter: SSE here (`AnthropicParser`),
AWS's event stream at Bedrock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from chatkit.codec import incomplete
from chatkit.dialects.anthropic.blocks_in import args_text, events_of_block, is_call
from chatkit.dialects.anthropic.citations import annotation_of
from chatkit.dialects.anthropic.usage import standard_usage
from chatkit.dialects.base import SSEParser
from chatkit.errors import InvalidResponseError, StreamInterruptedError
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
from chatkit.events import ServerToolCallChunk as ServerChunk
from chatkit.jsons import as_object, excerpt, is_list, is_object, not_json
from chatkit.statuses import error_from_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.wire.sse import SSEEvent

__all__ = ["AnthropicParser", "AnthropicReader"]


class _Delta(Struct, gc=False):
    """The `delta` of `content_block_delta` in all its kinds at once."""

    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: dict[str, Any] | None = None


class _StreamObject(Struct, gc=False):
    """One object of a stream in all its kinds at once: one flat decode is the fastest."""

    type: str = ""
    index: int | None = None
    delta: _Delta | None = None
    content_block: dict[str, Any] | None = None
    message: dict[str, Any] | None = None
    usage: dict[str, Any] | None = None
    error: Any = None


_decode_object = msgspec.json.Decoder(_StreamObject).decode
_decode = msgspec.json.decode

_SHOWN_ELSEWHERE = frozenset({"id", "type", "role", "model", "content", "usage", "stop_reason"})


def _facts(message: dict[str, Any]) -> dict[str, Any]:
    """What belongs into the metadata: stop_sequence, stop_details, container, context_management ..."""
    return {name: value for name, value in message.items() if name not in _SHOWN_ELSEWHERE and value is not None}


class AnthropicReader:
    """Reads the JSON objects of one answer.

    Attributes:
        done: the end marker was seen.
    """

    def __init__(self) -> None:
        self.done = False
        self._id: str | None = None
        self._begun = False  # a block was opened
        self._call: Callable[[str, int | None], Event] = ToolCallChunk  # what pieces of arguments belong to now
        self._input: Any = None  # arguments that came whole with the start of a call, until it is sure that no pieces come
        self._input_of: int | None = None  # the block that they belong to
        self._usage: dict[str, Any] = {}
        self._facts: dict[str, Any] = {}

    def read(self, data: bytes) -> list[Event]:
        """Events of one object of a stream."""
        try:
            said = _decode_object(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if data.strip() == b"[DONE]":  # some gateways end every stream in OpenAI's way
                return []
            raise not_json(data, error) from error
        delta = said.delta
        if delta is not None and delta.type == "text_delta":
            return [TextDelta(delta.text or "", said.index)]
        handler = _OBJECTS.get(said.type)
        if handler is not None:
            return handler(self, said, data)
        return self._error(said, data) if said.error is not None else []

    def read_whole(self, body: bytes) -> list[Event]:
        """Events of an answer that came as one JSON document.

        Raises:
            InvalidResponseError: it is not JSON, or not a message.
        """
        try:
            message = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        self.done = True
        if not is_object(message) or not is_list(message.get("content")):
            if is_object(message) and message.get("error"):
                return [ErrorEvent(error_from_body(message))]
            raise InvalidResponseError(f"the answer is JSON but not a message with `content`: {excerpt(body)}")
        return [*self._message(message), *self._last_facts()]

    def end(self) -> list[Event]:
        """Events at the end of a stream.

        Raises:
            IncompleteStreamError: `message_stop` did not come.
        """
        if not self.done:
            raise incomplete("message_stop")
        return []

    def _message(self, message: dict[str, Any]) -> list[Event]:
        """Events of a message object: a whole answer, or what `message_start` knows of it."""
        self._id = message.get("id")
        events: list[Event] = [Start(self._id, message.get("model"))]
        for index, block in enumerate(message.get("content") or ()):
            self._begun = True
            events += events_of_block(block, index)
        self._facts.update(_facts(message))
        return events + self._counted(message.get("usage")) + _finish(message)

    def _counted(self, usage: dict[str, Any] | None) -> list[Event]:
        """The figures are cumulative; those that a later object leaves out stay."""
        if not usage:
            return []
        self._usage.update((name, value) for name, value in usage.items() if value is not None)
        return [Usage(standard_usage(self._usage))]

    def _last_facts(self) -> list[Event]:
        facts = {**self._facts, "usage": self._usage} if self._usage else self._facts
        return [Metadata(facts)] if facts else []

    # One method for each kind of object.

    def _message_start(self, said: _StreamObject, data: bytes) -> list[Event]:
        message = said.message or {}
        if self._begun and message.get("id") != self._id:
            error = StreamInterruptedError("message_start of another message before message_stop: the stream mixes two answers")
            return [ErrorEvent(error)]
        return [] if self._begun else self._message(message)

    def _block_start(self, said: _StreamObject, data: bytes) -> list[Event]:
        block = said.content_block or {}
        self._begun = True
        before = self._whole_input()
        if is_call(block.get("type") or ""):
            self._input, self._input_of = block.get("input") or None, said.index
            self._call = ToolCallChunk if block["type"] == "tool_use" else ServerChunk
            block = {**block, "input": None}
        elif block.get("type") == "thinking" and not block.get("thinking") and not block.get("signature"):
            return before
        return [*before, *events_of_block(block, said.index)]

    def _whole_input(self) -> list[Event]:
        if not self._input:
            return []
        args, self._input = args_text(self._input), None
        return [self._call(args, self._input_of)]

    def _block_delta(self, said: _StreamObject, data: bytes) -> list[Event]:
        delta = said.delta
        reader = _DELTAS.get(delta.type) if delta is not None else None
        return [] if reader is None or delta is None else [reader(self, delta, said.index, data)]

    def _block_stop(self, said: _StreamObject, data: bytes) -> list[Event]:
        return self._whole_input()

    def _message_delta(self, said: _StreamObject, data: bytes) -> list[Event]:
        whole = _decode(data)
        delta = as_object(whole.get("delta"))
        self._facts.update(_facts(delta))
        self._facts.update({name: value for name, value in _facts(whole).items() if name != "delta"})
        return self._whole_input() + self._counted(said.usage) + _finish(delta)

    def _message_stop(self, said: _StreamObject, data: bytes) -> list[Event]:
        self.done = True
        self._facts.update(_facts(_decode(data)))  # Bedrock says here what its guardrails did and how long all took
        return self._last_facts()

    def _error(self, said: _StreamObject, data: bytes) -> list[Event]:
        self.done = True
        return [ErrorEvent(error_from_body(_decode(data)))]

    # One method for each kind of delta but text.

    def _thinking_delta(self, delta: _Delta, index: int | None, data: bytes) -> Event:
        return ReasoningDelta(delta.thinking or "", index)

    def _signature_delta(self, delta: _Delta, index: int | None, data: bytes) -> Event:
        return ReasoningDelta("", index, extras={"signature": delta.signature or ""})

    def _json_delta(self, delta: _Delta, index: int | None, data: bytes) -> Event:
        if delta.partial_json:
            self._input = None
        return self._call(delta.partial_json or "", index)

    def _citations_delta(self, delta: _Delta, index: int | None, data: bytes) -> Event:
        return Citation(annotation_of(delta.citation or {}), index)

    def _compaction_delta(self, delta: _Delta, index: int | None, data: bytes) -> Event:
        value = {name: item for name, item in _decode(data)["delta"].items() if name != "type"}
        return Raw(value, index, join="content")


def _finish(message: dict[str, Any]) -> list[Event]:
    reason = message.get("stop_reason")
    return [] if reason is None else [Finish(reason, {"stop_reason": reason})]


_OBJECTS: dict[str, Callable[[AnthropicReader, _StreamObject, bytes], list[Event]]] = {
    "content_block_delta": AnthropicReader._block_delta,
    "content_block_start": AnthropicReader._block_start,
    "content_block_stop": AnthropicReader._block_stop,
    "message_start": AnthropicReader._message_start,
    "message_delta": AnthropicReader._message_delta,
    "message_stop": AnthropicReader._message_stop,
    "error": AnthropicReader._error,
}

_DELTAS: dict[str, Callable[[AnthropicReader, _Delta, int | None, bytes], Event]] = {
    "thinking_delta": AnthropicReader._thinking_delta,
    "signature_delta": AnthropicReader._signature_delta,
    "input_json_delta": AnthropicReader._json_delta,
    "citations_delta": AnthropicReader._citations_delta,
    "compaction_delta": AnthropicReader._compaction_delta,
}


class AnthropicParser(SSEParser):
    """The Messages API over HTTP: one JSON document when whole, SSE when streamed."""

    def __init__(self) -> None:
        super().__init__()
        self._reader = AnthropicReader()

    def frame(self, frame: SSEEvent) -> list[Event]:
        """Events of one SSE event."""
        events = self._reader.read(frame.data)
        self.done = self._reader.done
        return events

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole JSON answer."""
        return self._reader.read_whole(body)

    def end(self) -> list[Event]:
        """Nothing more, or IncompleteStreamError when `message_stop` is missing."""
        return self._reader.end()

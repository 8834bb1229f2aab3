"""Answers of Converse and ConverseStream to events (wire sheet: bedrock_converse §4-§6, §8, §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from chatkit.codec import incomplete
from chatkit.errors import InvalidResponseError
from chatkit.events import (
    Citation,
    ErrorEvent,
    Event,
    Finish,
    Metadata,
    Raw,
    ReasoningDelta,
    ServerToolCallChunk,
    Start,
    TextDelta,
    ToolCallChunk,
    Usage,
)
from chatkit.jsons import decode, dumps, excerpt, is_list, is_object
from chatkit.statuses import error_from_body
from chatkit_aws.blocks_in import SERVER_TOOL, block_events, media_events
from chatkit_aws.citations import annotation
from chatkit_aws.frames import FrameParser
from chatkit_aws.usage import standard_usage

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ConverseParser"]


class _ToolInput(Struct, gc=False):
    input: Any = None  # JSON text; some gateways send the object


class _Reasoning(Struct, gc=False, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class _Delta(Struct, gc=False, rename="camel"):
    """The `delta` of contentBlockDelta in all its kinds at once."""

    text: str | None = None
    tool_use: _ToolInput | None = None
    reasoning_content: _Reasoning | None = None
    citation: dict[str, Any] | None = None
    tool_result: list[Any] | None = None
    image: dict[str, Any] | None = None


class _BlockDelta(Struct, gc=False, rename="camel"):
    content_block_index: int | None = None
    delta: _Delta | None = None


_decode_delta = msgspec.json.Decoder(_BlockDelta).decode

_FACTS = ("metrics", "trace", "performanceConfig", "serviceTier")


class ConverseParser(FrameParser):
    """Reads one answer.

    Args:
        model: the model that was asked; answers do not name it.
    """

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model
        self._started = False
        self._stopped = False  # messageStop came
        self._counted = False  # metadata came
        self._thought: Any = None  # additionalModelResponseFields, which may tell the reasoning tokens
        self._calls: dict[int, Callable[..., Event]] = {}  # what pieces of arguments belong to, by block
        self._results: dict[int, dict[str, Any]] = {}  # results of server tools while they grow
        self._formats: dict[int, str] = {}  # formats of images

    def frame(self, kind: str, payload: bytes) -> list[Event]:
        """Events of one message of the stream."""
        if kind == "contentBlockDelta":
            said = _decode_delta(payload)
            delta = said.delta
            if delta is None:
                return []
            index = said.content_block_index or 0
            if delta.text:
                return self._begin([TextDelta(delta.text, index)])
            return self._begin(self._delta(delta, index))
        handler = _FRAMES.get(kind)
        return [] if handler is None else self._begin(handler(self, decode(payload, type=dict[str, Any])))

    def _begin(self, events: list[Event]) -> list[Event]:
        if self._started:
            return events
        self._started = True
        return [Start(model=self._model), *events]

    # The kinds of messages.

    def _message_start(self, said: dict[str, Any]) -> list[Event]:
        return []

    def _block_start(self, said: dict[str, Any]) -> list[Event]:
        index: int = said.get("contentBlockIndex") or 0
        start: dict[str, Any] = said.get("start") or {}
        call, result, image = start.get("toolUse"), start.get("toolResult"), start.get("image")
        if is_object(call):
            make = self._calls[index] = ServerToolCallChunk if call.get("type") == SERVER_TOOL else ToolCallChunk
            return [make("", index, call.get("toolUseId"), call.get("name"))]
        if is_object(result):
            self._results[index] = {**result, "content": []}
        if is_object(image):
            self._formats[index] = image.get("format") or ""
        return []

    def _delta(self, delta: _Delta, index: int) -> list[Event]:
        """A delta of any kind but text."""
        if delta.tool_use is not None:
            args = delta.tool_use.input or ""
            return [self._calls.get(index, ToolCallChunk)(args if isinstance(args, str) else dumps(args), index)]
        if delta.reasoning_content is not None:
            return _reasoning(delta.reasoning_content, index)
        if delta.citation is not None:
            return [Citation(annotation(delta.citation), index)]
        if delta.tool_result is not None:
            self._results.setdefault(index, {"content": []})["content"] += delta.tool_result
        if delta.image is not None:
            return media_events("image", {"format": self._formats.get(index), **delta.image}, index)
        return []

    def _block_stop(self, said: dict[str, Any]) -> list[Event]:
        index = said.get("contentBlockIndex") or 0
        result = self._results.pop(index, None)
        return block_events({"toolResult": result}, index) if result is not None else []

    def _message_stop(self, said: dict[str, Any]) -> list[Event]:
        self._stopped = True
        self.done = self._counted
        reason = said.get("stopReason")
        metadata = {"stopReason": reason}
        if said.get("additionalModelResponseFields") is not None:
            self._thought = metadata["additionalModelResponseFields"] = said["additionalModelResponseFields"]
        return [Finish(reason, metadata)]

    def _metadata(self, said: dict[str, Any]) -> list[Event]:
        self._counted = True
        self.done = self._stopped
        facts = {name: said[name] for name in _FACTS if said.get(name) is not None}
        usage = standard_usage(said.get("usage"), self._thought)
        return [*([Usage(usage)] if usage else []), *([Metadata(facts)] if facts else [])]

    def end(self) -> list[Event]:
        """Nothing more, or IncompleteStreamError when messageStop is missing."""
        if not self._stopped:
            raise incomplete("messageStop")
        return []

    def whole(self, body: bytes) -> list[Event]:
        """Events of an answer of Converse."""
        said: Any = decode(body)
        output = said.get("output") if is_object(said) else None
        message = output.get("message") if is_object(output) else None
        if not is_object(message):
            if is_object(said) and (said.get("message") or said.get("Message")):
                return [ErrorEvent(error_from_body(said))]
            raise InvalidResponseError(f"the answer is JSON but has no output.message: {excerpt(body)}")
        events: list[Event] = [Start(model=self._model)]
        content = message.get("content")
        for index, block in enumerate(content if is_list(content) else ()):
            events += block_events(block, index)
        return [*events, *self._message_stop(said), *self._metadata(said)]


def _reasoning(said: _Reasoning, index: int) -> list[Event]:
    if said.redacted_content is not None:
        return [Raw({"reasoningContent": {"redactedContent": said.redacted_content}}, index)]
    extras = {"signature": said.signature} if said.signature else None
    return [ReasoningDelta(said.text or "", index, extras=extras)]


_FRAMES: dict[str, Callable[[ConverseParser, dict[str, Any]], list[Event]]] = {
    "messageStart": ConverseParser._message_start,
    "contentBlockStart": ConverseParser._block_start,
    "contentBlockStop": ConverseParser._block_stop,
    "messageStop": ConverseParser._message_stop,
    "metadata": ConverseParser._metadata,
}

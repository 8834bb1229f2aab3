"""From the bytes of a chat completion, streamed or whole, to events (wire sheets: openai_chat §6-7, openai_compatible §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.codec import incomplete
from chatkit.dialects.base import SSEParser
from chatkit.dialects.openai_chat.choice import Choice
from chatkit.dialects.openai_chat.fast import DETAIL, REASONING, TEXT, TOOL, harmless
from chatkit.dialects.openai_chat.sources import Sources
from chatkit.dialects.openai_chat.usage import find_usage, read_usage
from chatkit.errors import InvalidResponseError
from chatkit.events import Citation, ErrorEvent, Event, Finish, Metadata, ReasoningDelta, Start, TextDelta, ToolCallChunk, Usage
from chatkit.fold import Fold
from chatkit.jsons import as_object, decode, excerpt, is_list, is_object, not_json
from chatkit.statuses import error_from_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.wire.sse import SSEEvent

__all__ = ["ChatParser"]

_NO_METADATA = frozenset({"id", "object", "model", "choices", "usage", "error", "obfuscation", "padding", "p"})
"""Top-level fields that do not go to `response_metadata`: read elsewhere, or filling against eavesdroppers."""


class ChatParser(SSEParser):
    """Parser for one chat completion.

    Plain deltas take the fast way of `fast`; `_fast` is the one that fitted last. Everything else is read as
    untyped JSON by `_chunk`, which forgives what servers leave out, repeat or misspell.

    Args:
        audio_format: the format of spoken answers that was asked for.
    """

    def __init__(self, audio_format: str | None = None) -> None:
        super().__init__()
        self._fast: Callable[[bytes], Event] | None = None
        self._detail_index = ""  # of the reasoning detail that came last
        self._choice = Choice(audio_format)
        self._others: dict[int, tuple[Choice, Fold]] = {}  # when several answers were asked for (n)
        self._sources = Sources()
        self._metadata: dict[str, Any] = {}
        self._id: str | None = None
        self._started = False
        self._finished = False
        self._in_pieces = False

    def frame(self, frame: SSEEvent) -> list[Event]:
        if self._fast is not None:
            try:
                return [self._fast(frame.data)]
            except (msgspec.DecodeError, KeyError):
                pass
        return self._slow(frame)

    def whole(self, body: bytes) -> list[Event]:
        try:
            decoded = decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        answer = decoded[0] if is_list(decoded) and decoded else decoded
        if not is_object(answer) or _is_error(answer):
            return [ErrorEvent(error_from_body(decoded))]
        if not is_list(answer.get("choices")) or not (answer["choices"] or answer.get("error")):
            raise InvalidResponseError(f"the answer has no choices: {excerpt(body)}")
        return self._chunk(answer, whole=True) + self._close()

    def end(self) -> list[Event]:
        if self.done:
            return []
        if not self._finished:
            raise incomplete("`data: [DONE]` or a finish_reason")
        return self._close()

    # The fast way.

    def _text(self, data: bytes) -> Event:
        choice = TEXT(data).choices[0]
        if choice.content_filter_results and not harmless(choice.content_filter_results):
            raise KeyError("content_filter_results")
        return TextDelta(choice.delta.content, self._choice.text_index)

    def _reasoning_content(self, data: bytes) -> Event:
        return ReasoningDelta(REASONING["reasoning_content"](data).choices[0].delta.text, 0)

    def _reasoning(self, data: bytes) -> Event:
        return ReasoningDelta(REASONING["reasoning"](data).choices[0].delta.text, 0)

    def _detail(self, data: bytes) -> Event:
        detail = DETAIL(data).choices[0].delta.reasoning_details[0]
        text = detail.text or detail.summary
        if detail.id or not text or f"{detail.type}:{detail.index}" != self._detail_index:
            raise KeyError(detail.type)
        return ReasoningDelta(text, self._detail_index)

    def _tool(self, data: bytes) -> Event:
        piece = TOOL(data).choices[0].delta.tool_calls[0]
        calls = self._choice.calls
        calls.last = calls.at[piece.index]
        return ToolCallChunk(piece.function.arguments, calls.last)

    def _choose(self, events: list[Event]) -> None:
        """After a chunk that came the slow way: what the next one will probably be."""
        for event in events:
            if type(event) is TextDelta:
                self._fast = self._text
            elif type(event) is ToolCallChunk:
                self._fast = self._tool
            elif type(event) is Citation:
                self._fast = None  # the next text may begin a block of its own
            elif type(event) is ReasoningDelta and event.extras:
                self._fast = self._reasoning_way(event, event.extras.get("field"))

    def _reasoning_way(self, event: ReasoningDelta, field: str | None) -> Callable[[bytes], Event] | None:
        if field is None:
            self._detail_index = str(event.index)
            return self._detail
        return {"reasoning": self._reasoning, "reasoning_content": self._reasoning_content}.get(field)

    # The complete way.

    def _slow(self, frame: SSEEvent) -> list[Event]:
        data = frame.data.strip()
        if not data:
            return []
        if data == b"[DONE]":
            self.done = True
            return self._close()
        try:
            chunk = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(data, error) from error
        if not is_object(chunk) or frame.event == "error" or _is_error(chunk):
            return [ErrorEvent(error_from_body(chunk))] if chunk else []
        events = self._chunk(chunk, whole=False)
        if self._sources.found:
            self._fast = None  # the sources count the characters of the text
        elif self._started:
            self._choose(events)
        return events

    def _chunk(self, chunk: dict[str, Any], *, whole: bool) -> list[Event]:
        events, begun = self._start(chunk), self._choice.begun
        self._metadata.update((key, value) for key, value in chunk.items() if value and key not in _NO_METADATA)
        failure = chunk.get("error")
        choices = chunk.get("choices")
        for choice in choices if is_list(choices) else ():
            if is_object(choice):
                events += self._read_choice(choice, whole=whole)
                failure = failure or choice.get("error")
        self._sources.read(chunk, (event.text for event in events if type(event) is TextDelta), begun=begun)
        events += self._usage(chunk)
        if failure:
            events.append(ErrorEvent(error_from_body({"error": failure})))
        return events

    def _start(self, chunk: dict[str, Any]) -> list[Event]:
        if self._started:
            return []
        id, model = chunk.get("id") or None, chunk.get("model") or None
        if id is None and model is None:
            return []  # Azure's first chunk holds only the prompt's filter results
        self._started = True
        self._id = id if isinstance(id, str) else None
        return [Start(self._id, model if isinstance(model, str) else None)]

    def _read_choice(self, choice: dict[str, Any], *, whole: bool) -> list[Event]:
        message = choice.get("message" if whole else "delta")
        if message is None and not self._in_pieces:
            message = choice.get("message")  # a stream of one chunk, which holds the whole message
        if not is_object(message):
            message = {}
        self._in_pieces = True
        index = choice.get("index")
        if isinstance(index, int) and index > 0:
            reader, fold = self._others.setdefault(index, (Choice(), Fold()))
            fold.feed_all(reader.read(choice, message, self._id, whole=whole))
            return []
        events = self._choice.read(choice, message, self._id, whole=whole)
        self._finished = self._finished or any(type(event) is Finish for event in events)
        return events

    def _usage(self, chunk: dict[str, Any]) -> list[Event]:
        raw = find_usage(chunk)
        usage = read_usage(raw) if raw else None
        if raw is None or usage is None:
            return []
        self._metadata["token_usage"] = raw
        return [Usage(usage)]

    def _close(self) -> list[Event]:
        """What is known only at the end. Metadata waits till here, because chunks repeat it and lists would add up."""
        events: list[Event] = [*self._choice.close(), *self._sources.close(self._choice.text_index)]
        if self._others:
            self._metadata["other_choices"] = [_other(index, *self._others[index]) for index in sorted(self._others)]
        if self._metadata:
            events.append(Metadata(self._metadata))
        return events


def _is_error(chunk: dict[str, Any]) -> bool:
    """A chunk that is nothing but an error, in any of the shapes that servers use."""
    if chunk.get("choices"):
        return False
    refused = as_object(chunk.get("base_resp")).get("status_code")  # MiniMax's; 0 means that all went well
    told = any(chunk.get(key) for key in ("error", "error_message", "errors", "detail")) or isinstance(chunk.get("message"), str)
    return bool(refused) or told or chunk.get("object") == "error"


def _other(index: int, choice: Choice, fold: Fold) -> dict[str, Any]:
    fold.feed_all(choice.close())
    return {"index": index, "content": fold.blocks(finished=True), **fold.metadata}

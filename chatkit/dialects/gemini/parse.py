"""Answers of generateContent and streamGenerateContent to events (wire sheet: google_genai §4, §5).

A stream is server-sent events, or one JSON array where `alt=sse` was left out; each of its objects has the form of a
whole answer. Nothing marks the end: it is complete when a `finishReason` came, after which more may follow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.codec import incomplete
from chatkit.dialects.base import SSEParser
from chatkit.dialects.gemini.errors import blocked
from chatkit.dialects.gemini.facts import Facts, standard_logprobs
from chatkit.dialects.gemini.parts_in import PartReader
from chatkit.dialects.gemini.usage import standard_usage
from chatkit.dialects.gemini.wire import UNSET, PromptFeedback, decode_frame, is_set
from chatkit.errors import InvalidResponseError
from chatkit.events import ErrorEvent, Finish, Metadata, Start, Usage
from chatkit.fold import CUT_REASONS
from chatkit.jsons import decode, excerpt, not_json
from chatkit.statuses import error_from_body

if TYPE_CHECKING:
    from chatkit.dialects.gemini.wire import Candidate, Frame
    from chatkit.events import Event
    from chatkit.wire.sse import SSEEvent

__all__ = ["GeminiParser"]

_decode_raws = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_feedback = msgspec.json.Decoder(PromptFeedback).decode

_NUMBERED = ("FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER")
"""Reasons by number, as clients get them that ask for enums as numbers (`$alt=json;enum-encoding=int`)."""


class GeminiParser(SSEParser):
    """Reads one answer, streamed or whole."""

    def __init__(self) -> None:
        super().__init__()
        self._started = False
        self._parts = PartReader()
        self._facts = Facts()
        self._finish: str | int | None = None

    def frame(self, frame: SSEEvent) -> list[Event]:
        return self._read(frame.data)

    def whole(self, body: bytes) -> list[Event]:
        events: list[Event] = []
        for document in _documents(body):
            events += self._read(document)
        if any(type(event) is ErrorEvent for event in events):
            return events
        if self._finish is None and body.startswith(b"["):
            return [*events, ErrorEvent(incomplete("a finishReason"))]
        if self._finish is None and not self._facts.answered:
            return [*events, ErrorEvent(InvalidResponseError(f"the answer is JSON but has no candidates: {excerpt(body)}"))]
        return events + self._last()

    def end(self) -> list[Event]:
        """What is known only at the end of a stream.

        Raises:
            IncompleteStreamError: no `finishReason` came.
        """
        if self._finish is None:
            raise incomplete("a finishReason")
        return self._last()

    def _read(self, data: bytes) -> list[Event]:
        try:
            frame = decode_frame(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            if data.strip() == b"[DONE]":  # some gateways end every stream in OpenAI's way
                return []
            raise not_json(data, error) from error
        events: list[Event] = []
        if not self._started:
            self._started = True
            events.append(Start(frame.response_id, frame.model_version))
        if frame.candidates:
            for nth, candidate in enumerate(frame.candidates):
                if not candidate.index:
                    self._candidate(candidate, nth, data, events)
        if frame.prompt_feedback is not UNSET:
            self._facts.prompt_feedback = frame.prompt_feedback
        if frame.usage_metadata is not None:
            self._facts.usage = frame.usage_metadata
            usage = standard_usage(frame.usage_metadata)
            if usage is not None:
                events.append(Usage(usage))
        if not frame.candidates:
            events += self._refusal(frame, data)
        return events

    def _candidate(self, candidate: Candidate, nth: int, data: bytes, events: list[Event]) -> None:
        self._facts.add(candidate)
        for at, part in enumerate((candidate.content and candidate.content.parts) or ()):
            found = self._parts.read(part)
            events += self._parts.unknown(_part_of(data, nth, at)) if found is None else found
        if candidate.logprobs_result is not UNSET:
            events.append(Metadata({"logprobs": standard_logprobs(decode(candidate.logprobs_result))}))
        if candidate.finish_reason is not None:
            self._finish = candidate.finish_reason

    def _refusal(self, frame: Frame, data: bytes) -> list[Event]:
        """Why there is no candidate. What is said about the prompt stands alone when the prompt was blocked."""
        if frame.error is not None:
            return [ErrorEvent(error_from_body(decode(data)))]
        if not is_set(frame.prompt_feedback):
            return []
        feedback = _decode_feedback(frame.prompt_feedback)
        if feedback.block_reason is None and feedback.block_reason_message is None:
            return []
        return [ErrorEvent(blocked(feedback, decode(frame.prompt_feedback)))]

    def _last(self) -> list[Event]:
        word = _NUMBERED[self._finish] if isinstance(self._finish, int) and self._finish < len(_NUMBERED) else self._finish
        number = {"finish_reason": self._finish} if isinstance(self._finish, int) else None
        texts = {index: "".join(pieces) for index, pieces in self._parts.texts.items()}
        closing = self._parts.close(cut=word in CUT_REASONS)
        return [*closing, *self._facts.events(texts), Finish(None if word is None else str(word), number)]


def _documents(body: bytes) -> list[bytes]:
    """The objects of a whole answer, which is one of them or an array of the pieces of a stream."""
    if not body.startswith(b"["):
        return [body]
    try:
        return [bytes(raw) for raw in _decode_raws(body)]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(body, error) from error


def _part_of(data: bytes, candidate: int, at: int) -> dict[str, Any]:
    """A part of a kind that is not known here, whole."""
    return decode(data)["candidates"][candidate]["content"]["parts"][at]

"""One choice of an answer: the events of its deltas, or of its whole message."""

from __future__ import annotations

from typing import Any

from chatkit.dialects.openai_chat.reasoning import Details, read_fields, summary_of, thinking_text
from chatkit.dialects.openai_chat.server_tools import ServerTools
from chatkit.dialects.openai_chat.sources import read_annotations
from chatkit.dialects.openai_chat.tool_calls import ToolCalls
from chatkit.events import Citation, Event, Finish, Media, Metadata, Raw, ReasoningDelta, TextDelta
from chatkit.jsons import dumps, is_list, is_object
from chatkit.messages.foreign import split_data_url

__all__ = ["Choice"]

MESSAGE_FIELDS = ("extra_content", "thought_signature", "reasoning_opaque")
"""Fields of a message that say nothing to the user and go back as they came (Gemini's facade, GitHub Copilot)."""

_CHOICE_METADATA = ("native_finish_reason", "content_filter_results", "matched_stop", "stop_reason")


class Choice:
    """Reads one choice.

    Args:
        audio_format: the format that was asked for, which the answer does not name.

    Attributes:
        calls: its tool calls.
        text_index: the index of the text block that a piece of text belongs to.
        begun: there was text.
    """

    def __init__(self, audio_format: str | None = None) -> None:
        self.calls = ToolCalls()
        self.text_index = 0
        self.begun = False
        self._text_ended = False  # by a thinking or reference part: the next text is a block of its own
        self._details = Details()
        self._server_tools = ServerTools()
        self._audio_format = audio_format
        self._finish: str | None = None

    def read(self, choice: dict[str, Any], delta: dict[str, Any], answer_id: str | None, *, whole: bool) -> list[Event]:
        """Events of a chunk's choice and its delta, or of a whole choice and its message."""
        events = self._reasoning(delta, whole=whole)
        events += self._server_tools.read(delta)
        events += self._content(delta.get("content"))
        refusal = delta.get("refusal")
        if isinstance(refusal, str) and refusal:
            events.append(Raw({"type": "refusal", "refusal": refusal}, "refusal", "refusal"))
        events += read_annotations(delta.get("annotations"), self.text_index)
        events += self._media(delta)
        events += self._tool_calls(delta, answer_id)
        vendor = {field: delta[field] for field in MESSAGE_FIELDS if delta.get(field)}
        if vendor:
            events.append(Raw({"type": "message_fields", **vendor}, "message_fields"))
        return events + self._facts(choice)

    def close(self) -> list[Event]:
        """Events at the end of the answer."""
        return [*self.calls.close()]

    def _reasoning(self, delta: dict[str, Any], *, whole: bool) -> list[Event]:
        details = delta.get("reasoning_details")
        events = self._details.read(details, whole=whole) if is_list(details) else []
        if any(event.text for event in events):
            return [*events]
        return [*read_fields(delta), *events]

    def _content(self, content: Any) -> list[Event]:
        if not content:
            return []
        if isinstance(content, str):
            return [self._text(content)]
        events: list[Event] = []
        for part in content if is_list(content) else [content]:
            events += self._part(part) if is_object(part) else [self._text(part if isinstance(part, str) else dumps(part))]
        return events

    def _text(self, text: str) -> TextDelta:
        self.begun = True
        if self._text_ended:
            self._text_ended = False
            self.text_index += 1
        return TextDelta(text, self.text_index)

    def _part(self, part: dict[str, Any]) -> list[Event]:
        kind = part.get("type")
        if kind == "thinking":
            self._text_ended = True
            extras = {"field": "thinking", **{key: part[key] for key in ("signature", "closed") if part.get(key) is not None}}
            return [ReasoningDelta(thinking_text(part), f"thinking:{self.text_index}", extras=extras)]
        if kind == "reasoning":  # Databricks
            self._text_ended = True
            text, signature = summary_of(part)
            extras = {"field": "summary", **({"signature": signature} if signature else {})}
            return [ReasoningDelta(text, f"summary:{self.text_index}", extras=extras)]
        if kind == "reference":  # Mistral: what the text before it rests on
            self._text_ended = True
            return [Citation({"type": "citation", "extras": {"reference_ids": part.get("reference_ids")}}, self.text_index)]
        text = part.get("text")
        if kind == "text" or (kind is None and isinstance(text, str)):
            return [self._text(text)] if isinstance(text, str) and text else []
        if kind == "image_url":
            return _images([part])
        return [self._text(dumps(part))] if kind is None else [Raw(part)]

    def _media(self, delta: dict[str, Any]) -> list[Event]:
        images, audio = delta.get("images"), delta.get("audio")
        events = _images(images) if is_list(images) else []
        if is_object(audio) and any(audio.values()):
            events.append(Media(self._audio(audio), "audio"))
        return events

    def _audio(self, audio: dict[str, Any]) -> dict[str, Any]:
        block: dict[str, Any] = {"type": "audio", "base64": _str(audio.get("data")), "id": _str(audio.get("id"))}
        block["mime_type"] = f"audio/{self._audio_format}" if self._audio_format else None
        extras = {"transcript": _str(audio.get("transcript")), "expires_at": audio.get("expires_at")}
        extras = {key: value for key, value in extras.items() if value}
        return {**block, "extras": extras} if extras else block

    def _tool_calls(self, delta: dict[str, Any], answer_id: str | None) -> list[Event]:
        calls = delta.get("tool_calls")
        if is_object(calls):  # older TGI servers send the call itself
            calls = [calls]
        if is_list(calls) and calls:
            return [*self.calls.read(calls, answer_id)]
        legacy = delta.get("function_call")
        if is_object(legacy) and (legacy.get("name") or legacy.get("arguments")):
            return [*self.calls.read([{"index": 0, "function": legacy}], answer_id)]
        return []

    def _facts(self, choice: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        logprobs = choice.get("logprobs")
        kept = {key: value for key, value in logprobs.items() if value} if is_object(logprobs) else logprobs
        if kept:
            events.append(Metadata({"logprobs": kept}))
        more = {key: choice[key] for key in _CHOICE_METADATA if choice.get(key)}
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason != self._finish:
            self._finish = reason
            events.append(Finish(reason, more or None))
        elif more:
            events.append(Metadata(more))
        return events


def _str(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _images(images: list[Any]) -> list[Event]:
    """Whole images; each is a block of its own."""
    events: list[Event] = []
    for image in images:
        inner = image.get("image_url") if is_object(image) else None
        url = inner.get("url") if is_object(inner) else inner
        if isinstance(url, str) and url:
            data = split_data_url(url)
            source = {"url": url} if data is None else {"base64": data[1], "mime_type": data[0]}
            events.append(Media({"type": "image", **source}))
    return events

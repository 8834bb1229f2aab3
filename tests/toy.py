"""A provider in thirty lines, for tests of what stands above providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import Call, Request, incomplete
from chatkit.dialects.base import SSEParser
from chatkit.events import ErrorEvent, Event, Finish, Start, TextDelta
from chatkit.jsons import decode_object, not_json
from chatkit.model import ChatModel
from chatkit.statuses import error_from_body

if TYPE_CHECKING:
    from chatkit.wire.sse import SSEEvent


class ToyParser(SSEParser):
    def frame(self, frame: SSEEvent) -> list[Event]:
        if frame.data == b"[DONE]":
            self.done = True
            return []
        return self._events(frame.data, "delta")

    def whole(self, body: bytes) -> list[Event]:
        return self._events(body, "message")

    def end(self) -> list[Event]:
        if not self.done:
            raise incomplete("[DONE]")
        return []

    def _events(self, data: bytes, field: str) -> list[Event]:
        value = decode_object(data)
        if value is None:
            raise not_json(data, "not an object")
        if "error" in value:
            return [ErrorEvent(error_from_body(value))]
        choice = value["choices"][0]
        events: list[Event] = [Start(value["id"], value["model"])]
        if choice[field].get("content"):
            events.append(TextDelta(choice[field]["content"], 0))
        return [*events, Finish(choice["finish_reason"])] if choice.get("finish_reason") else events


class ToyModel(ChatModel):
    provider = "toy"
    default_base_url = "https://toy.example/v1"
    api_key_env = ("TOY_API_KEY",)

    def _encode(self, call: Call) -> Request:
        fields: dict[str, Any] = {
            "model": call.model,
            "messages": [m.text for m in call.messages],
            "stream": call.stream,
            **call.params,
        }
        return Request(self.url("/chat/completions"), self.body(fields), self.headers(authorization=f"Bearer {call.api_key}"))

    def _parser(self, call: Call) -> ToyParser:
        return ToyParser()

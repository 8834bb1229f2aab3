"""Answers of the Responses API for tests: the same output items whole and as a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatkit.dialects.openai_responses import ResponsesParser
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from tests.providers.codec_case import pieces_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from chatkit.events import Event
    from chatkit.messages import AIMessage

__all__ = ["events_of", "frames_of", "message_of", "response", "sse", "stream_of", "text_item", "whole_of"]

USAGE = {
    "input_tokens": 120,
    "input_tokens_details": {"cached_tokens": 100, "cache_write_tokens": 5},
    "output_tokens": 42,
    "output_tokens_details": {"reasoning_tokens": 30},
    "total_tokens": 162,
}


def response(output: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A whole answer as a dict."""
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1767000000,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5-2025-08-07",
        "output": output,
        "store": True,
        "service_tier": "default",
        "tools": [],
        "usage": USAGE,
        "metadata": {},
        **fields,
    }


def text_item(text: str, id: str = "msg_1", **fields: Any) -> dict[str, Any]:
    """A message with one text part."""
    part = {"type": "output_text", "text": text, "annotations": fields.pop("annotations", []), "logprobs": []}
    return {"id": id, "type": "message", "status": "completed", "role": "assistant", "content": [part], **fields}


def whole_of(output: list[dict[str, Any]], **fields: Any) -> bytes:
    """A whole answer."""
    return json.dumps(response(output, **fields)).encode()


def sse(*frames: dict[str, Any], names: bool = True) -> bytes:
    """Events as the wire has them: numbered, with or without `event:` lines."""
    lines: list[str] = []
    for number, frame in enumerate(frames):
        lines += [f"event: {frame['type']}"] if names else []
        lines += [f"data: {json.dumps({'sequence_number': number, **frame}, ensure_ascii=False)}", ""]
    return ("\n".join(lines) + "\n").encode()


def stream_of(output: list[dict[str, Any]], *, names: bool = True, **fields: Any) -> bytes:
    """The same answer as a stream."""
    return sse(*frames_of(output, **fields), names=names)


def frames_of(output: list[dict[str, Any]], **fields: Any) -> list[dict[str, Any]]:
    """The events of a stream."""
    begun = response([], **{**fields, "status": "in_progress", "usage": None, "incomplete_details": None})
    ended = response(output, **fields)
    frames: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(output):
        pieces = _PIECES.get(item["type"], _no_pieces)
        place = {"item_id": item.get("id"), "output_index": index}
        empty = {**item, **{name: value for name, value in _EMPTY.items() if name in item}, "status": "in_progress"}
        frames.append({"type": "response.output_item.added", "output_index": index, "item": empty})
        frames += [{**place, **piece} for piece in pieces(item)]
        frames.append({"type": "response.output_item.done", "output_index": index, "item": item})
    return [*frames, {"type": f"response.{ended['status']}", "response": ended}]


_EMPTY: dict[str, Any] = {"content": [], "summary": [], "arguments": "", "input": "", "code": "", "encrypted_content": "half"}


def _cut(text: str, size: int = 4) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _no_pieces(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from ()


def _message(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(item["content"]):
        place = {"content_index": number}
        yield {"type": "response.content_part.added", "part": {**part, "text": ""}, **place}
        kind = part["type"]
        word = part.get("text") if kind == "output_text" else part.get("refusal")
        for piece in _cut(word or ""):
            yield {"type": f"response.{kind}.delta", "delta": piece, "logprobs": [], "obfuscation": "x", **place}
        for at, annotation in enumerate(part.get("annotations") or ()):
            yield {"type": "response.output_text.annotation.added", "annotation_index": at, "annotation": annotation, **place}
        yield {**part, **place, "type": f"response.{kind}.done"}
        yield {"type": "response.content_part.done", "part": part, **place}


def _reasoning(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for number, part in enumerate(item.get("summary") or ()):
        yield {
            "type": "response.reasoning_summary_part.added",
            "summary_index": number,
            "part": {"type": "summary_text", "text": ""},
        }
        for piece in _cut(part["text"]):
            yield {"type": "response.reasoning_summary_text.delta", "summary_index": number, "delta": piece}
        yield {"type": "response.reasoning_summary_text.done", "summary_index": number, "text": part["text"]}
    for number, part in enumerate(item.get("content") or ()):
        for piece in _cut(part["text"]):
            yield {"type": "response.reasoning_text.delta", "content_index": number, "delta": piece}


def _text_field(event: str, field: str) -> Callable[[dict[str, Any]], Iterator[dict[str, Any]]]:
    def pieces(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        for piece in _cut(item.get(field) or ""):
            yield {"type": f"response.{event}.delta", "delta": piece}
        yield {"type": f"response.{event}.done", field: item.get(field)}

    return pieces


_PIECES: dict[str, Callable[[dict[str, Any]], Iterator[dict[str, Any]]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _text_field("function_call_arguments", "arguments"),
    "custom_tool_call": _text_field("custom_tool_call_input", "input"),
    "mcp_call": _text_field("mcp_call_arguments", "arguments"),
    "code_interpreter_call": _text_field("code_interpreter_call_code", "code"),
}


def events_of(body: bytes, at: Iterable[int] = (), **options: Any) -> list[Event]:
    """Events of an answer whose bytes arrive cut at the given places."""
    parser = ResponsesParser(**options)
    events: list[Event] = []
    for piece in pieces_at(body, at):
        events += parser.feed(piece)
    return events + parser.close()


def message_of(body: bytes, at: Iterable[int] = (), **options: Any) -> AIMessage:
    """The message that an answer makes, stamped as OpenAI's; an error inside it is raised."""
    fold = Fold()
    for event in events_of(body, at, **options):
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
    message = message_of_fold(fold)
    message.response_metadata["model_provider"] = "openai"
    return message

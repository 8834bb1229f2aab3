"""Chat completions for tests: chunks and whole answers as bytes, and what the parser makes of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatkit.dialects.openai_chat import ChatParser
from chatkit.events import ErrorEvent, Event
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from tests.providers.codec_case import pieces_at

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.messages import AIMessage

__all__ = ["chunk", "events", "finish", "message", "sse", "stream_of", "tool_piece", "usage_chunk", "whole"]

HEAD = {"id": "chatcmpl-1", "created": 1, "model": "gpt-5-2025-08-07", "service_tier": "default", "system_fingerprint": "fp_1"}


def chunk(delta: dict[str, Any] | None = None, *, choice: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
    """A chunk with one choice; `choice` and `top` add to or replace its fields."""
    inner = {"index": 0, "delta": {} if delta is None else delta, "logprobs": None, "finish_reason": None, **(choice or {})}
    return {**HEAD, "object": "chat.completion.chunk", "choices": [inner], "usage": None, "obfuscation": "x7", **top}


def finish(reason: str | None = "stop", **top: Any) -> dict[str, Any]:
    """The chunk that ends the choice."""
    return chunk(choice={"finish_reason": reason}, **top)


def usage_chunk(**usage: Any) -> dict[str, Any]:
    """The chunk without choices that carries usage."""
    return {**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": usage}


def tool_piece(index: int | None = 0, args: str | None = None, **call: Any) -> dict[str, Any]:
    """A chunk with a piece of a tool call; `name` goes into its function."""
    function = {key: value for key, value in (("name", call.pop("name", None)), ("arguments", args)) if value is not None}
    place = {} if index is None else {"index": index}
    return chunk({"tool_calls": [{**place, **call, "function": function}]})


def sse(*frames: dict[str, Any] | str, done: bool = True) -> bytes:
    """Frames as the bytes of a stream; a str is data as it is."""
    texts = [frame if isinstance(frame, str) else json.dumps(frame) for frame in frames]
    return "".join(f"data: {text}\n\n" for text in [*texts, *(["[DONE]"] if done else [])]).encode()


def whole(answer: dict[str, Any], *, reason: str | None = "stop", choice: dict[str, Any] | None = None, **top: Any) -> bytes:
    """A whole answer with one choice."""
    inner = {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "content": None, **answer}, **(choice or {})}
    return json.dumps({**HEAD, "object": "chat.completion", "choices": [inner], **top}).encode()


def events(body: bytes, at: Iterable[int] = (), **options: Any) -> list[Event]:
    """What the parser says of the bytes, cut at the given places."""
    parser = ChatParser(**options)
    said = [event for piece in pieces_at(body, at) for event in parser.feed(piece)]
    return said + parser.close()


def message(body: bytes, at: Iterable[int] = (), **options: Any) -> AIMessage:
    """The message that the bytes make; an error inside them is raised."""
    fold = Fold()
    for event in events(body, at, **options):
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
    return message_of_fold(fold)


def stream_of(*deltas: dict[str, Any], reason: str = "stop") -> bytes:
    """A stream of these deltas that ends in order."""
    return sse(*(chunk(delta) for delta in deltas), finish(reason))

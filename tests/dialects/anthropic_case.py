"""Answers of the Messages API for tests: the same message whole and as a stream."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatkit_anthropic import ChatAnthropic

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["MODEL", "THINKING", "WEB_SEARCH", "message", "sse", "stream_of", "whole_of"]

MODEL = ChatAnthropic("claude-sonnet-4-5", api_key="sk-test", profile={})

USAGE = {"input_tokens": 10, "cache_creation_input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 42}

THINKING = {"type": "thinking", "thinking": "Two and two…", "signature": "EqQB/sig+1=="}

WEB_SEARCH: list[dict[str, Any]] = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "héron"}},
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "caller": {"type": "direct"},
        "content": [{"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "enc=="}],
    },
    {
        "type": "text",
        "text": "A heron.",
        "citations": [
            {
                "type": "web_search_result_location",
                "url": "https://a.example",
                "title": "A",
                "cited_text": "Herons are birds",
                "encrypted_index": "Eo8B==",
            }
        ],
    },
]


def message(content: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A whole answer as a dict."""
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": dict(USAGE),
        **fields,
    }


def whole_of(content: list[dict[str, Any]], **fields: Any) -> bytes:
    """A whole answer as bytes."""
    return json.dumps(message(content, **fields), ensure_ascii=False).encode()


def sse(*objects: dict[str, Any]) -> bytes:
    """Objects of a stream as server-sent events."""
    frames = (f"event: {o['type']}\ndata: {json.dumps(o, ensure_ascii=False)}\n\n" for o in objects)
    return "".join(frames).encode()


def stream_of(content: list[dict[str, Any]], *, size: int = 7, **fields: Any) -> bytes:
    """The same answer as a stream, its text cut into pieces of some size."""
    whole = message(content, **fields)
    known = ("stop_reason", "stop_sequence", "content", "usage", *fields)
    start = {**{k: v for k, v in whole.items() if k not in known}, "content": [], "stop_reason": None}
    start["usage"] = {**whole["usage"], "output_tokens": 1}
    objects = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(content):
        objects += _block(block, index, size)
    delta = {k: v for k, v in whole.items() if k in ("stop_reason", "stop_sequence", "container", "stop_details")}
    objects += [{"type": "message_delta", "delta": delta, "usage": whole["usage"]}, {"type": "message_stop"}]
    return sse(*objects)


def _block(block: dict[str, Any], index: int, size: int) -> Iterator[dict[str, Any]]:
    opening, deltas = dict(block), list[dict[str, Any]]()
    if block["type"] == "text":
        citations = opening.pop("citations", None) or []
        opening["text"] = ""
        deltas = [{"type": "citations_delta", "citation": citation} for citation in citations]
        deltas += [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"], size)]
    elif block["type"] == "thinking":
        opening = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"], size)]
        deltas.append({"type": "signature_delta", "signature": block["signature"]})
    elif "input" in block:
        opening["input"] = {}
        text = json.dumps(block["input"], ensure_ascii=False) if block["input"] else ""
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *_pieces(text, size)]]
    elif block["type"] == "compaction":
        opening = {"type": "compaction", "content": None}
        deltas = [{"type": "compaction_delta", **{k: v for k, v in block.items() if k != "type"}}]
    yield {"type": "content_block_start", "index": index, "content_block": opening}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


def _pieces(text: str, size: int) -> Iterable[str]:
    return (text[at : at + size] for at in range(0, len(text), size))

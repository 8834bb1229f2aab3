"""Answers of Gemini as bytes, for tests."""

from __future__ import annotations

import json
from typing import Any

from chatkit_google_genai import ChatGoogleGenerativeAI

__all__ = ["MODEL", "MODEL_3", "STOP", "array", "frame", "stream", "text", "whole"]

MODEL = ChatGoogleGenerativeAI("gemini-2.5-flash", api_key="test")
MODEL_3 = ChatGoogleGenerativeAI("gemini-3-flash-preview", api_key="test")

STOP = {"finishReason": "STOP"}
_HEAD = {"modelVersion": "gemini-2.5-flash", "responseId": "answer-1"}


def text(text: str, **more: Any) -> dict[str, Any]:
    """A text part."""
    return {"text": text, **more}


def frame(*parts: dict[str, Any], usage: dict[str, Any] | None = None, **candidate: Any) -> dict[str, Any]:
    """One event of a stream, or a whole answer: parts, more fields of the candidate, and usage."""
    body: dict[str, Any] = {
        "candidates": [{"content": {"role": "model", "parts": list(parts)}, "index": 0, **candidate}],
        **_HEAD,
    }
    return body if usage is None else {**body, "usageMetadata": usage}


def stream(*frames: dict[str, Any], end: str = "\r\n\r\n") -> bytes:
    """The bytes of a stream as the API ends its lines."""
    return "".join(f"data: {json.dumps(one, ensure_ascii=False)}{end}" for one in frames).encode()


def array(*frames: dict[str, Any]) -> bytes:
    """The same stream without `alt=sse`."""
    return json.dumps(frames, ensure_ascii=False, indent=2).encode()


def whole(frame: dict[str, Any]) -> bytes:
    """The bytes of a whole answer."""
    return json.dumps(frame, ensure_ascii=False, indent=2).encode()

"""Answers of the endpoints that count tokens: one JSON object with a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatkit.dialects.base import SSEParser
from chatkit.errors import InvalidResponseError
from chatkit.events import Usage
from chatkit.jsons import as_object, decode_object, excerpt
from chatkit.messages.usage import usage_metadata

if TYPE_CHECKING:
    from chatkit.events import Event
    from chatkit.wire.sse import SSEEvent

__all__ = ["CountParser"]

_NAMES = ("input_tokens", "inputTokens", "totalTokens")
"""Anthropic and OpenAI, Bedrock, Gemini."""


class CountParser(SSEParser):
    """Gives the number as a `Usage` event."""

    def whole(self, body: bytes) -> list[Event]:
        """The event of a body."""
        answer = as_object(decode_object(body))
        count = next((answer[name] for name in _NAMES if isinstance(answer.get(name), int)), None)
        if count is None and "promptTokensDetails" not in answer:  # Gemini leaves out a zero
            raise InvalidResponseError(f"the answer does not say how many tokens there are; it begins: {excerpt(body)}")
        return [Usage(usage_metadata(count or 0, 0))]

    def frame(self, frame: SSEEvent) -> list[Event]:
        """Counts are not streamed."""
        raise InvalidResponseError(f"a stream came where a count of tokens was asked for: {excerpt(frame.data)}")

    def end(self) -> list[Event]:
        """Nothing came."""
        raise InvalidResponseError("the answer is empty where a count of tokens was asked for")

"""The Anthropic Messages API as a codec, shared by its three homes: Anthropic, Bedrock InvokeModel and Vertex AI.

`encode` (request) writes requests, `AnthropicParser` reads answers over SSE, `AnthropicReader` reads the JSON objects
of a stream whatever they are framed in. A `Route` says how a home's requests differ from Anthropic's own.
"""

from __future__ import annotations

from chatkit.dialects.anthropic.parse import AnthropicParser, AnthropicReader

__all__ = ["AnthropicParser", "AnthropicReader"]

"""The Anthropic Messages API as a codec, shared by its three homes: Anthropic, Bedrock InvokeModel and Vertex AI.

`encode` writes requests; a `Route` says how a home's requests differ from Anthropic's own. `AnthropicParser` reads
answers over SSE, `AnthropicReader` reads the JSON objects of a stream whatever they are framed in.
"""

from __future__ import annotations

from chatkit.dialects.anthropic.params import ALIASES, AnthropicParams
from chatkit.dialects.anthropic.parse import AnthropicParser, AnthropicReader
from chatkit.dialects.anthropic.request import AnthropicRequest, countable, encode
from chatkit.dialects.anthropic.route import ANTHROPIC, BEDROCK, VERTEX, Route

__all__ = [
    "ALIASES",
    "ANTHROPIC",
    "BEDROCK",
    "VERTEX",
    "AnthropicParams",
    "AnthropicParser",
    "AnthropicReader",
    "AnthropicRequest",
    "Route",
    "countable",
    "encode",
]

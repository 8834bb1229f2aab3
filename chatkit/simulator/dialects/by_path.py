"""Which dialect a path belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatkit.simulator.dialects.anthropic import Anthropic
from chatkit.simulator.dialects.bedrock import Converse
from chatkit.simulator.dialects.bedrock_invoke import InvokeModel
from chatkit.simulator.dialects.catalog import Catalog
from chatkit.simulator.dialects.cohere import Cohere
from chatkit.simulator.dialects.counting import COUNTERS
from chatkit.simulator.dialects.gemini import Gemini
from chatkit.simulator.dialects.ollama import Ollama
from chatkit.simulator.dialects.openai_chat import OpenAIChat
from chatkit.simulator.dialects.openai_responses import OpenAIResponses

if TYPE_CHECKING:
    from chatkit.simulator.dialects.dialect import Dialect

__all__ = ["DIALECTS", "dialect_of"]

DIALECTS: tuple[Dialect, ...] = (
    *COUNTERS,  # first: one of their paths looks like a model called count-tokens
    OpenAIChat(),
    OpenAIResponses(),
    Anthropic(),
    Cohere(),
    Ollama(),
    Gemini(),
    Converse(),
    InvokeModel(),
    Catalog(),  # last: the name of a model may look like anything
)


def dialect_of(path: str) -> Dialect | None:
    """The dialect that a request's path (without the query) belongs to."""
    return next((dialect for dialect in DIALECTS if dialect.path.fullmatch(path)), None)

"""Gemini's generateContent as a codec, shared by its two homes: the Gemini API and Vertex AI.

`request_fields` writes request bodies, `GeminiParser` reads answers, streamed and whole. The homes differ in
addresses, keys and a few parameters only.
"""

from __future__ import annotations

from chatkit.dialects.gemini.encode import request_fields
from chatkit.dialects.gemini.params import ALIASES, GeminiParams
from chatkit.dialects.gemini.parse import GeminiParser

__all__ = ["ALIASES", "GeminiParams", "GeminiParser", "request_fields"]

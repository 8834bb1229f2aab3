"""Gemini on Google Vertex AI."""

from __future__ import annotations

from chatkit_google_vertexai.chat import ChatVertexAI

__all__ = ["ChatVertexAI"]

PROVIDERS: dict[str, type] = {"google_vertexai": ChatVertexAI}

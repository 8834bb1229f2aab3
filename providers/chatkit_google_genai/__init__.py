"""Google's Gemini API."""

from __future__ import annotations

from chatkit_google_genai.chat import ChatGoogleGenerativeAI

__all__ = ["ChatGoogleGenerativeAI"]

PROVIDERS: dict[str, type] = {"google_genai": ChatGoogleGenerativeAI}

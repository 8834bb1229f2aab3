"""OpenAI's Chat Completions, and everything that speaks it."""

from chatkit.dialects.openai_chat.parse import ChatParser

__all__ = ["ChatParser"]

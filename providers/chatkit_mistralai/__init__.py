"""Mistral's chat models."""

from __future__ import annotations

from chatkit_mistralai.chat import ChatMistralAI

__all__ = ["ChatMistralAI"]

PROVIDERS: dict[str, type] = {"mistralai": ChatMistralAI}

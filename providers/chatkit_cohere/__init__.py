"""Cohere's chat models (Command)."""

from __future__ import annotations

from chatkit_cohere.chat import ChatCohere

__all__ = ["ChatCohere"]

PROVIDERS: dict[str, type] = {"cohere": ChatCohere}

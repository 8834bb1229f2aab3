"""Ollama: models on one's own machine, or in Ollama's cloud."""

from __future__ import annotations

from chatkit_ollama.chat import ChatOllama

__all__ = ["ChatOllama"]

PROVIDERS: dict[str, type] = {"ollama": ChatOllama}

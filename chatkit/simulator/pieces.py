"""How answers are cut into pieces, and what the simulator calls a token: a word with the space before it,
of a very long word 16 characters."""

from __future__ import annotations

import re

__all__ = ["count_tokens", "json_pieces", "text_pieces"]

_WORD = re.compile(r"\s*\S{1,16}|\s+\Z")


def text_pieces(text: str, size: int | None = None) -> list[str]:
    """The text in words, or in pieces of `size` characters."""
    return _WORD.findall(text) if size is None else _slices(text, size)


def json_pieces(text: str, size: int | None = None) -> list[str]:
    """JSON text in pieces of a few characters, as models stream the arguments of a call."""
    return _slices(text, size or 5)


def count_tokens(text: str) -> int:
    """How many tokens a text counts."""
    return len(_WORD.findall(text))


def _slices(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]

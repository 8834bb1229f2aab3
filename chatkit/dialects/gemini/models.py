"""What the name of a model tells about it."""

from __future__ import annotations

import re

__all__ = ["is_gemini_3"]

_GENERATION = re.compile(r"gemini-(\d+)")


def is_gemini_3(model: str) -> bool:
    """Whether a model thinks in levels, wants signatures back and takes media in tool results: Gemini 3 and later.

    Names like "gemini-flash-latest" stand for the newest generation.
    """
    match = _GENERATION.search(model)
    return int(match[1]) >= 3 if match else bool(re.search(r"gemini-[\w-]*latest", model))

"""Log probabilities: made up, always the same for the same word, valid (probabilities that sum below one)."""

from __future__ import annotations

import math
import zlib
from typing import TYPE_CHECKING, Any

from chatkit.simulator.pieces import text_pieces

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["logprobs_of"]


def logprobs_of(texts: Iterable[str | None], alternatives: int, size: int | None = None) -> list[dict[str, Any]]:
    """One entry a piece of the texts, in OpenAI's form.

    Args:
        alternatives: entries of `top_logprobs`, the chosen piece first.
        size: characters a piece, None for words.
    """
    return [_entry(token, alternatives) for text in texts for token in text_pieces(text or "", size)]


def _entry(token: str, alternatives: int) -> dict[str, Any]:
    chance = 0.6 + zlib.crc32(token.encode()) % 4000 / 10_000
    others = [_one(f"{token}{'~' * nth}", (1 - chance) / 2**nth) for nth in range(1, alternatives)]
    return {**_one(token, chance), "top_logprobs": [_one(token, chance), *others][:alternatives]}


def _one(token: str, chance: float) -> dict[str, Any]:
    return {"token": token, "logprob": round(math.log(chance), 6), "bytes": list(token.encode())}

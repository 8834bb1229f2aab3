"""Async iterables for sync callers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatkit.net.iterate import iterate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_the_reason_why_nothing_could_be_made_is_told() -> None:
    def source() -> AsyncIterator[int]:
        raise ImportError("no such module")

    with pytest.raises(ImportError, match="no such module"):
        list(iterate(source))

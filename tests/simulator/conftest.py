"""Fixtures of the simulator's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.simulator.clients import close_all

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def clients_are_closed() -> Iterator[None]:
    yield
    close_all()

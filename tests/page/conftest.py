"""What the page's snippets stand on: an environment in which every provider is the simulator."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.simulator import simulated_environment
from chatkit.tools import tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """The simulator that answers by its rules; what a snippet sets in the environment is undone."""
    before = dict(os.environ)
    with simulated_environment() as server:
        yield server
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def model(server: Server) -> Any:
    """The page's `model`, of its first snippet."""
    return init_chat_model("gpt-4.1")


@pytest.fixture
def get_weather() -> Any:
    """The page's tool."""

    @tool
    def get_weather(location: str) -> str:
        """Get the weather at a location."""
        return f"It's sunny in {location}."

    return get_weather

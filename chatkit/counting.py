"""Counting tokens by asking the provider: an exchange like any other, with another request and another parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.counting import CountParser
from chatkit.net.exchange import Exchange

if TYPE_CHECKING:
    from chatkit.codec import Call
    from chatkit.model import ChatModel

__all__ = ["acount"]


async def acount(model: ChatModel, input: Any) -> int:
    """How many tokens the provider counts for an input.

    Raises:
        UnsupportedFeatureError: the provider has no endpoint for that.
    """
    plan = model._plan(model._call(input))
    plan.encode = model._count_request
    plan.parser = _parser
    message = await Exchange(plan).collect()
    return message.usage_metadata["input_tokens"] if message.usage_metadata else 0


def _parser(_: Call) -> CountParser:
    return CountParser()

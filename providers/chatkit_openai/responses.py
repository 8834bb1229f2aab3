"""When `ChatOpenAI` speaks the Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import UnsupportedFeatureError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["encode_responses", "responses_parser", "wants_responses"]


def wants_responses(model: str, params: Mapping[str, Any], settings: Mapping[str, Any]) -> bool:
    """Whether a call goes to `/responses`."""
    return bool(settings.get("use_responses_api"))


def encode_responses(call: Call, provider: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the request body."""
    raise UnsupportedFeatureError("ChatOpenAI: the Responses API is not there yet; use use_responses_api=False")


def responses_parser(call: Call) -> Parser:
    """A parser for the answer."""
    raise UnsupportedFeatureError("ChatOpenAI: the Responses API is not there yet; use use_responses_api=False")

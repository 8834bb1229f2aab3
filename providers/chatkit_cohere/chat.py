"""`ChatCohere`: Cohere's chat API, version 2 (wire sheet: cohere)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from chatkit.codec import Request
from chatkit.model import ChatModel
from chatkit.params import CommonParams, CommonSettings
from chatkit_cohere.encode import request_fields
from chatkit_cohere.parse import CohereParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatCohere", "CohereOptions", "CohereParams"]


class CohereParams(CommonParams, total=False):
    """What Cohere takes beyond the common parameters.

    Attributes:
        top_k: how many tokens are candidates (also `k`; `top_p` is also `p`).
        seed, frequency_penalty, presence_penalty: sampling.
        documents: sources for the answer, each a str or {"id": ..., "data": {...}}; the answer cites them.
        citation_options: {"mode": "FAST" | "ACCURATE" | "OFF" | "ENABLED" | "DISABLED"}.
        thinking: {"type": "enabled" | "disabled", "token_budget": tokens}; `reasoning_effort` "none" turns it off,
            any other effort turns it on.
        safety_mode: "CONTEXTUAL", "STRICT" or "OFF".
        strict_tools: hold tool arguments to their schema; also on when a tool is marked strict.
        logprobs: log probabilities in `response_metadata["logprobs"]`.
        priority: how early the request is handled under load, 0 first.
    """

    seed: int | None
    top_k: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    documents: list[Any] | None
    citation_options: dict[str, Any] | None
    thinking: dict[str, Any] | None
    safety_mode: str | None
    strict_tools: bool | None
    logprobs: bool | None
    priority: int | None


class CohereAliases(TypedDict, total=False):
    """Names that LangChain and Cohere's own client use for the same things."""

    cohere_api_key: Any
    k: int | None
    p: float | None
    stop_sequences: list[str] | str | None


class CohereOptions(CohereParams, CommonSettings, CohereAliases, total=False):
    """Every keyword argument of `ChatCohere`."""


class ChatCohere(ChatModel):
    """A chat model of Cohere.

    Args:
        model: name of the model, e.g. "command-a-03-2025".
        api_key: the key (CO_API_KEY, COHERE_API_KEY).
        base_url: another address of the API (CO_API_URL; default https://api.cohere.com).
        max_tokens: longest answer in tokens (default: the model's limit).
        **kwargs: see `CohereParams` and `chatkit.params`.
    """

    provider = "cohere"
    Params = CohereParams
    aliases: ClassVar[Mapping[str, str]] = {
        "cohere_api_key": "api_key",
        "k": "top_k",
        "p": "top_p",
        "stop_sequences": "stop",
    }
    api_key_env = ("CO_API_KEY", "COHERE_API_KEY")
    base_url_env = ("CO_API_URL",)
    default_base_url = "https://api.cohere.com"

    def __init__(self, model: str = "", **kwargs: Unpack[CohereOptions]) -> None:
        super().__init__(model, **kwargs)

    def _encode(self, call: Call) -> Request:
        headers = self.headers(authorization=f"Bearer {call.api_key}")
        return Request(self.url("/v2/chat"), self.body(request_fields(call, self.provider)), headers)

    def _parser(self, call: Call) -> Parser:
        return CohereParser()

"""`ChatMistralAI`: Mistral's chat completions (wire sheet: mistral)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from chatkit.codec import Request
from chatkit.dialects.openai_chat import ChatParser, encode_chat
from chatkit.errors import InputError
from chatkit.model import ChatModel
from chatkit.params import CommonParams, CommonSettings
from chatkit_mistralai.quirks import QUIRKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatMistralAI", "MistralOptions", "MistralParams"]


class MistralParams(CommonParams, total=False):
    """What Mistral takes beyond the common parameters.

    Attributes:
        seed: int (also `random_seed`); the same seed and question give mostly the same answer.
        safe_prompt: put Mistral's safety instructions before the conversation.
        prompt_mode: "reasoning" uses the system prompt of the Magistral models.
        top_k, frequency_penalty, presence_penalty, repetition_penalty, min_tokens: sampling.
        logprobs, top_logprobs, prompt_logprobs: probabilities of tokens; not every model has them.
        n: how many answers; the message is the first, the others stand in `response_metadata["other_choices"]`.
        prediction: {"type": "content", "content": ...}: the probable answer, to be quicker.
        guardrails, service_tier, prompt_cache_key: as in Mistral's documentation.
    """

    seed: int | None
    safe_prompt: bool | None
    prompt_mode: str | None
    top_k: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    repetition_penalty: float | None
    min_tokens: int | None
    logprobs: bool | None
    top_logprobs: int | None
    prompt_logprobs: int | None
    n: int | None
    prediction: dict[str, Any] | None
    guardrails: list[Any] | None
    service_tier: str | None
    prompt_cache_key: str | None


class MistralAliases(TypedDict, total=False):
    """Names that LangChain and Mistral's own client use for the same things."""

    model_name: str
    mistral_api_key: Any
    endpoint: str | None
    random_seed: int | None
    safe_mode: bool | None


class MistralOptions(MistralParams, CommonSettings, MistralAliases, total=False):
    """Every keyword argument of `ChatMistralAI`."""


class ChatMistralAI(ChatModel):
    """A model at Mistral, or at a server with the same API.

    A last message of the model with `additional_kwargs={"prefix": True}` is continued instead of answered.

    Args:
        model: name of the model, e.g. "mistral-large-latest".
        api_key: the key (MISTRAL_API_KEY).
        base_url: address of the API with its "/v1" (MISTRAL_BASE_URL; default https://api.mistral.ai/v1).
        max_tokens: longest answer in tokens (default: as far as the context reaches).
        reasoning_effort: "none" to "max", as far as the model knows them; Magistral always thinks.
        **kwargs: see `MistralParams` and `chatkit.params`.

    Raises:
        MissingKeyError: no key was given and none is in the environment.
        InputError: an unknown or wrong parameter.
    """

    provider = "mistralai"
    Params = MistralParams
    aliases: ClassVar[Mapping[str, str]] = {
        "endpoint": "base_url",
        "mistral_api_key": "api_key",
        "model_name": "model",
        "random_seed": "seed",
        "safe_mode": "safe_prompt",
    }
    api_key_env = ("MISTRAL_API_KEY",)
    base_url_env = ("MISTRAL_BASE_URL",)
    default_base_url = "https://api.mistral.ai/v1"

    def __init__(self, model: str = "", **kwargs: Unpack[MistralOptions]) -> None:
        model = kwargs.pop("model_name", "") or model
        if model == "":
            raise InputError("ChatMistralAI needs the name of a model, e.g. model='mistral-large-latest'")
        super().__init__(model, **kwargs)

    def _encode(self, call: Call) -> Request:
        fields = encode_chat(call, self.provider, QUIRKS, owner=type(self).__name__)
        _finish_messages(fields["messages"])
        headers = self.headers(authorization=f"Bearer {call.api_key}")
        return Request(self.url("/chat/completions"), self.body(fields), headers)

    def _parser(self, call: Call) -> Parser:
        return ChatParser()


def _finish_messages(messages: list[dict[str, Any]]) -> None:
    """Mistral refuses unknown fields (`name`) and wants text, not null, beside calls."""
    for message in messages:
        message.pop("name", None)
        if message["content"] is None:
            message["content"] = ""

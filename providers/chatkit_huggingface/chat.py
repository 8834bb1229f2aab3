"""`ChatHuggingFace`: models of the Hub behind Hugging Face's router, or at endpoints (wire sheet: huggingface)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypedDict, Unpack, cast

import msgspec

from chatkit.codec import Request
from chatkit.dialects.openai_chat import ChatCompletionsParams, ChatParser, Quirks, encode_chat
from chatkit.errors import InputError
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit_huggingface.endpoint import HuggingFaceEndpoint, no_pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatHuggingFace", "HuggingFaceOptions", "HuggingFaceSettings"]

_QUIRKS = Quirks()


class HuggingFaceSettings(CommonSettings, total=False):
    """Settings of `ChatHuggingFace` beyond the common ones.

    Attributes:
        inference_provider: who runs the model ("together", "nebius", "fastest", "cheapest" ...); also `provider`.
        bill_to: the organization that pays.
    """

    inference_provider: str | None
    bill_to: str | None


class HuggingFaceAliases(TypedDict, total=False):
    """Names that LangChain uses for the same things."""

    model_id: str
    model_name: str
    huggingfacehub_api_token: Any
    endpoint_url: str | None
    max_new_tokens: int | None
    stop_sequences: list[str] | str | None
    provider: str | None


class HuggingFaceOptions(ChatCompletionsParams, HuggingFaceSettings, HuggingFaceAliases, total=False):
    """Every keyword argument of `ChatHuggingFace`."""


class ChatHuggingFace(ChatModel):
    """A model of the Hugging Face Hub.

    Args:
        model: "org/name", also "org/name:provider".
        llm: a `HuggingFaceEndpoint` that says where the model runs; other arguments win over its own.
        api_key: the token (HUGGINGFACEHUB_API_TOKEN, HF_TOKEN), str or a function that returns it.
        base_url: address of the API (HF_BASE_URL; default https://router.huggingface.co/v1), or of an endpoint,
            a TGI or a vLLM server, with its "/v1".
        inference_provider: who runs the model behind the router.
        bill_to: the organization that pays.
        **kwargs: see `ChatCompletionsParams`, `HuggingFaceSettings` and `chatkit.params`.

    Raises:
        MissingKeyError: no token was given and none is in the environment.
        InputError: no model, or an unknown or wrong parameter.
    """

    provider = "huggingface"
    Params = ChatCompletionsParams
    Settings = HuggingFaceSettings
    aliases: ClassVar[Mapping[str, str]] = {
        "endpoint_url": "base_url",
        "huggingfacehub_api_token": "api_key",
        "max_new_tokens": "max_tokens",
        "model_id": "model",
        "model_name": "model",
        "provider": "inference_provider",
        "stop_sequences": "stop",
    }
    api_key_env = ("HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")
    base_url_env = ("HF_BASE_URL",)
    default_base_url = "https://router.huggingface.co/v1"

    def __init__(self, model: str = "", *, llm: HuggingFaceEndpoint | None = None, **kwargs: Unpack[HuggingFaceOptions]) -> None:
        model = kwargs.pop("model_id", "") or kwargs.pop("model_name", "") or model
        given = cast("dict[str, Any]", kwargs)
        if llm is not None:
            if not isinstance(llm, HuggingFaceEndpoint):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InputError(f"llm must be a chatkit_huggingface.HuggingFaceEndpoint, not {type(llm).__name__}")
            model = model or llm.model_name
            given = {**llm.options(), **{self.aliases.get(name, name): value for name, value in given.items()}}
        if model == "":
            raise InputError("ChatHuggingFace needs the name of a model ('org/name') or llm=HuggingFaceEndpoint(...)")
        super().__init__(model, **given)

    @classmethod
    def from_model_id(
        cls,
        model_id: str,
        *,
        backend: str = "endpoint",
        task: str | None = None,
        model_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> Self:
        """A model by its name, as LangChain makes it.

        Args:
            backend: "endpoint" (the router). "pipeline", LangChain's default, would run the model in this process.
            task: a chat task, or None.
            model_kwargs: parameters such as temperature and max_new_tokens.

        Raises:
            UnsupportedFeatureError: backend "pipeline"; the message says how to serve the model locally.
        """
        if backend == "pipeline":
            raise no_pipeline(model_id)
        if backend != "endpoint":
            raise InputError(f"backend must be 'endpoint', not {backend!r}")
        HuggingFaceEndpoint(repo_id=model_id, task=task)
        return cls(model_id, **{**(model_kwargs or {}), **kwargs})

    def _encode(self, call: Call) -> Request:
        routed = msgspec.structs.replace(call, model=self._routed(call.model))
        fields = encode_chat(routed, self.provider, _QUIRKS, owner="ChatHuggingFace")
        headers = self.headers(
            authorization=f"Bearer {call.api_key}" if call.api_key else None, x_hf_bill_to=self.settings.get("bill_to")
        )
        return Request(self.url("/chat/completions"), self.body(fields), headers)

    def _routed(self, model: str) -> str:
        provider = self.settings.get("inference_provider")
        return model if provider in (None, "auto") or ":" in model else f"{model}:{provider}"

    def _parser(self, call: Call) -> Parser:
        return ChatParser()

"""Where a model of the Hugging Face Hub runs, in LangChain's words (spec S8)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.secrets import Secret

__all__ = ["HuggingFaceEndpoint", "HuggingFacePipeline", "no_pipeline"]

_TASKS = (None, "text-generation", "conversational", "text2text-generation", "image-text-to-text")
_MORE = ("top_k", "typical_p", "repetition_penalty")


class HuggingFaceEndpoint(Struct, kw_only=True):
    """A model behind Hugging Face's router, or at an endpoint of its own. Holds only what `ChatHuggingFace(llm=...)` needs.

    Attributes:
        repo_id, model: the model as "org/name"; an address in `model` is an `endpoint_url`.
        endpoint_url: address of a dedicated endpoint or of a TGI or vLLM server.
        provider: who runs the model behind the router ("together", "nebius" ..., "fastest", "cheapest"); None or
            "auto" leaves it to the router.
        huggingfacehub_api_token: the token (HUGGINGFACEHUB_API_TOKEN, HF_TOKEN).
        max_new_tokens, max_length: longest answer in tokens; the first wins.
        temperature, top_p, seed, stop_sequences, streaming, timeout: as everywhere.
        do_sample: False is temperature 0.
        top_k, typical_p, repetition_penalty: sent as they are; not every backend knows them.
        task: "text-generation" or "conversational".
        model_kwargs, server_kwargs: more fields for the request body; more headers.
    """

    repo_id: str | None = None
    model: str | None = None
    endpoint_url: str | None = None
    provider: str | None = None
    huggingfacehub_api_token: Any = None
    max_new_tokens: int | None = None
    max_length: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    typical_p: float | None = None
    repetition_penalty: float | None = None
    do_sample: bool | None = None
    seed: int | None = None
    stop_sequences: list[str] | None = None
    streaming: bool = False
    timeout: Any = None
    task: str | None = None
    model_kwargs: dict[str, Any] | None = None
    server_kwargs: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.huggingfacehub_api_token is not None and not callable(self.huggingfacehub_api_token):
            self.huggingfacehub_api_token = Secret.of(self.huggingfacehub_api_token)
        if self.model and self.model.startswith(("http://", "https://")):
            self.endpoint_url, self.model = self.endpoint_url or self.model, None
        if not (self.repo_id or self.model or self.endpoint_url):
            raise InputError("HuggingFaceEndpoint needs repo_id='org/name' or endpoint_url='https://...'")
        if self.task not in _TASKS:
            raise InputError(f"HuggingFaceEndpoint: task {self.task!r} is not a chat; use 'text-generation' or leave it out")

    @property
    def model_name(self) -> str:
        """The model for requests; an endpoint that serves one model takes any name."""
        return self.repo_id or self.model or "tgi"

    def options(self) -> dict[str, Any]:
        """Keyword arguments of `ChatHuggingFace` that say the same."""
        temperature = 0.0 if self.do_sample is False and self.temperature is None else self.temperature
        extra = {name: value for name in _MORE if (value := getattr(self, name)) is not None}
        options = {
            "api_key": self.huggingfacehub_api_token,
            "base_url": _with_v1(self.endpoint_url),
            "inference_provider": self.provider,
            "max_tokens": self.max_new_tokens or self.max_length,
            "temperature": temperature,
            "top_p": self.top_p,
            "seed": self.seed,
            "stop": self.stop_sequences,
            "streaming": self.streaming or None,
            "timeout": self.timeout,
            "default_headers": (self.server_kwargs or {}).get("headers"),
            "model_kwargs": {**extra, **(self.model_kwargs or {})} or None,
        }
        return {name: value for name, value in options.items() if value is not None}


def _with_v1(url: str | None) -> str | None:
    url = url and url.rstrip("/").removesuffix("/chat/completions")
    return url if url is None or url.endswith("/v1") else f"{url}/v1"


def no_pipeline(model: str) -> UnsupportedFeatureError:
    """The error for models that would run inside the process, as LangChain's `HuggingFacePipeline` does."""
    return UnsupportedFeatureError(
        "chatkit runs no models inside your process. Serve the model next to it, for example with "
        f"`vllm serve {model}` or `text-generation-launcher --model-id {model}`, and use "
        f"ChatHuggingFace(model={model!r}, base_url='http://localhost:8000/v1', api_key='none')"
    )


class HuggingFacePipeline:
    """A model inside the process, which chatkit does not do: says how to serve it instead.

    Raises:
        UnsupportedFeatureError: always.
    """

    def __init__(self, model_id: str = "org/name", **kwargs: Any) -> None:
        raise no_pipeline(model_id)

    @classmethod
    def from_model_id(cls, model_id: str, **_kwargs: Any) -> HuggingFacePipeline:
        """As the constructor."""
        raise no_pipeline(model_id)

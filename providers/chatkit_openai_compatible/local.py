"""Servers that one runs oneself. They need no key unless they were started with one."""

from __future__ import annotations

from typing import Any, Unpack, cast

from chatkit_openai_compatible import params, quirks
from chatkit_openai_compatible.base import ChatCompatible, CompatibleAliases, ResponsesSettings

__all__ = ["ChatLMStudio", "ChatLiteLLM", "ChatLlamaCpp", "ChatLlamafile", "ChatVLLM"]


class VLLMOptions(params.VLLMParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatVLLM`."""


class ChatVLLM(ChatCompatible):
    """A model on a vLLM server (`vllm serve ...`). See `VLLMParams`."""

    provider = "vllm"
    Params = params.VLLMParams
    Settings = ResponsesSettings
    responses = frozenset({"tools"})
    api_key_env = ("VLLM_API_KEY",)
    base_url_env = ("VLLM_BASE_URL",)
    default_base_url = "http://localhost:8000/v1"
    key_required = False
    structured_method = "json_schema"
    quirks = quirks.VLLM

    def __init__(self, model: str = "", **kwargs: Unpack[VLLMOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class LlamaCppOptions(params.LlamaCppParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatLlamaCpp`."""


class ChatLlamaCpp(ChatCompatible):
    """A model on llama.cpp's server (`llama-server ...`). See `LlamaCppParams`.

    The server reads a named `tool_choice` as "auto", so that only the named tool is sent, and must be called.
    """

    provider = "llamacpp"
    Params = params.LlamaCppParams
    Settings = ResponsesSettings
    responses = frozenset({"tools"})
    api_key_env = ("LLAMACPP_API_KEY",)
    base_url_env = ("LLAMACPP_BASE_URL",)
    default_base_url = "http://localhost:8080/v1"
    key_required = False
    structured_method = "json_schema"
    quirks = quirks.LLAMACPP

    def __init__(self, model: str = "", **kwargs: Unpack[LlamaCppOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ChatLlamafile(ChatCompatible):
    """A model in a llamafile."""

    provider = "llamafile"
    Params = params.LlamaCppParams
    Settings = ResponsesSettings
    responses = frozenset({"tools"})
    api_key_env = ("LLAMAFILE_API_KEY",)
    base_url_env = ("LLAMAFILE_BASE_URL",)
    default_base_url = "http://localhost:8080/v1"
    key_required = False
    quirks = quirks.LLAMACPP


class LMStudioOptions(params.LMStudioParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatLMStudio`."""


class ChatLMStudio(ChatCompatible):
    """A model in LM Studio, which knows `json_schema` only (no JSON mode)."""

    provider = "lmstudio"
    Params = params.LMStudioParams
    Settings = ResponsesSettings
    responses = frozenset({"tools"})
    api_key_env = ("LMSTUDIO_API_KEY", "LM_API_TOKEN")
    base_url_env = ("LMSTUDIO_BASE_URL",)
    default_base_url = "http://localhost:1234/v1"
    key_required = False
    structured_method = "json_schema"
    quirks = quirks.REASONING_CONTENT

    def __init__(self, model: str = "", **kwargs: Unpack[LMStudioOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ChatLiteLLM(ChatCompatible):
    """A model behind a LiteLLM proxy."""

    provider = "litellm"
    api_key_env = ("LITELLM_API_KEY", "LITELLM_PROXY_API_KEY")
    base_url_env = ("LITELLM_BASE_URL", "LITELLM_PROXY_API_BASE")
    default_base_url = "http://localhost:4000"
    key_required = False
    quirks = quirks.REASONING_CONTENT

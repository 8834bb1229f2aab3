"""Parameters and settings of OpenAI's models (wire sheet: openai_chat §2; spec S15)."""

from __future__ import annotations

from typing import Any, TypedDict

from chatkit.dialects.openai_chat import ChatCompletionsParams
from chatkit.dialects.openai_responses import ResponsesParams
from chatkit.params import CommonSettings

__all__ = ["ALIASES", "OpenAIAliases", "OpenAIParams", "OpenAISettings"]


class OpenAIParams(ChatCompletionsParams, ResponsesParams, total=False):
    """Parameters of `ChatOpenAI` beyond those of all chat completions and of the Responses API.

    Attributes:
        verbosity: "low", "medium" or "high".
        service_tier: "auto", "default", "flex", "scale", "priority" or "fast".
        modalities, audio: ["text", "audio"] and {"voice": ..., "format": "wav"} for spoken answers.
        prediction: {"type": "content", "content": ...}: the probable answer, to be quicker.
        web_search_options: of the search models.
        prompt_cache_key, prompt_cache_options, prompt_cache_retention: control the prompt cache.
        safety_identifier: the user as a hash.
    """

    verbosity: str | None
    service_tier: str | None
    modalities: list[str] | None
    audio: dict[str, Any] | None
    prediction: dict[str, Any] | None
    web_search_options: dict[str, Any] | None
    prompt_cache_key: str | None
    prompt_cache_options: dict[str, Any] | None
    prompt_cache_retention: str | None
    safety_identifier: str | None


class OpenAISettings(CommonSettings, total=False):
    """Settings of `ChatOpenAI` beyond the common ones.

    Attributes:
        organization, project: whose account pays (OPENAI_ORG_ID, OPENAI_PROJECT_ID).
        use_responses_api: True or False chooses the API; None leaves the choice to chatkit.
        use_previous_response_id: let OpenAI keep the conversation (Responses API).
        disabled_params: parameters never to send: {"parallel_tool_calls": None} always, {"temperature": [0]} these values.
        stream_chunk_timeout: seconds between two pieces of a stream; the same as `Timeouts(idle=...)`.
    """

    organization: str | None
    project: str | None
    use_responses_api: bool | None
    use_previous_response_id: bool | None
    disabled_params: dict[str, Any] | None
    stream_chunk_timeout: float | None


class OpenAIAliases(TypedDict, total=False):
    """Names that LangChain and OpenAI's own client use for the same things."""

    model_name: str
    openai_api_key: Any
    openai_api_base: str | None
    openai_organization: str | None
    openai_proxy: str | None
    request_timeout: Any
    max_completion_tokens: int | None
    http_async_client: Any
    stop_sequences: list[str] | str | None


ALIASES = {
    "model_name": "model",
    "openai_api_key": "api_key",
    "openai_api_base": "base_url",
    "openai_organization": "organization",
    "openai_proxy": "proxy",
    "request_timeout": "timeout",
    "max_completion_tokens": "max_tokens",
    "http_async_client": "http_client",
    "stop_sequences": "stop",
}

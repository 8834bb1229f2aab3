"""Parameters that single services add to Chat Completions (wire sheet: openai_compatible §4)."""

from __future__ import annotations

from typing import Any

from chatkit.dialects.openai_chat import ChatCompletionsParams
from chatkit.dialects.openai_responses import ResponsesParams

__all__ = [
    "AlibabaParams",
    "BothParams",
    "CerebrasParams",
    "DeepSeekParams",
    "FireworksParams",
    "GroqParams",
    "LMStudioParams",
    "LlamaCppParams",
    "MoonshotParams",
    "NVIDIAParams",
    "OpenRouterParams",
    "PerplexityParams",
    "TogetherParams",
    "VLLMParams",
    "XAIParams",
    "ZaiParams",
]


class BothParams(ChatCompletionsParams, ResponsesParams, total=False):
    """A service with both APIs and no parameters of its own."""


class GroqParams(ChatCompletionsParams, total=False):
    """Groq.

    Attributes:
        reasoning_format: "parsed" (reasoning blocks), "raw" (`<think>` in the text) or "hidden".
        include_reasoning: False leaves reasoning out.
        service_tier: "on_demand", "flex" or "auto".
        search_settings, compound_custom: of the compound models.
    """

    reasoning_format: str | None
    include_reasoning: bool | None
    service_tier: str | None
    search_settings: dict[str, Any] | None
    compound_custom: dict[str, Any] | None


class DeepSeekParams(ChatCompletionsParams, ResponsesParams, total=False):
    """DeepSeek. thinking: {"type": "enabled" | "disabled"}; `reasoning_effort="none"` disables it too."""

    thinking: dict[str, Any] | None


class XAIParams(ChatCompletionsParams, ResponsesParams, total=False):
    """xAI. search_parameters: retired by xAI in favour of the Responses API's tools (web_search, x_search ...)."""

    search_parameters: dict[str, Any] | None


class TogetherParams(ChatCompletionsParams, total=False):
    """Together.

    Attributes:
        reasoning: {"enabled": bool}.
        top_k, min_p, repetition_penalty: sampling. safety_model: a model that moderates.
        context_length_exceeded_behavior: "error" or "truncate".
    """

    reasoning: dict[str, Any] | None
    top_k: int | None
    min_p: float | None
    repetition_penalty: float | None
    safety_model: str | None
    context_length_exceeded_behavior: str | None


class FireworksParams(ChatCompletionsParams, total=False):
    """Fireworks.

    Attributes:
        thinking: {"type": ..., "budget_tokens": ...}. reasoning_history: "disabled", "interleaved" or "preserved".
        top_k, min_p, repetition_penalty: sampling.
        prompt_cache_key, prompt_cache_isolation_key, service_tier, raw_output, return_token_ids,
        perf_metrics_in_response, context_length_exceeded_behavior ("error" or "truncate"): as Fireworks has them.
    """

    thinking: dict[str, Any] | None
    reasoning_history: str | None
    top_k: int | None
    min_p: float | None
    repetition_penalty: float | None
    prompt_cache_key: str | None
    prompt_cache_isolation_key: str | None
    service_tier: str | None
    raw_output: bool | None
    return_token_ids: bool | None
    perf_metrics_in_response: bool | None
    context_length_exceeded_behavior: str | None


class OpenRouterParams(ChatCompletionsParams, ResponsesParams, total=False):
    """OpenRouter.

    Attributes:
        reasoning: {"effort", "max_tokens", "exclude", "enabled"}; `reasoning_effort` is its effort.
        models: models to try in this order. provider_options: sent as `provider`: {"order", "only", "sort" ...}.
        plugins, transforms, preset, modalities (["image", "text"] for images), session_id, verbosity, usage.
        top_k, min_p, top_a, repetition_penalty: sampling.
    """

    models: list[str] | None
    provider_options: dict[str, Any] | None
    plugins: list[dict[str, Any]] | None
    transforms: list[str] | None
    preset: str | None
    modalities: list[str] | None
    session_id: str | None
    verbosity: str | None
    usage: dict[str, Any] | None
    top_k: int | None
    min_p: float | None
    top_a: float | None
    repetition_penalty: float | None


class PerplexityParams(ChatCompletionsParams, total=False):
    """Perplexity.

    Attributes:
        search_mode: "web", "academic" or "sec". search_domain_filter: domains, "-" in front excludes.
        search_recency_filter: "day", "week" ... search_after_date_filter, search_before_date_filter,
        last_updated_after_filter, last_updated_before_filter: "MM/DD/YYYY".
        return_images, return_related_questions, disable_search, enable_search_classifier, media_response,
        language_preference, stream_mode ("full" or "concise"), web_search_options: as Perplexity has them.
    """

    search_mode: str | None
    search_domain_filter: list[str] | None
    search_recency_filter: str | None
    search_after_date_filter: str | None
    search_before_date_filter: str | None
    last_updated_after_filter: str | None
    last_updated_before_filter: str | None
    return_images: bool | None
    return_related_questions: bool | None
    disable_search: bool | None
    enable_search_classifier: bool | None
    media_response: dict[str, Any] | None
    language_preference: str | None
    stream_mode: str | None
    web_search_options: dict[str, Any] | None
    top_k: int | None


class NVIDIAParams(ChatCompletionsParams, total=False):
    """NVIDIA. chat_template_kwargs: e.g. {"thinking": True}; which models know it differs. nvext: NIM's extensions."""

    chat_template_kwargs: dict[str, Any] | None
    nvext: dict[str, Any] | None


class CerebrasParams(ChatCompletionsParams, total=False):
    """Cerebras.

    Attributes:
        reasoning_format: "none", "parsed", "text_parsed", "raw" or "hidden".
        disable_reasoning, clear_thinking: bool.
        service_tier: as Cerebras has it.
    """

    reasoning_format: str | None
    disable_reasoning: bool | None
    clear_thinking: bool | None
    service_tier: str | None


class MoonshotParams(ChatCompletionsParams, total=False):
    """Moonshot. thinking: {"type": "enabled" | "disabled"}; `reasoning_effort` becomes it, both at once are refused."""

    thinking: dict[str, Any] | None


class ZaiParams(ChatCompletionsParams, total=False):
    """Z.ai.

    Attributes:
        thinking: {"type": "enabled" | "disabled", "clear_thinking": False keeps reasoning across turns}.
        do_sample, request_id, user_id: as Z.ai has them.
        tool_stream: stream the arguments of tool calls.
    """

    thinking: dict[str, Any] | None
    do_sample: bool | None
    request_id: str | None
    user_id: str | None
    tool_stream: bool | None


class AlibabaParams(ChatCompletionsParams, total=False):
    """Alibaba's Model Studio (Qwen).

    Attributes:
        enable_thinking: bool; `reasoning_effort` becomes it. thinking_budget: longest reasoning in tokens.
        enable_search, search_options: web search. top_k: sampling.
    """

    enable_thinking: bool | None
    thinking_budget: int | None
    enable_search: bool | None
    search_options: dict[str, Any] | None
    top_k: int | None


class VLLMParams(ChatCompletionsParams, ResponsesParams, total=False):
    """vLLM.

    Attributes:
        chat_template_kwargs: e.g. {"enable_thinking": False}. thinking_token_budget: longest reasoning in tokens.
        include_reasoning: False leaves reasoning out.
        structured_outputs: {"json" | "regex" | "choice" | "grammar": ...}.
        top_k, min_p, repetition_penalty: sampling. priority, mm_processor_kwargs, continue_final_message,
        add_generation_prompt, return_token_ids, echo: as vLLM has them.
    """

    chat_template_kwargs: dict[str, Any] | None
    thinking_token_budget: int | None
    include_reasoning: bool | None
    structured_outputs: dict[str, Any] | None
    top_k: int | None
    min_p: float | None
    repetition_penalty: float | None
    priority: int | None
    mm_processor_kwargs: dict[str, Any] | None
    continue_final_message: bool | None
    add_generation_prompt: bool | None
    return_token_ids: bool | None
    echo: bool | None


class LlamaCppParams(ChatCompletionsParams, ResponsesParams, total=False):
    """llama.cpp's server.

    Attributes:
        reasoning_format: "none", "deepseek" or "auto". thinking_budget_tokens: 0 switches reasoning off.
        chat_template_kwargs: e.g. {"enable_thinking": False}.
        grammar, json_schema: hold the answer to a GBNF grammar or a schema.
        top_k, min_p, samplers, cache_prompt, id_slot, n_probs, return_progress: as the server has them.
    """

    reasoning_format: str | None
    thinking_budget_tokens: int | None
    chat_template_kwargs: dict[str, Any] | None
    grammar: str | None
    json_schema: dict[str, Any] | None
    top_k: int | None
    min_p: float | None
    samplers: list[str] | None
    cache_prompt: bool | None
    id_slot: int | None
    n_probs: int | None
    return_progress: bool | None


class LMStudioParams(ChatCompletionsParams, ResponsesParams, total=False):
    """LM Studio. ttl: seconds after which an idle model is unloaded."""

    ttl: int | None

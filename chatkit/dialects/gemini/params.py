"""Parameters of Gemini models, the same at both of their homes, and where each goes in a request."""

from __future__ import annotations

from typing import Any

from chatkit.params import CommonParams

__all__ = ["ALIASES", "GENERATION", "TOP_LEVEL", "GeminiParams"]


class GeminiParams(CommonParams, total=False):
    """What Gemini takes beyond the common parameters.

    Attributes:
        top_k: how many tokens are candidates.
        seed, presence_penalty, frequency_penalty: sampling.
        thinking_budget: tokens for thinking: 0 turns it off, -1 leaves it to the model (Gemini 2.5).
        thinking_level: "minimal", "low", "medium" or "high" (Gemini 3).
        include_thoughts: answers show summaries of the thoughts.
        safety_settings: {category: threshold}, or the API's own list of {"category", "threshold"}.
        cached_content: name of a cache ("cachedContents/..."). It holds the system instruction, tools and tool choice,
            so the request leaves those out: the API refuses both together.
        response_mime_type: "text/plain", "application/json" or "text/x.enum".
        response_schema: the API's own kind of schema (an OpenAPI subset). response_json_schema: a JSON Schema.
            Both are sent as they are; `response_format` and `with_structured_output` are the portable ways.
        response_modalities: what the answer may be: ["TEXT"], ["TEXT", "IMAGE"], ["AUDIO"].
        speech_config, image_config, media_resolution: the API's own objects for speech, images and media input.
        logprobs: True, or how many alternatives a token (also `top_logprobs`); see `response_metadata["logprobs"]`.
        tool_config: the API's own `toolConfig`, e.g. {"includeServerSideToolInvocations": True} to see what
            built-in tools of Gemini 3 do.
        generation_config: more fields of `generationConfig`, unchecked.
    """

    top_k: int | None
    seed: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    thinking_budget: int | None
    thinking_level: str | None
    include_thoughts: bool | None
    safety_settings: dict[str, Any] | list[dict[str, Any]] | None
    cached_content: str | None
    response_mime_type: str | None
    response_schema: dict[str, Any] | None
    response_json_schema: dict[str, Any] | None
    response_modalities: list[str] | None
    speech_config: dict[str, Any] | None
    image_config: dict[str, Any] | None
    media_resolution: str | None
    logprobs: bool | int | None
    top_logprobs: int | None
    tool_config: dict[str, Any] | None
    generation_config: dict[str, Any] | None


ALIASES = {
    "max_output_tokens": "max_tokens",
    "stop_sequences": "stop",
    "google_api_key": "api_key",
    "additional_headers": "default_headers",
    "response_logprobs": "logprobs",
    "request_timeout": "timeout",
    "retries": "max_retries",
}

GENERATION = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "max_tokens": "maxOutputTokens",
    "stop": "stopSequences",
    "seed": "seed",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
    "response_mime_type": "responseMimeType",
    "response_schema": "responseSchema",
    "response_json_schema": "responseJsonSchema",
    "response_modalities": "responseModalities",
    "speech_config": "speechConfig",
    "image_config": "imageConfig",
    "media_resolution": "mediaResolution",
}
"""Parameters that are fields of `generationConfig`."""

TOP_LEVEL = {
    "cached_content": "cachedContent",
    "labels": "labels",
    "service_tier": "serviceTier",
    "model_armor_config": "modelArmorConfig",
}
"""Parameters that are fields of the body."""

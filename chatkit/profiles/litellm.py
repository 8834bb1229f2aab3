"""Entries of LiteLLM's price table in models.dev's form, for models that a snapshot of models.dev does not have yet.

Used only when the shipped data are made (`chatkit.profiles.pack`). A flag that is missing means: not known.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROVIDERS", "as_models_dev", "model_id"]

PROVIDERS: dict[str, str] = {
    "anthropic": "anthropic",
    "azure": "azure",
    "azure_ai": "azure",
    "bedrock": "amazon-bedrock",
    "bedrock_converse": "amazon-bedrock",
    "cerebras": "cerebras",
    "cohere_chat": "cohere",
    "dashscope": "alibaba",
    "databricks": "databricks",
    "deepinfra": "deepinfra",
    "deepseek": "deepseek",
    "fireworks_ai": "fireworks-ai",
    "gemini": "google",
    "groq": "groq",
    "meta_llama": "llama",
    "mistral": "mistral",
    "moonshot": "moonshotai",
    "nebius": "nebius",
    "novita": "novita-ai",
    "openai": "openai",
    "perplexity": "perplexity",
    "sambanova": "sambanova",
    "together_ai": "togetherai",
    "vertex_ai": "google-vertex",
    "vertex_ai-anthropic_models": "google-vertex-anthropic",
    "vertex_ai-language-models": "google-vertex",
    "watsonx": "watsonx",
    "xai": "xai",
}
"""LiteLLM's name of a provider to models.dev's."""

_CHAT = ("chat", "responses")
_INPUTS = {
    "image": "supports_vision",
    "audio": "supports_audio_input",
    "pdf": "supports_pdf_input",
    "video": "supports_video_input",
}
_OUTPUTS = {"audio": "supports_audio_output"}
_FLAGS = {
    "tool_call": "supports_function_calling",
    "tool_choice": "supports_tool_choice",
    "reasoning": "supports_reasoning",
    "structured_output": "supports_response_schema",
    "temperature": "supports_sampling_params",
}
_PRICES = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "input_audio": "input_cost_per_audio_token",
    "output_audio": "output_cost_per_audio_token",
}
_TIER = re.compile(r"input_cost_per_token_above_(\d+)k_tokens\Z")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_ALWAYS = ("low", "medium", "high")


def model_id(key: str, entry: Mapping[str, Any]) -> str | None:
    """The model's id as its provider calls it; None for what is not a chat model or varies in price by region."""
    if entry.get("mode") not in _CHAT or entry.get("litellm_provider") not in PROVIDERS:
        return None
    prefix = f"{str(entry['litellm_provider']).removesuffix('_chat').split('-')[0]}/"
    id = key.removeprefix(prefix)
    regional = prefix == "azure/" and id.split("/")[0] in ("eu", "us", "global", "global-standard")
    return None if regional or "*" in id or (prefix == "bedrock/" and "/" in id) else id


def as_models_dev(id: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    """The entry as models.dev would have it."""
    model: dict[str, Any] = {"id": id, "name": id}
    model.update((name, entry[flag]) for name, flag in _FLAGS.items() if entry.get(flag) is not None)
    model["modalities"] = {
        "input": ["text", *(kind for kind, flag in _INPUTS.items() if entry.get(flag))],
        "output": _outputs(entry),
    }
    model["limit"] = {"input": entry.get("max_input_tokens"), "output": entry.get("max_output_tokens")}
    if entry.get("supports_reasoning"):
        efforts = [effort for effort in _EFFORTS if effort in _ALWAYS or entry.get(f"supports_{effort}_reasoning_effort")]
        model["reasoning_options"] = [{"type": "effort", "values": efforts}] if len(efforts) > len(_ALWAYS) else []
    cost = _prices(entry, "")
    if cost:
        tiers = [
            {**_prices(entry, f"_above_{size}k_tokens"), "tier": {"type": "context", "size": size * 1000}}
            for size in _tiers(entry)
        ]
        model["cost"] = {**cost, "tiers": tiers} if tiers else cost
    return model


def _outputs(entry: Mapping[str, Any]) -> list[str]:
    named = [kind for kind in entry.get("supported_output_modalities") or () if kind in ("text", "image", "audio", "video")]
    return named or ["text", *(kind for kind, flag in _OUTPUTS.items() if entry.get(flag))]


def _tiers(entry: Mapping[str, Any]) -> list[int]:
    return sorted(int(found[1]) for key in entry if (found := _TIER.match(key)))


def _prices(entry: Mapping[str, Any], suffix: str) -> dict[str, float]:
    """Prices for a million tokens."""
    given = ((name, entry.get(key + suffix)) for name, key in _PRICES.items())
    return {name: round(price * 1e6, 6) for name, price in given if isinstance(price, int | float)}

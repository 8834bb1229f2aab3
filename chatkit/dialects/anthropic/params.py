"""Parameters of the Messages API beyond the common ones."""

from __future__ import annotations

from typing import Any

from chatkit.params import CommonParams

__all__ = ["ALIASES", "AnthropicParams"]


class AnthropicParams(CommonParams, total=False):
    """What every home of the Messages API takes beyond the common parameters.

    Attributes:
        top_k: sample from the k likeliest tokens.
        thinking: {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1024 or more} or {"type": "disabled"}.
        output_config: {"effort", "format", "task_budget"}; `reasoning_effort` and `response_format` go into it.
        betas: beta features by name. Those that a tool or parameter needs are added without being asked for.
        cache_control: {"type": "ephemeral", "ttl": "5m" or "1h"}: cache up to the last block that can be cached.
        context_management: {"edits": [...]}: clear old tool results or thinking, compact the conversation.
        compaction: {"type": "summarize"}: the answer is nothing but a summary that stands for the conversation from then on.
        thread: {"type": "create"}, or {"type": "continue", "previous_message_id"}: the server keeps the conversation.
        diagnostics: {"previous_message_id"}: `response_metadata["diagnostics"]` says why the cache was missed.
        mcp_servers: remote MCP servers, [{"type": "url", "name", "url", "authorization_token"}].
        container: id of a container for code execution, or {"id", "skills": [...]}.
        reuse_last_container: take the container of the latest answer in the conversation.
        service_tier: "auto" or "standard_only". speed: "standard" or "fast". inference_geo: where to compute.
        fallbacks: models that answer when the first cannot.
        user_id: an opaque id of the end user, sent as `metadata.user_id`. user_profile_id: of a stored profile.
    """

    top_k: int | None
    thinking: dict[str, Any] | None
    output_config: dict[str, Any] | None
    betas: list[str] | None
    cache_control: dict[str, Any] | None
    context_management: dict[str, Any] | None
    compaction: dict[str, Any] | None
    thread: dict[str, Any] | None
    diagnostics: dict[str, Any] | None
    mcp_servers: list[dict[str, Any]] | None
    container: str | dict[str, Any] | None
    reuse_last_container: bool | None
    service_tier: str | None
    speed: str | None
    inference_geo: str | None
    fallbacks: list[Any] | None
    user_id: str | None
    user_profile_id: str | None


ALIASES = {
    "model_name": "model",
    "max_tokens_to_sample": "max_tokens",
    "stop_sequences": "stop",
    "effort": "reasoning_effort",
    "default_request_timeout": "timeout",
}
"""Other names of parameters, as LangChain and the vendor's client have them (spec S12)."""

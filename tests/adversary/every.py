"""Every registered provider, made with a key that must never show, over a transport that says what it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import httpx

from chatkit.registry import provider_class, provider_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.model import ChatModel

__all__ = ["KEY", "NAMES", "OVER_HTTP", "answering", "make"]

KEY = "sk-SECRET-abcdef-0123456789"
NAMES = provider_names()
OVER_HTTP = [name for name in NAMES if name != "simulator"]

_OWN: dict[str, dict[str, Any]] = {
    "azure_openai": {"azure_endpoint": "http://127.0.0.1:9", "api_version": "2024-10-21"},
    "anthropic_bedrock": {"region_name": "us-east-1"},
    "bedrock": {"region_name": "us-east-1"},
    "bedrock_converse": {"region_name": "us-east-1"},
    "google_anthropic_vertex": {"project": "p", "location": "us-east5"},
    "google_vertexai": {"project": "p"},
}
_MODELS = dict.fromkeys(("anthropic_bedrock", "bedrock"), "anthropic.claude-3-haiku-20240307-v1:0")


def make(provider: str, **settings: Any) -> ChatModel:
    """A model of a provider that nobody answers; settings win over the helper's own."""
    own: dict[str, Any] = {"api_key": KEY, "max_retries": 0, **_OWN.get(provider, {})}
    if provider not in ("azure_openai", "simulator"):
        own["base_url"] = "http://127.0.0.1:9/v1"
    own.update(settings)
    if "base_url" in settings:
        own.pop("azure_endpoint", None)
    cls = cast("Any", provider_class(provider))
    return cls(own.pop("model", None) or _MODELS.get(provider, "m-1"), **own)


def answering(provider: str, answer: Callable[[httpx.Request], httpx.Response], **settings: Any) -> ChatModel:
    """A model of a provider whose every request gets the answer."""
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return make(provider, http_client=client, **settings)

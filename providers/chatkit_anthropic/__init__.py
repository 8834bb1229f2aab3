"""Claude at Anthropic and on Google Vertex AI."""

from __future__ import annotations

from chatkit_anthropic.chat import ChatAnthropic
from chatkit_anthropic.vertex import ChatAnthropicVertex

__all__ = ["ChatAnthropic", "ChatAnthropicVertex"]

PROVIDERS: dict[str, type] = {"anthropic": ChatAnthropic, "google_anthropic_vertex": ChatAnthropicVertex}

"""Rate limiters: `init_chat_model(..., rate_limiter=...)`. See docs/limits.md."""

from chatkit.limits.base import BaseRateLimiter
from chatkit.limits.memory import InMemoryRateLimiter, RateLimiter

__all__ = ["BaseRateLimiter", "InMemoryRateLimiter", "RateLimiter"]

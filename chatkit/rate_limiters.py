"""Rate limiters: `init_chat_model(..., rate_limiter=...)`. See docs/limits.md."""

from chatkit.limits.base import BaseRateLimiter
from chatkit.limits.memory import InMemoryRateLimiter, RateLimiter
from chatkit.limits.redis import RedisRateLimiter

__all__ = ["BaseRateLimiter", "InMemoryRateLimiter", "RateLimiter", "RedisRateLimiter"]

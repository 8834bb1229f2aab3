"""Limits on how fast and how many calls are made: `chatkit.rate_limiters` has the public names, docs/limits.md the manual.

base.py      what every limiter can do, also one of the user's own
limiter.py   what chatkit's limiters share; memory.py: of one process; redis.py: of many
limited.py   one call under a limiter: reserve, learn, settle
budget.py    the arithmetic of buckets, on any clock; redis_script.py: the same for Redis
line.py      who goes through, in which order; waiters.py: who stands there, tasks and threads
tokens.py    how many tokens a call takes; facts.py: what headers say of the provider's limits
"""

from chatkit.limits.base import BaseRateLimiter, observer_of

__all__ = ["BaseRateLimiter", "observer_of"]

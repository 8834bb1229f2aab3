"""Limits on how fast and how many calls are made: `chatkit.rate_limiters` has the public names, docs/limits.md the manual.

budget.py    the arithmetic of buckets, on any clock
line.py      who waits, in which order, over tasks, threads and loops
limited.py   one call under a limiter: reserve, learn, settle
memory.py    limiters of one process
redis.py     one budget for many processes and machines
"""

from chatkit.limits.base import BaseRateLimiter, observer_of

__all__ = ["BaseRateLimiter", "observer_of"]

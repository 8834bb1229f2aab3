"""Runnables around another one: with a config, with retries, with fallbacks."""

from chatkit.wrappers.configured import Configured
from chatkit.wrappers.fallbacks import RunnableWithFallbacks
from chatkit.wrappers.retrying import RunnableRetry

__all__ = ["Configured", "RunnableRetry", "RunnableWithFallbacks"]

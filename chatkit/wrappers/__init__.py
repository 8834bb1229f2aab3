"""What can be put around a model or a step: a config, retries, fallbacks, listeners (spec S226-S232)."""

from chatkit.wrappers.base import Wrapper
from chatkit.wrappers.binding import RunnableBinding
from chatkit.wrappers.fallbacks import RunnableWithFallbacks
from chatkit.wrappers.listeners import RunnableWithListeners, RunRecord
from chatkit.wrappers.retry import RunnableRetry

__all__ = ["RunRecord", "RunnableBinding", "RunnableRetry", "RunnableWithFallbacks", "RunnableWithListeners", "Wrapper"]

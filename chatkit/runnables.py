"""Steps, what can be put around them, and the config of a call, under the names of `langchain_core.runnables`."""

from __future__ import annotations

from chatkit.config import RunnableConfig, merge_configs
from chatkit.runs import ensure_config
from chatkit.steps import RunnableLambda, RunnableSequence, runnable
from chatkit.verbs import Runnable
from chatkit.wrappers import RunnableBinding, RunnableRetry, RunnableWithFallbacks

__all__ = [
    "Runnable",
    "RunnableBinding",
    "RunnableConfig",
    "RunnableLambda",
    "RunnableRetry",
    "RunnableSequence",
    "RunnableWithFallbacks",
    "ensure_config",
    "merge_configs",
    "runnable",
]

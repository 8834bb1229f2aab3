"""chatkit: an async-first streaming SDK for chat models. See README.md; the public names are below.

Everything is loaded on first use: importing chatkit costs a few milliseconds and no HTTP library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatkit.version import __version__

if TYPE_CHECKING:
    from chatkit import errors as errors
    from chatkit import events as events
    from chatkit.breaker import CircuitBreaker as CircuitBreaker
    from chatkit.caches import InMemoryCache as InMemoryCache
    from chatkit.caches import set_llm_cache as set_llm_cache
    from chatkit.callbacks import AsyncCallbackHandler as AsyncCallbackHandler
    from chatkit.callbacks import BaseCallbackHandler as BaseCallbackHandler
    from chatkit.callbacks import StreamingCallbackHandler as StreamingCallbackHandler
    from chatkit.callbacks import UsageMetadataCallbackHandler as UsageMetadataCallbackHandler
    from chatkit.callbacks import adispatch_custom_event as adispatch_custom_event
    from chatkit.callbacks import dispatch_custom_event as dispatch_custom_event
    from chatkit.callbacks import get_usage_metadata_callback as get_usage_metadata_callback
    from chatkit.config import RunnableConfig as RunnableConfig
    from chatkit.hedging import hedge as hedge
    from chatkit.messages import AIMessage as AIMessage
    from chatkit.messages import AIMessageChunk as AIMessageChunk
    from chatkit.messages import BaseMessage as BaseMessage
    from chatkit.messages import HumanMessage as HumanMessage
    from chatkit.messages import SystemMessage as SystemMessage
    from chatkit.messages import ToolMessage as ToolMessage
    from chatkit.messages import filter_messages as filter_messages
    from chatkit.messages import merge_message_runs as merge_message_runs
    from chatkit.messages import trim_messages as trim_messages
    from chatkit.model import ChatModel as ChatModel
    from chatkit.rate_limiters import InMemoryRateLimiter as InMemoryRateLimiter
    from chatkit.rate_limiters import RateLimiter as RateLimiter
    from chatkit.rate_limiters import RedisRateLimiter as RedisRateLimiter
    from chatkit.registry import init_chat_model as init_chat_model
    from chatkit.retry import RetryPolicy as RetryPolicy
    from chatkit.runnables import RunnableLambda as RunnableLambda
    from chatkit.runnables import runnable as runnable
    from chatkit.timeouts import Timeouts as Timeouts
    from chatkit.tools import BaseTool as BaseTool
    from chatkit.tools import InjectedToolArg as InjectedToolArg
    from chatkit.tools import ToolException as ToolException
    from chatkit.tools import run_tools as run_tools
    from chatkit.tools import run_tools_sync as run_tools_sync
    from chatkit.tools import stream_tools as stream_tools
    from chatkit.tools import tool as tool

_HOME = {
    "chatkit.breaker": ("CircuitBreaker",),
    "chatkit.caches": ("InMemoryCache", "set_llm_cache"),
    "chatkit.callbacks": (
        "AsyncCallbackHandler",
        "BaseCallbackHandler",
        "StreamingCallbackHandler",
        "UsageMetadataCallbackHandler",
        "adispatch_custom_event",
        "dispatch_custom_event",
        "get_usage_metadata_callback",
    ),
    "chatkit.config": ("RunnableConfig",),
    "chatkit.hedging": ("hedge",),
    "chatkit.messages": (
        "AIMessage",
        "AIMessageChunk",
        "BaseMessage",
        "HumanMessage",
        "SystemMessage",
        "ToolMessage",
        "filter_messages",
        "merge_message_runs",
        "trim_messages",
    ),
    "chatkit.model": ("ChatModel",),
    "chatkit.rate_limiters": ("InMemoryRateLimiter", "RateLimiter", "RedisRateLimiter"),
    "chatkit.registry": ("init_chat_model",),
    "chatkit.retry": ("RetryPolicy",),
    "chatkit.runnables": ("RunnableLambda", "runnable"),
    "chatkit.timeouts": ("Timeouts",),
    "chatkit.tools": ("BaseTool", "InjectedToolArg", "ToolException", "run_tools", "run_tools_sync", "stream_tools", "tool"),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}
_MODULES = ("errors", "events")

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "AsyncCallbackHandler",
    "BaseCallbackHandler",
    "BaseMessage",
    "BaseTool",
    "ChatModel",
    "CircuitBreaker",
    "HumanMessage",
    "InMemoryCache",
    "InMemoryRateLimiter",
    "InjectedToolArg",
    "RateLimiter",
    "RedisRateLimiter",
    "RetryPolicy",
    "RunnableConfig",
    "RunnableLambda",
    "StreamingCallbackHandler",
    "SystemMessage",
    "Timeouts",
    "ToolException",
    "ToolMessage",
    "UsageMetadataCallbackHandler",
    "__version__",
    "adispatch_custom_event",
    "dispatch_custom_event",
    "errors",
    "events",
    "filter_messages",
    "get_usage_metadata_callback",
    "hedge",
    "init_chat_model",
    "merge_message_runs",
    "run_tools",
    "run_tools_sync",
    "runnable",
    "set_llm_cache",
    "stream_tools",
    "tool",
    "trim_messages",
]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"chatkit.{name}")
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chatkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

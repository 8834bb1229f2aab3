"""Handlers of what happens while models, steps and tools run, under the names of `langchain_core.callbacks`."""

from chatkit.callbacks.base import AsyncCallbackHandler, BaseCallbackHandler, StreamingCallbackHandler
from chatkit.callbacks.custom import adispatch_custom_event, dispatch_custom_event
from chatkit.callbacks.results import ChatGeneration, LLMResult
from chatkit.callbacks.usage import Attempt, UsageMetadataCallbackHandler, get_usage_metadata_callback

__all__ = [
    "AsyncCallbackHandler",
    "Attempt",
    "BaseCallbackHandler",
    "ChatGeneration",
    "LLMResult",
    "StreamingCallbackHandler",
    "UsageMetadataCallbackHandler",
    "adispatch_custom_event",
    "dispatch_custom_event",
    "get_usage_metadata_callback",
]

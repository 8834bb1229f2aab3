"""Messages and content blocks, under the names of `langchain.messages`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.messages.ai import AIMessage
from chatkit.messages.base import BaseMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.blocks import (
    Annotation,
    AudioContentBlock,
    Citation,
    ContentBlock,
    DataContentBlock,
    FileContentBlock,
    ImageContentBlock,
    InvalidToolCall,
    NonStandardAnnotation,
    NonStandardContentBlock,
    PlainTextContentBlock,
    ReasoningContentBlock,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    TextContentBlock,
    ToolCall,
    ToolCallChunk,
    VideoContentBlock,
    is_data_content_block,
)
from chatkit.messages.chunk import AIMessageChunk
from chatkit.messages.coerce import convert_to_messages, message_to_dict, messages_from_dict, messages_to_dict
from chatkit.messages.create import (
    create_audio_block,
    create_citation,
    create_file_block,
    create_image_block,
    create_non_standard_block,
    create_plaintext_block,
    create_reasoning_block,
    create_text_block,
    create_tool_call,
    create_video_block,
)
from chatkit.messages.usage import InputTokenDetails, OutputTokenDetails, UsageMetadata, add_usage, subtract_usage

if TYPE_CHECKING:
    from chatkit.messages.buffer import get_buffer_string as get_buffer_string
    from chatkit.messages.count import count_tokens_approximately as count_tokens_approximately
    from chatkit.messages.openai import convert_to_openai_messages as convert_to_openai_messages
    from chatkit.messages.select import filter_messages as filter_messages
    from chatkit.messages.select import merge_message_runs as merge_message_runs
    from chatkit.messages.select import message_chunk_to_message as message_chunk_to_message
    from chatkit.messages.trim import trim_messages as trim_messages

AnyMessage: TypeAlias = AIMessage | HumanMessage | SystemMessage | ToolMessage
MessageLikeRepresentation: TypeAlias = BaseMessage | dict[str, Any] | tuple[str, Any] | list[Any] | str

_HOME = {
    "chatkit.messages.buffer": ("get_buffer_string",),
    "chatkit.messages.count": ("count_tokens_approximately",),
    "chatkit.messages.openai": ("convert_to_openai_messages",),
    "chatkit.messages.select": ("filter_messages", "merge_message_runs", "message_chunk_to_message"),
    "chatkit.messages.trim": ("trim_messages",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "AIMessage",
    "AIMessageChunk",
    "Annotation",
    "AnyMessage",
    "AudioContentBlock",
    "BaseMessage",
    "Citation",
    "ContentBlock",
    "DataContentBlock",
    "FileContentBlock",
    "HumanMessage",
    "ImageContentBlock",
    "InputTokenDetails",
    "InvalidToolCall",
    "MessageLikeRepresentation",
    "NonStandardAnnotation",
    "NonStandardContentBlock",
    "OutputTokenDetails",
    "PlainTextContentBlock",
    "ReasoningContentBlock",
    "ServerToolCall",
    "ServerToolCallChunk",
    "ServerToolResult",
    "SystemMessage",
    "TextContentBlock",
    "ToolCall",
    "ToolCallChunk",
    "ToolMessage",
    "UsageMetadata",
    "VideoContentBlock",
    "add_usage",
    "convert_to_messages",
    "convert_to_openai_messages",
    "count_tokens_approximately",
    "create_audio_block",
    "create_citation",
    "create_file_block",
    "create_image_block",
    "create_non_standard_block",
    "create_plaintext_block",
    "create_reasoning_block",
    "create_text_block",
    "create_tool_call",
    "create_video_block",
    "filter_messages",
    "get_buffer_string",
    "is_data_content_block",
    "merge_message_runs",
    "message_chunk_to_message",
    "message_to_dict",
    "messages_from_dict",
    "messages_to_dict",
    "subtract_usage",
    "trim_messages",
]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chatkit.messages' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value

"""OpenAI's Chat Completions, and everything that speaks it."""

from chatkit.dialects.openai_chat.encode import encode_chat
from chatkit.dialects.openai_chat.params import ChatCompletionsParams
from chatkit.dialects.openai_chat.parse import ChatParser
from chatkit.dialects.openai_chat.quirks import Quirks
from chatkit.dialects.openai_chat.tools import only_the_named_tool

__all__ = ["ChatCompletionsParams", "ChatParser", "Quirks", "encode_chat", "only_the_named_tool"]

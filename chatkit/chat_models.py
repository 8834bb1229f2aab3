"""Chat models by name, under the names of `langchain.chat_models`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.registry import init_chat_model

if TYPE_CHECKING:
    from chatkit.model import ChatModel as BaseChatModel
    from chatkit.model import ChatModel as ChatModel

__all__ = ["BaseChatModel", "ChatModel", "init_chat_model"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'chatkit.chat_models' has no attribute {name!r}")
    from chatkit.model import ChatModel

    return ChatModel

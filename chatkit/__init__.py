"""chatkit: an async-first streaming SDK for chat models. See README.md; the public names are below.

Everything is loaded on first use: importing chatkit costs a few milliseconds and no HTTP library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatkit.version import __version__

if TYPE_CHECKING:
    from chatkit.model import ChatModel as ChatModel
    from chatkit.registry import init_chat_model as init_chat_model
    from chatkit.retry import RetryPolicy as RetryPolicy
    from chatkit.timeouts import Timeouts as Timeouts

_HOME = {
    "chatkit.model": ("ChatModel",),
    "chatkit.registry": ("init_chat_model",),
    "chatkit.retry": ("RetryPolicy",),
    "chatkit.timeouts": ("Timeouts",),
}
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = ["ChatModel", "RetryPolicy", "Timeouts", "__version__", "init_chat_model"]


def __getattr__(name: str) -> Any:
    module = _MODULE_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'chatkit' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)

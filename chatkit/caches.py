"""Response caches: the same question to the same model is answered from memory (spec S39).

`cache=InMemoryCache()` on a model, or `set_llm_cache(...)` for all. `invoke` looks here first; streams never do. An
answer from a cache is no call: no request, no limiter, no callbacks; its `response_metadata["cached"]` is True.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

from chatkit.errors import InputError
from chatkit.jsons import encode
from chatkit.messages.coerce import to_messages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

__all__ = ["Cache", "InMemoryCache", "cache_for", "get_llm_cache", "set_llm_cache", "through"]


class Cache(Protocol):
    """A store of answers. Write these two for one of your own (Redis, SQLite ...)."""

    async def aget(self, key: str) -> AIMessage | None:
        """The answer under a key."""
        ...

    async def aset(self, key: str, message: AIMessage) -> None:
        """Keep an answer."""
        ...


class InMemoryCache:
    """Answers in this process's memory.

    Args:
        maxsize: how many are kept; the one not used for longest goes first. None keeps all.
    """

    def __init__(self, *, maxsize: int | None = None) -> None:
        if maxsize is not None and maxsize < 1:
            raise InputError(f"maxsize must be 1 or more, or None, not {maxsize}")
        self._maxsize = maxsize
        self._answers: OrderedDict[str, AIMessage] = OrderedDict()

    async def aget(self, key: str) -> AIMessage | None:
        """The answer under a key."""
        message = self._answers.get(key)
        if message is not None:
            self._answers.move_to_end(key)
        return message

    async def aset(self, key: str, message: AIMessage) -> None:
        """Keep an answer."""
        self._answers[key] = message
        self._answers.move_to_end(key)
        if self._maxsize is not None and len(self._answers) > self._maxsize:
            self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        self._answers.clear()

    def __len__(self) -> int:
        return len(self._answers)


_of_all: Cache | None = None


def set_llm_cache(cache: Cache | None) -> None:
    """The cache of all models that have no `cache=` of their own; None for none."""
    global _of_all
    _of_all = cache


def get_llm_cache() -> Cache | None:
    """The cache that `set_llm_cache` set."""
    return _of_all


def cache_for(setting: Any) -> Cache | None:
    """The cache that a model's `cache=` means: a cache, True (the one of all), False (none), None (the one of all, if any).

    Raises:
        InputError: True, and no cache was set.
    """
    if setting is None:
        return _of_all
    if setting is True and _of_all is None:
        raise InputError("cache=True needs set_llm_cache(...) first; or give the cache itself: cache=InMemoryCache()")
    if setting is True or setting is False:
        return _of_all if setting else None
    return setting


async def through(cache: Cache, model: ChatModel, input: Any, ask: Callable[[], Awaitable[AIMessage]]) -> AIMessage:
    """The answer from the cache, or from the model and then kept."""
    key = key_of(model, input)
    known = await cache.aget(key)
    if known is None:
        message = await ask()
        await cache.aset(key, message)
        return message
    usage: Any = {**known.usage_metadata, "total_cost": 0} if known.usage_metadata else None
    metadata = {**known.response_metadata, "cached": True}
    return known.model_copy(update={"usage_metadata": usage, "response_metadata": metadata})


def key_of(model: ChatModel, input: Any) -> str:
    """What makes two questions the same: the messages without their ids, the model, where it is, and its parameters."""
    messages = [{**message.model_dump(), "id": None, "response_metadata": None} for message in to_messages(input)]
    body = {name: model.settings.get(name) for name in ("model_kwargs", "extra_body", "output_version")}
    parameters = sorted(model._call_params().items())
    return hashlib.sha256(encode([messages, model.provider, model.model, model.base_url, parameters, body])).hexdigest()

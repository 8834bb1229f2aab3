"""Response caches: the same question to the same model is answered from memory (spec S39).

`cache=InMemoryCache()` on a model, or `set_llm_cache(...)` for all. `invoke` looks here first; streams never do. An
answer from a cache costs no request and no limiter's turn; handlers hear of it, and `response_metadata["cached"]` is True.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from msgspec import structs

from chatkit.calls import run_of
from chatkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from chatkit.codec import Call
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

__all__ = ["Cache", "InMemoryCache", "cache_for", "get_llm_cache", "set_llm_cache", "through"]

log = logging.getLogger("chatkit")

T = TypeVar("T")


class Cache(Protocol):
    """A store of answers. Write these two for one of your own (Redis, SQLite ...); `message.model_dump()` is JSON."""

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
        self._lock = threading.Lock()

    async def aget(self, key: str) -> AIMessage | None:
        """The answer under a key."""
        with self._lock:
            message = self._answers.get(key)
            if message is not None:
                self._answers.move_to_end(key)
            return message

    async def aset(self, key: str, message: AIMessage) -> None:
        """Keep an answer."""
        with self._lock:
            self._answers[key] = message
            self._answers.move_to_end(key)
            if self._maxsize is not None and len(self._answers) > self._maxsize:
                self._answers.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
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


async def through(cache: Cache, model: ChatModel, input: Any, config: Any) -> AIMessage:
    """The answer from the cache, or from the model and then kept. A cache that fails is logged, and the model asked."""
    call = model._call(input)
    key = key_of(model, call)
    known = await _tried(cache.aget(key))
    if known is None:
        message = await model._ask(input, config)
        await _tried(cache.aset(key, copy.deepcopy(message)))
        return message
    hit = copy.deepcopy(known)
    hit.response_metadata["cached"] = True
    if hit.usage_metadata:
        cast("dict[str, Any]", hit.usage_metadata)["total_cost"] = 0
    run = run_of(model, call, config)
    if run is not None:
        await run.answered(hit)
    return hit


async def _tried(work: Awaitable[T]) -> T | None:
    try:
        return await work
    except Exception as error:
        log.warning("the response cache failed: %r", error)
        return None


def key_of(model: ChatModel, call: Call) -> str:
    """What makes two questions the same: that they would be the same request, keys and ids of messages aside."""
    request = model._encode(structs.replace(call, api_key="", stream=False))
    told = [model.provider, request.url, model.settings.get("output_version") or ""]
    return hashlib.sha256("\n".join(told).encode() + request.body).hexdigest()

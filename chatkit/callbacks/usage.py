"""Token usage over many calls: by a handler, or for everything inside a `with` block (spec S211-S213, W20)."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from msgspec import Struct

from chatkit.callbacks.base import BaseCallbackHandler
from chatkit.callbacks.results import left_early
from chatkit.messages.usage import UsageMetadata, add_usage
from chatkit.runs import ambient_handlers

if TYPE_CHECKING:
    from collections.abc import Generator

    from chatkit.callbacks.results import LLMResult
    from chatkit.messages import AIMessage

__all__ = ["Attempt", "UsageMetadataCallbackHandler", "get_usage_metadata_callback"]


Status: TypeAlias = Literal["ok", "retried", "failed", "cancelled", "cached"]


class Attempt(Struct, frozen=True):
    """One request, as the ledger keeps it.

    Attributes:
        status: "ok", "retried" (failed, another followed), "failed", "cancelled" (or left by its reader), or "cached"
            (answered from a cache; not billed).
        usage: what the provider reported before the end, None when it reported nothing.
    """

    model: str | None
    status: Status
    usage: UsageMetadata | None = None
    error: str | None = None


class UsageMetadataCallbackHandler(BaseCallbackHandler):
    """Adds up token usage by model name; use one for as many calls, tasks and threads as you like.

    Attributes:
        usage_metadata: model name -> UsageMetadata. Reported usage of broken answers counts: it is billed.
        attempts: the last 10,000 requests with how each ended, also those without usage.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.usage_metadata: dict[str, UsageMetadata] = {}
        self.attempts: deque[Attempt] = deque(maxlen=10_000)

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        message = response.generations[0][0].message
        self._add(message, "cached" if message.response_metadata.get("cached") else "ok", None)

    def on_llm_error(self, error: BaseException, *, response: LLMResult, **kwargs: Any) -> None:
        self._add(response.generations[0][0].message, "cancelled" if left_early(error) else "failed", error)

    def on_retry(self, error: Exception, **kwargs: Any) -> None:
        self._count(kwargs.get("model"), "retried", kwargs.get("usage"), error)

    def _add(self, message: AIMessage, status: Status, error: BaseException | None) -> None:
        self._count(message.response_metadata.get("model_name"), status, message.usage_metadata, error)

    def _count(self, model: str | None, status: Status, usage: UsageMetadata | None, error: BaseException | None) -> None:
        with self._lock:
            self.attempts.append(Attempt(model, status, usage, None if error is None else repr(error)))
            if usage and model and status != "cached":
                total = add_usage(self.usage_metadata.get(model), usage)
                if total is not None:
                    self.usage_metadata[model] = total

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.usage_metadata!r})"


@contextmanager
def get_usage_metadata_callback(name: str = "") -> Generator[UsageMetadataCallbackHandler]:  # noqa: ARG001
    """Adds up the usage of every call inside the block, tasks and nested calls included.

    Args:
        name: accepted for LangChain's signature; has no effect.
    """
    handler = UsageMetadataCallbackHandler()
    token = ambient_handlers.set((*ambient_handlers.get(), handler))
    try:
        yield handler
    finally:
        with suppress(ValueError):  # left in another context than entered, as fixtures of tests do
            ambient_handlers.reset(token)

"""Token usage over many calls: by a handler, or for everything inside a `with` block (spec S211-S213, W20)."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from chatkit.callbacks.base import BaseCallbackHandler
from chatkit.config import ambient_handlers
from chatkit.messages.usage import UsageMetadata, add_usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.callbacks.results import LLMResult
    from chatkit.messages import AIMessage

__all__ = ["Attempt", "UsageMetadataCallbackHandler", "get_usage_metadata_callback"]


class Attempt(Struct, frozen=True):
    """One request, as the ledger keeps it.

    Attributes:
        status: "ok", "retried" (failed, another followed), "failed" or "cancelled".
        usage: what the provider reported before the end, None when it reported nothing.
    """

    model: str | None
    status: Literal["ok", "retried", "failed", "cancelled"]
    usage: UsageMetadata | None = None
    error: str | None = None


class UsageMetadataCallbackHandler(BaseCallbackHandler):
    """Adds up token usage by model name; use one for as many calls, tasks and threads as you like.

    Attributes:
        usage_metadata: model name -> UsageMetadata. Reported usage of broken answers counts: it is billed.
        attempts: every request with how it ended, also those without usage.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.usage_metadata: dict[str, UsageMetadata] = {}
        self.attempts: list[Attempt] = []

    def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        self._add(response.generations[0][0].message, "ok", None)

    def on_llm_error(self, error: BaseException, *, response: LLMResult, **kwargs: Any) -> None:
        failed = isinstance(error, Exception) and "left by its reader" not in str(error)
        self._add(response.generations[0][0].message, "failed" if failed else "cancelled", error)

    def on_retry(self, error: Exception, **kwargs: Any) -> None:
        with self._lock:
            self.attempts.append(Attempt(kwargs.get("model"), "retried", None, repr(error)))

    def _add(self, message: AIMessage, status: Literal["ok", "failed", "cancelled"], error: BaseException | None) -> None:
        name, usage = message.response_metadata.get("model_name"), message.usage_metadata
        with self._lock:
            self.attempts.append(Attempt(name, status, usage, repr(error) if error is not None else None))
            if usage and name:
                total = add_usage(self.usage_metadata.get(name), usage)
                if total is not None:
                    self.usage_metadata[name] = total

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.usage_metadata!r})"


@contextmanager
def get_usage_metadata_callback(name: str = "usage_metadata_callback") -> Iterator[UsageMetadataCallbackHandler]:
    """Adds up the usage of every call inside the block, tasks and nested calls included.

    Args:
        name: accepted for LangChain's signature; has no effect.
    """
    handler = UsageMetadataCallbackHandler()
    token = ambient_handlers.set((*ambient_handlers.get(), handler))
    try:
        yield handler
    finally:
        ambient_handlers.reset(token)

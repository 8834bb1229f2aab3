"""The one error that Gemini reports without an error object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import ContentFilterError

if TYPE_CHECKING:
    from chatkit.dialects.gemini.wire import PromptFeedback

__all__ = ["blocked"]


def blocked(feedback: PromptFeedback, body: Any) -> ContentFilterError:
    """The exception for a prompt that a safety system stopped: a 200 answer without candidates.

    Its `code` is the API's `blockReason`, its `body` the whole `promptFeedback`.
    """
    reason = "no reason given" if feedback.block_reason is None else str(feedback.block_reason)
    message = f": {feedback.block_reason_message}" if feedback.block_reason_message else ""
    return ContentFilterError(f"the prompt was blocked ({reason}){message}", code=reason, body=body)

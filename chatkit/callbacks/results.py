"""What `on_llm_end` and `on_llm_error` get, in the shape that LangChain's handlers know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from chatkit.errors import StreamInterruptedError

if TYPE_CHECKING:
    from chatkit.messages import AIMessage

__all__ = ["ChatGeneration", "LLMResult"]

_LEFT = "left_by_reader"


class ChatGeneration(Struct, frozen=True):
    """One answer."""

    message: AIMessage

    @property
    def text(self) -> str:
        """The answer's text."""
        return self.message.text

    @property
    def generation_info(self) -> dict[str, Any]:
        """The answer's response_metadata."""
        return self.message.response_metadata


class LLMResult(Struct, frozen=True):
    """The answers to one call: always one list with one answer.

    Attributes:
        llm_output: `model_name`, and `token_usage` in the provider's own words where the answer has it in them.
    """

    generations: list[list[ChatGeneration]]
    llm_output: dict[str, Any] | None = None
    type: str = field(default="LLMResult")


def result_of(message: AIMessage) -> LLMResult:
    """The result that holds one message."""
    about = message.response_metadata
    output = {"model_name": about.get("model_name"), "token_usage": about.get("token_usage") or message.usage_metadata}
    return LLMResult([[ChatGeneration(message)]], output)


def reader_left() -> StreamInterruptedError:
    """What handlers are told when nothing failed, but the reader left the answer."""
    return StreamInterruptedError("the stream was left by its reader", code=_LEFT)


def left_early(error: BaseException) -> bool:
    """Whether a call ended because nobody wanted the rest: it was cancelled, or its reader left."""
    return not isinstance(error, Exception) or getattr(error, "code", None) == _LEFT

"""Handlers: objects whose methods are called while a model, a step or a tool runs (spec S112-S117).

Override what you want to hear; what is not overridden costs nothing. Sync handlers are called inline, in the task
that makes the call; a handler that fails is logged and does not break the run, unless `raise_error` is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from chatkit.callbacks.results import LLMResult
    from chatkit.events import Event
    from chatkit.messages import AIMessageChunk, BaseMessage

__all__ = ["AsyncCallbackHandler", "BaseCallbackHandler", "StreamingCallbackHandler"]


class BaseCallbackHandler:
    """Base of handlers with plain methods.

    All methods also get `run_id`, `parent_run_id`, `tags` and `metadata` as keyword arguments. More may be added:
    end the signatures with `**kwargs`.

    Attributes:
        raise_error: errors of this handler break the run.
        ignore_chat_model, ignore_chain, ignore_tool, ignore_retry, ignore_custom_event: do not call this handler for
            such things. LangChain's ignore_llm and ignore_agent work as well.
    """

    raise_error: bool = False
    ignore_chat_model: bool = False
    ignore_chain: bool = False
    ignore_tool: bool = False
    ignore_retry: bool = False
    ignore_custom_event: bool = False

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **kwargs: Any
    ) -> Any:
        """A model is about to be asked. `name` and `invocation_params` come as keyword arguments."""

    def on_llm_new_token(self, token: str, *, chunk: AIMessageChunk | None = None, run_id: UUID, **kwargs: Any) -> Any:
        """A piece of a streamed answer has come; `token` is its text, "" for pieces without text."""

    def on_stream_event(self, event: Event, *, run_id: UUID, **kwargs: Any) -> Any:
        """A typed event (chatkit.events) of a streamed answer has come."""

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> Any:
        """The answer is complete: `response.generations[0][0].message`."""

    def on_llm_error(self, error: BaseException, *, response: LLMResult, run_id: UUID, **kwargs: Any) -> Any:
        """The call failed, was cancelled or left; `response` holds the message as far as it came."""

    def on_retry(self, error: Exception, *, run_id: UUID, **kwargs: Any) -> Any:
        """An attempt failed and another follows.

        `attempt`, `delay` (seconds), `model` and `usage` (as far as the provider reported it) come as keyword arguments.
        """

    def on_chain_start(self, serialized: dict[str, Any], inputs: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """A step begins; `name` comes as keyword argument."""

    def on_chain_stream(self, chunk: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """A step that is streamed gives a piece of its output."""

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """A step is done."""

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Any:
        """A step failed, was cancelled or left."""

    def on_tool_start(self, serialized: dict[str, Any], input_str: str, *, run_id: UUID, **kwargs: Any) -> Any:
        """A tool begins; `name`, `inputs` (a dict) and `tool_call_id` come as keyword arguments."""

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """A tool is done."""

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> Any:
        """A tool failed; `tool_call_id` comes as keyword argument."""

    def on_custom_event(self, name: str, data: Any, *, run_id: UUID, **kwargs: Any) -> Any:
        """Code inside a run called `dispatch_custom_event` or `adispatch_custom_event`."""


class AsyncCallbackHandler(BaseCallbackHandler):
    """Base of handlers whose methods are coroutines; they are awaited in the task that makes the call."""


class StreamingCallbackHandler:
    """Mix in to ask for streaming: `invoke` then streams inside, so that `on_llm_new_token` is called."""

    wants_streaming = True

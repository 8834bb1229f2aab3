"""What differs between the services that speak Chat Completions, as data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Quirks"]


class Quirks(Struct, frozen=True, kw_only=True):
    """How a service wants to be asked. Answers need no quirks: the parser takes what any of them sends.

    Attributes:
        max_tokens: the field that limits the answer: "max_tokens" or "max_completion_tokens".
        system_role: role of system messages; OpenAI's o-series wants "developer".
        ask_usage: streams report usage only when `stream_options.include_usage` asks for it.
        reasoning_field: where reasoning goes that the user wrote; None drops it. What a service sent itself goes
            back in the field that it came from.
        missing_reasoning: sent as reasoning of an earlier turn with tool calls that has none, where a service
            refuses such turns (DeepSeek, Moonshot).
        efforts: by the word of `reasoning_effort`: the fields that say it; other words are sent as `reasoning_effort`.
        any_tool: the `tool_choice` for "some tool must be called".
        named_tools: `tool_choice` may name a tool. Otherwise only that tool is sent, and must be called.
        tool_media: tool messages may hold images and files; otherwise these follow in a user message.
        answer_images: images of earlier answers go back in `images`.
        parts: writers of content parts by block type, before the ones that all services share.
        tool_call_id: makes the id of a call one that the service accepts.
        names: parameters with another name on the wire.
        prefix: field that marks a last message of the model, which is to be continued; None where there is no such thing.
    """

    max_tokens: str = "max_tokens"
    system_role: str = "system"
    ask_usage: bool = True
    reasoning_field: str | None = None
    missing_reasoning: str | None = None
    efforts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Any])
    any_tool: str = "required"
    named_tools: bool = True
    tool_media: bool = False
    answer_images: bool = False
    parts: Mapping[str, Callable[[dict[str, Any], str], dict[str, Any]]] = field(default_factory=dict[str, Any])
    tool_call_id: Callable[[str], str] | None = None
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    prefix: str | None = None

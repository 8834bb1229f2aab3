"""The body of a chat completion request (wire sheet: openai_chat §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.openai_chat.messages import encode_messages, is_begun
from chatkit.dialects.openai_chat.tools import encode_response_format, encode_tools

if TYPE_CHECKING:
    from chatkit.codec import Call
    from chatkit.dialects.openai_chat.quirks import Quirks

__all__ = ["encode_chat"]

_TRANSLATED = frozenset(
    {
        "max_tokens",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "stream_options",
        "stream_usage",
        "tool_choice",
        "tools",
    }
)


def encode_chat(call: Call, provider: str, quirks: Quirks, *, owner: str | None = None) -> dict[str, Any]:
    """The fields of the request body.

    Args:
        call: the question. Parameters that have no neutral form are sent under their own names.
        provider: the model's provider, which decides what of earlier answers goes back.
        quirks: of the service.
        owner: the model's class, for error messages (the provider when left out).

    Raises:
        UnsupportedFeatureError: a content block that the API does not take.
    """
    params = call.params
    body: dict[str, Any] = {"model": call.model, "messages": encode_messages(call.messages, provider, quirks, owner or provider)}
    if quirks.prefix and is_begun(call.messages[-1]):
        body["messages"][-1][quirks.prefix] = True
    if params.get("max_tokens") is not None:
        body[quirks.max_tokens] = params["max_tokens"]
    if params.get("reasoning_effort") is not None:
        body.update(_effort(params["reasoning_effort"], quirks))
    if params.get("response_format") is not None:
        body["response_format"] = encode_response_format(params["response_format"])
    body.update(encode_tools(params, quirks))
    body.update({quirks.names.get(name, name): value for name, value in params.items() if name not in _TRANSLATED})
    if call.stream:
        body.update(_stream(params, quirks))
    return body


def _effort(effort: str, quirks: Quirks) -> dict[str, Any]:
    fields = quirks.efforts.get(effort)
    return {"reasoning_effort": effort} if fields is None else dict(fields)


def _stream(params: dict[str, Any], quirks: Quirks) -> dict[str, Any]:
    """Streams ask for usage, unless the service always sends it or the user turned it off."""
    asked = quirks.ask_usage if params.get("stream_usage") is None else params["stream_usage"]
    options: dict[str, Any] = {"include_usage": True} if asked else {}
    options.update(params.get("stream_options") or {})
    return {"stream": True, "stream_options": options} if options else {"stream": True}

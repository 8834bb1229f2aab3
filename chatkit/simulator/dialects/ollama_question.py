"""What a request of Ollama's native chat API asks, and what that API would refuse (wire sheet: ollama, "Request")."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from chatkit.codec import ToolSpec
from chatkit.jsons import as_object, is_list, is_object
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.messages import BaseMessage

__all__ = ["question_of"]

_THINK = (None, True, False, "low", "medium", "high", "max")


def question_of(body: dict[str, Any]) -> Question:
    """The question in a request's body. Streams are the default. Raises Refused."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise _refused("model is required")
    think, options, most = body.get("think"), as_object(body.get("options")), body.get("top_logprobs") or 0
    if think not in _THINK:
        raise _refused(f'invalid think value: {think!r} (must be "high", "medium", "low", "max", true, or false)')
    if not 0 <= most <= 20:
        raise _refused("top_logprobs must be between 0 and 20")
    limit = options.get("num_predict", -1)
    return Question(
        model=body["model"],
        messages=[_message(message) for message in body.get("messages") or ()],
        stream=body.get("stream") is not False,
        tools=[_tool(tool) for tool in body.get("tools") or ()],
        schema=_schema(body.get("format")),
        reasoning=None if think is None else think is not False,
        logprobs=most if body.get("logprobs") else None,
        stop=options.get("stop") or [],
        max_tokens=limit if limit >= 0 else None,
        body=body,
    )


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _tool(tool: dict[str, Any]) -> ToolSpec:
    function = tool["function"]
    return ToolSpec(function["name"], function.get("description") or "", function.get("parameters") or {"type": "object"})


def _schema(format: Any) -> dict[str, Any] | None:
    if format in (None, ""):
        return None
    if format == "json":
        return {}
    if not is_object(format):
        raise _refused(f'invalid format: {format!r}; expected "json" or a valid JSON Schema object')
    return format


def _message(message: dict[str, Any]) -> BaseMessage:
    make = _ROLES.get(message.get("role") or "")
    if make is None:
        raise _refused(f"invalid role: {message.get('role')!r}")
    if not isinstance(message.get("content") or "", str):
        raise _refused("json: cannot unmarshal array into Go struct field ChatRequest.messages.content of type string")
    return make(message)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    text = [{"type": "text", "text": message["content"]}] if message.get("content") else []
    return text + [{"type": "image", "base64": _image(image), "mime_type": "image/png"} for image in message.get("images") or ()]


def _image(image: str) -> str:
    try:
        base64.b64decode(image, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(f"illegal base64 data in an image: {error}") from error
    return image


def _user(message: dict[str, Any]) -> BaseMessage:
    return HumanMessage(_blocks(message))


def _system(message: dict[str, Any]) -> BaseMessage:
    return SystemMessage(message.get("content") or "")


def _assistant(message: dict[str, Any]) -> BaseMessage:
    thought = [{"type": "reasoning", "reasoning": message["thinking"]}] if message.get("thinking") else []
    calls = [_call(nth, call["function"], call.get("id")) for nth, call in enumerate(message.get("tool_calls") or ())]
    return AIMessage(thought + _blocks(message), tool_calls=calls)


def _call(nth: int, function: dict[str, Any], id: str | None) -> dict[str, Any]:
    if not is_object(function.get("arguments")):
        raise _refused("json: cannot unmarshal string into Go struct field ToolCallFunction.arguments of type map")
    return {"name": function["name"], "args": function["arguments"], "id": id or f"call_{nth}"}


def _result(message: dict[str, Any]) -> BaseMessage:
    """Clients name the tool, the call, both or neither: the model sees only the order."""
    content = _blocks(message)
    id = message.get("tool_call_id") or message.get("tool_name") or "call"
    return ToolMessage(content if is_list(message.get("images")) else message.get("content") or "", tool_call_id=id)


_ROLES: dict[str, Callable[[dict[str, Any]], BaseMessage]] = {
    "user": _user,
    "system": _system,
    "assistant": _assistant,
    "tool": _result,
}

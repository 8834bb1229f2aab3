"""What a request of Cohere's chat API asks, and what that API would refuse (wire sheet: cohere, "Request")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import ToolSpec
from chatkit.errors import InputError
from chatkit.jsons import as_object, decode_object, is_list
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.foreign import standard_block
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.messages import BaseMessage

__all__ = ["question_of"]

_PARTS = {
    "user": ("text", "image_url"),
    "system": ("text",),
    "assistant": ("text", "thinking"),
    "tool": ("text", "document"),
}


def question_of(body: dict[str, Any]) -> Question:
    """The question in a request's body. Raises Refused."""
    format = as_object(body.get("response_format"))
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise _refused("invalid request: model is required")
    if not is_list(body.get("messages")) or not body["messages"]:
        raise _refused("invalid request: messages must be a list of at least one message")
    if format.get("type") == "json_object" and (body.get("tools") or body.get("documents")):
        raise _refused("cannot specify response_format with tools or documents")
    thinking = as_object(body.get("thinking")).get("type")
    return Question(
        model=body["model"],
        messages=[_message(message) for message in body["messages"]],
        stream=body.get("stream") is True,
        tools=[_tool(tool["function"]) for tool in body.get("tools") or ()],
        tool_choice=_CHOICES[body.get("tool_choice")],
        schema=format.get("schema") or format.get("json_schema") or {} if format.get("type") == "json_object" else None,
        reasoning=None if thinking is None else thinking == "enabled",
        logprobs=0 if body.get("logprobs") else None,
        stop=body.get("stop_sequences") or [],
        max_tokens=body.get("max_tokens"),
        body=body,
    )


_CHOICES: dict[str | None, Any] = {None: "auto", "REQUIRED": "any", "NONE": "none"}


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _tool(given: dict[str, Any]) -> ToolSpec:
    return ToolSpec(given["name"], given.get("description") or "", given.get("parameters") or {"type": "object"})


def _message(message: dict[str, Any]) -> BaseMessage:
    make = _ROLES.get(message.get("role") or "")
    if make is None:
        raise _refused(f"invalid message role: {message.get('role')!r}")
    return make(message)


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content: Any = message.get("content") or []
    parts: list[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for part in parts:
        if part.get("type") not in _PARTS[message["role"]]:
            raise _refused(f"invalid content type {part.get('type')!r} in a message of role {message['role']!r}")
    try:
        return [standard_block(part) for part in parts]
    except InputError as error:
        raise _refused(f"invalid request: {error}") from error


def _user(message: dict[str, Any]) -> BaseMessage:
    return HumanMessage(_blocks(message))


def _system(message: dict[str, Any]) -> BaseMessage:
    return SystemMessage(_blocks(message))


def _assistant(message: dict[str, Any]) -> BaseMessage:
    if not message.get("content") and not message.get("tool_calls"):
        raise _refused("an assistant message must have content or tool_calls")
    plan = [{"type": "text", "text": message["tool_plan"]}] if message.get("tool_plan") else []
    return AIMessage([*plan, *_blocks(message), *(_call(call) for call in message.get("tool_calls") or ())])


def _call(call: dict[str, Any]) -> dict[str, Any]:
    function = call["function"]
    args = decode_object(function["arguments"])
    if args is None:
        raise _refused(f"the arguments of {function['name']!r} are no JSON object")
    return {"type": "tool_call", "id": call["id"], "name": function["name"], "args": args}


def _result(message: dict[str, Any]) -> BaseMessage:
    return ToolMessage(_blocks(message), tool_call_id=message["tool_call_id"])


_ROLES: dict[str, Callable[[dict[str, Any]], BaseMessage]] = {
    "user": _user,
    "system": _system,
    "assistant": _assistant,
    "tool": _result,
}

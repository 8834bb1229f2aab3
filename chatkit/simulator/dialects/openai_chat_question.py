"""What an OpenAI chat completion request asks (wire sheet: openai_chat §2-5)."""

from __future__ import annotations

from typing import Any, cast

from chatkit.codec import NamedTool, ToolSpec
from chatkit.errors import InputError
from chatkit.jsons import as_object, is_list, is_object
from chatkit.messages.coerce import to_messages
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.dialects.openai_chat_relatives import asks_to_reason, plain_messages
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

__all__ = ["question_of"]


def question_of(body: dict[str, Any]) -> Question:
    """The question in a request's body. Raises Refused."""
    if not isinstance(body.get("n") or 1, int) or not is_list(body.get("modalities") or []):
        raise _refused("'n' must be an integer, and 'modalities' an array")
    return Question(
        model=_text(body, "model"),
        messages=_messages(body.get("messages")),
        stream=body.get("stream") is True,
        tools=_tools(body.get("tools")),
        server_tools=_server_tools(body),
        tool_choice=_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        schema=_schema(body.get("response_format")),
        reasoning=asks_to_reason(body),
        logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
        stop=[body["stop"]] if isinstance(body.get("stop"), str) else body.get("stop") or [],
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        body=body,
    )


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _text(body: dict[str, Any], field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise _refused(f"you must provide a {field} parameter")
    return value


def _messages(value: Any) -> Any:
    if not is_list(value):
        raise _refused("'messages' must be an array")
    try:
        return to_messages(plain_messages(value))
    except InputError as error:
        raise _refused(f"Invalid 'messages': {error}") from error


_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
_ONE_TEXT: dict[str, Any] = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def _tools(value: Any) -> list[ToolSpec]:
    return [_tool(tool[tool["type"]], tool["type"]) for tool in value or () if tool.get("type") in ("function", "custom")]


def _tool(given: dict[str, Any], kind: str) -> ToolSpec:
    parameters = _ONE_TEXT if kind == "custom" else given.get("parameters") or _NO_ARGUMENTS
    return ToolSpec(given["name"], given.get("description") or "", parameters)


def _server_tools(body: dict[str, Any]) -> list[str]:
    named = [tool["type"] for tool in body.get("tools") or () if tool.get("type") not in ("function", "custom")]
    return [*named, *(["web_search"] if body.get("web_search_options") is not None else [])]


def _choice(value: Any) -> Any:
    if is_object(value):
        inner = value.get(cast("str", value.get("type")))
        if is_object(inner) and isinstance(inner.get("name"), str):
            return NamedTool(inner["name"])
        return "any" if is_object(inner) and inner.get("mode") == "required" else "auto"
    return {"none": "none", "required": "any", "any": "any"}.get(value or "auto", "auto")


def _schema(value: Any) -> dict[str, Any] | None:
    if not is_object(value) or value.get("type") in (None, "text"):
        return None
    described = value.get("json_schema")
    return (described if is_object(described) else value).get("schema") or as_object(value.get("value"))  # "value": TGI's

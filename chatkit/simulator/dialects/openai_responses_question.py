"""What a Responses request asks, and what that API would refuse (wire sheet: openai_responses §1-§4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from chatkit.codec import NamedTool, ToolSpec
from chatkit.jsons import as_object, is_list, is_object
from chatkit.messages import HumanMessage, SystemMessage
from chatkit.simulator.dialects.dialect import Refused, body_of
from chatkit.simulator.dialects.openai_responses_input import check_items, messages_of
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from chatkit.codec import Request
    from chatkit.messages import BaseMessage

__all__ = ["PATH", "asks_for", "custom_names", "question_of"]

PATH = re.compile(r"(?:/[\w.\-]+)*/responses(?:/(?P<id>resp_\w+)(?:/(?P<part>input_items|cancel))?)?")

_FIELDS = """
    access_programs background background_options context_management conversation image include input instructions
    max_output_tokens max_tool_calls metadata model moderation parallel_tool_calls previous_response_id prompt
    prompt_cache_key prompt_cache_options prompt_cache_retention reasoning safety_identifier service_tier store stream
    stream_options temperature text tool_choice tools top_logprobs top_p truncation user
"""
_KNOWN = frozenset(_FIELDS.split())
_CALLERS = frozenset({"function", "custom", "namespace", "local_shell", "apply_patch", "computer", "computer_use_preview"})
"""Tools that the caller runs."""

_NO_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {}}
_ONE_TEXT: dict[str, Any] = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}


def question_of(request: Request) -> Question:
    """What a request asks. Raises Refused."""
    path, _, query = request.url.partition("?")
    match = PATH.fullmatch(path)
    if match is not None and match["id"]:
        return _fetch(f"{request.method} {match['part'] or ''}".rstrip(), match["id"], query)
    body = body_of(request)
    _check(body)
    return Question(
        model=body["model"],
        messages=_messages(body),
        stream=body.get("stream") is True,
        tools=[_tool(tool) for tool in body.get("tools") or () if tool.get("type") in ("function", "custom")],
        server_tools=[tool["type"] for tool in body.get("tools") or () if tool.get("type") not in _CALLERS],
        tool_choice=_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls") is not False,
        schema=_schema(as_object(body.get("text")).get("format")),
        reasoning=_reasoning(as_object(body.get("reasoning"))),
        logprobs=body.get("top_logprobs") or 0 if asks_for(body, "message.output_text.logprobs") else None,
        max_tokens=body.get("max_output_tokens"),
        previous=body.get("previous_response_id"),
        kept=body.get("store") is not False,
        body=body,
    )


def asks_for(body: dict[str, Any], what: str) -> bool:
    """Whether `include` names this."""
    return what in (body.get("include") or ())


def custom_names(body: dict[str, Any]) -> set[str]:
    """Names of the tools that take plain text."""
    return {tool["name"] for tool in body.get("tools") or () if tool.get("type") == "custom"}


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


_FETCHES: dict[str, dict[str, Any]] = {
    "GET": {},
    "GET input_items": {"part": "input_items"},
    "POST cancel": {"part": "cancelled", "cancelled": True},
    "DELETE": {"part": "deleted"},
}
"""What can be done with an earlier answer, and what the question's body then says of it."""


def _fetch(what: str, id: str, query: str) -> Question:
    """An earlier answer is wanted again."""
    if what not in _FETCHES:
        raise Refused(problem("not_found", f"the simulator does not {what} responses"))
    asked = parse_qs(query)
    after = int(asked.get("starting_after", ["-1"])[0])
    body = {"starting_after": after, "order": asked.get("order", ["desc"])[0], "part": None, **_FETCHES[what]}
    stream = asked.get("stream") == ["true"]
    return Question("", [], stream=stream, fetched=id, forgotten=what == "DELETE", body=body)


def _check(body: dict[str, Any]) -> None:
    for name in body.keys() - _KNOWN:
        raise _refused(f"Unknown parameter: '{name}'.")
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise _refused("Missing required parameter: 'model'.")
    if not isinstance(body.get("input"), str) and not is_list(body.get("input")) and not body.get("prompt"):
        raise _refused("Missing required parameter: 'input'.")
    if asks_for(body, "message.output_text.logprobs") is False and body.get("top_logprobs"):
        raise _refused("'top_logprobs' needs 'message.output_text.logprobs' in 'include'.")
    for tool in body.get("tools") or ():
        if "function" in tool:
            raise _refused("Missing required parameter: 'tools[0].name'.")


def _messages(body: dict[str, Any]) -> list[BaseMessage]:
    system: list[BaseMessage] = [SystemMessage(body["instructions"])] if body.get("instructions") else []
    given: Any = body.get("input") or []
    if isinstance(given, str):
        return [*system, HumanMessage(given)]
    if not all(is_object(item) for item in given):
        raise _refused("Invalid type for 'input': expected a string or an array of objects.")
    continues = body.get("previous_response_id") is not None
    check_items(given, stored=body.get("store") is not False, continues=continues)
    return [*system, *messages_of(given)]


def _tool(given: dict[str, Any]) -> ToolSpec:
    parameters = _ONE_TEXT if given["type"] == "custom" else given.get("parameters") or _NO_ARGUMENTS
    return ToolSpec(given["name"], given.get("description") or "", parameters)


def _choice(given: Any) -> Any:
    if is_object(given):
        if isinstance(given.get("name"), str):
            return NamedTool(given["name"])
        return "any" if given.get("mode") == "required" else "auto"
    return {"none": "none", "required": "any"}.get(given or "auto", "auto")


def _schema(format: Any) -> dict[str, Any] | None:
    if not is_object(format) or format.get("type") in (None, "text"):
        return None
    if format["type"] == "json_schema" and not (isinstance(format.get("name"), str) and is_object(format.get("schema"))):
        raise _refused("Missing required parameter: 'text.format.name' and 'text.format.schema'.")
    return format.get("schema") or {}


def _reasoning(asked: dict[str, Any]) -> bool | None:
    effort = asked.get("effort")
    if effort is not None:
        return effort != "none"
    return True if asked.get("summary") else None

"""The dialect of OpenAI chat completions and of the many servers that speak it (wire sheet: openai_chat).

Reasoning goes out as `reasoning_content` and tools that the server runs as `executed_tools`, as compatible
servers send them (wire sheet: openai_compatible §1, §5): api.openai.com itself has neither on this API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from chatkit.codec import NamedTool, ToolSpec
from chatkit.errors import InputError
from chatkit.jsons import dumps, encode, is_list, is_object
from chatkit.messages.coerce import to_messages
from chatkit.simulator.dialect import Frame, Limits, Refused, body_of, sse
from chatkit.simulator.logprobs import logprobs_of
from chatkit.simulator.problem import Problem, problem
from chatkit.simulator.question import Question
from chatkit.simulator.reply import Answer, args_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.codec import Request
    from chatkit.simulator.dialect import Part

__all__ = ["OpenAIChat"]

CREATED = 1_764_000_000
"""A fixed time, so that the same question always gets the same bytes."""

_WORDS: dict[str, tuple[str, str | None]] = {
    "bad_request": ("invalid_request_error", None),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "content_filter": ("invalid_request_error", "content_filter"),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "permission": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("server_error", "server_is_overloaded"),
    "unavailable": ("server_error", "server_is_overloaded"),
}


class OpenAIChat:
    """`POST .../chat/completions`."""

    name = "openai_chat"
    path = re.compile(r"(?:/[\w.\-]+)*/chat/completions")
    call_prefix = "call_"
    stream_type = "text/event-stream; charset=utf-8"
    comment = b": keep-alive\n\n"

    def read(self, request: Request) -> Question:
        body = body_of(request)
        return Question(
            model=_text(body, "model"),
            messages=_messages(body.get("messages")),
            stream=body.get("stream") is True,
            tools=_tools(body.get("tools")),
            server_tools=_server_tools(body),
            tool_choice=_choice(body.get("tool_choice")),
            parallel_tool_calls=body.get("parallel_tool_calls") is not False,
            schema=_schema(body.get("response_format")),
            reasoning=_reasoning(body),
            logprobs=(body.get("top_logprobs") or 0) if body.get("logprobs") else None,
            stop=[body["stop"]] if isinstance(body.get("stop"), str) else body.get("stop") or [],
            max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
            body=body,
        )

    def whole(self, question: Question, answer: Answer) -> bytes:
        choice = {
            "index": 0,
            "message": _message(answer),
            "logprobs": _logprobs(question, answer.text),
            "finish_reason": answer.finish,
        }
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion", **_facts(question)}
        return encode({**head, "choices": [choice], "usage": _usage(answer)})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion.chunk", **_facts(question)}
        options = question.body.get("stream_options")
        with_usage = is_object(options) and options.get("include_usage") is True
        tail = {"usage": None} if with_usage else {}

        def chunk(delta: dict[str, Any], part: Part = "output", finish: str | None = None, logprobs: Any = None) -> Frame:
            choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
            return Frame(sse({**head, "choices": [choice], **tail}), part)

        yield chunk({"role": "assistant", "content": None if _only_calls(answer) else "", "refusal": None}, "start")
        for delta in _deltas(answer):
            yield chunk(delta, logprobs=_logprobs(question, delta.get("content"), answer.piece))
        yield chunk({}, "finish", answer.finish)
        if with_usage:
            yield Frame(sse({**head, "choices": [], "usage": _usage(answer)}), "finish")
        yield Frame(sse("[DONE]"), "end")

    def error(self, problem: Problem) -> bytes:
        return encode({"error": _error(problem)})

    def error_frame(self, problem: Problem) -> bytes:
        return sse({"error": _error(problem)})

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        request_id = question.name("req_") if question else "req_simulated"
        headers = {"x-request-id": request_id, "openai-version": "2020-10-01"}
        for name, most, left, reset in (
            ("requests", limits.requests, limits.requests_left, limits.requests_reset),
            ("tokens", limits.tokens, limits.tokens_left, limits.tokens_reset),
        ):
            if most is not None:
                headers[f"x-ratelimit-limit-{name}"] = str(most)
                headers[f"x-ratelimit-remaining-{name}"] = str(left)
                headers[f"x-ratelimit-reset-{name}"] = f"{max(0, round(reset * 1000))}ms"
        return headers


# Reading.


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
        return to_messages(value)
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
    return described.get("schema") or {} if is_object(described) else {}


def _reasoning(body: dict[str, Any]) -> bool | None:
    effort = body.get("reasoning_effort")
    return None if effort is None else effort != "none"


# Writing.


def _facts(question: Question) -> dict[str, Any]:
    return {"created": CREATED, "model": question.model, "service_tier": "default", "system_fingerprint": "fp_simulator"}


def _only_calls(answer: Answer) -> bool:
    return not answer.text and bool(answer.of_type("tool_call"))


def _message(answer: Answer) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if _only_calls(answer) else answer.text, "refusal": None}
    message["annotations"] = [_annotation(note) for block in answer.of_type("text") for note in block.get("annotations") or ()]
    if thought := "".join(block["reasoning"] for block in answer.of_type("reasoning")):
        message["reasoning_content"] = thought
    if executed := _executed(answer):
        message["executed_tools"] = executed
    if calls := [_call(block) for block in answer.of_type("tool_call")]:
        message["tool_calls"] = calls
    return message


def _call(block: dict[str, Any]) -> dict[str, Any]:
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": args_text(block)}}


def _annotation(note: dict[str, Any]) -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": {key: note.get(key) for key in ("start_index", "end_index", "url", "title")}}


def _executed(answer: Answer) -> list[dict[str, Any]]:
    results = {block["tool_call_id"]: block.get("output") for block in answer.of_type("server_tool_result")}
    return [_executed_tool(nth, block, results.get(block["id"])) for nth, block in enumerate(answer.of_type("server_tool_call"))]


def _executed_tool(nth: int, block: dict[str, Any], output: Any) -> dict[str, Any]:
    shown = output if isinstance(output, str) else dumps(output)
    return {"index": nth, "type": block["name"], "name": block["name"], "arguments": args_text(block), "output": shown}


def _deltas(answer: Answer) -> Iterator[dict[str, Any]]:
    """What the chunks say, one after the other."""
    if executed := _executed(answer):
        yield {"executed_tools": executed}
    calls = 0
    for block in answer.blocks:
        match block["type"]:
            case "reasoning":
                yield from ({"reasoning_content": piece} for piece in answer.text_pieces(block["reasoning"]))
            case "text":
                yield from ({"content": piece} for piece in answer.text_pieces(block["text"]))
                if notes := block.get("annotations"):
                    yield {"annotations": [_annotation(note) for note in notes]}
            case "tool_call":
                yield from _call_deltas(answer, block, calls)
                calls += 1
            case _:
                pass


def _call_deltas(answer: Answer, block: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
    opening = {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": ""}}
    yield {"tool_calls": [{"index": index, **opening}]}
    for piece in answer.args_pieces(block):
        yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}


def _logprobs(question: Question, text: str | None, size: int | None = None) -> dict[str, Any] | None:
    if question.logprobs is None or not text:
        return None
    return {"content": logprobs_of(text, question.logprobs, size), "refusal": None}


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    taken: dict[str, int] = usage.get("input_token_details") or {}
    given: dict[str, int] = usage.get("output_token_details") or {}
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"],
        "total_tokens": usage["total_tokens"],
        "prompt_tokens_details": {"cached_tokens": taken.get("cache_read", 0), "audio_tokens": taken.get("audio", 0)},
        "completion_tokens_details": {
            "reasoning_tokens": given.get("reasoning", 0),
            "audio_tokens": given.get("audio", 0),
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _error(problem: Problem) -> dict[str, Any]:
    kind, code = _WORDS.get(problem.kind, ("server_error", None))
    return {"message": problem.message, "type": kind, "param": None, "code": code}

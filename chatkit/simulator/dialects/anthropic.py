"""The dialect of the Anthropic Messages API, at its own address and at Vertex AI's (wire sheet: anthropic)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chatkit.dialects.anthropic.citations import locations_of
from chatkit.jsons import encode, is_list, is_object
from chatkit.simulator.dialects.anthropic_question import VERTEX_PATH, question_of
from chatkit.simulator.dialects.dialect import Frame, Limits, sse
from chatkit.simulator.reply import Answer, args_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.codec import Request
    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

__all__ = ["Anthropic"]

_WORDS = {
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "timeout": "timeout_error",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_error",
    "quota": "rate_limit_error",
    "server": "api_error",
    "bad_gateway": "api_error",
    "unavailable": "api_error",
    "overloaded": "overloaded_error",
}
_FINISHES = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "refusal"}


class Anthropic:
    """`POST .../v1/messages`, and `.../publishers/anthropic/models/{model}:rawPredict` and `:streamRawPredict`."""

    name = "anthropic"
    path = re.compile(rf"(?:/[\w.\-]+)*/v1/messages|{VERTEX_PATH.pattern}")
    call_prefix = "toolu_"
    stream_type = "text/event-stream; charset=utf-8"
    comment = sse({"type": "ping"}, "ping")

    def read(self, request: Request) -> Question:
        return question_of(request)

    def whole(self, question: Question, answer: Answer) -> bytes:
        content = [_block(block) for block in answer.sendable(question, _WRITERS)]
        return encode(_message(question, content=content, usage=_usage(answer), **_end(answer)))

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        begun = {**_usage(answer), "output_tokens": 1}
        yield _frame("message_start", "start", message=_message(question, content=[], stop_reason=None, usage=begun))
        for index, block in enumerate(answer.sendable(question, _WRITERS)):
            part: Part = "output" if block["type"] in _WHOLE else "start"
            yield _frame("content_block_start", part, index=index, content_block=_opening(block))
            for delta in _deltas(block, answer):
                yield _frame("content_block_delta", "output", index=index, delta=delta)
            yield _frame("content_block_stop", "start", index=index)
        yield _frame("message_delta", "finish", delta={**_end(answer), "stop_details": None}, usage=_usage(answer))
        yield _frame("message_stop", "end")

    def error(self, problem: Problem) -> bytes:
        return encode(_error(problem))

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return sse(_error(problem), "error")

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        headers = {"request-id": question.name("req_") if question else "req_simulated"}
        for name, most, left, reset in (
            ("requests", limits.requests, limits.requests_left, limits.requests_reset),
            ("tokens", limits.tokens, limits.tokens_left, limits.tokens_reset),
        ):
            if most is not None:
                full_again = datetime.now(UTC) + timedelta(seconds=reset)
                headers[f"anthropic-ratelimit-{name}-limit"] = str(most)
                headers[f"anthropic-ratelimit-{name}-remaining"] = str(left)
                headers[f"anthropic-ratelimit-{name}-reset"] = full_again.strftime("%Y-%m-%dT%H:%M:%SZ")
        return headers


def _frame(kind: str, part: Part, **fields: Any) -> Frame:
    return Frame(sse({"type": kind, **fields}, kind), part)


def _message(question: Question, **fields: Any) -> dict[str, Any]:
    head = {"id": question.answer_id, "type": "message", "role": "assistant", "model": question.model}
    return {**head, "stop_sequence": None, "stop_details": None, **fields}


def _end(answer: Answer) -> dict[str, Any]:
    reason = _FINISHES.get(answer.finish, answer.finish) if answer.stopped is None else "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": answer.stopped}


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    taken: dict[str, int] = usage.get("input_token_details") or {}
    given: dict[str, int] = usage.get("output_token_details") or {}
    read, written = taken.get("cache_read", 0), taken.get("cache_creation", 0)
    called = [block["name"] for block in answer.of_type("server_tool_call")]
    ran = {name: called.count(name) for name in ("web_search", "web_fetch")}
    return {
        "input_tokens": usage["input_tokens"] - read - written,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "output_tokens": usage["output_tokens"],
        "output_tokens_details": {"thinking_tokens": given.get("reasoning", 0)},
        "service_tier": "standard",
        **({"server_tool_use": {f"{name}_requests": count for name, count in ran.items()}} if any(ran.values()) else {}),
    }


def _error(problem: Problem) -> dict[str, Any]:
    error = {"type": _WORDS.get(problem.kind, "invalid_request_error"), "message": problem.message}
    code = problem.code or ("enforced_spend_limit_reached" if problem.kind == "quota" else None)
    return {"type": "error", "error": {**error, **({"details": {"error_code": code}} if code else {})}}


# Blocks, whole.


def _block(block: dict[str, Any]) -> dict[str, Any]:
    return _WRITERS[block["type"]](block)


def _text(block: dict[str, Any]) -> dict[str, Any]:
    citations = _citations(block)
    return {"type": "text", "text": block["text"], **({"citations": citations} if citations else {})}


def _citations(block: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for note in block.get("annotations") or ():
        own = locations_of([note])
        shown = {key: note.get(key) for key in ("url", "title", "cited_text")}
        found += own or [{"type": "web_search_result_location", **shown, "encrypted_index": "simulated"}]
    return found


def _thinking(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "thinking", "thinking": block.get("reasoning") or "", **block["extras"]}


def _call(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_use", "id": block["id"], "name": block["name"], "input": args_object(block)}


def _server_call(block: dict[str, Any]) -> dict[str, Any]:
    return {**_call(block), "type": "server_tool_use", "id": _server_id(block["id"])}


def _server_result(block: dict[str, Any]) -> dict[str, Any]:
    head = {"tool_use_id": _server_id(block["tool_call_id"])}
    output = block.get("output")
    if is_list(output):
        found = [{**hit, "type": "web_search_result", "encrypted_content": "simulated", "page_age": None} for hit in output]
        return {"type": "web_search_tool_result", **head, "content": found}
    ran: dict[str, Any] = {"type": "code_execution_result", "stdout": str(output), "stderr": "", "return_code": 0, "content": []}
    return {"type": "code_execution_tool_result", **head, "content": output if is_object(output) else ran}


def _server_id(id: str) -> str:
    return id if id.startswith("srvtoolu_") else f"srvtoolu_{id}"


def _verbatim(block: dict[str, Any]) -> dict[str, Any]:
    return block["value"]


_WRITERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {  # the API gives neither images nor sound
    "text": _text,
    "reasoning": _thinking,
    "tool_call": _call,
    "server_tool_call": _server_call,
    "server_tool_result": _server_result,
    "non_standard": _verbatim,
}

_WHOLE = frozenset({"server_tool_result", "non_standard"})
"""Blocks that a stream sends in one piece."""


# Blocks, streamed.


def _opening(block: dict[str, Any]) -> dict[str, Any]:
    """A block as its first event shows it: with everything that comes in pieces still empty."""
    opening = {**_block(block), **_EMPTY.get(block["type"], {})}
    return {**opening, "citations": []} if block["type"] == "text" and "citations" in opening else opening


_EMPTY: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "reasoning": {"thinking": "", "signature": ""},
    "tool_call": {"input": {}},
    "server_tool_call": {"input": {}},
}


def _deltas(block: dict[str, Any], answer: Answer) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            yield from ({"type": "citations_delta", "citation": citation} for citation in _citations(block))
            yield from ({"type": "text_delta", "text": piece} for piece in answer.text_pieces(block["text"]))
        case "reasoning":
            thought = _thinking(block)
            yield from ({"type": "thinking_delta", "thinking": piece} for piece in answer.text_pieces(thought["thinking"]))
            yield {"type": "signature_delta", "signature": thought["signature"]}
        case "tool_call" | "server_tool_call":
            yield {"type": "input_json_delta", "partial_json": ""}
            yield from ({"type": "input_json_delta", "partial_json": piece} for piece in answer.args_pieces(block))
        case _:
            pass

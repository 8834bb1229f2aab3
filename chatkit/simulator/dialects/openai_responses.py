"""The dialect of the OpenAI Responses API (wire sheet: openai_responses).

Answers are kept for `previous_response_id`, and to be fetched again: whole, or as a stream from `starting_after` on;
or their input, and they can be deleted. A response in the background is complete when it is fetched, unless it was
cancelled before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, encode
from chatkit.simulator.dialects.dialect import Frame, Limits, Refused, sse
from chatkit.simulator.dialects.openai_common import CREATED, error_of, headers_of, snapshot_of
from chatkit.simulator.dialects.openai_responses_input import listed_input
from chatkit.simulator.dialects.openai_responses_items import ItemWriter
from chatkit.simulator.dialects.openai_responses_question import PATH, question_of
from chatkit.simulator.dialects.openai_responses_stream import events_of
from chatkit.simulator.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.codec import Request
    from chatkit.simulator.dialects.openai_responses_stream import Event
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["OpenAIResponses"]

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
_CODES = {"invalid_request_error": "invalid_prompt"}
"""What a failed response says where an error has no code."""

_LOUD = frozenset({"rate_limit", "quota", "overloaded", "unavailable"})
"""Problems that a stream reports with an `error` event before `response.failed`."""


class OpenAIResponses:
    """`POST .../responses`, and `.../responses/{id}` with what can be done there."""

    name = "openai_responses"
    path = PATH
    call_prefix = "call_"
    stream_type = "text/event-stream; charset=utf-8"
    comment = b": keep-alive\n\n"

    def read(self, request: Request) -> Question:
        return question_of(request)

    def whole(self, question: Question, answer: Answer) -> bytes:
        body = question.body
        if question.fetched and body.get("part"):
            return encode(_PARTS[body["part"]](question))
        if body.get("cancelled") and body.get("background"):
            return encode(_response(question, status="cancelled"))
        if body.get("background") and not question.fetched:
            return encode(_response(question, status="queued"))
        return encode(_final(question, answer, ItemWriter(question, answer).items()))

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        after: int = question.body.get("starting_after", -1)
        for number, (name, part, fields) in enumerate(_events(question, answer)):
            if number > after:
                kind = f"response.{name}"
                yield Frame(sse({"type": kind, **fields, "sequence_number": number}, kind), part)

    def error(self, problem: Problem) -> bytes:
        return encode({"error": error_of(problem)})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        """As recorded: an `error` event, then the failed response. Some errors are told by the latter alone."""
        error, frames = error_of(problem), b""
        if problem.kind in _LOUD:
            frames = sse({"type": "error", "sequence_number": sent, "error": error}, "error")
            sent += 1
        told = {"code": error["code"] or _CODES.get(error["type"], "server_error"), "message": error["message"]}
        response = {**(_response(question, status="failed") if question else {}), "error": told}
        return frames + sse({"type": "response.failed", "sequence_number": sent, "response": response}, "response.failed")

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return headers_of(question, limits)


def _events(question: Question, answer: Answer) -> Iterator[Event]:
    begun = _response(question)
    yield "created", "start", {"response": begun}
    yield "in_progress", "start", {"response": begun}
    writer = ItemWriter(question, answer)
    items = writer.items()
    for index, item in enumerate(items):
        for name, part, fields in events_of(item, answer, writer.logprobs):
            yield name, part, {"output_index": index, **fields}
    final = _final(question, answer, items)
    yield final["status"], "end", {"response": final}


def _final(question: Question, answer: Answer, items: list[dict[str, Any]]) -> dict[str, Any]:
    reason = _REASONS.get(answer.finish)
    details = {"incomplete_details": {"reason": reason}} if reason else {"completed_at": CREATED}
    status = "incomplete" if reason else "completed"
    return {**_response(question, status=status), **details, "output": items, "usage": _usage(answer)}


def _cancelled(question: Question) -> dict[str, Any]:
    if not question.body.get("background"):
        raise Refused(problem("bad_request", "Cannot cancel a synchronous response."))
    return _response(question, status="cancelled")


def _deleted(question: Question) -> dict[str, Any]:
    return {"id": question.fetched, "object": "response", "deleted": True}


def _input_items(question: Question) -> dict[str, Any]:
    """What was asked, item by item: the last first, unless they are wanted in ascending order."""
    items = [{"id": question.name("msg_", nth), **item} for nth, item in enumerate(listed_input(question.body))]
    items = items if question.body.get("order") == "asc" else items[::-1]
    ends = {"first_id": items[0]["id"], "last_id": items[-1]["id"]} if items else {"first_id": None, "last_id": None}
    return {"object": "list", "data": items, "has_more": False, **ends}


_PARTS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "cancelled": _cancelled,
    "deleted": _deleted,
    "input_items": _input_items,
}


def _response(question: Question, *, status: str = "in_progress") -> dict[str, Any]:
    """The response object, without what the answer brings."""
    body, reasoning = question.body, as_object(question.body.get("reasoning"))
    asked = {name: body.get(name) for name in ("instructions", "max_output_tokens", "previous_response_id", "user")}
    return {
        "id": question.answer_id,
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": bool(body.get("background")),
        "error": None,
        "incomplete_details": None,
        **asked,
        "model": snapshot_of(question.model),
        "output": [],
        "parallel_tool_calls": question.parallel_tool_calls,
        "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
        "service_tier": "default",
        "store": question.kept,
        "temperature": body.get("temperature", 1.0),
        "text": body.get("text") or {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "truncation": body.get("truncation") or "disabled",
        "usage": None,
        "metadata": body.get("metadata") or {},
    }


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    taken, given = as_object(usage.get("input_token_details")), as_object(usage.get("output_token_details"))
    return {
        "input_tokens": usage["input_tokens"],
        "input_tokens_details": {
            "cached_tokens": taken.get("cache_read", 0),
            "cache_write_tokens": taken.get("cache_creation", 0),
        },
        "output_tokens": usage["output_tokens"],
        "output_tokens_details": {"reasoning_tokens": given.get("reasoning", 0)},
        "total_tokens": usage["total_tokens"],
    }

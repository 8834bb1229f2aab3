"""The dialect of Cohere's chat API, version 2 (wire sheet: cohere)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, encode
from chatkit.simulator.dialects.cohere_question import question_of
from chatkit.simulator.dialects.dialect import Frame, Limits, body_of, sse
from chatkit.simulator.logprobs import logprobs_of
from chatkit.simulator.reply import Answer, args_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.codec import Request
    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

__all__ = ["Cohere"]

_FINISHES = {"stop": "COMPLETE", "tool_calls": "TOOL_CALL", "length": "MAX_TOKENS"}
_FIELDS = {"text": ("text", "text"), "reasoning": ("thinking", "reasoning")}
"""Blocks that are content parts: the part's type (and field), the block's field."""


class Cohere:
    """`POST .../v2/chat`."""

    name = "cohere"
    path = re.compile(r"(?:/[\w.\-]+)*/v2/chat")
    call_prefix = "call_"
    stream_type = "text/event-stream"
    comment = b": keep-alive\n\n"

    def read(self, request: Request) -> Question:
        return question_of(body_of(request))

    def whole(self, question: Question, answer: Answer) -> bytes:
        content = [_content(block) for block in _parts(answer)]
        message: dict[str, Any] = {
            "role": "assistant",
            "content": content or None,
            "tool_plan": _plan(answer) or None,
            "tool_calls": [_call(block) for block in answer.of_type("tool_call")] or None,
            "citations": _citations(answer) or None,
        }
        said = {name: value for name, value in message.items() if value is not None}
        entries = [entry for block in _parts(answer) for entry in _logprobs(question, block.get("text"), answer.piece)]
        return encode({"id": _id(question), "message": said, **_end(answer), **({"logprobs": entries} if entries else {})})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        empty: dict[str, Any] = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
        yield _frame("message-start", "start", empty, id=_id(question))
        for piece in answer.text_pieces(_plan(answer)):
            yield _frame("tool-plan-delta", "output", {"tool_plan": piece})
        for index, block in enumerate(_parts(answer)):
            yield from _part_frames(index, block, question, answer)
        for index, block in enumerate(answer.of_type("tool_call")):
            yield from _call_frames(index, block, answer)
        for index, citation in enumerate(_citations(answer)):
            yield _frame("citation-start", "output", {"citations": citation}, index=index)
            yield Frame(_event("citation-end", index=index), "start")
        yield Frame(_event("message-end", delta=_end(answer)), "end")

    def error(self, problem: Problem) -> bytes:
        return encode({"message": problem.message, "id": "simulated"})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return _event("message-end", delta={"finish_reason": "ERROR", "error": problem.message})

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return {"x-debug-trace-id": question.name("trace-") if question else "trace-simulated"}


def _event(kind: str, **fields: Any) -> bytes:
    return sse({"type": kind, **fields}, kind)


def _frame(kind: str, part: Part, message: dict[str, Any], **fields: Any) -> Frame:
    return Frame(_event(kind, **fields, delta={"message": message}), part)


def _id(question: Question) -> str:
    return question.name("")


def _plan(answer: Answer) -> str:
    """What is said before calls is a plan."""
    return answer.text if answer.of_type("tool_call") else ""


def _parts(answer: Answer) -> list[dict[str, Any]]:
    """The blocks that are content parts; empty ones do not come."""
    kinds = ("reasoning",) if answer.of_type("tool_call") else ("reasoning", "text")
    return [block for block in answer.of_type(*kinds) if block.get(_FIELDS[block["type"]][1])]


def _content(block: dict[str, Any]) -> dict[str, Any]:
    kind, field = _FIELDS[block["type"]]
    return {"type": kind, kind: block[field]}


def _call(block: dict[str, Any]) -> dict[str, Any]:
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": args_text(block)}}


def _citations(answer: Answer) -> list[dict[str, Any]]:
    return [
        _citation(note, index, nth)
        for index, block in enumerate(_parts(answer))
        for nth, note in enumerate(block.get("annotations") or ())
    ]


def _citation(note: dict[str, Any], index: int, nth: int) -> dict[str, Any]:
    document = {"id": f"doc:{nth}", **{name: note[name] for name in ("title", "url") if note.get(name)}}
    return {
        "start": note.get("start_index") or 0,
        "end": note.get("end_index") or 0,
        "text": note.get("cited_text") or "",
        "type": "TEXT_CONTENT",
        "content_index": index,
        "sources": [{"type": "document", "id": document["id"], "document": document}],
    }


def _part_frames(index: int, block: dict[str, Any], question: Question, answer: Answer) -> Iterator[Frame]:
    kind, field = _FIELDS[block["type"]]
    yield _frame("content-start", "start", {"content": {"type": kind, kind: ""}}, index=index)
    for piece in answer.text_pieces(block[field]):
        entries = _logprobs(question, piece if kind == "text" else None, answer.piece)
        more = {"logprobs": entries[0]} if entries else {}
        yield _frame("content-delta", "output", {"content": {kind: piece}}, index=index, **more)
    yield Frame(_event("content-end", index=index), "start")


def _call_frames(index: int, block: dict[str, Any], answer: Answer) -> Iterator[Frame]:
    call = _call(block)
    begun = {**call, "function": {**call["function"], "arguments": ""}}
    yield _frame("tool-call-start", "start", {"tool_calls": begun}, index=index)
    for piece in answer.args_pieces(block):
        yield _frame("tool-call-delta", "output", {"tool_calls": {"function": {"arguments": piece}}}, index=index)
    yield Frame(_event("tool-call-end", index=index), "start")


def _logprobs(question: Question, text: str | None, size: int | None) -> list[dict[str, Any]]:
    if question.logprobs is None or not text:
        return []
    return [
        {"token_ids": list(entry["bytes"][:1]), "text": entry["token"], "logprobs": [entry["logprob"]]}
        for entry in logprobs_of([text], 0, size)
    ]


def _end(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    counts = {"input_tokens": usage["input_tokens"], "output_tokens": usage["output_tokens"]}
    given, thought = as_object(usage.get("input_token_details")), as_object(usage.get("output_token_details"))
    tokens = {**counts, **({"reasoning_tokens": thought["reasoning"]} if thought.get("reasoning") else {})}
    return {
        "finish_reason": _FINISHES.get(answer.finish, "COMPLETE"),
        "usage": {"billed_units": counts, "tokens": tokens, "cached_tokens": given.get("cache_read", 0)},
    }

"""The dialect of Ollama's native chat API: one JSON object a line (wire sheet: ollama)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import encode
from chatkit.simulator.dialects.dialect import Frame, Limits, body_of
from chatkit.simulator.dialects.ollama_question import question_of
from chatkit.simulator.logprobs import logprobs_of
from chatkit.simulator.reply import Answer, args_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

__all__ = ["Ollama"]

CREATED_AT = "2025-11-24T16:00:00Z"
"""A fixed time, so that the same question always gets the same bytes."""

_FINISHES = {"tool_calls": "stop", "content_filter": "stop"}
_TOKEN_TIME = 10_000_000  # nanoseconds


class Ollama:
    """`POST .../api/chat`."""

    name = "ollama"
    path = re.compile(r"(?:/[\w.\-]+)*/api/chat")
    call_prefix = "call_"
    stream_type = "application/x-ndjson"
    comment = b""

    def read(self, request: Request) -> Question:
        return question_of(body_of(request))

    def whole(self, question: Question, answer: Answer) -> bytes:
        if not question.messages:
            return encode(_only_loaded(question))
        message: dict[str, Any] = {"content": answer.text}
        thought = "".join(block["reasoning"] for block in answer.of_type("reasoning"))
        if thought:
            message["thinking"] = thought
        if calls := [_call(nth, block) for nth, block in enumerate(answer.of_type("tool_call"))]:
            message["tool_calls"] = calls
        return encode({**_line(question, message), **_logprobs(question, answer.texts, answer.piece), **_end(answer)})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        if not question.messages:
            yield Frame(encode(_only_loaded(question)) + b"\n", "end")
            return
        for message in _pieces(answer):
            more = _logprobs(question, [message.get("content")], answer.piece)
            yield Frame(encode({**_line(question, {"content": "", **message}), **more, "done": False}) + b"\n")
        yield Frame(encode({**_line(question, {"content": ""}), **_end(answer)}) + b"\n", "end")

    def error(self, problem: Problem) -> bytes:
        signin = {"signin_url": "https://ollama.com/connect"} if problem.kind == "authentication" else {}
        return encode({"error": problem.message, **signin})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return encode({"error": problem.message, "status": problem.status}) + b"\n"

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return {}


def _line(question: Question, message: dict[str, Any]) -> dict[str, Any]:
    return {"model": question.model, "created_at": CREATED_AT, "message": {"role": "assistant", **message}}


def _only_loaded(question: Question) -> dict[str, Any]:
    """A request without messages loads the model, or unloads it with `keep_alive` 0."""
    reason = "unload" if question.body.get("keep_alive") == 0 else "load"
    return {**_line(question, {"content": ""}), "done_reason": reason, "done": True}


def _pieces(answer: Answer) -> Iterator[dict[str, Any]]:
    """What the lines say, one after the other; a call comes whole."""
    calls = 0
    for block in answer.blocks:
        match block["type"]:
            case "reasoning":
                yield from ({"thinking": piece} for piece in answer.text_pieces(block["reasoning"]))
            case "text":
                yield from ({"content": piece} for piece in answer.text_pieces(block["text"]))
            case "tool_call":
                yield {"tool_calls": [_call(calls, block)]}
                calls += 1
            case _:
                pass


def _call(nth: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"id": block["id"], "function": {"index": nth, "name": block["name"], "arguments": args_object(block)}}


def _logprobs(question: Question, texts: Sequence[str | None], size: int | None) -> dict[str, Any]:
    if question.logprobs is None or not any(texts):
        return {}
    return {"logprobs": logprobs_of(texts, question.logprobs, size)}


def _end(answer: Answer) -> dict[str, Any]:
    """The last line's metrics. Counts of zero are left out, as Ollama does."""
    taken, given = answer.usage["input_tokens"], answer.usage["output_tokens"]
    counts = {"prompt_eval_count": taken, "eval_count": given}
    times = {"prompt_eval_duration": taken * _TOKEN_TIME, "eval_duration": given * _TOKEN_TIME}
    return {
        "done": True,
        "done_reason": _FINISHES.get(answer.finish, answer.finish),
        "total_duration": sum(times.values()),
        "load_duration": 0,
        **{name: count for name, count in {**counts, **times}.items() if count},
    }

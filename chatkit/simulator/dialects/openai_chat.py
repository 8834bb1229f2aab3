"""The dialect of OpenAI chat completions and of the many servers that speak it (wire sheet: openai_chat).

Reasoning goes out as `reasoning_content` and tools that the server runs as `executed_tools`, as compatible
servers send them (wire sheet: openai_compatible §1, §5): api.openai.com itself has neither on this API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import encode, is_object
from chatkit.simulator.dialects.dialect import Frame, Limits, body_of, sse
from chatkit.simulator.dialects.openai_chat_message import MessageWriter
from chatkit.simulator.dialects.openai_chat_question import question_of
from chatkit.simulator.dialects.openai_chat_relatives import is_mistral
from chatkit.simulator.dialects.openai_common import CREATED, error_of, headers_of, snapshot_of
from chatkit.simulator.logprobs import logprobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["OpenAIChat"]


class OpenAIChat:
    """`POST .../chat/completions`."""

    name = "openai_chat"
    path = re.compile(r"(?:/[\w.\-]+)*/chat/completions|/v1/chat")  # the latter is Writer's
    call_prefix = "call_"
    stream_type = "text/event-stream; charset=utf-8"
    comment = b": keep-alive\n\n"

    def read(self, request: Request) -> Question:
        return question_of(body_of(request))

    def whole(self, question: Question, answer: Answer) -> bytes:
        choice = {
            "message": MessageWriter(question, answer).message(),
            "logprobs": _logprobs(question, answer.texts, answer.piece),
            "finish_reason": answer.finish,
        }
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion", **_facts(question)}
        choices = [{"index": index, **choice} for index in range(_wanted(question))]
        return encode({**head, "choices": choices, "usage": _usage(answer, len(choices))})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion.chunk", **_facts(question)}
        options = question.body.get("stream_options")
        with_usage = is_object(options) and options.get("include_usage") is True
        usage = _usage(answer, _wanted(question))
        last = {"usage": usage} if is_mistral(question.model) else {}
        tail = {"usage": None} if with_usage else {}

        def chunks(delta: dict[str, Any], part: Part, finish: str | None = None, **more: Any) -> Iterator[Frame]:
            said = delta.get("content")
            logprobs = _logprobs(question, [said if isinstance(said, str) else None], answer.piece)
            for index in range(_wanted(question)):
                choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
                yield Frame(sse({**head, "choices": [choice], **tail, **more}), part)

        writer = MessageWriter(question, answer)
        yield from chunks({"role": "assistant", "content": writer.no_text, "refusal": None}, "start")
        for delta in writer.deltas():
            yield from chunks(delta, "output")
        yield from chunks({}, "finish", answer.finish, **last)
        if with_usage:
            yield Frame(sse({**head, "choices": [], "usage": usage}), "finish")
        yield Frame(sse("[DONE]"), "end")

    def error(self, problem: Problem) -> bytes:
        return encode({"error": error_of(problem)})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return sse({"error": error_of(problem)})

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return headers_of(question, limits)


def _wanted(question: Question) -> int:
    """How many choices; all of them say the same."""
    return question.body.get("n") or 1


def _facts(question: Question) -> dict[str, Any]:
    return {
        "created": CREATED,
        "model": snapshot_of(question.model),
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }


def _logprobs(question: Question, texts: Sequence[str | None], size: int | None) -> dict[str, Any] | None:
    if question.logprobs is None or not any(texts):
        return None
    return {"content": logprobs_of(texts, question.logprobs, size), "refusal": None}


def _usage(answer: Answer, choices: int) -> dict[str, Any]:
    usage = answer.usage
    taken: dict[str, int] = usage.get("input_token_details") or {}
    given: dict[str, int] = usage.get("output_token_details") or {}
    return {
        "prompt_tokens": usage["input_tokens"],
        "completion_tokens": usage["output_tokens"] * choices,
        "total_tokens": usage["total_tokens"] + usage["output_tokens"] * (choices - 1),
        "prompt_tokens_details": {"cached_tokens": taken.get("cache_read", 0), "audio_tokens": taken.get("audio", 0)},
        "completion_tokens_details": {
            "reasoning_tokens": given.get("reasoning", 0) * choices,
            "audio_tokens": given.get("audio", 0),
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }

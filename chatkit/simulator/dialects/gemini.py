"""The dialect of Gemini's generateContent, at the Gemini API and at Vertex AI (wire sheet: google_genai).

Keys and signatures are not checked, but where the API wants a signature there must be one.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.jsons import as_object, encode
from chatkit.simulator.dialects.dialect import Frame, Limits
from chatkit.simulator.dialects.gemini_parts import grounding_of, part_of, pieces_of
from chatkit.simulator.dialects.gemini_question import PATH, question_of
from chatkit.simulator.logprobs import logprobs_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["Gemini"]

_WORDS = {
    "authentication": "UNAUTHENTICATED",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "timeout": "DEADLINE_EXCEEDED",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "quota": "RESOURCE_EXHAUSTED",
    "server": "INTERNAL",
    "bad_gateway": "INTERNAL",
    "overloaded": "UNAVAILABLE",
    "unavailable": "UNAVAILABLE",
}
_FINISHES = {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
_QUOTAS = {"rate_limit": "GenerateRequestsPerMinutePerProjectPerModel", "quota": "GenerateRequestsPerDayPerProjectPerModel"}
_RPC = "type.googleapis.com/google.rpc."


class Gemini:
    """`POST .../models/{model}:generateContent` and `:streamGenerateContent?alt=sse`."""

    name = "gemini"
    path = PATH
    call_prefix = "fc_"
    stream_type = "text/event-stream"
    comment = b""

    def read(self, request: Request) -> Question:
        return question_of(request)

    def whole(self, question: Question, answer: Answer) -> bytes:
        parts = [part for block in _signed(question, answer) if (part := part_of(block, question)) is not None]
        return encode(_response(question, parts, answer.usage, **_end(answer), **_logprobs(question, answer.texts, answer.piece)))

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        before: dict[str, Any] = {**answer.usage, "output_tokens": 0, "output_token_details": {}}
        for block in _signed(question, answer):
            for part in pieces_of(block, question, answer):
                said = part.get("text") if not part.get("thought") else None
                yield Frame(_event(_response(question, [part], before, **_logprobs(question, [said], answer.piece))))
        yield Frame(_event(_response(question, [{"text": ""}], answer.usage, **_end(answer))), "end")

    def error(self, problem: Problem) -> bytes:
        return encode(_error(problem))

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return _event(_error(problem))

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return {"server-timing": "gfet4t7; dur=10"}


def _event(data: dict[str, Any]) -> bytes:
    return b"data: %s\r\n\r\n" % encode(data)


def _response(question: Question, parts: list[dict[str, Any]], usage: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    """A whole answer, or a piece of one."""
    wanted = as_object(question.body.get("generationConfig")).get("candidateCount") or 1
    content = {"parts": parts, "role": "model"}
    return {
        "candidates": [{"content": content, "index": index, **candidate} for index in range(wanted)],
        "usageMetadata": _usage(usage, wanted),
        "modelVersion": question.model,
        "responseId": question.name(""),
    }


def _end(answer: Answer) -> dict[str, Any]:
    """What the last piece tells."""
    end: dict[str, Any] = {"finishReason": _FINISHES.get(answer.finish, answer.finish)}
    if answer.finish == "tool_calls":
        end["finishMessage"] = "Model generated function call(s)."
    grounding = grounding_of(answer)
    return {**end, "groundingMetadata": grounding} if grounding else end


def _usage(usage: dict[str, Any], candidates: int) -> dict[str, Any]:
    """The totals of so many candidates that all say the same; those that are zero are left out."""
    thoughts = as_object(usage.get("output_token_details")).get("reasoning", 0) * candidates
    cached = as_object(usage.get("input_token_details")).get("cache_read", 0)
    prompt, given = usage["input_tokens"], usage["output_tokens"] * candidates
    counts = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": given - thoughts,
        "thoughtsTokenCount": thoughts,
        "cachedContentTokenCount": cached,
        "totalTokenCount": prompt + given,
    }
    return {
        **{name: count for name, count in counts.items() if count},
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
    }


def _logprobs(question: Question, texts: Sequence[str | None], size: int | None) -> dict[str, Any]:
    if question.logprobs is None or not any(texts):
        return {}
    entries = logprobs_of(texts, question.logprobs, size)
    tops = [{"candidates": [_token(entry) for entry in found["top_logprobs"]]} for found in entries]
    return {"logprobsResult": {"chosenCandidates": [_token(found) for found in entries], "topCandidates": tops}}


def _token(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "logProbability": entry["logprob"]}


def _signed(question: Question, answer: Answer) -> list[dict[str, Any]]:
    """The blocks; the first call is signed, as models do that think."""
    blocks = answer.blocks
    first = next((block for block in blocks if block["type"] == "tool_call"), None)
    if first is None or not (is_gemini_3(question.model) or answer.of_type("reasoning")):
        return blocks
    signature = base64.b64encode(question.name("signature ").encode()).decode()
    signed = {**first, "extras": {"signature": signature, **as_object(first.get("extras"))}}
    return [signed if block is first else block for block in blocks]


def _error(problem: Problem) -> dict[str, Any]:
    code = 503 if problem.status == 529 else problem.status  # this API has no 529
    error: dict[str, Any] = {"code": code, "message": problem.message}
    error["status"] = _WORDS.get(problem.kind, "INVALID_ARGUMENT")
    details: list[dict[str, Any]] = []
    if problem.kind in _QUOTAS:
        details.append({"@type": f"{_RPC}QuotaFailure", "violations": [{"quotaId": _QUOTAS[problem.kind]}]})
    if problem.retry_after is not None:
        details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": f"{problem.retry_after:g}s"})
    return {"error": {**error, "details": details} if details else error}

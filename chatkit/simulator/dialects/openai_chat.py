"""The dialect of OpenAI chat completions and of the many servers that speak it (wire sheet: openai_chat).

Reasoning goes out as `reasoning_content` and tools that the server runs as `executed_tools`, as compatible
servers send them (wire sheet: openai_compatible §1, §5): api.openai.com itself has neither on this API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.jsons import dumps, encode, is_object
from chatkit.simulator.dialects.dialect import Frame, Limits, body_of, sse
from chatkit.simulator.dialects.openai_chat_question import question_of
from chatkit.simulator.dialects.openai_chat_relatives import reports_usage_unasked
from chatkit.simulator.dialects.openai_common import CREATED, error_of, headers_of, snapshot_of
from chatkit.simulator.logprobs import logprobs_of
from chatkit.simulator.reply import Answer, args_object, args_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

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
            "index": 0,
            "message": _message(answer, _customs(question)),
            "logprobs": _logprobs(question, answer.texts, answer.piece),
            "finish_reason": answer.finish,
        }
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion", **_facts(question)}
        return encode({**head, "choices": [choice], "usage": _usage(answer)})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        head = {"id": question.name("chatcmpl-"), "object": "chat.completion.chunk", **_facts(question)}
        options = question.body.get("stream_options")
        with_usage = is_object(options) and options.get("include_usage") is True
        last = {"usage": _usage(answer)} if reports_usage_unasked(question.model) else {}
        tail = {"usage": None} if with_usage else {}

        def chunk(delta: dict[str, Any], part: Part = "output", logprobs: Any = None) -> Frame:
            choice = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": None}
            return Frame(sse({**head, "choices": [choice], **tail}), part)

        yield chunk({"role": "assistant", "content": None if _only_calls(answer) else "", "refusal": None}, "start")
        for delta in _deltas(answer, _customs(question)):
            yield chunk(delta, logprobs=_logprobs(question, [delta.get("content")], answer.piece))
        end: dict[str, Any] = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": answer.finish}
        yield Frame(sse({**head, "choices": [end], **tail, **last}), "finish")
        if with_usage:
            yield Frame(sse({**head, "choices": [], "usage": _usage(answer)}), "finish")
        yield Frame(sse("[DONE]"), "end")

    def error(self, problem: Problem) -> bytes:
        return encode({"error": error_of(problem)})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return sse({"error": error_of(problem)})

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return headers_of(question, limits)


def _facts(question: Question) -> dict[str, Any]:
    return {
        "created": CREATED,
        "model": snapshot_of(question.model),
        "service_tier": "default",
        "system_fingerprint": "fp_simulator",
    }


def _only_calls(answer: Answer) -> bool:
    return not answer.text and bool(answer.of_type("tool_call"))


def _message(answer: Answer, customs: set[str]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None if _only_calls(answer) else answer.text, "refusal": None}
    message["annotations"] = [_annotation(note) for block in answer.of_type("text") for note in block.get("annotations") or ()]
    if thought := "".join(block["reasoning"] for block in answer.of_type("reasoning")):
        message["reasoning_content"] = thought
    if executed := _executed(answer):
        message["executed_tools"] = executed
    if calls := [_call(block, customs) for block in answer.of_type("tool_call")]:
        message["tool_calls"] = calls
    for block in answer.of_type("image", "non_standard"):
        message.update(_other(block))
    return message


def _customs(question: Question) -> set[str]:
    """Names of the tools that take plain text."""
    return {tool["custom"]["name"] for tool in question.body.get("tools") or () if tool.get("type") == "custom"}


def _call(block: dict[str, Any], customs: set[str]) -> dict[str, Any]:
    name = block["name"]
    if name in customs:
        return {"id": block["id"], "type": "custom", "custom": {"name": name, "input": args_object(block).get("input", "")}}
    return {"id": block["id"], "type": "function", "function": {"name": name, "arguments": args_text(block)}}


def _other(block: dict[str, Any]) -> dict[str, Any]:
    """Images as OpenRouter sends them; a `non_standard` block's value is fields of the message (refusal ...)."""
    if block["type"] == "non_standard":
        return {key: value for key, value in block["value"].items() if key != "type"}
    url = block.get("url") or f"data:{block.get('mime_type')};base64,{block.get('base64')}"
    return {"images": [{"type": "image_url", "image_url": {"url": url}}]}


def _annotation(note: dict[str, Any]) -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": {key: note.get(key) for key in ("start_index", "end_index", "url", "title")}}


def _executed(answer: Answer) -> list[dict[str, Any]]:
    results = {block["tool_call_id"]: block.get("output") for block in answer.of_type("server_tool_result")}
    return [_executed_tool(nth, block, results.get(block["id"])) for nth, block in enumerate(answer.of_type("server_tool_call"))]


def _executed_tool(nth: int, block: dict[str, Any], output: Any) -> dict[str, Any]:
    shown = output if isinstance(output, str) else dumps(output)
    return {"index": nth, "type": block["name"], "name": block["name"], "arguments": args_text(block), "output": shown}


def _deltas(answer: Answer, customs: set[str]) -> Iterator[dict[str, Any]]:
    """What the chunks say, one after the other."""
    executed = _executed(answer)
    calls = 0
    for block in answer.blocks:
        match block["type"]:
            case "server_tool_call" if executed:
                yield {"executed_tools": executed}
                executed = []
            case "reasoning":
                yield from ({"reasoning_content": piece} for piece in answer.text_pieces(block["reasoning"]))
            case "text":
                yield from ({"content": piece} for piece in answer.text_pieces(block["text"]))
                if notes := block.get("annotations"):
                    yield {"annotations": [_annotation(note) for note in notes]}
            case "tool_call":
                yield from _call_deltas(answer, block, calls, customs)
                calls += 1
            case "image" | "non_standard":
                yield _other(block)
            case _:
                pass


def _call_deltas(answer: Answer, block: dict[str, Any], index: int, customs: set[str]) -> Iterator[dict[str, Any]]:
    whole = _call(block, customs)
    kind = whole["type"]
    field, pieces = ("arguments", answer.args_pieces(block)) if kind == "function" else ("input", [whole[kind]["input"]])
    yield {"tool_calls": [{"index": index, "id": whole["id"], "type": kind, kind: {"name": block["name"], field: ""}}]}
    for piece in pieces:
        yield {"tool_calls": [{"index": index, kind: {field: piece}}]}


def _logprobs(question: Question, texts: Sequence[str | None], size: int | None) -> dict[str, Any] | None:
    if question.logprobs is None or not any(texts):
        return None
    return {"content": logprobs_of(texts, question.logprobs, size), "refusal": None}


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

"""The dialect of Amazon Bedrock: Converse and ConverseStream (wire sheet: bedrock_converse).

Signatures and keys are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, encode, is_list
from chatkit.simulator.dialects.bedrock_question import PATH, question_of
from chatkit.simulator.dialects.dialect import Frame, Limits
from chatkit.simulator.reply import Answer, args_object
from chatkit.wire.awsstream import encode_message

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.codec import Request
    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

__all__ = ["Bedrock", "Converse", "event"]

_ERRORS = {
    "authentication": "UnrecognizedClientException",
    "permission": "AccessDeniedException",
    "not_found": "ResourceNotFoundException",
    "timeout": "ModelTimeoutException",
    "model_error": "ModelErrorException",
    "rate_limit": "ThrottlingException",
    "quota": "ServiceQuotaExceededException",
    "server": "InternalServerException",
    "bad_gateway": "InternalServerException",
    "overloaded": "ServiceUnavailableException",
    "unavailable": "ServiceUnavailableException",
}
_IN_STREAMS = {
    "ThrottlingException": "throttlingException",
    "InternalServerException": "internalServerException",
    "ServiceUnavailableException": "serviceUnavailableException",
    "ModelErrorException": "modelStreamErrorException",
    "ModelTimeoutException": "modelStreamErrorException",
}
"""How a stream reports errors; it calls all others a validationException."""

_FINISHES = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens", "content_filter": "content_filtered"}
_PADDING = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def event(kind: str, payload: dict[str, Any], message_type: str = "event") -> bytes:
    """One message of an event stream, padded as Bedrock pads it (against guessing from lengths)."""
    body = {**payload, "p": _PADDING[: 4 + len(str(payload)) * 7 % 58]}
    headers = {f":{message_type}-type": kind, ":content-type": "application/json", ":message-type": message_type}
    return encode_message(headers, encode(body))


class Bedrock:
    """What the APIs of Bedrock share: framing, errors, headers."""

    call_prefix = "tooluse_"
    stream_type = "application/vnd.amazon.eventstream"
    comment = b""

    def error(self, problem: Problem) -> bytes:
        return encode({"message": problem.message})

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        name = _IN_STREAMS.get(_error_name(problem), "validationException")
        return event(name, {"message": problem.message}, "exception")

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        headers = {"x-amzn-requestid": question.name("req-") if question else "req-simulated"}
        if problem is not None:
            headers["x-amzn-errortype"] = f"{_error_name(problem)}:http://internal.amazon.com/coral/com.amazon.bedrock/"
        return headers


def _error_name(problem: Problem) -> str:
    return _ERRORS.get(problem.kind, "ValidationException")


class Converse(Bedrock):
    """`POST .../model/{model}/converse` and `/converse-stream`."""

    name = "bedrock_converse"
    path = PATH

    def read(self, request: Request) -> Question:
        return question_of(request)

    def whole(self, question: Question, answer: Answer) -> bytes:
        message = {"role": "assistant", "content": [_block(block) for block in answer.sendable(question, _WRITERS)]}
        facts = {**_end(question, answer), "usage": _usage(answer), "metrics": {"latencyMs": 10}}
        return encode({"output": {"message": message}, **facts})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        yield Frame(event("messageStart", {"role": "assistant"}), "start")
        for index, block in enumerate(answer.sendable(question, _WRITERS)):
            place = {"contentBlockIndex": index}
            if opening := _opening(block):
                yield Frame(event("contentBlockStart", {**place, "start": opening}), "start")
            for delta in _deltas(block, answer):
                yield Frame(event("contentBlockDelta", {**place, "delta": delta}), "output")
            yield Frame(event("contentBlockStop", place), "start")
        yield _ending("messageStop", "end", **_end(question, answer))
        yield _ending("metadata", "finish", usage=_usage(answer), metrics={"latencyMs": 10})


def _ending(kind: str, part: Part, **payload: Any) -> Frame:
    return Frame(event(kind, payload), part)


def _end(question: Question, answer: Answer) -> dict[str, Any]:
    """Why the answer ends; which stop word ended it is told to those who ask for that field of the model's."""
    if answer.stopped is None:
        return {"stopReason": _FINISHES.get(answer.finish, answer.finish)}
    asked: list[Any] = question.body.get("additionalModelResponseFieldPaths") or []
    told = {"additionalModelResponseFields": {"stop_sequence": answer.stopped}} if "/stop_sequence" in asked else {}
    return {"stopReason": "stop_sequence", **told}


def _usage(answer: Answer) -> dict[str, Any]:
    usage = answer.usage
    taken: dict[str, int] = usage.get("input_token_details") or {}
    read, written = taken.get("cache_read", 0), taken.get("cache_creation", 0)
    return {
        "inputTokens": usage["input_tokens"] - read - written,
        "outputTokens": usage["output_tokens"],
        "totalTokens": usage["total_tokens"],
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
    }


# Blocks, whole.


def _block(block: dict[str, Any]) -> dict[str, Any]:
    return _WRITERS[block["type"]](block)


def _text(block: dict[str, Any]) -> dict[str, Any]:
    citations = _citations(block)
    if citations:
        return {"citationsContent": {"content": [{"text": block["text"]}], "citations": citations}}
    return {"text": block["text"]}


def _citations(block: dict[str, Any]) -> list[dict[str, Any]]:
    return [_citation(note) for note in block.get("annotations") or ()]


def _citation(note: dict[str, Any]) -> dict[str, Any]:
    own = as_object(note.get("extras"))
    citation: dict[str, Any] = {"location": own.get("location") or {"web": {"url": note.get("url") or ""}}}
    if note.get("title"):
        citation["title"] = note["title"]
    if note.get("cited_text"):
        citation["sourceContent"] = [{"text": note["cited_text"]}]
    return citation


def _reasoning(block: dict[str, Any]) -> dict[str, Any]:
    text = {"text": block.get("reasoning") or "", "signature": block["extras"]["signature"]}
    return {"reasoningContent": {"reasoningText": text}}


def _call(block: dict[str, Any]) -> dict[str, Any]:
    return {"toolUse": {**_call_head(block), "input": args_object(block)}}


def _call_head(block: dict[str, Any]) -> dict[str, Any]:
    kind = {"type": "server_tool_use"} if block["type"] == "server_tool_call" else {}
    return {"toolUseId": block["id"], "name": block["name"], **kind}


def _result(block: dict[str, Any]) -> dict[str, Any]:
    return {"toolResult": {**_result_head(block), "content": _result_content(block)}}


def _result_head(block: dict[str, Any]) -> dict[str, Any]:
    kind = as_object(block.get("extras")).get("type") or "server_tool_result"
    return {"toolUseId": block["tool_call_id"], "type": kind, "status": block.get("status") or "success"}


def _result_content(block: dict[str, Any]) -> list[dict[str, Any]]:
    output = block.get("output")
    if isinstance(output, str):
        return [{"text": output}]
    return [{"json": item} for item in (output if is_list(output) else [output])]


def _image(block: dict[str, Any]) -> dict[str, Any]:
    return {"image": {"format": _format(block), "source": {"bytes": block.get("base64") or ""}}}


def _format(block: dict[str, Any]) -> str:
    return str(block.get("mime_type") or "image/png").partition("/")[2]


def _verbatim(block: dict[str, Any]) -> dict[str, Any]:
    return block["value"]


_WRITERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {  # the API gives no sound
    "text": _text,
    "reasoning": _reasoning,
    "tool_call": _call,
    "server_tool_call": _call,
    "server_tool_result": _result,
    "image": _image,
    "non_standard": _verbatim,
}


# Blocks, streamed.

_OPENINGS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "tool_call": lambda block: {"toolUse": _call_head(block)},
    "server_tool_call": lambda block: {"toolUse": _call_head(block)},
    "server_tool_result": lambda block: {"toolResult": _result_head(block)},
    "image": lambda block: {"image": {"format": _format(block)}},
}


def _opening(block: dict[str, Any]) -> dict[str, Any] | None:
    """What a contentBlockStart says; text and reasoning have none."""
    opening = _OPENINGS.get(block["type"])
    return opening(block) if opening else None


def _deltas(block: dict[str, Any], answer: Answer) -> Iterator[dict[str, Any]]:
    match block["type"]:
        case "text":
            yield from ({"citation": citation} for citation in _citations(block))
            yield from ({"text": piece} for piece in answer.text_pieces(block["text"]))
        case "reasoning":
            yield from ({"reasoningContent": {"text": piece}} for piece in answer.text_pieces(block.get("reasoning") or ""))
            yield {"reasoningContent": {"signature": block["extras"]["signature"]}}
        case "tool_call" | "server_tool_call":
            yield from ({"toolUse": {"input": piece}} for piece in answer.args_pieces(block))
        case "server_tool_result":
            yield {"toolResult": _result_content(block)}
        case "image":
            yield {"image": {"source": {"bytes": block.get("base64") or ""}}}
        case _:
            yield block["value"]

"""An output item as the events of a stream (wire sheet: openai_responses §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.simulator.pieces import json_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.simulator.dialects.dialect import Part
    from chatkit.simulator.reply import Answer

__all__ = ["Event", "Logprobs", "events_of"]

Event: TypeAlias = "tuple[str, Part, dict[str, Any]]"
"""The event's name without "response.", what it is for a user, its fields."""

Logprobs: TypeAlias = "Callable[[str], list[dict[str, Any]]]"
Pieces: TypeAlias = "Callable[[dict[str, Any], Answer, Logprobs], Iterator[Event]]"

_EMPTY: dict[str, dict[str, Any]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
    "code_interpreter_call": {"code": "", "outputs": None},
    "image_generation_call": {"result": None},
    "mcp_call": {"arguments": "", "output": None},
}
"""What is still empty in an item when it begins."""

_LATER = {"web_search_call": ("action",), "file_search_call": ("queries", "results"), "reasoning": ("encrypted_content",)}
"""What is still missing then."""


def events_of(item: dict[str, Any], answer: Answer, logprobs: Logprobs) -> Iterator[Event]:
    """The events of one item, without its place, which all of them carry.

    Args:
        logprobs: the token probabilities of a piece of text.
    """
    kind, id = item["type"], {"item_id": item["id"]}
    begun = {**item, **_EMPTY.get(kind, {}), **({"status": "in_progress"} if "status" in item else {})}
    for name in _LATER.get(kind, ()):
        begun.pop(name, None)
    yield "output_item.added", "start", {"item": begun}
    pieces = _PIECES.get(kind)
    for name, part, fields in pieces(item, answer, logprobs) if pieces else ():
        yield name, part, {**id, **fields}
    yield "output_item.done", "start" if pieces else "output", {"item": item}


def _message(item: dict[str, Any], answer: Answer, logprobs: Logprobs) -> Iterator[Event]:
    part = item["content"][0]
    place = {"content_index": 0}
    if part["type"] == "refusal":
        yield "content_part.added", "start", {**place, "part": {**part, "refusal": ""}}
        for piece in answer.text_pieces(part["refusal"]):
            yield "refusal.delta", "output", {**place, "delta": piece}
        yield "refusal.done", "start", {**place, "refusal": part["refusal"]}
    else:
        yield "content_part.added", "start", {**place, "part": {**part, "text": "", "annotations": [], "logprobs": []}}
        for piece in answer.text_pieces(part["text"]):
            yield "output_text.delta", "output", {**place, "delta": piece, "logprobs": logprobs(piece)}
        for nth, note in enumerate(part["annotations"]):
            yield "output_text.annotation.added", "start", {**place, "annotation_index": nth, "annotation": note}
        yield "output_text.done", "start", {**place, "text": part["text"], "logprobs": part["logprobs"]}
    yield "content_part.done", "start", {**place, "part": part}


def _reasoning(item: dict[str, Any], answer: Answer, _: Logprobs) -> Iterator[Event]:
    for nth, part in enumerate(item["summary"]):
        place = {"summary_index": nth}
        yield "reasoning_summary_part.added", "start", {**place, "part": {**part, "text": ""}}
        for piece in answer.text_pieces(part["text"]):
            yield "reasoning_summary_text.delta", "output", {**place, "delta": piece}
        yield "reasoning_summary_text.done", "start", {**place, "text": part["text"]}
        yield "reasoning_summary_part.done", "start", {**place, "part": part}


def _call(item: dict[str, Any], answer: Answer, _: Logprobs) -> Iterator[Event]:
    for piece in json_pieces(item["arguments"], answer.piece):
        yield "function_call_arguments.delta", "output", {"delta": piece}
    yield "function_call_arguments.done", "start", {"arguments": item["arguments"], "name": item["name"]}


def _custom(item: dict[str, Any], answer: Answer, _: Logprobs) -> Iterator[Event]:
    for piece in answer.text_pieces(item["input"]):
        yield "custom_tool_call_input.delta", "output", {"delta": piece}
    yield "custom_tool_call_input.done", "start", {"input": item["input"]}


def _code(item: dict[str, Any], answer: Answer, _: Logprobs) -> Iterator[Event]:
    yield "code_interpreter_call.in_progress", "start", {}
    for piece in json_pieces(item["code"], answer.piece):
        yield "code_interpreter_call_code.delta", "output", {"delta": piece}
    yield "code_interpreter_call_code.done", "start", {"code": item["code"]}
    yield "code_interpreter_call.interpreting", "start", {}
    yield "code_interpreter_call.completed", "start", {}


def _mcp(item: dict[str, Any], answer: Answer, _: Logprobs) -> Iterator[Event]:
    yield "mcp_call.in_progress", "start", {}
    for piece in json_pieces(item["arguments"], answer.piece):
        yield "mcp_call_arguments.delta", "output", {"delta": piece}
    yield "mcp_call_arguments.done", "start", {"arguments": item["arguments"]}
    yield f"mcp_call.{item['status']}", "start", {}


def _steps(*steps: str) -> Pieces:
    """A tool that shows only how far it is."""

    def events(item: dict[str, Any], _answer: Answer, _: Logprobs) -> Iterator[Event]:
        *before, last = steps
        for step in before:
            yield f"{item['type']}.{step}", "start", {}
        yield f"{item['type']}.{last}", "output", {}

    return events


_PIECES: dict[str, Pieces] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _custom,
    "web_search_call": _steps("in_progress", "searching", "completed"),
    "file_search_call": _steps("in_progress", "searching", "completed"),
    "image_generation_call": _steps("in_progress", "generating", "completed"),
    "code_interpreter_call": _code,
    "mcp_call": _mcp,
}

"""Events that carry a piece of an output item (wire sheet: openai_responses §6).

After the pieces of a text or of arguments most servers say the whole once more (`....done`). Small servers say only
that; it counts when no pieces came.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.dialects.openai_responses import free_text
from chatkit.dialects.openai_responses.citations import citation_of
from chatkit.events import Citation, Event, Media, Metadata, Raw, ReasoningDelta, ServerToolCallChunk, TextDelta, ToolCallChunk
from chatkit.jsons import dumps, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.dialects.openai_responses.slots import Slot
    from chatkit.dialects.openai_responses.wire import Frame

__all__ = ["PIECES", "preview"]

Piece: TypeAlias = "Callable[[Slot, Frame, bool], list[Event]]"
"""Takes the item, the event, and whether the beginning of the item was seen (not so when a resumed stream missed it)."""


def _text(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    events: list[Event] = [TextDelta(_str(frame.delta), slot.part_index(frame.content_index))]
    if frame.logprobs:
        slot.logged = True
        events.append(Metadata({"logprobs": {"content": frame.logprobs}}))
    return events


def _refusal(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    value = {"type": "refusal", "refusal": _str(frame.delta)}
    return [Raw(value, slot.part_index(frame.content_index), "refusal")]


def _annotation(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    slot.cited = True
    return [Citation(citation_of(frame.annotation), slot.part_index(frame.content_index))] if is_object(frame.annotation) else []


def _summary(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    return [ReasoningDelta(_str(frame.delta), slot.thought_index("summary", frame.summary_index))]


def _thought(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    return [ReasoningDelta(_str(frame.delta), slot.thought_index("content", frame.content_index))]


def _arguments(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    slot.joined = True
    return [ToolCallChunk(_json(frame.delta), slot.index)]


def _server_arguments(slot: Slot, frame: Frame, _begun: bool) -> list[Event]:
    slot.joined = True
    return [ServerToolCallChunk(_json(frame.delta), slot.index)]


def _input(slot: Slot, frame: Frame, begun: bool) -> list[Event]:
    return [] if slot.server else [ToolCallChunk(_free(slot, frame, free_text.CUSTOM_INPUT, begun), slot.index)]


def _code(slot: Slot, frame: Frame, begun: bool) -> list[Event]:
    return [ServerToolCallChunk(_free(slot, frame, "code", begun), slot.index)]


def _free(slot: Slot, frame: Frame, name: str, begun: bool) -> str:
    slot.joined = True
    start = "" if slot.quoted or not begun else free_text.begin(name, slot)
    return start + free_text.escape(_str(frame.delta))


def _whole(field: str, piece: Piece, came: Callable[[Slot, Frame], bool]) -> Piece:
    """The reader of an event that says once more what came in pieces."""

    def read(slot: Slot, frame: Frame, begun: bool) -> list[Event]:
        said = getattr(frame, field)
        if not said or slot.done or not begun or came(slot, frame):
            return []
        frame.delta = said
        return piece(slot, frame, begun)

    return read


def _joined(slot: Slot, _frame: Frame) -> bool:
    return slot.joined


def _part_came(slot: Slot, frame: Frame) -> bool:
    return frame.content_index in slot.parts


def _summary_came(slot: Slot, frame: Frame) -> bool:
    return ("summary", frame.summary_index) in slot.thoughts


def _thought_came(slot: Slot, frame: Frame) -> bool:
    return ("content", frame.content_index) in slot.thoughts


def preview(slot: Slot, frame: Frame) -> list[Event]:
    """An image as far as it is drawn: a block of its own for every preview."""
    if not isinstance(frame.partial_image_b64, str):
        return []
    number = frame.partial_image_index or 0
    block = {
        "type": "image",
        "base64": frame.partial_image_b64,
        "mime_type": f"image/{frame.output_format or 'png'}",
        "extras": {"partial_image_index": number},
    }
    return [Media(block, f"{slot.index}.p{number}")]


def _str(delta: Any) -> str:
    return delta if isinstance(delta, str) else ""


def _json(delta: Any) -> str:
    return delta if isinstance(delta, str) else dumps(delta or {})


PIECES: dict[str, Piece] = {
    "response.output_text.delta": _text,
    "response.output_text.done": _whole("text", _text, _part_came),
    "response.output_text.annotation.added": _annotation,
    "response.refusal.delta": _refusal,
    "response.refusal.done": _whole("refusal", _refusal, _part_came),
    "response.reasoning_summary_text.delta": _summary,
    "response.reasoning_summary_text.done": _whole("text", _summary, _summary_came),
    "response.reasoning_text.delta": _thought,
    "response.reasoning_text.done": _whole("text", _thought, _thought_came),
    "response.function_call_arguments.delta": _arguments,
    "response.function_call_arguments.done": _whole("arguments", _arguments, _joined),
    "response.custom_tool_call_input.delta": _input,
    "response.custom_tool_call_input.done": _whole("input", _input, _joined),
    "response.mcp_call_arguments.delta": _server_arguments,
    "response.mcp_call_arguments.done": _whole("arguments", _server_arguments, _joined),
    "response.code_interpreter_call_code.delta": _code,
    "response.code_interpreter_call_code.done": _whole("code", _code, _joined),
}

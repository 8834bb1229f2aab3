"""From a finished output item to events (wire sheet: openai_responses §5, §9).

The same functions read the items of a whole answer and end those of a stream. `slot` knows what already came in
pieces, and only the rest is said: small servers send no pieces at all, OpenAI sends everything twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.openai_responses import free_text, server_tools
from chatkit.dialects.openai_responses.citations import citation_of
from chatkit.events import Citation, Event, Metadata, Raw, ReasoningDelta, TextDelta, ToolCallChunk
from chatkit.jsons import decode_object, dumps, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from chatkit.dialects.openai_responses.slots import Slot

__all__ = ["Items"]


class Items:
    """Reads the items of one answer.

    Args:
        declared: names of the tools that the caller's side runs (see `callers_tools`).
    """

    def __init__(self, declared: Collection[str] = ()) -> None:
        self._declared = declared
        self._search: str | None = None  # the last tool search: its result does not name it

    def open(self, item: dict[str, Any], slot: Slot) -> list[Event]:
        """Events of an item that begins."""
        kind = item.get("type")
        if server_tools.is_server_call(item, self._declared):
            return server_tools.open_call(item, slot)
        if kind not in ("function_call", "custom_tool_call"):
            return []
        args = free_text.begin(free_text.CUSTOM_INPUT, slot) if kind == "custom_tool_call" else ""
        return [ToolCallChunk(args, slot.index, _call_id(item), item.get("name"))]

    def end(self, item: dict[str, Any], slot: Slot, *, fill: bool = True) -> list[Event]:
        """Events of an item that ends.

        Args:
            fill: what did not come in pieces is taken from the item; False when a resumed stream missed the pieces.
        """
        slot.done = True
        kind: Any = item.get("type")
        if server_tools.is_server_call(item, self._declared):
            self._search = item.get("id") if kind == "tool_search_call" else self._search
            return server_tools.end_call(item, slot, fill=fill)
        if server_tools.is_server_result(item):
            return server_tools.end_result(item, slot, self._search)
        end = _ENDS.get(kind) if isinstance(kind, str) else None
        return [Raw(item, slot.index)] if end is None else end(item, slot, fill)


def _end_message(item: dict[str, Any], slot: Slot, fill: bool) -> list[Event]:
    content = item.get("content")
    alone = [{"type": "output_text", "text": content}] if content and isinstance(content, str) else []
    parts: list[Any] = content if is_list(content) else alone
    # A part is found by its place, not by its content_index: some servers count differently in pieces. A resumed
    # stream saw only some of the parts; there the content_index must do.
    streamed = list(slot.parts.values()) if fill else []
    extras = _rest(item, "type", "role", "content")
    events: list[Event] = []
    for number, part in enumerate(parts):
        known = number < len(streamed)
        index = streamed[number] if known else slot.part_index(number)
        if not is_object(part):
            continue
        if part.get("type") != "output_text":
            events.append(Raw({**({} if known else part), **extras}, index))
            continue
        text = _text(part) if fill and not known else ""
        events.append(TextDelta(text, index, extras))
        events += _notes(part, index, slot) if fill else []
    events += [TextDelta("", index, extras) for index in streamed[len(parts) :]]
    return events


def _notes(part: dict[str, Any], index: int | str, slot: Slot) -> list[Event]:
    """Citations and token probabilities of a text, where they did not come before."""
    events: list[Event] = []
    if not slot.cited:
        events += [Citation(citation_of(annotation), index) for annotation in _list(part, "annotations") if is_object(annotation)]
    if part.get("logprobs") and not slot.logged:
        events.append(Metadata({"logprobs": {"content": part["logprobs"]}}))
    return events


def _end_reasoning(item: dict[str, Any], slot: Slot, fill: bool) -> list[Event]:
    """One block for every part; the first keeps what the vendor wants back, in its final form (wire sheet §3.2)."""
    if slot.thoughts and fill:
        parts = [(kind, index, "") for (kind, _), index in slot.thoughts.items()]
    else:
        parts = [
            (kind, slot.thought_index(kind, number), _text(part) if fill else "")
            for kind in ("summary", "content")
            for number, part in enumerate(_list(item, kind))
            if is_object(part)
        ]
    parts = parts or [("summary", slot.index, "")]
    extras = _rest(item, "type", "summary", "content", id=None)
    events: list[Event] = []
    for kind, index, text in parts:
        marks = {**extras, "part": "reasoning_text"} if kind == "content" else extras
        events.append(ReasoningDelta(text, index, item.get("id"), marks or None))
        extras = {}
    return events


def _end_function(item: dict[str, Any], slot: Slot, fill: bool) -> list[Event]:
    given = item.get("arguments")
    args = given if isinstance(given, str) else dumps(given) if is_object(given) else ""
    extras = _rest(item, "type", "call_id", "name", "arguments")
    if args and dumps(decode_object(args)) != args:
        extras["arguments"] = args  # what was sent goes back byte for byte, which keeps the vendor's cache warm
    return [ToolCallChunk(args if fill and not slot.joined else "", slot.index, _call_id(item), item.get("name"), extras)]


def _end_custom(item: dict[str, Any], slot: Slot, fill: bool) -> list[Event]:
    given = item.get("input")
    args = free_text.rest(free_text.CUSTOM_INPUT, given if isinstance(given, str) else "", slot, fill=fill)
    extras = {**_rest(item, "type", "call_id", "name", "input"), "type": "custom"}
    return [ToolCallChunk(args, slot.index, _call_id(item), item.get("name"), extras)]


def _call_id(item: dict[str, Any]) -> str | None:
    id = item.get("call_id") or item.get("id")
    return id if isinstance(id, str) else None


def _list(item: dict[str, Any], key: str) -> list[Any]:
    value = item.get(key)
    return value if is_list(value) else []


def _text(part: dict[str, Any]) -> str:
    text = part.get("text")
    return text if isinstance(text, str) else ""


def _rest(item: dict[str, Any], *read: str, id: str | None = "item_id") -> dict[str, Any]:
    """What else stands in an item, its id under the name `id`; the status is kept where it says something."""
    rest = {key: value for key, value in item.items() if key not in read and key not in ("id", "status") and value is not None}
    if item.get("status") not in (None, "completed"):
        rest["status"] = item["status"]
    if id and item.get("id"):
        rest[id] = item["id"]
    return rest


_ENDS: dict[Any, Callable[[dict[str, Any], Slot, bool], list[Event]]] = {
    "message": _end_message,
    "reasoning": _end_reasoning,
    "function_call": _end_function,
    "custom_tool_call": _end_custom,
}

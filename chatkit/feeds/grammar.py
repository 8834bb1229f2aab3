"""From typed events to content-block events (spec N3), as a function without I/O.

    message-start  (content-block-start  content-block-delta*)*  content-block-finish*  message-finish | error

Blocks are numbered 0, 1, 2 ... in the order in which they begin, and may interleave: which piece belongs to which block
is decided by `Fold`, so that the finished blocks are those of the message. No event of a provider says for sure that a
block is over, therefore all are finished together at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import Citation, Media, ReasoningDelta, Reset, ServerToolCallChunk, TextDelta, ToolCallChunk
from chatkit.fold import Fold
from chatkit.parts import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.events import Event, Index
    from chatkit.messages import AIMessage
    from chatkit.parts import Part

__all__ = ["BlockWriter"]

BlockEvent = dict[str, Any]


class _Watched(Fold):
    """A fold that says which block the last event belonged to."""

    touched: Part | None = None

    def _part(self, kind: str, index: Index) -> Part:
        self.touched = super()._part(kind, index)
        return self.touched

    def _known(self, kind: str, index: Index) -> Part | None:
        self.touched = super()._known(kind, index)
        return self.touched

    def _new_part(self, kind: str, index: Index) -> Part:
        self.touched = super()._new_part(kind, index)
        return self.touched


class BlockWriter:
    """Writes the events of one message.

    Args:
        id: identity of the message until the provider gives one.
    """

    def __init__(self, id: str) -> None:
        self._id = id
        self._restart()

    def _restart(self) -> None:
        self._fold = _Watched()
        self._numbers: dict[Part, int] = {}
        self._started = False

    def write(self, event: Event) -> list[BlockEvent]:
        """What one event says."""
        if type(event) is Reset:  # the answer begins again, with a message-start of its own
            self._restart()
            return []
        fold = self._fold
        fold.touched = None
        fold.feed(event)
        part = fold.touched
        if part is None:
            return []
        out = self._start()
        number = self._numbers.get(part)
        if number is None:
            if part.kind == "text" and not (any(part.texts) or part.annotations or part.extras):
                return out  # nothing that could be seen yet
            number = self._numbers[part] = len(self._numbers)
            out.append({"event": "content-block-start", "index": number, "content": _skeleton(part, event)})
            later: list[dict[str, Any]] = _first_deltas(event)
        else:
            later = _DELTAS.get(type(event), _whole_delta)(event, part)
        out += [{"event": "content-block-delta", "index": number, "delta": delta} for delta in later]
        return out

    def finish(self, message: AIMessage) -> list[BlockEvent]:
        """The end of a complete answer."""
        end: BlockEvent = {"event": "message-finish", "metadata": message.response_metadata}
        if message.usage_metadata:
            end["usage"] = message.usage_metadata
        blocks = [
            {"event": "content-block-finish", "index": number, "content": render(part, finished=True, cut=False)}
            for part, number in self._numbers.items()
        ]
        return [*self._start(), *blocks, end]

    def fail(self, error: BaseException) -> list[BlockEvent]:
        """The end of a broken answer."""
        event: BlockEvent = {"event": "error", "message": str(error) or type(error).__name__}
        code = getattr(error, "code", None) or getattr(error, "status", None)
        if code is not None:
            event["code"] = str(code)
        return [event]

    def _start(self) -> list[BlockEvent]:
        if self._started:
            return []
        self._started = True
        known = self._fold.metadata
        facts = {"provider": known.get("model_provider"), "model": known.get("model_name")}
        metadata = {name: value for name, value in facts.items() if value is not None}
        return [{"event": "message-start", "role": "ai", "id": self._fold.id or self._id, "metadata": metadata}]


def _skeleton(part: Part, event: Event) -> dict[str, Any]:
    """A block as it begins. What grows by deltas is empty; a block that comes as a whole is whole."""
    block = render(part, finished=False, cut=False)
    block.pop("index", None)
    for growing in _GROWING.get(type(event), ()):
        block[growing] = ""
    return block


_GROWING: dict[type, tuple[str, ...]] = {
    TextDelta: ("text",),
    ReasoningDelta: ("reasoning",),
    ToolCallChunk: ("args",),
    ServerToolCallChunk: ("args",),
}


def _first_deltas(event: Any) -> list[dict[str, Any]]:
    """What an event that begins a block adds to its skeleton."""
    if type(event) is TextDelta:
        return _text(event.text)
    if type(event) is ReasoningDelta:
        return _thought(event.text)
    return _args(event.args) if type(event) in (ToolCallChunk, ServerToolCallChunk) else []


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text-delta", "text": text}] if text else []


def _thought(text: str) -> list[dict[str, Any]]:
    return [{"type": "reasoning-delta", "reasoning": text}] if text else []


def _args(args: str) -> list[dict[str, Any]]:
    return [{"type": "tool-call-delta", "args": args}] if args else []


def _fields(kind: str, **fields: Any) -> list[dict[str, Any]]:
    """A delta that sets fields of a block, in the state that they have now."""
    known = {name: value for name, value in fields.items() if value is not None}
    return [{"type": "block-delta", "fields": {"type": kind, **known}}] if known else []


def _text_delta(event: TextDelta, part: Part) -> list[dict[str, Any]]:
    return [*_text(event.text), *(_fields("text", extras=dict(part.extras or {})) if event.extras else [])]


def _reasoning_delta(event: ReasoningDelta, part: Part) -> list[dict[str, Any]]:
    extras = dict(part.extras or {}) if event.extras else None
    return [*_thought(event.text), *_fields("reasoning", extras=extras, id=event.id)]


def _call_delta(event: ToolCallChunk | ServerToolCallChunk, part: Part) -> list[dict[str, Any]]:
    extras = dict(part.extras or {}) if event.extras else None
    return [*_args(event.args), *_fields(part.kind, id=event.id, name=event.name, extras=extras)]


def _citation_delta(_event: Citation, part: Part) -> list[dict[str, Any]]:
    return _fields("text", annotations=list(part.annotations))


def _media_delta(event: Media, part: Part) -> list[dict[str, Any]]:
    rest = {name: value for name, value in event.block.items() if name not in ("type", "base64")}
    if "extras" in rest:
        rest["extras"] = dict(part.extras or {})
    data = event.block.get("base64")
    grown = [{"type": "data-delta", "data": data, "encoding": "base64"}] if data else []
    return [*grown, *_fields(part.kind, **rest)]


def _whole_delta(_event: Any, part: Part) -> list[dict[str, Any]]:
    block = render(part, finished=False, cut=False)
    block.pop("index", None)
    return _fields(block.pop("type"), **block)


_DELTAS: dict[type, Callable[[Any, Part], list[dict[str, Any]]]] = {
    TextDelta: _text_delta,
    ReasoningDelta: _reasoning_delta,
    ToolCallChunk: _call_delta,
    ServerToolCallChunk: _call_delta,
    Citation: _citation_delta,
    Media: _media_delta,
}

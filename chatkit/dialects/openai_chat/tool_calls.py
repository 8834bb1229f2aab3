"""Which call a piece of `tool_calls` belongs to, whatever a server leaves out or repeats (wire sheet: openai_compatible §2)."""

from __future__ import annotations

import uuid
from typing import Any

from chatkit.events import ToolCallChunk
from chatkit.jsons import decode_object, dumps, is_object

__all__ = ["CUSTOM_ARG", "ToolCalls"]

CUSTOM_ARG = "__arg1"
"""The name under which the free text of a custom tool's call stands in its `args`."""

_ABSENT = ("", "null")


class _Known:
    """One call while its pieces come."""

    __slots__ = ("custom", "id", "name", "whole")

    def __init__(self, id: str | None, name: str | None, whole: bool) -> None:
        self.id = id  # None: the server gave none
        self.name = name
        self.whole = whole  # the first piece held all arguments
        self.custom = False


class ToolCalls:
    """The calls of one answer.

    Attributes:
        at: wire index to the index of the events; what a plain continuation needs.
        last: index of the call that the last piece belongs to.
    """

    def __init__(self) -> None:
        self.at: dict[int, int] = {}
        self._known: dict[int, _Known] = {}
        self._by_id: dict[str, int] = {}
        self.last: int | None = None

    def read(self, calls: list[Any], answer_id: str | None) -> list[ToolCallChunk]:
        """Events of the `tool_calls` of one delta or message."""
        here: set[int] = set()
        return [self._piece(call, here, answer_id) for call in calls if is_object(call)]

    def close(self) -> list[ToolCallChunk]:
        """Events at the end of the answer: the free text of custom calls is closed."""
        open_calls = [index for index, known in self._known.items() if known.custom]
        for index in open_calls:
            self._known[index].custom = False
        return [ToolCallChunk('"}', index) for index in open_calls]

    def _piece(self, call: dict[str, Any], here: set[int], answer_id: str | None) -> ToolCallChunk:
        inner, custom = _inner(call)
        id, name = _word(call.get("id")), _word(inner.get("name"))
        args = _custom_text(inner) if custom else _arguments(inner)
        index = self._find(call.get("index"), id, name, args, here)
        new = index is None
        if index is None:
            index = self._open(call.get("index"), id, name, args)
        here.add(index)
        self.last = index
        known = self._known[index]
        shown_id = (id or _invented(answer_id, index)) if new else None
        shown_name = name if new or not known.name else None
        known.name = known.name or name
        extras: dict[str, Any] = {"extra_content": call["extra_content"]} if call.get("extra_content") else {}
        if custom and not known.custom:
            known.custom, args = True, '{"' + CUSTOM_ARG + '":"' + args
            extras["type"] = "custom"
        return ToolCallChunk(args, index, shown_id, shown_name, extras or None)

    def _find(self, wire: Any, id: str | None, name: str | None, args: str, here: set[int]) -> int | None:
        """The call that a piece continues; None when it begins one."""
        if isinstance(wire, int):
            index = self.at.get(wire)
        elif id is not None:
            return self._by_id.get(id)
        else:
            index = self.last
        if index is None or (name and index in here):
            return None
        return None if self._begins(self._known[index], id, name, args) else index

    def _begins(self, known: _Known, id: str | None, name: str | None, args: str) -> bool:
        if id is not None and known.id is not None:
            return id != known.id
        if not name or not known.name:
            return False
        return name != known.name or (known.whole and args.startswith("{"))

    def _open(self, wire: Any, id: str | None, name: str | None, args: str) -> int:
        index = wire if isinstance(wire, int) and wire not in self._known else max(self._known, default=-1) + 1
        if isinstance(wire, int):
            self.at[wire] = index
        if id is not None:
            self._by_id[id] = index
        self._known[index] = _Known(id, name, args.startswith("{") and decode_object(args) is not None)
        return index


def _inner(call: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The `function` or `custom` part of a call. Some servers send both, one of them empty."""
    function, custom = call.get("function"), call.get("custom")
    if is_object(custom) and not (is_object(function) and (function.get("name") or function.get("arguments"))):
        return custom, True
    return (function if is_object(function) else {}), False


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value not in _ABSENT else None


def _arguments(function: dict[str, Any]) -> str:
    value = function.get("arguments")
    return value if isinstance(value, str) else "" if value is None else dumps(value)


def _custom_text(custom: dict[str, Any]) -> str:
    value = custom.get("input")
    return dumps(value)[1:-1] if isinstance(value, str) else ""


def _invented(answer_id: str | None, index: int) -> str:
    return f"call_{answer_id or uuid.uuid4().hex}_{index}"

"""An answer on the terminal, as it arrives."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from chatkit.events import (
    Citation,
    Media,
    ReasoningDelta,
    ServerToolCall,
    ServerToolCallChunk,
    ServerToolResult,
    TextDelta,
    ToolCallChunk,
)
from chatkit.jsons import dumps

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.events import Event
    from chatkit.messages import AIMessage

__all__ = ["JSONPrinter", "Printer"]

DIM, CYAN, RESET = "\x1b[2m", "\x1b[36m", "\x1b[0m"
_CONTROLS = {code: chr(0x2400 + code) for code in range(32) if chr(code) not in "\n\t"} | {0x7F: "␡", 0x9B: "�"}
"""Control characters of an answer are shown, not obeyed: a model must not drive the terminal."""


class Printer:
    """Writes events to a terminal or a file.

    Args:
        out: where to; colors are used when it is a terminal.
        reasoning: show reasoning too.
    """

    def __init__(self, out: TextIO | None = None, *, reasoning: bool = False) -> None:
        self._out = out or sys.stdout
        self._colors = self._out.isatty()
        self._reasoning = reasoning
        self._section: Any = None
        self._sources: list[str] = []

    def show(self, event: Event) -> None:
        """Write what an event adds."""
        show = _SHOW.get(type(event))
        if show is not None:
            show(self, event)

    def end(self, message: AIMessage) -> None:
        """End the answer: the end of the line, and its sources."""
        self._close()
        for number, source in enumerate(dict.fromkeys(self._sources), 1):
            self._write(f"[{number}] {source}\n", DIM)
        self._sources = []
        self._out.flush()

    def _text(self, event: Any) -> None:
        self._open("text")
        self._write(event.text)

    def _thought(self, event: Any) -> None:
        if self._reasoning and event.text:
            self._open("reasoning", "(thinking) ", DIM)
            self._write(event.text, DIM)

    def _call(self, event: Any) -> None:
        if self._open(("call", event.index)):
            self._write(f"→ {event.name} ", CYAN)
        self._write(event.args, CYAN)

    def _server_call(self, event: Any) -> None:
        self._open(("server call", event.id), f"→ {event.name} {dumps(event.args)}", CYAN)

    def _server_result(self, event: Any) -> None:
        shown = event.output if isinstance(event.output, str) else dumps(event.output)
        self._open(("server result", event.tool_call_id), f"← {shown[:200]}", CYAN)

    def _cite(self, event: Any) -> None:
        annotation: dict[str, Any] = event.annotation
        source = annotation.get("url") or annotation.get("title")
        if source:
            self._sources.append(f"{annotation.get('title') or ''} {source}".strip())

    def _media(self, event: Any) -> None:
        block: dict[str, Any] = event.block
        where = block.get("url") or block.get("mime_type") or ""
        self._open(("media", event.index), f"[{block.get('type')} {where}]".replace(" ]", "]"))

    def tool_result(self, text: str) -> None:
        """Write what a tool of the caller's gave back."""
        self._write(f"← {text}", CYAN)
        self._write("\n")

    def _open(self, section: Any, lead: str = "", color: str = "") -> bool:
        """Begin a section on a line of its own; whether it is a new one."""
        if section == self._section:
            return False
        self._close()
        self._section = section
        self._write(lead, color)
        return True

    def _close(self) -> None:
        if self._section is not None:
            self._write("\n")
        self._section = None

    def _write(self, text: str, color: str = "") -> None:
        if self._colors:
            text = text.translate(_CONTROLS)
            text = f"{color}{text}{RESET}" if color else text
        self._out.write(text)
        self._out.flush()


_SHOW: dict[type, Callable[[Printer, Any], None]] = {
    TextDelta: Printer._text,
    ReasoningDelta: Printer._thought,
    ToolCallChunk: Printer._call,
    ServerToolCall: Printer._server_call,
    ServerToolCallChunk: Printer._call,
    ServerToolResult: Printer._server_result,
    Citation: Printer._cite,
    Media: Printer._media,
}


class JSONPrinter:
    """Writes one JSON object a line: the events as they arrive, at last the message."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout

    def show(self, event: Event) -> None:
        """Write an event."""
        self._line(event)

    def end(self, message: AIMessage) -> None:
        """Write the message."""
        self._line({"type": "message", "message": message.model_dump()})

    def _line(self, value: Any) -> None:
        self._out.write(dumps(value) + "\n")
        self._out.flush()

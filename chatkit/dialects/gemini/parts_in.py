"""Parts of an answer as events (wire sheet: google_genai §4, §5, §10).

Neighbouring texts are one block, calls and everything else are a block each. A signature belongs to the part that it
came on and closes its block; on an empty text it belongs to the text before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.ids import new_id
from chatkit.dialects.gemini.partial_args import ArgsWriter
from chatkit.dialects.gemini.wire import is_set
from chatkit.events import Media, Raw, ReasoningDelta, ServerToolCall, ServerToolResult, TextDelta, ToolCallChunk

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.dialects.gemini.wire import FunctionCall, Part
    from chatkit.events import Event

__all__ = ["CODE_EXECUTION", "PartReader"]

CODE_EXECUTION = "code_execution"
"""Name of the server tool that runs code; the others are called as the API calls them."""

_MEDIA = ("image", "audio", "video")


class PartReader:
    """Reads the parts of one answer, in order.

    Attributes:
        texts: pieces of the text blocks so far, by block index.
    """

    def __init__(self) -> None:
        self.texts: dict[int, list[str]] = {}
        self._index = -1
        self._open = ""  # kind of the block that the next part may continue
        self._call: tuple[int, ArgsWriter] | None = None  # a call whose arguments come in pieces
        self._code_id: str | None = None

    def read(self, part: Part) -> list[Event] | None:
        """Events of one part; None for a part of a kind that is not known here."""
        if part.text and not part.thought and part.thought_signature is None and part.function_call is None:
            return [*self.close(), self._text(part.text)]
        name = next((name for name in _READERS if getattr(part, name) is not None), None)
        if name == "function_call":
            return self._function_call(part)
        if name is None and part.thought_signature is None:
            return None
        return self.close() + _READERS[name or "text"](self, part, _signature(part))

    def unknown(self, part: dict[str, Any]) -> list[Event]:
        """Events of a part of another kind: it is kept as it is."""
        return [*self.close(), Raw(part, self._next(""))] if part else []

    def close(self, *, cut: bool = False) -> list[Event]:
        """Events that end a call whose arguments came in pieces; a cut one stays as it is."""
        if self._call is None:
            return []
        (index, writer), self._call = self._call, None
        return [] if cut else [ToolCallChunk(writer.close(), index)]

    def _next(self, kind: str) -> int:
        self._open = kind
        self._index += 1
        return self._index

    def _text(self, text: str, extras: dict[str, Any] | None = None) -> TextDelta:
        if self._open != "text":
            self.texts[self._next("text")] = []
        self.texts[self._index].append(text)
        return TextDelta(text, self._index, extras)

    def _written(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        text = part.text or ""
        if not text and extras is None:
            return []
        if part.thought:
            index = self._index if self._open == "reasoning" else self._next("reasoning")
            event: Event = ReasoningDelta(text, index, extras=extras)
        else:
            event = self._text(text, extras)
        if extras:
            self._open = ""
        return [event]

    def _function_call(self, part: Part) -> list[Event]:
        call = part.function_call
        assert call is not None
        if call.name is None and self._call is not None:
            return self._more(call)
        events = self.close()
        if call.name is None and not is_set(call.args):  # the end of a call that ended already
            return events
        index = self._next("")
        args = bytes(call.args).decode() if is_set(call.args) else ""
        events.append(ToolCallChunk(args, index, call.id or new_id(), call.name, _signature(part)))
        if not args and (call.will_continue or call.partial_args):
            self._call = index, ArgsWriter()
            return events + self._more(call)
        return events

    def _more(self, call: FunctionCall) -> list[Event]:
        assert self._call is not None
        index, writer = self._call
        text = "".join([writer.write(piece) for piece in call.partial_args or ()])
        events: list[Event] = [ToolCallChunk(text, index)] if text else []
        return events if call.will_continue else events + self.close()

    def _inline(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        data = part.inline_data or {}
        if part.thought:  # a sketch on the way to the picture
            extras = {**(extras or {}), "thought": True}
        return self._media(data, {"base64": data.get("data") or ""}, extras)

    def _file(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        data = part.file_data or {}
        return self._media(data, {"url": data.get("fileUri")}, extras)

    def _media(self, data: dict[str, Any], source: dict[str, Any], extras: dict[str, Any] | None) -> list[Event]:
        mime = data.get("mimeType") or "application/octet-stream"
        kind = mime.partition("/")[0]
        block: dict[str, Any] = {"type": kind if kind in _MEDIA else "file", "mime_type": mime, **source}
        if extras:
            block["extras"] = extras
        # Speech is streamed as one sound in pieces; every image is one of its own.
        piece = f"audio {mime}" if kind == "audio" and "base64" in source else ""
        index = self._index if piece and self._open == piece else self._next(piece)
        return [Media(block, index)]

    def _code(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        args = dict(part.executable_code or {})
        self._code_id = args.pop("id", None) or new_id()
        return [ServerToolCall(CODE_EXECUTION, args, self._code_id, self._next(""), extras)]

    def _code_result(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        result = part.code_execution_result or {}
        outcome = result.get("outcome")
        status = "success" if outcome in ("OUTCOME_OK", None) else "error"
        extras = {**(extras or {}), "outcome": outcome}
        id = result.get("id") or self._code_id
        return [ServerToolResult(id, status, result.get("output"), index=self._next(""), extras=extras)]

    def _tool_call(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        call = part.tool_call or {}
        return [ServerToolCall(call.get("toolType") or "", call.get("args") or {}, call.get("id"), self._next(""), extras)]

    def _tool_response(self, part: Part, extras: dict[str, Any] | None) -> list[Event]:
        said = part.tool_response or {}
        extras = {**(extras or {}), "tool_type": said.get("toolType")}
        return [ServerToolResult(said.get("id"), "success", said.get("response"), index=self._next(""), extras=extras)]


def _signature(part: Part) -> dict[str, Any] | None:
    return None if part.thought_signature is None else {"signature": part.thought_signature}


_READERS: dict[str, Callable[[PartReader, Part, dict[str, Any] | None], list[Event]]] = {
    "function_call": lambda reader, part, _: reader._function_call(part),
    "inline_data": PartReader._inline,
    "file_data": PartReader._file,
    "executable_code": PartReader._code,
    "code_execution_result": PartReader._code_result,
    "tool_call": PartReader._tool_call,
    "tool_response": PartReader._tool_response,
    "text": PartReader._written,  # last: some servers put an empty text beside a call
}

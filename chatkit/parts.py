"""One content block while it grows from its pieces, and what it says as a standard block."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.jsons import decode_object, is_object
from chatkit.merge import merge_into
from chatkit.partial_json import PartialJSON

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.events import Index

__all__ = ["Part", "render", "tool_call_block"]


class Part:
    """One content block while it grows."""

    __slots__ = ("annotations", "block", "extras", "id", "index", "kind", "name", "parsed", "parser", "texts")

    def __init__(self, kind: str, index: Index) -> None:
        self.kind = kind
        self.index = index
        self.texts: list[str] = []
        self.id: str | None = None
        self.name: str | None = None
        self.extras: dict[str, Any] | None = None
        self.block: dict[str, Any] = {}
        self.annotations: list[dict[str, Any]] = []
        self.parser: PartialJSON | None = None
        self.parsed = 0

    def text(self) -> str:
        """All pieces joined; what is joined stays so, unless the incremental parser has still to see its pieces."""
        if len(self.texts) > 1 and (self.parser is None or self.parsed == len(self.texts)):
            self.texts = ["".join(self.texts)]
            self.parsed = min(self.parsed, 1)
            return self.texts[0]
        return "".join(self.texts)

    def add_extras(self, extras: dict[str, Any] | None) -> None:
        """Vendor's data of one more piece."""
        if extras:
            if self.extras is None:
                self.extras = {}
            merge_into(self.extras, extras)

    def partial_args(self) -> dict[str, Any]:
        """The arguments as far as they came; each fragment is parsed once, and only if somebody looks."""
        if self.parser is None:
            self.parser = PartialJSON()
        for fragment in self.texts[self.parsed :]:
            self.parser.feed(fragment)
        self.parsed = len(self.texts)
        value = self.parser.snapshot()
        return value if is_object(value) else {}


def tool_call_block(name: str | None, args: str, id: str | None, *, cut: bool = False) -> dict[str, Any]:
    """A finished call: `tool_call` when the arguments are a JSON object, else `invalid_tool_call` with the reason."""
    parsed = {} if not args.strip() and not cut else decode_object(args)
    if parsed is not None and name:
        return {"type": "tool_call", "name": name, "args": parsed, "id": id}
    reason = "the call has no name" if not name else "the arguments are cut off" if cut else "the arguments are not a JSON object"
    return {"type": "invalid_tool_call", "name": name, "args": args, "id": id, "error": reason}


def render(part: Part, *, finished: bool, cut: bool) -> dict[str, Any]:
    """One content block as a standard block, see `Fold.blocks`."""
    block = _RENDER.get(part.kind, _render_media)(part, finished, cut)
    if part.extras:
        block["extras"] = part.extras
    if not finished and part.index is not None:
        block["index"] = part.index
    return block


def _render_text(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": part.text()}
    if part.annotations:
        block["annotations"] = list(part.annotations)
    return block


def _render_reasoning(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "reasoning", "reasoning": part.text()}
    if part.id is not None:
        block["id"] = part.id
    return block


def _render_tool(part: Part, finished: bool, cut: bool) -> dict[str, Any]:
    if finished:
        return tool_call_block(part.name, part.text(), part.id, cut=cut)
    return {"type": "tool_call_chunk", "name": part.name, "args": part.text(), "id": part.id}


def _render_server_tool(part: Part, finished: bool, _cut: bool) -> dict[str, Any]:
    if not finished:
        return {"type": "server_tool_call_chunk", "name": part.name, "args": part.text(), "id": part.id}
    args = part.text()
    parsed = decode_object(args) if args.strip() else {}
    return {"type": "server_tool_call", "name": part.name, "args": {"input": args} if parsed is None else parsed, "id": part.id}


def _render_whole(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    return dict(part.block)


def _render_raw(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    return {"type": "non_standard", "value": dict(part.block)}


def _render_media(part: Part, _finished: bool, _cut: bool) -> dict[str, Any]:
    block = dict(part.block)
    if part.texts:
        block["base64"] = _join_base64(part.texts)
    return block


def _join_base64(pieces: list[str]) -> str:
    """Pieces that were encoded one by one cannot just be glued: padding may stand in the middle."""
    if len(pieces) == 1 or not any(piece.endswith("=") for piece in pieces[:-1]):
        return "".join(pieces)
    return base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()


_RENDER: dict[str, Callable[[Part, bool, bool], dict[str, Any]]] = {
    "text": _render_text,
    "reasoning": _render_reasoning,
    "tool_call_chunk": _render_tool,
    "server_tool_call_chunk": _render_server_tool,
    "server_tool_call": _render_whole,
    "server_tool_result": _render_whole,
    "non_standard": _render_raw,
}

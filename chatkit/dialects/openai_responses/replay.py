"""An earlier answer as items, as the vendor sent them (wire sheet: openai_responses §3, replay rules).

An answer of the same vendor goes back item by item; of others' `replayable` leaves text and tool calls. What the
server did not store (`store=False`) goes without message ids, and without reasoning that only the server could read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.history import is_own, refuse_media, replayable
from chatkit.dialects.openai_responses.citations import annotation_of
from chatkit.dialects.openai_responses.free_text import CUSTOM_INPUT
from chatkit.dialects.openai_responses.parts import extras_of
from chatkit.jsons import as_object, decode_object, dumps, is_list, is_object
from chatkit.messages.blocks import DATA_BLOCK_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.messages import AIMessage

__all__ = ["assistant_items"]


def assistant_items(message: AIMessage, provider: str, owner: str, *, stateless: bool) -> list[dict[str, Any]]:
    """The items of one assistant turn.

    Args:
        provider: the vendor that will read them.
        owner: the model's class, for error messages.
        stateless: nothing is stored on the server.

    Raises:
        UnsupportedFeatureError: media that no item tells.
    """
    said = message.response_metadata
    # The same vendor's Chat Completions answers are foreign too: their blocks know nothing of items.
    ours = said.get("object") == "response" or "model_provider" not in said
    blocks = replayable(message, provider if ours else "")
    turn = _Turn(blocks, stateless or said.get("store") is False)
    for block in blocks:
        if block["type"] in DATA_BLOCK_TYPES and not turn.draws:
            refuse_media(block, owner, own=ours and is_own(message, provider))
        _ADDERS.get(block["type"], _Turn.skip)(turn, block)
    return [_plain(item) for item in turn.items if _is_whole(item, turn.stateless)]


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    """Text of which nothing else is known goes in the short form, which every compatible server takes."""
    parts = item.get("content")
    if item.get("type") != "message" or "id" in item or "phase" in item or not is_list(parts) or len(parts) != 1:
        return item
    text = parts[0]
    return (
        {"role": "assistant", "content": text["text"]} if text.get("type") == "output_text" and not text["annotations"] else item
    )


def _is_whole(item: dict[str, Any], stateless: bool) -> bool:
    """Reasoning that nobody could make sense of is left out: the server asks for its id or its content."""
    if item.get("type") != "reasoning":
        return True
    return bool(item.get("encrypted_content") or item.get("content") or (item.get("id") and not stateless))


class _Turn:
    """One assistant turn while it is put together. Blocks that come from one item meet in it again."""

    def __init__(self, blocks: list[dict[str, Any]], stateless: bool) -> None:
        self.items: list[dict[str, Any]] = []
        self.stateless = stateless
        self._open: tuple[str, Any] | None = None  # kind and id of the item that the last block went into
        self.draws = any("image_generation" in _kind_of_item(block) for block in blocks)
        self._images = {block.get("id"): block.get("base64") for block in blocks if block["type"] == "image"}

    def skip(self, block: dict[str, Any]) -> None:
        """Nothing goes back: it is told by another block, or the API has no place for it in an assistant turn."""

    def _last(self, kind: str, id: Any, new: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The item that a block belongs to."""
        if self._open != (kind, id) or not self.items:
            self.items.append(new())
            self._open = kind, id
        return self.items[-1]

    def _add(self, item: dict[str, Any]) -> None:
        self.items.append(item)
        self._open = None

    def text(self, block: dict[str, Any]) -> None:
        part: dict[str, Any] = {"type": "output_text", "text": block.get("text") or ""}
        annotations = [annotation_of(annotation) for annotation in block.get("annotations") or ()]
        part["annotations"] = [annotation for annotation in annotations if annotation is not None]
        self._part(part, extras_of(block))

    def _part(self, part: dict[str, Any], extras: dict[str, Any]) -> None:
        message = self._last("message", extras.get("item_id"), lambda: self._message(extras))
        message["content"].append(part)

    def _message(self, extras: dict[str, Any]) -> dict[str, Any]:
        message: dict[str, Any] = {"type": "message", "role": "assistant", "status": extras.get("status", "completed")}
        if extras.get("item_id") and not self.stateless:
            message["id"] = extras["item_id"]
        if extras.get("phase"):
            message["phase"] = extras["phase"]
        return {**message, "content": []}

    def reasoning(self, block: dict[str, Any]) -> None:
        extras = dict(extras_of(block))
        kind = extras.pop("part", "summary_text")
        if (
            "encrypted_content" in extras
            and self._open == ("reasoning", block.get("id"))
            and "encrypted_content" in self.items[-1]
        ):
            self._open = None  # xAI gives several reasoning items of one answer the same id
        item = self._last("reasoning", block.get("id"), lambda: _reasoning_item(block))
        item.update(extras)
        if block.get("reasoning"):
            name = "content" if kind == "reasoning_text" else "summary"
            item.setdefault(name, []).append({"type": kind, "text": block["reasoning"]})

    def tool_call(self, block: dict[str, Any]) -> None:
        extras = dict(extras_of(block))
        if extras.get("type") == "custom":
            item = {"type": "custom_tool_call", "call_id": block["id"], "name": block["name"], "input": _input(block["args"])}
        else:
            arguments = _arguments(block["args"], extras.pop("arguments", None))
            item = {"type": "function_call", "call_id": block["id"], "name": block["name"], "arguments": arguments}
        self._add({**item, **self._call_extras(extras)})

    def _call_extras(self, extras: dict[str, Any]) -> dict[str, Any]:
        """An item's own fields; of a call without item, as other dialects make it, only what this API knows."""
        id = extras.get("item_id")
        if id is None:
            return {name: extras[name] for name in ("namespace", "caller") if name in extras}
        kept = {name: value for name, value in extras.items() if name not in ("item_id", "type")}
        return {"id": id, "status": "completed", **kept}

    def invalid_tool_call(self, block: dict[str, Any]) -> None:
        """A call with broken arguments goes back as it was, so that the model sees what it did."""
        if block.get("name"):
            self.tool_call({**block, "args": block.get("args") or ""})

    def server_item(self, block: dict[str, Any]) -> None:
        item = extras_of(block).get("item") or _stored_search(block)
        if not is_object(item):
            return
        if item.get("type") == "image_generation_call":
            whole = {**item, "result": self._images.get(item.get("id"))}
            item = whole if self.stateless else {"type": item["type"], "id": item.get("id")}
        self._add(item)

    def own(self, block: dict[str, Any]) -> None:
        value = block["value"]
        if value.get("type") == "refusal":
            self._part({"type": "refusal", "refusal": value.get("refusal") or ""}, value)
        else:
            self._add(value)


def _kind_of_item(block: dict[str, Any]) -> str:
    return str(as_object(extras_of(block).get("item")).get("type"))


def _stored_search(block: dict[str, Any]) -> dict[str, Any] | None:
    """The item of a web search of which a stored conversation keeps nothing but the standard block."""
    if block["type"] != "server_tool_call" or block.get("name") != "web_search":
        return None
    return {"type": "web_search_call", "id": block.get("id"), "status": "completed", "action": block.get("args")}


def _reasoning_item(block: dict[str, Any]) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "reasoning", "summary": []}
    return {**item, "id": block["id"]} if block.get("id") else item


def _input(args: Any) -> str:
    if is_object(args):
        value = args.get(CUSTOM_INPUT)
        return value if isinstance(value, str) else dumps(args)
    return args


def _arguments(args: Any, sent: Any) -> str:
    """The arguments as text: as the model wrote them, unless somebody changed the parsed ones."""
    if not is_object(args):
        return args
    return sent if isinstance(sent, str) and decode_object(sent) == args else dumps(args)


_ADDERS: dict[str, Callable[[_Turn, dict[str, Any]], None]] = {
    "text": _Turn.text,
    "reasoning": _Turn.reasoning,
    "tool_call": _Turn.tool_call,
    "invalid_tool_call": _Turn.invalid_tool_call,
    "server_tool_call": _Turn.server_item,
    "server_tool_result": _Turn.server_item,
    "non_standard": _Turn.own,
}

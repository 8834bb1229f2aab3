"""What models said in their providers' words, as LangChain stores it, as standard blocks (spec S84-S90).

Conversations that LangChain has kept can so be gone on with: signatures and encrypted reasoning stand in `extras`, where
providers look for them, and calls are `tool_call` blocks, which are sent once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, decode_object, dumps, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ANSWERS", "as_sent", "rest"]


def rest(block: dict[str, Any], *known: str) -> dict[str, Any]:
    """What else stands in a foreign block (cache_control ...) is kept as extras."""
    extras = {key: value for key, value in block.items() if key not in known and key != "type" and value is not None}
    return {"extras": extras} if extras else {}


def _place(block: dict[str, Any]) -> dict[str, Any]:
    """The index of a block that was streamed, which keeps it apart from its neighbours."""
    return {"index": block["index"]} if block.get("index") is not None else {}


def as_sent(block: dict[str, Any]) -> dict[str, Any]:
    """A block that only its provider knows; the index that it got while it was streamed is no part of it."""
    value = {key: value for key, value in block.items() if key != "index"} if "index" in block else block
    return {"type": "non_standard", "value": value, **_place(block)}


def _thinking(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "reasoning", "reasoning": block.get("thinking", ""), **_place(block), **rest(block, "thinking", "index")}


def _reasoning(block: dict[str, Any]) -> dict[str, Any] | None:
    """An item of the Responses API; what is encrypted may also stand beside the text."""
    summary = block.get("summary")
    if not is_list(summary) and "encrypted_content" not in block:
        return None
    parts = [part.get("text") or "" for part in summary if is_object(part)] if is_list(summary) else []
    text, known = block.get("reasoning") or "\n\n".join(parts), ("reasoning", "summary", "id", "index", "extras")
    extras = {**as_object(block.get("extras")), **rest(block, *known).get("extras", {})}
    return {"type": "reasoning", "reasoning": text, "id": block.get("id"), **_place(block), "extras": extras}


def _reasoning_content(block: dict[str, Any]) -> dict[str, Any] | None:
    """Bedrock's."""
    said = as_object(block.get("reasoning_content"))
    if isinstance(said.get("redacted_content"), str):
        return as_sent({"reasoningContent": {"redactedContent": said["redacted_content"]}, **_place(block)})
    if not isinstance(said.get("text"), str):
        return None
    return {"type": "reasoning", "reasoning": said["text"], **_place(block), **rest(said, "text")}


def _text(block: dict[str, Any]) -> dict[str, Any] | None:
    """Text with Anthropic's citations, or with the id of its message in the Responses API."""
    notes, id = block.get("citations"), block.get("id")
    from_item = isinstance(id, str) and id.startswith("msg_")
    if not is_list(notes) and not from_item:
        return None
    out = {key: value for key, value in block.items() if key != "citations" and not (from_item and key == "id")}
    if is_list(notes):
        out["annotations"] = [{"type": "non_standard_annotation", "value": note} for note in notes]
    return {**out, "extras": {**as_object(block.get("extras")), "item_id": id}} if from_item else out


def _input(block: dict[str, Any]) -> dict[str, Any]:
    """The input of a call; of one that was streamed it stands beside it, as text."""
    given: Any = block.get("input") or block.get("partial_json")
    return (decode_object(given) if isinstance(given, str) else given) or {}


def _tool_use(block: dict[str, Any]) -> dict[str, Any]:
    more = {**_place(block), **rest(block, "name", "input", "id", "index", "partial_json")}
    return {"type": "tool_call", "name": block["name"], "args": _input(block), "id": block.get("id"), **more}


def _server_tool_use(block: dict[str, Any]) -> dict[str, Any] | None:
    if "partial_json" not in block:
        return None
    whole = {key: value for key, value in block.items() if key != "partial_json"}
    return as_sent({**whole, "input": _input(block)})


def _item_call(block: dict[str, Any], args: dict[str, Any], extras: dict[str, Any]) -> dict[str, Any]:
    """A call that is an item of the Responses API."""
    more = {**extras, **rest(block, "name", "arguments", "input", "call_id", "id", "index").get("extras", {})}
    more |= {"item_id": block["id"]} if block.get("id") else {}
    call = {"type": "tool_call", "name": block["name"], "args": args, "id": block["call_id"], **_place(block)}
    return {**call, "extras": more} if more else call


def _function_call(block: dict[str, Any]) -> dict[str, Any]:
    text = block.get("arguments") or "{}"
    args = decode_object(text)
    if args is None:
        return {"type": "invalid_tool_call", "name": block["name"], "args": text, "id": block["call_id"], "error": "not JSON"}
    return _item_call(block, args, {} if dumps(args) == text else {"arguments": text})


def _custom_tool_call(block: dict[str, Any]) -> dict[str, Any]:
    return _item_call(block, {"__arg1": block.get("input") or ""}, {"type": "custom"})


ANSWERS: dict[str, Callable[[dict[str, Any]], dict[str, Any] | None]] = {
    "custom_tool_call": _custom_tool_call,
    "function_call": _function_call,
    "reasoning": _reasoning,
    "reasoning_content": _reasoning_content,
    "server_tool_use": _server_tool_use,
    "text": _text,
    "thinking": _thinking,
    "tool_use": _tool_use,
}
"""The type of a block -> its translation, None when the block is to be taken as it is."""

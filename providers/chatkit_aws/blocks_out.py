"""Standard content blocks as Converse content blocks (wire sheet: bedrock_converse §3, §9)."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, Any

from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import is_list, is_object
from chatkit.messages.blocks import DATA_BLOCK_TYPES
from chatkit_aws.citations import wire_citations
from chatkit_aws.media import Documents, media_block

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["BlockWriter", "cache_point", "tool_use_id"]

_GOOD_ID = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_BAD_CHARACTER = re.compile(r"[^A-Za-z0-9_-]")


def cache_point(control: Any = None) -> dict[str, Any]:
    """A cachePoint block; `control` may carry a `ttl`, as Anthropic's cache_control does."""
    ttl = control.get("ttl") if is_object(control) else None
    return {"cachePoint": {"type": "default", **({"ttl": ttl} if ttl else {})}}


def tool_use_id(id: str | None) -> str:
    """An id of a call that Bedrock accepts; ids of other vendors can be too long or hold other characters.

    The same id always becomes the same, so that a call and its result still meet.
    """
    if id and _GOOD_ID.fullmatch(id):
        return id
    return f"{_BAD_CHARACTER.sub('_', id or 'call')[:54]}_{zlib.crc32((id or '').encode()):08x}"


def _extras(block: dict[str, Any]) -> dict[str, Any]:
    return block.get("extras") or {}


class BlockWriter:
    """Writes the content blocks of one request.

    Args:
        owner: name of the class that asks, for errors.
        answered: ids of the calls that have a result in the conversation.
    """

    def __init__(self, owner: str, answered: frozenset[str] = frozenset()) -> None:
        self._owner = owner
        self._answered = answered
        self._documents = Documents()

    def content(self, blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """The blocks that there is something to say of, a cachePoint after those that ask for one."""
        content: list[dict[str, Any]] = []
        for block in blocks:
            written = self._write(block)
            if written is None:
                continue
            content.append(written)
            control = _extras(block).get("cache_control") or block.get("cache_control")
            if control and block["type"] != "non_standard":
                content.append(cache_point(control))
        return content

    def tool_result(self, id: str, status: str, blocks: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """The result of a call to one of the caller's tools; "success" is what Bedrock takes for granted."""
        result: dict[str, Any] = {"toolUseId": tool_use_id(id), "content": self.content(blocks)}
        if status == "error":
            result["status"] = status
        return {"toolResult": result}

    def _write(self, block: dict[str, Any]) -> dict[str, Any] | None:
        kind = block["type"]
        if kind in DATA_BLOCK_TYPES:
            return media_block(block, self._documents, self._owner)
        writer = _WRITERS.get(kind)
        if writer is None:
            raise UnsupportedFeatureError(f"{self._owner}: content blocks of type {kind!r} cannot be sent to Bedrock")
        return writer(self, block)

    def _text(self, block: dict[str, Any]) -> dict[str, Any] | None:
        text = block.get("text") or ""
        if not text.strip():  # refused by the API
            return None
        citations = wire_citations(block.get("annotations") or ())
        return {"citationsContent": {"content": [{"text": text}], "citations": citations}} if citations else {"text": text}

    def _reasoning(self, block: dict[str, Any]) -> dict[str, Any] | None:
        """Models without signatures refuse reasoning in the history, so it goes back only with one."""
        signature = _extras(block).get("signature")
        if not signature:
            return None
        text = block.get("reasoning") or ""
        return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}

    def _tool_call(self, block: dict[str, Any]) -> dict[str, Any]:
        id = tool_use_id(block.get("id"))
        return {"toolUse": {"toolUseId": id, "name": block["name"], "input": block.get("args") or {}}}

    def _invalid_tool_call(self, block: dict[str, Any]) -> dict[str, Any] | None:
        """Input must be an object; a broken call is only sent where a result follows, which would hang without it."""
        if block.get("id") not in self._answered:
            return None
        return self._tool_call(
            {**block, "name": block.get("name") or "unknown", "args": {"INVALID_JSON": block.get("args") or ""}}
        )

    def _server_tool_call(self, block: dict[str, Any]) -> dict[str, Any]:
        call = self._tool_call(block)
        call["toolUse"]["type"] = "server_tool_use"
        return call

    def _server_tool_result(self, block: dict[str, Any]) -> dict[str, Any]:
        output = block.get("output")
        content = output if is_list(output) else [{"json": {"output": output}}]
        kind = _extras(block).get("type")
        result = {"toolUseId": tool_use_id(block["tool_call_id"]), "content": content, "status": block["status"]}
        return {"toolResult": {**result, **({"type": kind} if kind else {})}}

    def _non_standard(self, block: dict[str, Any]) -> dict[str, Any]:
        return block["value"]


_WRITERS: dict[str, Callable[[BlockWriter, dict[str, Any]], dict[str, Any] | None]] = {
    "text": BlockWriter._text,
    "reasoning": BlockWriter._reasoning,
    "tool_call": BlockWriter._tool_call,
    "invalid_tool_call": BlockWriter._invalid_tool_call,
    "server_tool_call": BlockWriter._server_tool_call,
    "server_tool_result": BlockWriter._server_tool_result,
    "non_standard": BlockWriter._non_standard,
}

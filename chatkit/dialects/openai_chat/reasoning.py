"""Reasoning: read from whichever field a server uses, and sent back in the field that it came from.

Four forms (wire sheet: openai_compatible §2 and §4): text in `reasoning_content`, `reasoning` or (GitHub Copilot)
`reasoning_text`; OpenRouter's list `reasoning_details` with signatures; parts of the content: Mistral's `thinking` and
Databricks' `reasoning`. A block's `extras` says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import ReasoningDelta
from chatkit.jsons import as_object, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FIELDS", "Details", "read_fields", "replay", "summary_of", "thinking_text"]

FIELDS = ("reasoning_content", "reasoning", "reasoning_text")
"""Fields that hold reasoning as text. A server that sends both sends the same text twice."""

PARTS = ("thinking", "summary")
"""`extras["field"]` of reasoning that stood in a part of the content, named by what the part holds."""

_TEXT_KEYS = {"reasoning.text": "text", "reasoning.summary": "summary"}


def read_fields(delta: dict[str, Any]) -> list[ReasoningDelta]:
    """The reasoning text of a delta or message."""
    for field in FIELDS:
        text = delta.get(field)
        if isinstance(text, str) and text:
            return [ReasoningDelta(text, 0, extras={"field": field})]
    return []


class Details:
    """Reads `reasoning_details`: one reasoning block an item, its text joined, the rest of it kept in `extras["detail"]`."""

    def __init__(self) -> None:
        self._ids: dict[str, str | None] = {}  # of the first item at each place
        self._data: dict[str, str] = {}

    def read(self, items: list[Any], *, whole: bool) -> list[ReasoningDelta]:
        """Events of the details of one delta, or of a whole message, whose items are never pieces of each other."""
        return [self._item(item, f"{at}:" if whole else "") for at, item in enumerate(items) if is_object(item)]

    def _item(self, item: dict[str, Any], prefix: str) -> ReasoningDelta:
        kind = str(item.get("type"))
        key = self._key(kind, item, prefix)
        detail = {name: value for name, value in item.items() if value is not None}
        text_key = _TEXT_KEYS.get(kind)
        text = detail.get(text_key) if text_key else None
        if text_key and text_key in detail:
            detail[text_key] = ""
        if not detail.get("signature"):
            detail.pop("signature", None)  # an empty one must not take the place of the real one
        if isinstance(detail.get("data"), str):
            detail["data"] = self._data[key] = self._data.get(key, "") + detail["data"]
        return ReasoningDelta(text if isinstance(text, str) else "", key, extras={"detail": detail})

    def _key(self, kind: str, item: dict[str, Any], prefix: str) -> str:
        """Pieces of one item agree in type and index, and in their id where they have one."""
        place, id = f"{prefix}{kind}:{item.get('index') or 0}", item.get("id") or None
        known = self._ids.setdefault(place, id)
        if id is None or known is None or id == known:
            return place
        return f"{place}#{id}"


def replay(blocks: Iterable[dict[str, Any]], default_field: str | None) -> dict[str, Any]:
    """Fields of an assistant message that give reasoning blocks back.

    Args:
        blocks: the reasoning blocks of one's own message.
        default_field: where text goes that came from no field (written by the user); None drops it.
    """
    fields: dict[str, Any] = {}
    for block in blocks:
        extras, text = as_object(block.get("extras")), block.get("reasoning") or ""
        if is_object(extras.get("detail")):
            fields.setdefault("reasoning_details", []).append(_detail(extras["detail"], text))
        elif extras.get("field") not in PARTS:
            field = extras.get("field") or default_field
            if field:
                fields[field] = fields.get(field, "") + text
    return fields


def _detail(detail: dict[str, Any], text: str) -> dict[str, Any]:
    key = _TEXT_KEYS.get(str(detail.get("type")))
    return {**detail, key: text} if key and key in detail else detail


def thinking_text(part: dict[str, Any]) -> str:
    """The text of a Mistral `thinking` part."""
    inner = part.get("thinking")
    if is_list(inner):
        return "".join(str(piece.get("text") or "") for piece in inner if is_object(piece))
    return inner if isinstance(inner, str) else ""


def summary_of(part: dict[str, Any]) -> tuple[str, str]:
    """(text, signature) of a `reasoning` part of Databricks: `{"summary": [{"type": "summary_text", "text", "signature"}]}`."""
    pieces = [piece for piece in part.get("summary") or () if is_object(piece)]
    texts, signatures = ([str(piece.get(name) or "") for piece in pieces] for name in ("text", "signature"))
    return "".join(texts), "".join(signatures)

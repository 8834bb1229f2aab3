"""Citations of Converse and standard annotations, both ways (wire sheet: bedrock_converse §8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["annotation", "wire_citations"]


def annotation(citation: Mapping[str, Any]) -> dict[str, Any]:
    """A standard `citation`. `extras` keeps Bedrock's own (location, source, sourceContent) for the way back."""
    pieces = [piece.get("text") or "" for piece in citation.get("sourceContent") or () if is_object(piece)]
    location: dict[str, Any] = citation.get("location") or {}
    web: dict[str, Any] = location.get("web") or {}
    source = citation.get("source")
    url = web.get("url") or (source if isinstance(source, str) and source.startswith(("http://", "https://")) else None)
    standard: dict[str, Any] = {"url": url, "title": citation.get("title"), "cited_text": "".join(pieces) or None}
    extras = {key: value for key, value in citation.items() if key != "title" and value is not None}
    if extras.get("sourceContent") == [{"text": standard["cited_text"]}]:
        del extras["sourceContent"]
    known = {key: value for key, value in standard.items() if value is not None}
    return {"type": "citation", **known, **({"extras": extras} if extras else {})}


def wire_citations(annotations: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The citations as Bedrock gave them; annotations that are not Bedrock's are left out."""
    return [_wire_citation(item, item["extras"]) for item in annotations if _is_bedrocks(item)]


def _is_bedrocks(item: Mapping[str, Any]) -> bool:
    extras: dict[str, Any] = item.get("extras") or {}
    return item.get("type") == "citation" and is_object(extras.get("location"))


def _wire_citation(item: Mapping[str, Any], extras: Mapping[str, Any]) -> dict[str, Any]:
    citation = dict(extras)
    if "title" in item:
        citation["title"] = item["title"]
    if "cited_text" in item and "sourceContent" not in citation:
        citation["sourceContent"] = [{"text": item["cited_text"]}]
    return citation

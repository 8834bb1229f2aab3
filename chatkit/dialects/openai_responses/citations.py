"""Annotations of the Responses API as standard citations, and back (wire sheet: openai_responses §7, §9; spec S85)."""

from __future__ import annotations

from typing import Any

from chatkit.dialects.openai_responses.parts import extras_of
from chatkit.jsons import is_object

__all__ = ["annotation_of", "citation_of"]

_SPAN = ("start_index", "end_index")
_NAMES = {"url_citation": ("url", "title", *_SPAN), "file_citation": (), "container_file_citation": _SPAN, "file_path": ()}


def citation_of(annotation: dict[str, Any]) -> dict[str, Any]:
    """An annotation as the API sends it as a standard one.

    What the standard has no name for (`file_id`, `container_id`, the annotation's own type) is kept in `extras`.
    """
    kind = annotation.get("type")
    names = _NAMES.get(kind) if isinstance(kind, str) else None
    if names is None:
        return {"type": "non_standard_annotation", "value": annotation}
    citation: dict[str, Any] = {"type": "citation"}
    citation.update((name, annotation[name]) for name in names if annotation.get(name) is not None)
    if annotation.get("filename"):
        citation["title"] = annotation["filename"]
    rest = {key: value for key, value in annotation.items() if key not in (*names, "filename", "type")}
    if kind != "url_citation":
        rest["type"] = kind
    if rest:
        citation["extras"] = rest
    return citation


def annotation_of(citation: dict[str, Any]) -> dict[str, Any] | None:
    """A standard annotation as the API sends it; None for one that this API does not know."""
    if citation.get("type") == "non_standard_annotation":
        value = citation.get("value")
        return value if is_object(value) else None
    extras = extras_of(citation)
    kind = extras.get("type", "url_citation")
    names = _NAMES.get(kind)
    if names is None or (kind == "url_citation" and "url" not in citation):
        return None
    annotation: dict[str, Any] = {"type": kind, **{name: citation[name] for name in names if name in citation}, **extras}
    if kind != "url_citation" and "title" in citation:
        annotation["filename"] = citation["title"]
    return annotation

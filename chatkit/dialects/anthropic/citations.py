"""Citations: from the five kinds of location to the standard annotation and back (wire sheet: anthropic §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["annotation_of", "locations_of"]

_STANDARD = ("url", "title", "cited_text")
_TITLED_DOCUMENT = frozenset({"char_location", "page_location", "content_block_location"})


def annotation_of(location: dict[str, Any]) -> dict[str, Any]:
    """A citation as the API says it -> a `citation` annotation, or `non_standard_annotation` where nothing is cited.

    `extras` keeps the rest, `type` included, so that `locations_of` can give it back word for word. The positions in
    it are positions in the source; in the answer the whole text block is what the citation stands for.
    """
    if "cited_text" not in location and "url" not in location:
        return {"type": "non_standard_annotation", "value": location}
    annotation: dict[str, Any] = {"type": "citation"}
    source = location.get("source")
    url = location.get("url") or (source if isinstance(source, str) and source.startswith(("http://", "https://")) else None)
    title = location.get("title") or location.get("document_title")
    found = {"url": url, "title": title, "cited_text": location.get("cited_text")}
    annotation.update((name, value) for name, value in found.items() if value is not None)
    annotation["extras"] = {name: value for name, value in location.items() if name not in (*_STANDARD, "document_title")}
    return annotation


def locations_of(annotations: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The annotations of a text block as the API said them; those that it did not say are left out."""
    return [location for annotation in annotations if (location := _location(annotation)) is not None]


def _location(annotation: dict[str, Any]) -> dict[str, Any] | None:
    if annotation.get("type") == "non_standard_annotation":
        value = annotation.get("value")
        return value if is_object(value) else None
    extras = as_object(annotation.get("extras"))
    kind = extras.get("type")
    if not isinstance(kind, str):
        return None
    location: dict[str, Any] = {**extras, "cited_text": annotation.get("cited_text")}
    location["document_title" if kind in _TITLED_DOCUMENT else "title"] = annotation.get("title")
    if "url" in annotation and "source" not in extras:
        location["url"] = annotation["url"]
    return location

"""Sources of an answer as citations (wire sheet: google_genai §8).

The API counts in UTF-8 bytes, citations count in characters.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from chatkit.events import Citation
from chatkit.jsons import as_object, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["citations_of_attribution", "citations_of_grounding"]

_KINDS = ("web", "retrievedContext", "maps", "image")


def citations_of_grounding(grounding: dict[str, Any], texts: Mapping[int, str]) -> Iterator[Citation]:
    """One citation for each passage and each source that supports it.

    A passage whose sources are not told (they were not retrieved) still gets one, without url.

    Args:
        grounding: the `groundingMetadata` object.
        texts: the text blocks by their index, in order.
    """
    chunks = dict(enumerate(_objects(grounding.get("groundingChunks"))))
    for support in _objects(grounding.get("groundingSupports")):
        index, passage = _passage(as_object(support.get("segment")), texts)
        numbers = support.get("groundingChunkIndices") or ()
        scores = support.get("confidenceScores") or ()
        sources = [(chunks[nth], score) for nth, score in itertools.zip_longest(numbers, scores) if nth in chunks]
        for chunk, score in sources or [({}, None)]:
            yield Citation(_annotation(passage, _source(chunk), {"confidence_score": score}), index)


def citations_of_attribution(attribution: dict[str, Any], texts: Mapping[int, str]) -> Iterator[Citation]:
    """Citations of what the model recites (`citationMetadata`); the API lists empty ones too."""
    for source in _objects(attribution.get("citations") or attribution.get("citationSources")):
        if not source:
            continue
        index, passage = _passage(source, texts)
        extras = {"license": source.get("license"), "publication_date": source.get("publicationDate")}
        yield Citation(_annotation(passage, {"url": source.get("uri"), "title": source.get("title")}, extras), index)


def _objects(items: Any) -> list[dict[str, Any]]:
    return [item if is_object(item) else {} for item in items] if is_list(items) else []


def _annotation(passage: dict[str, Any], source: dict[str, Any], extras: dict[str, Any]) -> dict[str, Any]:
    known = {key: value for key, value in {**source, **passage}.items() if value is not None and key != "extras"}
    more = {key: value for key, value in {**as_object(source.get("extras")), **extras}.items() if value is not None}
    return {"type": "citation", **known, **({"extras": more} if more else {})}


def _source(chunk: dict[str, Any]) -> dict[str, Any]:
    """`url` and `title` of a source; what else is known of it (its text, place id, store) as extras."""
    kind = next((kind for kind in _KINDS if is_object(chunk.get(kind))), None)
    if kind is None:
        return {}
    known = {"uri": "url", "sourceUri": "url", "title": "title"}
    facts = chunk[kind]
    source = {known[key]: value for key, value in facts.items() if key in known}
    return {**source, "extras": {"source": kind, **{key: value for key, value in facts.items() if key not in known}}}


def _passage(segment: dict[str, Any], texts: Mapping[int, str]) -> tuple[int | None, dict[str, Any]]:
    """Which text block a segment lies in, and where, in characters.

    Positions count within one part of the answer, and which one is hardly ever told; the segment's text tells it.
    """
    start, end, cited = segment.get("startIndex") or 0, segment.get("endIndex"), segment.get("text")
    for index, text in texts.items():
        span = _characters(text, start, end)
        if span and (cited is None or text[span[0] : span[1]] == cited):
            return index, {"start_index": span[0], "end_index": span[1], "cited_text": text[span[0] : span[1]]}
    for index, text in texts.items():
        at = text.find(cited) if cited else -1
        if at >= 0 and cited:
            return index, {"start_index": at, "end_index": at + len(cited), "cited_text": cited}
    return next(iter(texts), None), {"cited_text": cited}


def _characters(text: str, start: int, end: int | None) -> tuple[int, int] | None:
    """Positions in UTF-8 bytes as positions in characters, None where they lie outside of the text."""
    if end is None or start > end:
        return None
    if text.isascii():
        return (start, end) if end <= len(text) else None
    encoded = text.encode("utf-8", "surrogatepass")
    if end > len(encoded):
        return None
    first = len(encoded[:start].decode("utf-8", "ignore"))
    return first, first + len(encoded[start:end].decode("utf-8", "ignore"))

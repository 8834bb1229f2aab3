"""Where an answer comes from: `annotations` of a message, `citations` and `search_results` beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.events import Citation
from chatkit.jsons import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.events import Index

__all__ = ["Sources", "read_annotations"]

_KNOWN = ("url", "title", "start_index", "end_index", "content")
_MARKER = re.compile(r"\[(\d{1,3})\]")


def read_annotations(annotations: Any, index: Index) -> list[Citation]:
    """Events of the `annotations` of a message or delta; what is no URL citation (OpenRouter's parsed files) is kept whole."""
    return [Citation(_annotation(item), index) for item in annotations if is_object(item)] if is_list(annotations) else []


def _annotation(item: dict[str, Any]) -> dict[str, Any]:
    inner = item.get("url_citation")
    if not is_object(inner):
        return {"type": "non_standard_annotation", "value": item}
    fields = {"url": inner.get("url"), "title": inner.get("title"), "start_index": inner.get("start_index")}
    fields |= {"end_index": inner.get("end_index"), "cited_text": inner.get("content") or None}
    extras = {key: value for key, value in inner.items() if key not in _KNOWN and value is not None}
    return {"type": "citation", **_present(fields), **({"extras": extras} if extras else {})}


def _present(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value is not None}


class Sources:
    """`citations` (xAI, Perplexity: URLs) and `search_results` (Perplexity), which come again with every chunk.

    Perplexity's text points at them with `[1]`; such places become spans. A source that the text does not point at
    is a citation without a span, and so are all of them when they come only after the text has begun.

    Attributes:
        found: there are some.
    """

    def __init__(self) -> None:
        self.found = False
        self._late = False
        self._urls: list[str] = []
        self._results: list[dict[str, Any]] = []
        self._text: list[str] = []

    def read(self, body: dict[str, Any], texts: Iterable[str], *, begun: bool) -> None:
        """Note what a chunk or body says, and the text that came with it; `begun`: there was text before."""
        urls, results = body.get("citations"), body.get("search_results")
        if is_list(urls) and urls:
            self._urls = [url for item in urls if isinstance(url := item.get("url") if is_object(item) else item, str)]
        if is_list(results) and results:
            self._results = [result for result in results if is_object(result) and isinstance(result.get("url"), str)]
        if self._urls or self._results:
            self._late = self._late or (begun and not self.found)
            self.found = True
            self._text += texts

    def close(self, index: Index) -> list[Citation]:
        """The citations, at the end of the answer."""
        sources = self._sources()
        spans: dict[int, list[tuple[int, int]]] = {}
        for match in () if self._late else _MARKER.finditer("".join(self._text)):
            spans.setdefault(int(match[1]) - 1, []).append(match.span())
        events: list[Citation] = []
        for at, source in enumerate(sources):
            places = [{"start_index": start, "end_index": end} for start, end in spans.get(at, ())]
            events += [Citation({**source, **place}, index) for place in places or [{}]]
        return events

    def _sources(self) -> list[dict[str, Any]]:
        by_url = {result["url"]: result for result in self._results}
        return [_source(url, by_url.get(url, {})) for url in self._urls or by_url]


def _source(url: str, result: dict[str, Any]) -> dict[str, Any]:
    fields = {"url": url, "title": result.get("title"), "cited_text": result.get("snippet") or None}
    extras = {key: value for key, value in result.items() if key not in ("url", "title", "snippet") and value is not None}
    return {"type": "citation", **_present(fields), **({"extras": extras} if extras else {})}

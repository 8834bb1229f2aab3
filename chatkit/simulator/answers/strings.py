"""Texts that fit a property: by its format, its name and what the prompt mentions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.simulator.answers import mentions

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PLACE_WORDS", "string_for"]

_FORMATS: dict[str, str] = {
    "date": "2025-01-31",
    "date-time": "2025-01-31T09:30:00Z",
    "time": "09:30:00Z",
    "duration": "PT1H",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}
PLACE_WORDS = frozenset({"location", "city", "place", "address", "country", "town", "destination", "origin", "where", "region"})
_QUERY_WORDS = frozenset({"query", "question", "input", "prompt", "request", "search", "expression"})
_TEXT_WORDS = frozenset({"answer", "summary", "explanation", "reason", "description", "text", "response", "content", "joke"})
_NAME_WORDS = frozenset({"name", "title", "person", "author", "subject", "topic", "company", "product"})


def string_for(schema: dict[str, Any], name: str, prompt: str, answer: str) -> str:
    """A text for a property of that name."""
    form = schema.get("format")
    if form in _FORMATS:
        found = _IN_PROMPT[form](prompt) if form in _IN_PROMPT else []
        return found[0] if found else _FORMATS[form]
    meant = mentions.stems(f"{name} {schema.get('title') or ''}")
    found = next((found for wanted, find in _BY_WORD if meant & wanted and (found := find(prompt))), list[str]())
    if found:
        return found[0]
    if meant & _TEXT_WORDS:
        return answer
    default = schema.get("default")
    return default if isinstance(default, str) else (*mentions.quoted(prompt), name.replace("_", " ") or answer)[0]


def _query(prompt: str) -> list[str]:
    return [*mentions.quoted(prompt), prompt]


def _place(prompt: str) -> list[str]:
    return [*mentions.places(prompt), "Paris"]


def _name(prompt: str) -> list[str]:
    return [*mentions.quoted(prompt), *mentions.names(prompt)]


_IN_PROMPT: dict[str, Callable[[str], list[str]]] = {"email": mentions.emails, "uri": mentions.urls}
_BY_WORD: tuple[tuple[frozenset[str], Callable[[str], list[str]]], ...] = (
    (frozenset({"email", "mail"}), mentions.emails),
    (frozenset({"url", "link", "uri"}), mentions.urls),
    (PLACE_WORDS, _place),
    (_QUERY_WORDS, _query),
    (_NAME_WORDS, _name),
)

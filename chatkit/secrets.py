"""Keys that never show: a string that prints as stars, and filters for texts, headers, addresses and named values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STARS = "**********"

_HARMLESS_HEADERS = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-encoding", "content-length", "content-type", "date", "host"),
        *("retry-after", "retry-after-ms", "server", "transfer-encoding", "user-agent", "x-request-id", "request-id"),
        *("anthropic-beta", "anthropic-version", "openai-beta", "openai-organization", "openai-project", "openai-version"),
    }
)
"""Headers whose values may be shown. Of all others nobody knows what a user puts into them."""

_SECRET_NAME = re.compile(r"key|token|secret|passw|auth|credential|cookie|signature", re.IGNORECASE)


class Secret:
    """A key or token. `get_secret_value()` gives it; `repr`, `str` and pickles of errors never do."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    @classmethod
    def of(cls, value: Any) -> Secret:
        """Wrap a str, or anything with `get_secret_value()` such as pydantic's SecretStr."""
        if isinstance(value, Secret):
            return value
        reveal = getattr(value, "get_secret_value", None)
        return cls(reveal() if reveal is not None else value)

    def get_secret_value(self) -> str:
        """The key itself."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{STARS}')"

    def __str__(self) -> str:
        return STARS

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Replace every known secret in a text by stars."""
    for secret in secrets:
        if len(secret) > 3:
            text = text.replace(secret, STARS)
    return text


def scrub_url(url: str) -> str:
    """The same URL with the password, and the values of the query, replaced by stars."""
    head, at, rest = url.rpartition("@")
    if at:
        scheme, slashes, name = head.rpartition("//")
        user, colon, _ = name.partition(":")
        url = f"{scheme}{slashes}{f'{user}:' if colon else ''}{STARS}@{rest}"
    path, question, query = url.partition("?")
    return path + question + "&".join(f"{pair.partition('=')[0]}={STARS}" for pair in query.split("&") if pair)


def scrub_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers with the values replaced by stars, but for those that are known to hold no secret."""
    return {name: value if name.lower() in _HARMLESS_HEADERS else STARS for name, value in headers.items()}


def is_secret_name(name: str) -> bool:
    """Whether something of that name is likely a secret."""
    return _SECRET_NAME.search(name) is not None


def masked(name: str, value: Any) -> Any:
    """A named value as it may be shown: texts under names such as `key` or `token` are stars, at any depth."""
    if isinstance(value, str):
        return STARS if is_secret_name(name) else scrub_url(value) if "://" in value else value
    if isinstance(value, dict):
        items = cast("dict[Any, Any]", value)
        return {key: masked(str(key), inner) for key, inner in items.items()}
    if isinstance(value, list | tuple):
        return [masked(name, inner) for inner in cast("list[Any]", value)]
    return value

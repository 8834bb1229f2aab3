"""Keys that never show: a string that prints as stars, and a filter for texts and headers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

STARS = "**********"

SECRET_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-amz-security-token",
        "x-api-key",
        "x-goog-api-key",
    }
)


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


def scrub_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The same headers with the values of secret ones replaced by stars."""
    return {name: STARS if name.lower() in SECRET_HEADERS else value for name, value in headers.items()}

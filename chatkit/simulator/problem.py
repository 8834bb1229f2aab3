"""`Problem`: an error that a server reports, in no dialect's words."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["KINDS", "Problem", "problem"]

KINDS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The simulator refuses this request."),
    "context_length": (400, "This model's maximum context length is 8192 tokens. Please reduce the length of the messages."),
    "content_filter": (400, "The prompt was flagged by the content filter."),
    "authentication": (401, "Incorrect API key provided."),
    "permission": (403, "You may not use this model."),
    "not_found": (404, "The model does not exist."),
    "timeout": (408, "The request took too long."),
    "too_large": (413, "The request is too large."),
    "model_error": (424, "The model could not process the request."),
    "rate_limit": (429, "Rate limit reached."),
    "quota": (429, "You exceeded your current quota."),
    "server": (500, "The server had an error while processing your request."),
    "bad_gateway": (502, "Bad gateway."),
    "overloaded": (529, "Overloaded."),
    "unavailable": (503, "The service is not available at the moment."),
}
"""Status and message of each kind of problem."""

_BY_STATUS = {status: kind for kind, (status, _) in reversed(KINDS.items())} | {504: "timeout"}


class Problem(Struct, frozen=True):
    """What went wrong.

    Attributes:
        kind: one of KINDS; each dialect has its own words for it.
        retry_after: seconds that the client is asked to wait.
        code: what the API calls this error, where that is not said by its kind.
    """

    kind: str
    status: int
    message: str
    retry_after: float | None = None
    code: str | None = None


def problem(
    kind: str | int,
    message: str | None = None,
    *,
    status: int | None = None,
    retry_after: float | None = None,
    code: str | None = None,
) -> Problem:
    """A problem by its kind, or by the HTTP status that stands for one.

    Args:
        message, status: instead of what KINDS says.
        retry_after, code: see `Problem`.

    Raises:
        ValueError: no such kind.
    """
    if isinstance(kind, int):
        status, kind = status or kind, _BY_STATUS.get(kind, "server" if kind >= 500 else "bad_request")
    if kind not in KINDS:
        raise ValueError(f"no problem is called {kind!r}; there are {', '.join(KINDS)}")
    usual, text = KINDS[kind]
    return Problem(kind, status or usual, message or text, retry_after, code)

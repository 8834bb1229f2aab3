"""What both of OpenAI's APIs share: errors, rate limits, the time of every answer (wire sheet: openai_chat §9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chatkit.simulator.dialects.dialect import Limits
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question

__all__ = ["CREATED", "error_of", "headers_of", "snapshot_of"]

CREATED = 1_764_000_000
"""A fixed time, so that the same question always gets the same bytes."""

_SNAPSHOTS = {
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-5-mini": "gpt-5-mini-2025-08-07",
    "gpt-5-nano": "gpt-5-nano-2025-08-07",
}

_WORDS: dict[str, tuple[str, str | None]] = {
    "bad_request": ("invalid_request_error", None),
    "context_length": ("invalid_request_error", "context_length_exceeded"),
    "content_filter": ("invalid_request_error", "content_filter"),
    "too_large": ("invalid_request_error", None),
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "permission": ("invalid_request_error", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "overloaded": ("server_error", "server_is_overloaded"),
    "unavailable": ("server_error", "server_is_overloaded"),
}


def snapshot_of(model: str) -> str:
    """The name that the API answers with: an alias is answered by a snapshot, and says which."""
    return _SNAPSHOTS.get(model, model)


def error_of(problem: Problem) -> dict[str, Any]:
    """The object under `error`."""
    kind, code = _WORDS.get(problem.kind, ("server_error", None))
    return {"message": problem.message, "type": kind, "param": None, "code": problem.code or code}


def headers_of(question: Question | None, limits: Limits) -> dict[str, str]:
    """Request id and rate limits."""
    request_id = question.name("req_") if question else "req_simulated"
    headers = {"x-request-id": request_id, "openai-version": "2020-10-01"}
    for name, most, left, reset in (
        ("requests", limits.requests, limits.requests_left, limits.requests_reset),
        ("tokens", limits.tokens, limits.tokens_left, limits.tokens_reset),
    ):
        if most is not None:
            headers[f"x-ratelimit-limit-{name}"] = str(most)
            headers[f"x-ratelimit-remaining-{name}"] = str(left)
            headers[f"x-ratelimit-reset-{name}"] = f"{max(0, round(reset * 1000))}ms"
    return headers

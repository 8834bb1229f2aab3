"""Errors in Google's words."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    ModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from chatkit.jsons import encode
from tests.dialects.gemini_case import MODEL

WRONG_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}


def error(status: int, word: str, message: str = "No.", details: Any = None) -> ModelError:
    body = {"error": {"code": status, "message": message, "status": word, **({} if details is None else {"details": details})}}
    return MODEL._error(status, {}, encode(body))


@pytest.mark.parametrize(
    ("status", "word", "details", "cls"),
    [
        (400, "INVALID_ARGUMENT", None, BadRequestError),
        (400, "FAILED_PRECONDITION", [], BadRequestError),
        (400, "INVALID_ARGUMENT", [WRONG_KEY, {"locale": "en-US"}], AuthenticationError),
        (401, "UNAUTHENTICATED", None, AuthenticationError),
        (403, "PERMISSION_DENIED", [{"reason": "SERVICE_DISABLED"}], PermissionDeniedError),
        (404, "NOT_FOUND", None, NotFoundError),
        (429, "RESOURCE_EXHAUSTED", None, RateLimitError),
        (499, "CANCELLED", None, ServerError),
        (500, "INTERNAL", None, ServerError),
        (503, "UNAVAILABLE", None, OverloadedError),
        (504, "DEADLINE_EXCEEDED", None, ServerError),
    ],
)
def test_classes(status: int, word: str, details: Any, cls: type[ModelError]) -> None:
    found = error(status, word, details=details)
    assert type(found) is cls
    assert (found.status, found.type, found.provider_message) == (status, word, "No.")


def test_a_prompt_that_is_too_long() -> None:
    message = "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."
    assert type(error(400, "INVALID_ARGUMENT", message)) is ContextLengthError


def quota(name: str, *more: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}, *more]


def test_the_time_to_wait_stands_in_the_body() -> None:
    found = error(429, "RESOURCE_EXHAUSTED", details=quota("RequestsPerMinute", {"retryDelay": "34.4s"}))
    assert found.retry_after == 34.4
    assert found.retryable


def test_a_day_s_quota_that_is_used_up_is_not_waited_for() -> None:
    assert not error(429, "RESOURCE_EXHAUSTED", details=quota("RequestsPerDayPerProject", {"retryDelay": "3s"})).retryable


@pytest.mark.parametrize(
    "details", [{}, [None, 3], [{"violations": 3}], [{"violations": [3]}], [{"retryDelay": None}, {"retryDelay": 3}]]
)
def test_odd_details_break_nothing(details: Any) -> None:
    assert type(error(429, "RESOURCE_EXHAUSTED", details=details)) is RateLimitError

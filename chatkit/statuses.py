"""From an HTTP status and an error body to the right exception: which words and numbers mean what.

Sources: the error sections of every wire sheet.
"""

from __future__ import annotations

import email.utils
import re
import time
from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.error_bodies import body_request_id, facts_of, google_details, google_retry_after, is_daily_quota, word
from chatkit.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from chatkit.jsons import decode
from chatkit.secrets import scrub_url

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["error_from_body", "error_from_response", "request_id_of", "retry_after_of"]

_CONTEXT = re.compile(
    r"context[ _-]?length|maximum context|context (window|size|limit)|prompt is too long|input is too long"
    r"|too many (input )?tokens|input tokens exceed"
    r"|input token count|exceeds the (maximum|model)[^.]*tokens|exceed_context_size",
    re.IGNORECASE,
)
_FILTER = re.compile(r"content[ _-]?(filter|policy|management)|responsible_?ai|safety system|flagged|moderation", re.IGNORECASE)
_NO_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "billing_hard_limit_reached",
        "billing_not_active",
        "enforced_spend_limit_reached",
        "contract_spend_limit_reached",
    }
)
_BY_WORD: dict[str, type[ModelError]] = {
    "authentication_error": AuthenticationError,
    "invalid_api_key": AuthenticationError,
    "api_key_invalid": AuthenticationError,
    "unauthenticated": AuthenticationError,
    "unrecognizedclientexception": AuthenticationError,
    "expiredtokenexception": AuthenticationError,
    "invalidsignatureexception": AuthenticationError,
    "incompletesignatureexception": AuthenticationError,
    "missingauthenticationtokenexception": AuthenticationError,
    "permission_error": PermissionDeniedError,
    "permission_denied": PermissionDeniedError,
    "accessdeniedexception": PermissionDeniedError,
    "billing_error": PermissionDeniedError,
    "not_found_error": NotFoundError,
    "not_found": NotFoundError,
    "model_not_found": NotFoundError,
    "resourcenotfoundexception": NotFoundError,
    "invalid_request_error": BadRequestError,
    "invalid_argument": BadRequestError,
    "failed_precondition": BadRequestError,
    "validationexception": BadRequestError,
    "request_too_large": BadRequestError,
    "tool_use_failed": BadRequestError,
    "invalid_prompt": BadRequestError,
    "failed_to_download_image": BadRequestError,
    "image_file_not_found": BadRequestError,
    "image_file_too_large": BadRequestError,
    "image_parse_error": BadRequestError,
    "image_too_large": BadRequestError,
    "image_too_small": BadRequestError,
    "invalid_base64_image": BadRequestError,
    "invalid_image": BadRequestError,
    "invalid_image_format": BadRequestError,
    "invalid_image_mode": BadRequestError,
    "invalid_image_url": BadRequestError,
    "empty_image_file": BadRequestError,
    "unsupported_image_media_type": BadRequestError,
    "context_length_exceeded": ContextLengthError,
    "exceed_context_size_error": ContextLengthError,
    "content_filter": ContentFilterError,
    "content_policy_violation": ContentFilterError,
    "image_content_policy_violation": ContentFilterError,
    "bio_policy": ContentFilterError,
    "misalignment_policy_violation": ContentFilterError,
    "rate_limit_error": RateLimitError,
    "rate_limit_exceeded": RateLimitError,
    "rate_limit_reached": RateLimitError,
    "requests": RateLimitError,
    "tokens": RateLimitError,
    "insufficient_quota": RateLimitError,
    "resource_exhausted": RateLimitError,
    "throttlingexception": RateLimitError,
    "servicequotaexceededexception": RateLimitError,
    "overloaded_error": OverloadedError,
    "overloaded": OverloadedError,
    "capacity_exceeded": OverloadedError,
    "unavailable": OverloadedError,
    "unavailable_error": OverloadedError,
    "serviceunavailableexception": OverloadedError,
    "modelnotreadyexception": OverloadedError,
    "engine_overloaded": OverloadedError,
    "server_is_overloaded": OverloadedError,
    "slow_down": OverloadedError,
    "api_error": ServerError,
    "server_error": ServerError,
    "internal": ServerError,
    "internal_error": ServerError,
    "internal_server_error": ServerError,
    "internalserverexception": ServerError,
    "modelerrorexception": ServerError,
    "modelstreamerrorexception": ServerError,
    "modeltimeoutexception": ServerError,
    "timeout_error": ServerError,
    "cancelled": ServerError,
    "deadline_exceeded": ServerError,
}
_BY_STATUS: dict[int, type[ModelError]] = {
    401: AuthenticationError,
    402: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    408: ServerError,
    409: ServerError,
    429: RateLimitError,
    498: AuthenticationError,  # Cohere: the token is invalid
    503: OverloadedError,
    529: OverloadedError,
}
_MORE_EXACT: dict[int, tuple[type[ModelError], ...]] = {
    403: (OverloadedError, RateLimitError, AuthenticationError),
    429: (OverloadedError, RateLimitError),
    498: (OverloadedError,),  # Groq: no capacity for the flex tier
    503: (OverloadedError, RateLimitError),
}
"""Statuses that are used for more than one thing: what a word in the body may make of them."""

_REQUEST_ID_HEADERS = (
    *("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id", "x-goog-request-id", "x-generation-id"),
    *("x-debug-trace-id", "mistral-correlation-id", "cf-ray"),
)


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The id of a request as its response's headers give it."""
    return next((headers[name] for name in _REQUEST_ID_HEADERS if headers.get(name)), None)


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `retry-after` (seconds or an HTTP date). Read on errors only."""
    try:
        if headers.get("retry-after-ms"):
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after")
        if not value:
            return None
        try:
            return max(0.0, float(value))
        except ValueError:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (TypeError, ValueError, OverflowError):
        return None


def error_from_response(status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
    """The exception for a response with an error status.

    Args:
        status: the HTTP status.
        headers: lower-case names.
        body: the error body in any form: JSON of many shapes, text, an HTML page, nothing.
    """
    if 300 <= status < 400:
        return _redirected(status, headers)
    try:
        decoded: Any = decode(body) if body.strip() else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        decoded = body.decode("utf-8", "replace")
    error = error_from_body(decoded, status=status, headers=headers)
    wish = headers.get("x-should-retry", "").lower()
    if wish in ("true", "false"):
        error.retryable = wish == "true"
    return error


def _redirected(status: int, headers: Mapping[str, str]) -> ModelError:
    """Redirects are not followed: the key would go to wherever the answer says."""
    place = f" to {scrub_url(headers['location'])!r}" if headers.get("location") else ""
    return NotFoundError(f"the server redirects{place}, which is not followed; check base_url", status=status, headers=headers)


def error_from_body(body: Any, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> ModelError:
    """The exception for an error object: a whole error body, or one that came inside a 200 answer or a stream."""
    headers = headers or {}
    message, kind, code = facts_of(body)
    if not message:
        message = f"HTTP {status} without a message" if status else "the provider reported an error without a message"
    details = google_details(body)
    reasons = [word(detail.get("reason")) for detail in details]
    kind = kind or headers.get("x-amzn-errortype", "").split(":")[0].rsplit("#")[-1] or None
    known = (*reasons, code, kind)
    wait = retry_after_of(headers)
    error = _class_of(status, known, message)(
        message,
        status=status,
        code=code,
        type=kind,
        request_id=request_id_of(headers) or body_request_id(body),
        retry_after=google_retry_after(details) if wait is None else wait,
        body=body,
        headers=headers,
    )
    if {code, kind} & _NO_QUOTA or any(map(is_daily_quota, details)):
        error.retryable = False
    return error


def _class_of(status: int | None, words: tuple[str | None, ...], message: str) -> type[ModelError]:
    number = status
    if status is None or status < 400:
        number = next((int(word) for word in words if word and word.isdecimal() and 400 <= int(word) < 600), None)
    named = next((found for word in words if word and (found := _BY_WORD.get(word.lower().rsplit("#")[-1]))), None)
    if named in (ContextLengthError, ContentFilterError):
        return named
    if number is None:
        cls = named or ServerError
    elif number in _BY_STATUS:
        cls = named if named and named in _MORE_EXACT.get(number, ()) else _BY_STATUS[number]
    elif number >= 500:
        cls = named if named in (OverloadedError, RateLimitError) else ServerError
    else:
        cls = named or BadRequestError
    if cls is BadRequestError or (cls is ServerError and number is None):
        if _CONTEXT.search(message):
            return ContextLengthError
        if _FILTER.search(" ".join(filter(None, (*words, message)))):
            return ContentFilterError
    return cls

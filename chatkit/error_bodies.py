"""What an error body says, in any of the shapes seen in the wild.

Sources: the error sections of every wire sheet; wire sheet openai_compatible §2 for the shapes.
"""

from __future__ import annotations

import re
from typing import Any

from chatkit.jsons import as_object, excerpt, is_list, is_object

__all__ = ["body_request_id", "facts_of", "google_details", "google_retry_after", "is_daily_quota", "word"]

_INSIDE = ("error", "base_resp", "errors")
"""Where the facts stand when not at the top: everybody's, MiniMax's, Cloudflare's (a list)."""
_MESSAGES = ("message", "Message", "error_message", "detail", "title", "msg", "status_msg")
_CODES = ("code", "error_code", "status_code")  # the second at Databricks; Anthropic has it among the details


def facts_of(body: Any) -> tuple[str, str | None, str | None]:
    """(message, type, code) of an error body in any known shape."""
    if is_list(body) and body:
        return facts_of(body[0])
    if isinstance(body, str):
        return _page_or_text(body), None, None
    if not is_object(body):
        return "", None, None
    said = next((body[key] for key in _INSIDE if body.get(key) and (key == "error" or not body.get("message"))), body)
    if is_list(said):
        said = said[0]
    if isinstance(said, str):
        return said[:2000], word(body.get("error_type") or body.get("type")), word(body.get("code"))
    said = said if is_object(said) else body
    return _message(said)[:2000], *_kind_and_code(said)


def _page_or_text(body: str) -> str:
    if body.lstrip().startswith("<"):
        return f"an HTML page instead of JSON: {excerpt(body)}"
    return " ".join(body.split())[:2000]


def _message(said: dict[str, Any]) -> str:
    message = next((said[key] for key in _MESSAGES if said.get(key)), "")
    raw = as_object(said.get("metadata")).get("raw")
    return _text(f"{message}: {raw}" if raw else message)


def _kind_and_code(said: dict[str, Any]) -> tuple[str | None, str | None]:
    status = said.get("status")  # a word at Google; elsewhere the number of the HTTP status
    name, number = (status, None) if isinstance(status, str) else (None, status)
    kind = said.get("type") or name or said.get("__type") or said.get("error_type")
    code = next((said[key] for key in _CODES if said.get(key)), None) or as_object(said.get("details")).get("error_code")
    return word(kind), word(code or number)


def _text(message: Any) -> str:
    """A message as text; FastAPI gives a list of `{"loc", "msg"}`, Mistral puts that into an object."""
    if isinstance(message, str):
        return message
    found = message.get("detail", message) if is_object(message) else message
    if not is_list(found) or not all(is_object(entry) and entry.get("msg") for entry in found):
        return excerpt(repr(message))
    places = (".".join(map(str, entry["loc"])) if is_list(entry.get("loc")) else "" for entry in found)
    return "; ".join(
        f"{place}: {entry['msg']}" if place else str(entry["msg"]) for place, entry in zip(places, found, strict=True)
    )


def word(value: Any) -> str | None:
    """A code or a type as a word; None for nothing."""
    return None if value is None or value == "" else str(value)[:200]


def body_request_id(body: Any) -> str | None:
    """The id of a request, where the body gives it."""
    value = body.get("request_id") if is_object(body) else None
    return value if isinstance(value, str) else None


_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?)s\Z")


def google_details(body: Any) -> list[dict[str, Any]]:
    """Google says more in `details`: the reason of a refusal, the quota that is used up, how long to wait."""
    inner = body[0] if is_list(body) and body else body
    error = inner.get("error") if is_object(inner) else None
    details = error.get("details") if is_object(error) else None
    return [detail for detail in details if is_object(detail)] if is_list(details) else []


def google_retry_after(details: list[dict[str, Any]]) -> float | None:
    """`retryDelay` of google.rpc.RetryInfo, e.g. "34.4s"."""
    for detail in details:
        match = _DURATION.match(str(detail.get("retryDelay")))
        if match:
            return float(match[1])
    return None


def is_daily_quota(detail: dict[str, Any]) -> bool:
    """Whether a google.rpc.QuotaFailure says that the day's quota is used up: waiting seconds does not help."""
    violations = detail.get("violations")
    return is_list(violations) and any(is_object(found) and "PerDay" in str(found.get("quotaId")) for found in violations)

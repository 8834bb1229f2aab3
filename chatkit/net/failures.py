"""From what the HTTP library raises, and from clocks that ran out, to typed errors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from chatkit.errors import (
    APIConnectionError,
    APITimeoutError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    StreamInterruptedError,
)
from chatkit.events import ErrorEvent
from chatkit.jsons import is_list
from chatkit.logs import log
from chatkit.net.clocks import within
from chatkit.secrets import scrub

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chatkit.codec import Parser
    from chatkit.events import Event
    from chatkit.net.transport import Response
    from chatkit.timeouts import Timeouts

__all__ = [
    "before_sending",
    "ending_of",
    "failure",
    "interruption",
    "no_response",
    "opening",
    "read_error",
    "timed_out",
    "without_secrets",
]

T = TypeVar("T")

MAX_ERROR_BODY = 1024 * 1024

_LASTING = (
    (
        "CERTIFICATE_VERIFY_FAILED",
        "; the server's certificate is not trusted: name the file of its authority in SSL_CERT_FILE, "
        "or pass http_client=httpx.AsyncClient(verify=...)",
    ),
    ("WRONG_VERSION_NUMBER", "; the server does not speak TLS there: is it http:// instead of https://?"),
    ("407", "; check the name and password in the proxy's URL"),
    ("InvalidURL", "; check base_url"),
    ("UnsupportedProtocol", "; check base_url"),
    ("LocalProtocolError", ""),
)
"""Signs of failures that another attempt does not mend, and what to do instead."""

_WHAT = {"first_event": "no event came", "idle": "nothing more came", "total": "the answer was not complete"}


def failure(error: BaseException, phase: str = "") -> ModelError:
    """The typed error for what the HTTP library raised before any output."""
    cause = error.__cause__
    if cause is not None and type(cause).__module__.startswith("aiohttp."):
        error = cause  # httpx over aiohttp calls every connection that breaks a ConnectTimeout
    name = type(error).__name__
    text = f"{name}: {_words(error)}"
    if "ConnectTimeout" in name or "ConnectionTimeout" in name:
        return APITimeoutError(f"no connection within the connect timeout ({text})", phase="connect")
    if "Timeout" in name:
        return APITimeoutError(f"the connection timed out ({text})", phase=phase or "idle")
    lasting = next((hint for sign, hint in _LASTING if sign in text), None)
    if lasting is not None:
        return APIConnectionError(f"the connection failed: {text}{lasting}", retryable=False)
    hint = "; check base_url and the network" if "Connect" in name else ""
    return APIConnectionError(f"the connection failed: {text}{hint}")


def _words(error: BaseException) -> str:
    """What an error says, or what its cause says: some libraries leave their own error without a word."""
    cause: BaseException | None = error
    while cause is not None and not str(cause):
        cause = cause.__cause__ or cause.__context__
    return "no reason was told" if cause is None else str(cause)


def closed_unheard(error: BaseException) -> bool:
    """Whether a connection was closed before a byte of a response came."""
    name = type(error).__name__
    return name in ("ReadError", "WriteError") or (name == "RemoteProtocolError" and "without sending a response" in str(error))


def no_response(wait: float | None, why: str = "") -> APITimeoutError:
    """The error for a response whose head did not come."""
    return APITimeoutError(f"no response within {wait:.3g} s{why}", phase="first_event")


def interruption(error: Exception) -> StreamInterruptedError:
    """The error for a connection that breaks after output."""
    return StreamInterruptedError(f"the connection broke in the middle of the answer: {type(error).__name__}: {error}")


def timed_out(timeouts: Timeouts, phase: str, started_at: float) -> APITimeoutError:
    """The error for a clock that ran out; `total` when that one has run out too."""
    if timeouts.total is not None and time.monotonic() >= started_at + timeouts.total:
        phase = "total"
    return APITimeoutError(f"{_WHAT[phase]} within the {phase} timeout of {getattr(timeouts, phase):g} s", phase=phase)


async def before_sending(work: Coroutine[Any, Any, T], deadline: float | None, timeouts: Timeouts, who: str) -> T:
    """Await what must be done before a request is sent.

    Raises:
        APITimeoutError: the total clock ran out meanwhile; it names who was waited for.
    """
    try:
        return await within(work, deadline)
    except TimeoutError:
        if deadline is None or time.monotonic() < deadline:
            raise  # somebody's own
        words = f"nothing was sent within the total timeout of {timeouts.total:g} s: {who} was still waited for"
        raise APITimeoutError(words, phase="total") from None


async def opening(work: Coroutine[Any, Any, T], timeouts: Timeouts, started_at: float) -> T:
    """Await a response. When it did not come before the total clock ran out, the error says so."""
    try:
        return await work
    except APITimeoutError as error:
        if timeouts.total is None or time.monotonic() < started_at + timeouts.total:
            raise
        raise timed_out(timeouts, "total", started_at) from error.__cause__


def ending_of(parser: Parser) -> list[Event] | None:
    """The last events of an answer whose connection broke; None when it was not complete.

    After the end marker a broken connection takes nothing away. An error that the server told stays an error.
    """
    try:
        events = parser.close()
    except Exception:
        return None
    told = [event.error for event in events if type(event) is ErrorEvent]
    return None if any(isinstance(error, IncompleteStreamError | InvalidResponseError) for error in told) else events


async def read_error(response: Response, deadline: float | None) -> bytes:
    """The body of a response with an error status, as much as comes of it."""
    body = bytearray()
    try:
        while len(body) < MAX_ERROR_BODY and (data := await response.receive(deadline)):
            body += data
    except Exception as error:
        log.debug("the error body broke off: %r", error)
    return bytes(body)


def without_secrets(error: ModelError, secrets: list[str]) -> None:
    """Take keys out of what an error tells."""
    for name in ("provider_message", "code", "type", "request_id", "body", "headers"):
        setattr(error, name, _without(getattr(error, name), secrets))
    error.args = (error.provider_message,)


def _without(value: Any, secrets: list[str]) -> Any:
    if isinstance(value, str):
        return scrub(value, secrets)
    if isinstance(value, Mapping):
        return {key: _without(inner, secrets) for key, inner in cast("Mapping[Any, Any]", value).items()}
    if is_list(value):
        return [_without(inner, secrets) for inner in value]
    return value

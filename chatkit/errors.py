"""Every error that chatkit raises on purpose.

    ChatKitError
    ├── InputError (ValueError)             wrong arguments; raised before any request
    │   ├── InputTypeError (TypeError)      an argument of the wrong type
    │   ├── UnsupportedFeatureError         this provider cannot do what was asked
    │   ├── UnknownProviderError            init_chat_model cannot tell which provider is meant
    │   ├── ProviderImportError (ImportError)  the provider's package cannot be imported
    │   └── MissingKeyError                 no API key was given and none is in the environment
    ├── ModelError                          the provider, or the way to it, failed
    │   ├── AuthenticationError             401: the key is wrong
    │   ├── PermissionDeniedError           402, 403: the key may not do this
    │   ├── NotFoundError                   404: no such model or address
    │   ├── BadRequestError                 400, 422: the provider refuses the request
    │   │   ├── ContextLengthError          the prompt is longer than the model's context
    │   │   └── ContentFilterError          a safety system blocked the prompt or the answer
    │   ├── RateLimitError                  429: too many requests or tokens, or no quota left
    │   ├── OverloadedError                 503, 529: the provider has no capacity now
    │   │   └── CircuitOpenError            a circuit breaker holds calls back: the endpoint failed too often
    │   ├── ServerError                     5xx: the provider broke
    │   ├── APIConnectionError              no connection, or it was cut before any output
    │   │   └── APITimeoutError (TimeoutError)  a clock ran out; `phase` says which
    │   ├── InvalidResponseError            the answer is not what the provider's format allows
    │   └── StreamError                     the stream failed after it had begun
    │       ├── StreamInterruptedError      the connection broke in the middle
    │       └── IncompleteStreamError       the stream ended without its end marker
    ├── LimiterUnavailableError             the server that keeps a shared rate limit cannot be asked
    └── OutputParserError (ValueError)      the answer does not fit the asked structure

Any other exception that escapes from chatkit is a bug in chatkit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.messages import AIMessage

__all__ = [
    "APIConnectionError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ChatKitError",
    "CircuitOpenError",
    "ContentFilterError",
    "ContextLengthError",
    "IncompleteStreamError",
    "InputError",
    "InputTypeError",
    "InvalidResponseError",
    "LimiterUnavailableError",
    "MissingKeyError",
    "ModelError",
    "NotFoundError",
    "OutputParserError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProviderImportError",
    "RateLimitError",
    "ServerError",
    "StreamError",
    "StreamInterruptedError",
    "UnknownProviderError",
    "UnsupportedFeatureError",
]


class ChatKitError(Exception):
    """Base of every error that chatkit raises on purpose."""


class InputError(ChatKitError, ValueError):
    """An argument is wrong. Raised before any request is sent; the message says what to do."""


class InputTypeError(InputError, TypeError):
    """An argument has the wrong type."""


class UnsupportedFeatureError(InputError):
    """The provider cannot do what was asked, for example audio input where it has none."""


class UnknownProviderError(InputError):
    """`init_chat_model` cannot tell which provider is meant, or has no such provider."""


class ProviderImportError(InputError, ImportError):
    """A provider is known, but its package, or the class in it, cannot be imported. `__cause__` is what it raised."""


class MissingKeyError(InputError):
    """No API key was given and none is in the environment."""


class ModelError(ChatKitError):
    """The provider, or the way to it, failed.

    Attributes:
        provider_message: what the provider said, secrets removed.
        status: HTTP status, or None when no response came.
        code: the provider's error code, e.g. "rate_limit_exceeded".
        type: the provider's error type, e.g. "invalid_request_error".
        request_id: the id that the provider's support asks for.
        retryable: whether the same request can succeed later.
        retry_after: seconds that the provider asks to wait, or None.
        partial: the message as far as it came, when the failure came in the middle of it.
        provider: name of the provider, e.g. "openai".
        model: name of the model that was asked.
        body: the error body as it came (decoded JSON, or text), secrets removed.
        headers: the response headers, lower-case names.
        stage: how far the call had come: "request" (no response yet), "response" (nothing of the answer yet) or
            "output" (in the middle of it); None for an error that belongs to no call.
    """

    default_retryable = False
    stage: Literal["request", "response", "output"] | None = None

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        type: str | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        partial: AIMessage | None = None,
        provider: str | None = None,
        model: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.provider_message = message
        self.status = status
        self.code = code
        self.type = type
        self.request_id = request_id
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.partial = partial
        self.provider = provider
        self.model = model
        self.body = body
        self.headers: Mapping[str, str] = headers or {}

    @property
    def status_code(self) -> int | None:
        """The HTTP status under the name that the vendor SDKs use."""
        return self.status

    @property
    def is_retryable(self) -> bool:
        """`retryable` under the name that LangChain uses."""
        return self.retryable

    def __str__(self) -> str:
        facts = [
            f"{label} {value}"
            for label, value in (
                ("provider", self.provider),
                ("model", self.model),
                ("status", self.status),
                ("code", self.code),
                ("request", self.request_id),
                ("retry after", None if self.retry_after is None else f"{self.retry_after:g} s"),
            )
            if value is not None
        ]
        return f"{self.provider_message} ({', '.join(facts)})" if facts else self.provider_message

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.provider_message, self.__dict__)


def _rebuild(cls: type[ModelError], message: str, state: dict[str, Any]) -> ModelError:
    error = cls.__new__(cls, message)
    error.args = (message,)
    error.__dict__.update(state)
    return error


class AuthenticationError(ModelError):
    """The key is missing or wrong (401). Check the key and that it belongs to this provider."""


class PermissionDeniedError(ModelError):
    """The key may not do this (403), or the account has no credit (402)."""


class NotFoundError(ModelError):
    """There is no such model or address (404). Check the model's name and `base_url`."""


class BadRequestError(ModelError):
    """The provider refuses the request as it is (400, 413, 422 ...)."""


class ContextLengthError(BadRequestError):
    """The prompt does not fit the model's context. Shorten it, e.g. with `trim_messages`."""


class ContentFilterError(BadRequestError):
    """A safety system blocked the prompt or the answer."""


class RateLimitError(ModelError):
    """Too many requests or tokens (429). `retryable` is False when the quota is used up."""

    default_retryable = True


class OverloadedError(ModelError):
    """The provider has no capacity at the moment (503, 529, or said inside a stream)."""

    default_retryable = True


class CircuitOpenError(OverloadedError):
    """A `CircuitBreaker` holds the call back, because its endpoint failed too often. Nothing was sent.

    `retry_after` says when the next attempt is allowed. A `RetryPolicy` does not wait for it: who breaks a circuit
    wants to hear of it at once, and to ask somebody else.

    Attributes:
        endpoint: base URL and model name.
    """

    def __init__(self, message: str, *, endpoint: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.endpoint = endpoint


class ServerError(ModelError):
    """The provider broke (5xx)."""

    default_retryable = True


class APIConnectionError(ModelError):
    """No connection could be made, or it was cut before any output."""

    default_retryable = True


class APITimeoutError(APIConnectionError, TimeoutError):
    """A clock ran out.

    Attributes:
        phase: "connect", "first_event", "idle" or "total".
    """

    def __init__(self, message: str, *, phase: str, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.phase = phase


class InvalidResponseError(ModelError):
    """The answer is not what the provider's format allows: not JSON, too large, bad UTF-8."""


class StreamError(ModelError):
    """The stream failed after it had begun; `partial` holds what had arrived."""


class StreamInterruptedError(StreamError):
    """The connection broke, or the provider reported an error, in the middle of the answer."""

    default_retryable = True


class IncompleteStreamError(StreamError):
    """The stream ended without the end marker of its format, so the answer may be cut."""

    default_retryable = True


class LimiterUnavailableError(ChatKitError):
    """The server that keeps a shared rate limit (RedisRateLimiter) cannot be asked, so no request was sent."""


class OutputParserError(ChatKitError, ValueError):
    """The answer does not fit the asked structure.

    Attributes:
        raw: the message that does not fit.
        llm_output: its text.
    """

    def __init__(self, message: str, *, raw: AIMessage | None = None, llm_output: str | None = None) -> None:
        super().__init__(message)
        self.raw = raw
        self.llm_output = llm_output

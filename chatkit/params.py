"""Parameters of a model: which names there are, what types they take, where a value goes.

Every provider declares two TypedDicts: `Settings` (fixed when the model is made: organization, region ...) and
`Params` (may change with every call: temperature, tools ...). Their annotations are the list of known names, the
types that are checked and what editors complete.
"""

from __future__ import annotations

import difflib
import functools
import math
from typing import Any, Literal, TypedDict, get_args, get_origin, get_type_hints

import msgspec

from chatkit.errors import InputError, InputTypeError

__all__ = ["CommonParams", "CommonSettings", "check", "names_of", "unknown_parameter"]


class CommonSettings(TypedDict, total=False):
    """Settings of every model.

    Attributes:
        api_key: str, Secret, pydantic SecretStr, or a function (also async) that returns the key for each request.
        base_url: where the API is, in the form that the vendor's own client takes.
        timeout: seconds for the first event and between events (float), `(connect, read)`, or `Timeouts`.
        max_retries: how often a failed request is sent again (default 2), or a `RetryPolicy`.
        http_client: an `httpx.AsyncClient` or `httpx2.AsyncClient` of the caller's, never closed by chatkit; or the
            name of the library that carries the requests: "httpx" (the default), "httpx2", "aiohttp" (CHATKIT_HTTP).
        proxy: URL of an HTTP proxy; without it the environment's HTTPS_PROXY, HTTP_PROXY and NO_PROXY count.
        default_headers, default_query: sent with every request.
        rate_limiter: limits requests (see docs/limits).
        circuit_breaker: a `CircuitBreaker`, which leaves an endpoint alone that keeps failing (see docs/resilience).
        callbacks, tags, metadata: for every call of this model.
        cache: answers are looked up here first.
        profile: what the model can do; replaces the shipped profile.
        output_version: "v1" makes `content` always a list of standard blocks; "v0", "responses/v1": only where needed.
        streaming: True makes `invoke` stream internally, False makes `stream` give one piece; for one call also `stream=`.
        disable_streaming: `stream` gives one piece (True, or "tool_calling").
        allow_incomplete: accept a stream without end marker.
        model_kwargs, extra_body: more fields for the request body, unchecked.
        include_response_headers: `response_metadata["headers"]` has the headers of the response.
        name: shown in events instead of the class name.
    """

    api_key: Any
    base_url: str | None
    timeout: Any
    max_retries: Any
    http_client: Any
    proxy: str | None
    default_headers: dict[str, str] | None
    default_query: dict[str, Any] | None
    rate_limiter: Any
    circuit_breaker: Any
    callbacks: Any
    tags: list[str] | None
    metadata: dict[str, Any] | None
    cache: Any
    profile: dict[str, Any] | None
    output_version: Literal["v0", "v1", "responses/v1"] | None
    streaming: bool | None
    disable_streaming: bool | Literal["tool_calling"] | None
    allow_incomplete: bool
    model_kwargs: dict[str, Any] | None
    extra_body: dict[str, Any] | None
    include_response_headers: bool | None
    name: str | None


class CommonParams(TypedDict, total=False):
    """Parameters that every provider knows.

    Attributes:
        temperature, top_p, max_tokens, stop, seed: sampling.
        tools, tool_choice, parallel_tool_calls, response_format: see `bind_tools`, `with_structured_output`.
        reasoning_effort: "none", "minimal", "low", "medium", "high", "xhigh" or "max"; each provider's own control.
    """

    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    stop: list[str] | str | None
    tools: Any
    tool_choice: Any
    parallel_tool_calls: bool | None
    response_format: Any
    reasoning_effort: str | None


@functools.lru_cache
def names_of(declared: type) -> dict[str, Any]:
    """Names and types that a TypedDict declares."""
    return get_type_hints(declared)


def check(declared: type, values: dict[str, Any], owner: str) -> dict[str, Any]:
    """The values, None left out.

    Raises:
        InputTypeError: a value of the wrong type; says which, what is wanted and what was given.
    """
    hints = names_of(declared)
    checked: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        if name in hints and hints[name] is not Any:
            _check_one(name, value, hints[name], owner)
        checked[name] = value
    return checked


def _check_one(name: str, value: Any, hint: Any, owner: str) -> None:
    try:
        msgspec.convert(value, hint, strict=True)
    except msgspec.ValidationError as error:
        raise InputTypeError(f"{owner}: parameter {name!r} has a wrong value{_shown(value)}: {error}{_choices(hint)}") from None
    except TypeError as error:
        raise InputTypeError(f"{owner}: parameter {name!r} cannot be checked: {error}") from error
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no word for it: null would be sent
        raise InputError(f"{owner}: parameter {name!r} must be a finite number, not {value!r}")


def _choices(hint: Any) -> str:
    """The words that a Literal allows, for an error message."""
    words = [word for part in (hint, *get_args(hint)) if get_origin(part) is Literal for word in get_args(part)]
    return f"; known are {', '.join(map(repr, words))}" if words else ""


def _shown(value: Any) -> str:
    """A value for an error message. What others hold is not shown: headers hold keys."""
    return f" {value!r:.80}" if isinstance(value, str | int | float) else ""


_ELSEWHERE = {
    "http_socket_options": "http_client=httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(socket_options=[...]))",
    **dict.fromkeys(
        ("client_args", "client_kwargs", "async_client_kwargs", "sync_client_kwargs"),
        "proxy=..., timeout=..., default_headers=... or http_client=...",
    ),
    "validate_model_on_init": "nothing: a model that is not there is a NotFoundError of the first call",
}
"""What is given in another way here than in LangChain."""


def unknown_parameter(name: str, known: list[str], owner: str) -> InputError:
    """The error for a name that no TypedDict declares."""
    if name in _ELSEWHERE:
        return InputError(f"{owner} has no parameter {name!r}; use {_ELSEWHERE[name]}")
    close = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return InputError(
        f"{owner} has no parameter {name!r}.{hint} Parameters that chatkit does not know go into "
        "model_kwargs={...} or extra_body={...} and are sent as they are."
    )

"""ChatAnthropic and ChatAnthropicVertex: addresses, keys, headers."""

from __future__ import annotations

import json

import pytest

from chatkit.dialects.vertex import GoogleToken
from chatkit.errors import AuthenticationError, ContextLengthError, InputError, MissingKeyError, OverloadedError, RateLimitError
from chatkit_anthropic import PROVIDERS, ChatAnthropic, ChatAnthropicVertex
from tests.providers.codec_case import request_of, sent

NAMES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL")
VERTEX_NAMES = (
    *("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT", "CLOUD_ML_REGION", "GOOGLE_CLOUD_LOCATION"),
    *("ANTHROPIC_VERTEX_BASE_URL", "CLOUDSDK_AUTH_ACCESS_TOKEN"),
)


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch) -> None:
    for name in (*NAMES, *VERTEX_NAMES):
        monkeypatch.delenv(name, raising=False)


def model(**kwargs) -> ChatAnthropic:
    return ChatAnthropic("claude-sonnet-4-5", profile={}, **kwargs)


def test_names_of_providers() -> None:
    assert {name: made.provider for name, made in PROVIDERS.items()} == {name: name for name in PROVIDERS}


def test_address_and_headers() -> None:
    request = request_of(model(api_key="k"), key="k")
    assert request.url == "https://api.anthropic.com/v1/messages"
    assert request.headers == {"content-type": "application/json", "x-api-key": "k", "anthropic-version": "2023-06-01"}
    assert (
        request_of(model(api_key="k", base_url="http://gw.example/anthropic/")).url == "http://gw.example/anthropic/v1/messages"
    )


def test_settings_from_the_environment(monkeypatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://gw.example")
    made = model()
    assert made.api_key.get_secret_value() == "k"
    assert request_of(made).url == "http://gw.example/v1/messages"


def test_a_token_goes_as_bearer(monkeypatch) -> None:
    given = request_of(model(auth_token="t"), key="t").headers
    assert given["authorization"] == "Bearer t"
    assert "x-api-key" not in given
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "t")
    assert request_of(model(), key="t").headers["authorization"] == "Bearer t"
    assert request_of(model(api_key="k"), key="k").headers["x-api-key"] == "k"
    assert "t-77" not in repr(model(auth_token="t-77").settings)


def test_a_token_may_be_a_function() -> None:
    async def fresh() -> str:
        return "t"

    assert model(auth_token=fresh)._api_key is fresh


def test_neither_key_nor_token() -> None:
    with pytest.raises(MissingKeyError, match="ANTHROPIC_API_KEY"):
        model()


def test_the_version_can_be_chosen() -> None:
    assert request_of(model(api_key="k", api_version="2026-10-21")).headers["anthropic-version"] == "2026-10-21"


def test_a_beta_header_of_the_user_s_adds_to_the_betas() -> None:
    made = model(api_key="k", default_headers={"Anthropic-Beta": "mine-1, fast-mode-2026-02-01"})
    assert request_of(made, speed="fast").headers["anthropic-beta"] == "mine-1,fast-mode-2026-02-01"
    assert request_of(made, betas=["b"]).headers["anthropic-beta"] == "mine-1,fast-mode-2026-02-01,b"
    assert request_of(made).headers["anthropic-beta"] == "mine-1, fast-mode-2026-02-01"


def test_other_names_of_parameters() -> None:
    made = ChatAnthropic("claude-opus-4-5", anthropic_api_key="k", max_tokens_to_sample=9, effort="low", profile={})  # type: ignore[call-arg]
    body = sent(made)
    assert body["max_tokens"] == 9
    assert body["output_config"] == {"effort": "low"}


def test_more_fields_pass_unchecked() -> None:
    body = sent(model(api_key="k", model_kwargs={"diagnostics": {"previous_message_id": None}}))
    assert body["diagnostics"] == {"previous_message_id": None}
    with pytest.raises(InputError, match="top_k"):
        model(api_key="k", topk=3)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}', AuthenticationError),
        (529, b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', OverloadedError),
        (
            400,
            b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3 tokens > 2 maximum"}}',
            ContextLengthError,
        ),
        (
            400,
            b'{"error":{"type":"invalid_request_error","message":"input length and `max_tokens` exceed context limit: 9"}}',
            ContextLengthError,
        ),
    ],
)
def test_errors(status, body, kind) -> None:
    error = model(api_key="k")._error(status, {"request-id": "req_1"}, body)
    assert type(error) is kind
    assert error.request_id == "req_1"


def test_a_spend_limit_is_not_worth_another_try() -> None:
    for code, again in (("enforced_spend_limit_reached", False), ("ramp_limit_exceeded", True)):
        body = {"type": "error", "error": {"type": "rate_limit_error", "message": "no", "details": {"error_code": code}}}
        error = model(api_key="k")._error(429, {}, json.dumps(body).encode())
        assert (type(error), error.code, error.retryable) == (RateLimitError, code, again)


# Vertex.


def vertex(**kwargs) -> ChatAnthropicVertex:
    return ChatAnthropicVertex("claude-sonnet-4-5@20250929", profile={}, **{"project": "p", "api_key": "t", **kwargs})


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("us-east5", "us-east5-aiplatform.googleapis.com"),
        ("global", "aiplatform.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        (None, "aiplatform.googleapis.com"),
    ],
)
def test_vertex_address(location, host) -> None:
    path = f"projects/p/locations/{location or 'global'}/publishers/anthropic/models/claude-sonnet-4-5@20250929"
    made = vertex(location=location)
    assert request_of(made, stream=False).url == f"https://{host}/v1/{path}:rawPredict"
    assert request_of(made, stream=True).url == f"https://{host}/v1/{path}:streamRawPredict"


def test_vertex_body_and_headers() -> None:
    request = request_of(vertex(), key="t", betas=["b"])
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer t", "anthropic-beta": "b"}
    body = sent(vertex(), max_tokens=5)
    assert body == {
        "anthropic_version": "vertex-2023-10-16",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_vertex_settings_from_the_environment(monkeypatch) -> None:
    with pytest.raises(InputError, match="project"):
        vertex(project=None)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "q")
    monkeypatch.setenv("CLOUD_ML_REGION", "us-east5")
    monkeypatch.setenv("ANTHROPIC_VERTEX_BASE_URL", "http://gw.example/v1")
    assert request_of(vertex(project=None)).url.startswith("http://gw.example/v1/projects/q/locations/us-east5/")


def test_vertex_without_a_token_asks_google_s_credentials(monkeypatch) -> None:
    class Credentials:
        valid, token, project_id, quota_project_id = True, "from credentials", "theirs", "pays"

    assert isinstance(vertex(api_key=None)._api_key, GoogleToken)
    made = ChatAnthropicVertex("claude-sonnet-5", credentials=Credentials())
    assert "/projects/theirs/locations/global/" in request_of(made).url
    assert made._api_key() == "from credentials"
    assert request_of(made, key="t").headers["x-goog-user-project"] == "pays"
    monkeypatch.setenv("CLOUDSDK_AUTH_ACCESS_TOKEN", "of gcloud")
    assert made.model_copy()._api_key() == "from credentials"
    assert vertex(api_key=None)._api_key.get_secret_value() == "of gcloud"


def test_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ChatAnthropic("claude-x", api_key="k", anthropic_proxy="http://proxy.example:1").proxy == "http://proxy.example:1"
    monkeypatch.setenv("ANTHROPIC_PROXY", "http://proxy.example:2")
    assert ChatAnthropic("claude-x", api_key="k").proxy == "http://proxy.example:2"


@pytest.mark.parametrize(
    ("model", "thinking", "asked"),
    [
        ("claude-sonnet-4-5", None, "tools"),
        ("claude-sonnet-4-5", {"type": "disabled"}, "tools"),
        ("claude-sonnet-4-5", {"type": "enabled", "budget_tokens": 1024}, "response_format"),
        ("claude-3-7-sonnet-20250219", {"type": "enabled", "budget_tokens": 1024}, "tools"),  # it has no other way
    ],
)
def test_objects_are_asked_for_in_a_way_that_a_thinking_model_has(model: str, thinking: dict | None, asked: str) -> None:
    structured = ChatAnthropic(model, api_key="k", thinking=thinking).with_structured_output({"title": "A", "type": "object"})
    assert {"tools", "response_format"} & set(structured.model.params) == {asked}

"""AzureChatOpenAI over Chat Completions: addresses, keys and tokens (wire sheet: azure_openai)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import ContentFilterError, InputError, MissingKeyError, NotFoundError, RateLimitError
from chatkit_openai import AzureChatOpenAI
from tests.providers.codec_case import request_of, sent

ENDPOINT = "https://res.openai.azure.com/"


def model(name: str = "", **kwargs: Any) -> AzureChatOpenAI:
    return AzureChatOpenAI(name, **{"azure_endpoint": ENDPOINT, "api_key": "k", "use_responses_api": False, **kwargs})


@pytest.mark.parametrize(
    ("kwargs", "url"),
    [
        (
            {"azure_deployment": "my gpt", "api_version": "2025-03-01-preview"},
            "https://res.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2025-03-01-preview",
        ),
        (
            {"name": "gpt-4.1", "openai_api_version": "2024-10-21"},
            "https://res.openai.azure.com/openai/deployments/gpt-4.1/chat/completions?api-version=2024-10-21",
        ),
        ({"name": "gpt-5"}, "https://res.openai.azure.com/openai/v1/chat/completions"),
        (
            {"name": "gpt-5", "api_version": "preview"},
            "https://res.openai.azure.com/openai/v1/chat/completions?api-version=preview",
        ),
        (
            {"name": "gpt-5", "azure_endpoint": "https://res.openai.azure.com/openai/v1/"},
            "https://res.openai.azure.com/openai/v1/chat/completions",
        ),
        ({"name": "gpt-5", "base_url": "https://gw.example/openai/v1"}, "https://gw.example/openai/v1/chat/completions"),
        (
            {"name": "gpt-5", "base_url": "https://gw.example/openai/deployments/d", "api_version": "2024-10-21"},
            "https://gw.example/openai/deployments/d/chat/completions?api-version=2024-10-21",
        ),
        (
            {"name": "m", "azure_endpoint": f"{ENDPOINT}openai/deployments/my%20gpt/", "api_version": "2024-10-21"},
            "https://res.openai.azure.com/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21",
        ),
        (
            {
                "name": "m",
                "base_url": "https://gw.example/openai/deployments/d",
                "api_version": "2025-03-01-preview",
                "use_responses_api": True,
            },
            "https://gw.example/openai/responses?api-version=2025-03-01-preview",
        ),
    ],
)
def test_addresses(kwargs: dict[str, Any], url: str) -> None:
    assert request_of(model(**kwargs)).url == url


def test_an_address_with_the_deployment_is_asked_like_every_classic_one() -> None:
    made = model("gpt-4.1", base_url="https://gw.example/openai/deployments/d", api_version="2024-06-01")
    assert sent(made, max_tokens=5, stream=True).items() >= {"model": "d", "max_tokens": 5}.items()
    assert "stream_options" not in sent(made, stream=True)


def test_the_environment_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "k-env")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://env.openai.azure.com")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-03-01-preview")
    made = AzureChatOpenAI("gpt-4.1", azure_deployment="d", use_responses_api=False)
    request = request_of(made, key="k-env")
    assert request.url == "https://env.openai.azure.com/openai/deployments/d/chat/completions?api-version=2025-03-01-preview"
    assert request.headers["api-key"] == "k-env"
    assert "authorization" not in request.headers


def test_tokens_win_over_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    request = request_of(model("gpt-5", azure_ad_token="t"), key="t")
    assert request.headers["authorization"] == "Bearer t"
    assert "api-key" not in request.headers
    provided = model("gpt-5", azure_ad_token_provider=lambda: "t2")
    assert provided._api_key() == "t2"  # type: ignore[misc, operator]
    assert request_of(provided, key="t2").headers["authorization"] == "Bearer t2"
    monkeypatch.setenv("AZURE_OPENAI_AD_TOKEN", "t3")
    assert request_of(model("gpt-5"), key="t3").headers["authorization"] == "Bearer t3"


def test_tokens_never_show() -> None:
    assert "secret-token" not in repr(model("gpt-5", azure_ad_token="secret-token"))


def test_what_is_missing() -> None:
    with pytest.raises(InputError, match="AZURE_OPENAI_ENDPOINT"):
        AzureChatOpenAI("gpt-5", api_key="k")
    with pytest.raises(InputError, match="azure_endpoint"):
        model("gpt-5", azure_endpoint="res.openai.azure.com")
    with pytest.raises(MissingKeyError, match="AZURE_OPENAI_AD_TOKEN"):
        AzureChatOpenAI("gpt-5", azure_endpoint=ENDPOINT)
    with pytest.raises(InputError, match="name of a model"):
        model()


def test_the_body_names_the_deployment() -> None:
    assert sent(model("gpt-5", azure_deployment="d"))["model"] == "d"
    assert sent(model("gpt-5"))["model"] == "gpt-5"


@pytest.mark.parametrize(
    ("kwargs", "field"),
    [
        ({"name": "gpt-5"}, "max_completion_tokens"),
        ({"name": "grok-4"}, "max_completion_tokens"),
        ({"name": "gpt-4.1", "api_version": "2024-10-21"}, "max_tokens"),
        ({"name": "gpt-5", "azure_deployment": "d", "api_version": "2025-03-01-preview"}, "max_completion_tokens"),
    ],
)
def test_the_name_of_max_tokens(kwargs: dict[str, Any], field: str) -> None:
    assert sent(model(**kwargs), max_tokens=9)[field] == 9


def test_old_versions_are_not_asked_for_usage() -> None:
    assert "stream_options" not in sent(model("gpt-4.1", api_version="2024-02-01"))
    assert "stream_options" in sent(model("gpt-4.1", api_version="2024-10-21"))
    assert "stream_options" in sent(model("gpt-4.1"))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            b'{"error":{"message":"The response was filtered","type":null,"param":"prompt","code":"content_filter"}}',
            ContentFilterError,
        ),
        (404, b'{"error":{"code":"DeploymentNotFound","message":"The API deployment does not exist"}}', NotFoundError),
        (429, b'{"error":{"code":"429","message":"Please retry after 7 seconds."}}', RateLimitError),
    ],
)
def test_errors(status: int, body: bytes, kind: type[Exception]) -> None:
    error = model("gpt-5")._error(status, {"apim-request-id": "r-1", "retry-after": "7"}, body)
    assert isinstance(error, kind)
    assert (error.request_id, error.retry_after) == ("r-1", 7)  # type: ignore[attr-defined]

"""`ChatGoogleGenerativeAI`: addresses, keys, names."""

from __future__ import annotations

import pytest

from chatkit.errors import InputError, MissingKeyError
from chatkit_google_genai import PROVIDERS, ChatGoogleGenerativeAI
from tests.providers.codec_case import request_of, sent

HOST = "https://generativelanguage.googleapis.com"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def url(model: str = "gemini-2.5-flash", stream: bool = False, **settings: str) -> str:
    return request_of(ChatGoogleGenerativeAI(model, api_key="k", **settings), stream=stream).url  # type: ignore[arg-type]


def test_addresses() -> None:
    assert url() == f"{HOST}/v1beta/models/gemini-2.5-flash:generateContent"
    assert url(stream=True) == f"{HOST}/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"base_url": "http://localhost:1/"}, "http://localhost:1/v1beta/models/m:generateContent"),
        ({"base_url": "http://localhost:1/gateway"}, "http://localhost:1/gateway/v1beta/models/m:generateContent"),
        ({"base_url": "http://localhost:1/v1"}, "http://localhost:1/v1/models/m:generateContent"),
        ({"base_url": "http://localhost:1/v1beta"}, "http://localhost:1/v1beta/models/m:generateContent"),
        ({"api_version": "v1"}, f"{HOST}/v1/models/m:generateContent"),
    ],
)
def test_other_addresses(settings: dict[str, str], expected: str) -> None:
    assert url("m", **settings) == expected


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("models/gemini-2.5-flash", "models/gemini-2.5-flash"),
        ("tunedModels/mine", "tunedModels/mine"),
        ("gemini-2.5-flash?fault=429", "models/gemini-2.5-flash%3Ffault%3D429"),
    ],
)
def test_names_of_models(name: str, path: str) -> None:
    assert url(name) == f"{HOST}/v1beta/{path}:generateContent"


def test_the_key_goes_into_a_header() -> None:
    request = request_of(ChatGoogleGenerativeAI("m", api_key="secret"), key="secret")
    assert request.headers == {"content-type": "application/json", "x-goog-api-key": "secret"}
    assert "secret" not in request.url


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingKeyError, match="GOOGLE_API_KEY or GEMINI_API_KEY"):
        ChatGoogleGenerativeAI("m")
    monkeypatch.setenv("GEMINI_API_KEY", "second")
    assert ChatGoogleGenerativeAI("m").api_key.get_secret_value() == "second"
    monkeypatch.setenv("GOOGLE_API_KEY", "first")
    assert ChatGoogleGenerativeAI("m").api_key.get_secret_value() == "first"
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://proxy:1")
    assert ChatGoogleGenerativeAI("m").base_url == "http://proxy:1"


def test_langchain_s_names_are_understood() -> None:
    model = ChatGoogleGenerativeAI(
        "m", google_api_key="k", max_output_tokens=5, stop_sequences=["x"], additional_headers={"a": "b"}
    )  # type: ignore[call-arg]
    assert sent(model)["generationConfig"] == {"maxOutputTokens": 5, "stopSequences": ["x"]}
    assert request_of(model).headers["a"] == "b"
    settings = ChatGoogleGenerativeAI("m", api_key="k", request_timeout=9, retries=1).settings  # type: ignore[call-arg]
    assert (settings["timeout"], settings["max_retries"]) == (9, 1)


def test_unknown_parameters_are_refused_or_passed_on() -> None:
    with pytest.raises(InputError, match="Did you mean 'thinking_level'"):
        ChatGoogleGenerativeAI("m", api_key="k", thinkinglevel="low")  # type: ignore[call-arg]
    model = ChatGoogleGenerativeAI("m", api_key="k", extra_body={"novelty": 1}, service_tier="flex")
    body = sent(model)
    assert (body["novelty"], body["serviceTier"]) == (1, "flex")


def test_its_name() -> None:
    assert PROVIDERS == {"google_genai": ChatGoogleGenerativeAI}
    assert ChatGoogleGenerativeAI.structured_method == "json_schema"

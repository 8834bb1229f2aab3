"""`ChatVertexAI`: addresses, projects, tokens and keys."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.dialects.vertex import GoogleToken
from chatkit.errors import InputError
from chatkit_google_vertexai import PROVIDERS, ChatVertexAI
from tests.providers.codec_case import request_of, sent

PATH = "projects/p/locations/us-east5/publishers/google/models/gemini-2.5-flash"


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GOOGLE_API_KEY", "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_LOCATION", "GOOGLE_VERTEX_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


def model(name: str = "gemini-2.5-flash", **settings: Any) -> ChatVertexAI:
    return ChatVertexAI(name, **{"project": "p", "location": "us-east5", "api_key": "ya29.token", **settings})


def url(made: ChatVertexAI, stream: bool = False) -> str:
    return request_of(made, stream=stream).url


def test_addresses() -> None:
    host = "https://us-east5-aiplatform.googleapis.com"
    assert url(model()) == f"{host}/v1beta1/{PATH}:generateContent"
    assert url(model(), stream=True) == f"{host}/v1beta1/{PATH}:streamGenerateContent?alt=sse"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"base_url": "http://localhost:1"}, f"http://localhost:1/v1beta1/{PATH}:generateContent"),
        ({"base_url": "http://localhost:1/v1"}, f"http://localhost:1/v1/{PATH}:generateContent"),
        ({"base_url": "http://localhost:1", "api_version": "v1"}, f"http://localhost:1/v1/{PATH}:generateContent"),
    ],
)
def test_other_addresses(settings: dict[str, Any], expected: str) -> None:
    assert url(model(**settings)) == expected


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("models/gemini-2.5-flash", PATH),
        ("publishers/google/models/gemini-2.5-flash", PATH),
        ("gemini-2.5-flash@default", f"{PATH}@default"),
        ("projects/7/locations/eu/endpoints/8", "projects/7/locations/eu/endpoints/8"),
    ],
)
def test_names_of_models(name: str, path: str) -> None:
    assert url(model(name)).partition("/v1beta1/")[2] == f"{path}:generateContent"


def test_the_location_is_global_unless_somebody_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    assert url(ChatVertexAI("m", project="p", api_key="t")).startswith(
        "https://aiplatform.googleapis.com/v1beta1/projects/p/locations/global/"
    )
    monkeypatch.setenv("GOOGLE_CLOUD_LOCATION", "eu")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "q")
    made = ChatVertexAI("m", api_key="t")
    assert url(made).startswith("https://aiplatform.eu.rep.googleapis.com/v1beta1/projects/q/locations/eu/")
    assert url(made.bind(location="us-east5")).startswith("https://us-east5-aiplatform.googleapis.com/v1beta1/projects/q/")


def header(made: ChatVertexAI, key: str) -> dict[str, str]:
    headers = request_of(made, key=key).headers
    headers.pop("content-type")
    return headers


def test_tokens_and_keys_go_into_their_headers() -> None:
    assert header(model(), "ya29.token") == {"authorization": "Bearer ya29.token"}
    assert header(model(api_key="AIzaKey"), "AIzaKey") == {"x-goog-api-key": "AIzaKey"}


def test_express_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    express = "https://aiplatform.googleapis.com/v1beta1/publishers/google/models/m:generateContent"
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "not meant")
    made = ChatVertexAI("m", api_key="AIzaKey")
    assert url(made) == url(made.bind(temperature=1.0)) == url(made.bind(max_retries=0)) == express
    assert header(made, "AIzaKey") == {"x-goog-api-key": "AIzaKey"}
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT")
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaOther")
    assert url(ChatVertexAI("m")) == express
    assert header(ChatVertexAI("m", api_key="unusual"), "unusual") == {"x-goog-api-key": "unusual"}


def test_a_project_wins_over_a_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaOther")
    assert isinstance(ChatVertexAI("m", project="p")._api_key, GoogleToken)


def test_without_a_key_google_s_credentials_are_asked() -> None:
    class Credentials:
        valid, token = True, "from credentials"

    key = ChatVertexAI("m", project="p", credentials=Credentials())._api_key
    assert callable(key)
    assert key() == "from credentials"


def test_the_project_of_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    class Credentials:
        valid, token, project_id, quota_project_id = True, "from credentials", "theirs", "pays"

    monkeypatch.setenv("GOOGLE_API_KEY", "AIzaOther")
    made = ChatVertexAI("m", credentials=Credentials())
    assert header(made, "t") == {"authorization": "Bearer t", "x-goog-user-project": "pays"}
    assert "/projects/theirs/locations/global/" in url(made)
    assert isinstance(made._api_key, GoogleToken)
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "of the environment")
    assert "/projects/of%20the%20environment/" in url(ChatVertexAI("m", credentials=Credentials()))


def test_a_function_gives_the_token() -> None:
    made = model(api_key=lambda: "fresh")
    assert made._api_key() == "fresh"  # type: ignore[operator, misc]


def test_neither_project_nor_key() -> None:
    with pytest.raises(InputError, match=r"GOOGLE_CLOUD_PROJECT.*GOOGLE_API_KEY"):
        ChatVertexAI("m")


def test_what_only_vertex_knows() -> None:
    body = sent(model(labels={"team": "a"}, model_armor_config={"promptTemplateName": "t"}, stream_function_call_arguments=True))
    assert body["labels"] == {"team": "a"}
    assert body["modelArmorConfig"] == {"promptTemplateName": "t"}
    assert body["toolConfig"] == {"functionCallingConfig": {"streamFunctionCallArguments": True}}


def test_its_name() -> None:
    assert PROVIDERS == {"google_vertexai": ChatVertexAI}

"""Addresses and access tokens of Google Vertex AI."""

from __future__ import annotations

import datetime
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.dialects.vertex import GoogleToken, find_project, is_api_key, quota_project, vertex_host
from chatkit.errors import APIConnectionError, AuthenticationError, InputError, MissingKeyError

if TYPE_CHECKING:
    from pathlib import Path


class Credentials:
    """What google-auth's credentials have, as far as it matters."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.token: str | None = None
        self.valid = False
        self.fails = fails
        self.refreshed: list[Any] = []
        self.threads: set[int] = set()

    def refresh(self, request: Any) -> None:
        if self.fails:
            raise self.fails
        self.refreshed.append(request)
        self.threads.add(threading.get_ident())
        self.token, self.valid = f"token-{len(self.refreshed)}", True


class GoogleAuthError(Exception):
    """As google.auth.exceptions has it."""


class TransportError(GoogleAuthError):
    """No answer."""


class DefaultCredentialsError(GoogleAuthError):
    """Nothing found."""


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """A stand-in for google-auth: modules of the same names with the same functions."""
    found = types.SimpleNamespace(credentials=Credentials(), asked=[])

    def default(scopes: list[str]) -> tuple[Credentials, str]:
        found.asked.append(scopes)
        if isinstance(found.credentials, Exception):
            raise found.credentials
        return found.credentials, "a-project"

    exceptions = types.ModuleType("google.auth.exceptions")
    exceptions.__dict__.update({cls.__name__: cls for cls in (GoogleAuthError, TransportError, DefaultCredentialsError)})
    auth = types.ModuleType("google.auth")
    auth.__dict__.update(default=default, exceptions=exceptions)
    requests = types.ModuleType("google.auth.transport.requests")
    requests.__dict__.update(Request=lambda: "the request")
    for module in (types.ModuleType("google"), auth, exceptions, types.ModuleType("google.auth.transport"), requests):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return found


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ],
)
def test_hosts(location: str, host: str) -> None:
    assert vertex_host(location) == host


@pytest.mark.parametrize(
    ("secret", "is_key"), [("AIzaSy", True), ("AQ.Ab8", True), ("ya29.a0", False), ("", False), (None, False)]
)
def test_api_keys_are_told_from_tokens(secret: str | None, is_key: bool) -> None:
    assert is_api_key(secret) is is_key


def test_the_project_that_credentials_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert find_project() is None
    assert find_project(types.SimpleNamespace(project_id=None, quota_project_id="pays")) == "pays"
    (tmp_path / "application_default_credentials.json").write_text('{"type": "authorized_user", "quota_project_id": "of gcloud"}')
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    assert find_project() == quota_project() == "of gcloud"
    (tmp_path / "key.json").write_text('{"type": "service_account", "project_id": "of the key"}')
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert (find_project(), quota_project()) == ("of the key", None)
    monkeypatch.setenv("GOOGLE_CLOUD_QUOTA_PROJECT", "pays")
    assert quota_project() == "pays"
    assert quota_project(Credentials()) is None
    assert find_project(types.SimpleNamespace(project_id="given")) == "given"


@pytest.mark.parametrize("content", [b"", b"[]", b'{"project_id": 5}', b"\xff"])
def test_a_file_of_credentials_that_says_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key.json").write_bytes(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert find_project() is None


def test_the_token_is_fetched_once_and_again_when_it_has_expired(google: types.SimpleNamespace) -> None:
    token = GoogleToken()
    assert google.asked == [], "nothing happens before the first token is wanted"
    assert [token(), token()] == ["token-1", "token-1"]
    google.credentials.valid = False
    assert token() == "token-2"
    assert google.asked == [["https://www.googleapis.com/auth/cloud-platform"]]
    assert google.credentials.refreshed == ["the request"] * 2


def test_given_credentials_are_used(google: types.SimpleNamespace) -> None:
    mine = Credentials()
    assert GoogleToken(mine)() == "token-1"
    assert google.asked == []


def test_many_threads_refresh_once(google: types.SimpleNamespace) -> None:
    token = GoogleToken()
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(token())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == ["token-1"] * 8


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(TransportError("down"), APIConnectionError), (GoogleAuthError("revoked"), AuthenticationError)],
)
def test_what_google_auth_raises_becomes_an_error_of_chatkit(
    google: types.SimpleNamespace, failure: Exception, expected: type[Exception]
) -> None:
    google.credentials = Credentials(failure)
    with pytest.raises(expected, match=str(failure)) as caught:
        GoogleToken()()
    assert caught.value.__cause__ is failure


def test_no_credentials_are_a_missing_key(google: types.SimpleNamespace) -> None:
    google.credentials = DefaultCredentialsError("none here")
    with pytest.raises(MissingKeyError, match="gcloud auth application-default login"):
        GoogleToken()()


def test_without_google_auth_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(InputError, match=r"pip install 'chatkit-sdk\[vertex\]'"):
        GoogleToken()()


def test_with_the_real_library(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.auth", reason="google-auth (extra `vertex`) is not installed")
    from google.oauth2.credentials import Credentials as RealCredentials

    later = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(hours=1)
    assert GoogleToken(RealCredentials("ya29.real", expiry=later))() == "ya29.real"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/at/all.json")
    with pytest.raises(MissingKeyError, match="nowhere"):
        GoogleToken()()
    with pytest.raises(AuthenticationError):
        GoogleToken(RealCredentials(None))()

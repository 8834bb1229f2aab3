"""What all models on Google Vertex AI share: addresses and access tokens (wire sheet: vertex)."""

from __future__ import annotations

import importlib
import math
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chatkit.errors import APIConnectionError, AuthenticationError, InputError, MissingKeyError
from chatkit.jsons import decode_object

if TYPE_CHECKING:
    from chatkit.errors import ModelError

__all__ = ["GoogleToken", "find_project", "is_api_key", "quota_project", "vertex_host", "with_new_token"]

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ONCE_SECONDS = 60.0
"""A token that is refused so soon after another one was refused is not at fault: the credentials are."""

_PROJECTS = ("project_id", "quota_project_id")
"""Where credentials name a project: a service account its own, a user the one that pays."""


def vertex_host(location: str) -> str:
    """The host of a location: a region, "us" or "eu", or "global"."""
    if location == "global":
        return "aiplatform.googleapis.com"
    return f"aiplatform.{location}.rep.googleapis.com" if location in ("us", "eu") else f"{location}-aiplatform.googleapis.com"


def is_api_key(secret: str | None) -> bool:
    """Whether a secret is an API key of Google's, which goes into a header of its own; else it is an access token."""
    return (secret or "").startswith(("AIza", "AQ."))


def find_project(credentials: Any = None) -> str | None:
    """The project that credentials name: those given, else those in the file of the application default credentials.

    Reads at most that file: neither google-auth nor the network is asked.
    """
    if credentials is not None:
        named = (getattr(credentials, name, None) for name in _PROJECTS)
    else:
        kept = _default_file()
        named = (kept.get(name) for name in _PROJECTS)
    return next((project for project in named if isinstance(project, str) and project), None)


def quota_project(credentials: Any = None) -> str | None:
    """The project that a user's requests are counted on, for the header `x-goog-user-project`; None with other credentials.

    Google counts on gcloud's own project else, which may not use Vertex AI.
    """
    if credentials is not None:
        return getattr(credentials, "quota_project_id", None)
    named = os.environ.get("GOOGLE_CLOUD_QUOTA_PROJECT") or _default_file().get("quota_project_id")
    return named if isinstance(named, str) else None


def _default_file() -> dict[str, Any]:
    """The file that GOOGLE_APPLICATION_CREDENTIALS names, else gcloud's; {} when there is none that can be read."""
    gcloud = os.environ.get("CLOUDSDK_CONFIG") or "~/.config/gcloud"
    path = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS") or f"{gcloud}/application_default_credentials.json"
    try:
        return decode_object(Path(path).expanduser().read_bytes()) or {}
    except (OSError, RuntimeError):
        return {}


class GoogleToken:
    """A function that returns a valid access token; for `api_key`. It may block, so the core calls it off the loop.

    Needs the extra `chatkit-sdk[vertex]` (google-auth), which is imported when the first token is wanted.

    Args:
        credentials: a `google.auth.credentials.Credentials`; without it the application default credentials: the file
            that GOOGLE_APPLICATION_CREDENTIALS names, those of gcloud, or those of the machine.
    """

    def __init__(self, credentials: Any = None) -> None:
        self._given = credentials
        self._credentials = credentials
        self._refused_at = -math.inf
        self._refused = False
        self._lock = threading.Lock()  # many calls that find the token expired refresh it once

    def __reduce__(self) -> tuple[type[GoogleToken], tuple[Any]]:
        """Where it is unpickled, in another process or machine, default credentials are looked for anew."""
        return type(self), (self._given,)

    def __call__(self) -> str:
        """The token.

        Raises:
            InputError: google-auth is not installed.
            MissingKeyError: there are no application default credentials.
            AuthenticationError: Google refuses to give a token for the credentials.
            APIConnectionError: no answer from where tokens come from.
        """
        with self._lock:
            if self._credentials is None:
                self._credentials = _default_credentials()
            if self._refused or not self._credentials.valid:
                _refresh(self._credentials)
                self._refused = False
            return self._credentials.token

    def refuse(self) -> bool:
        """The token was refused although its time is not over. Whether another one will be fetched, which is done once."""
        if time.monotonic() - self._refused_at > _ONCE_SECONDS:
            self._refused_at = time.monotonic()
            self._refused = True
        return self._refused


def with_new_token(error: ModelError, key: Any) -> ModelError:
    """The error of an answer; one about a token of Google's is worth another attempt, with another token."""
    if type(error) is AuthenticationError and isinstance(key, GoogleToken):
        error.retryable = key.refuse()
    return error


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise InputError(
            "application default credentials need google-auth: pip install 'chatkit-sdk[vertex]', "
            "or pass an access token or a function that returns one as api_key"
        ) from error


def _default_credentials() -> Any:
    auth = _library("google.auth")
    try:
        return auth.default(scopes=[SCOPE])[0]
    except auth.exceptions.DefaultCredentialsError as error:
        raise MissingKeyError(
            f"no application default credentials were found ({error}): run `gcloud auth application-default login`, "
            "set GOOGLE_APPLICATION_CREDENTIALS, or pass an access token as api_key"
        ) from error


def _refresh(credentials: Any) -> None:
    exceptions = _library("google.auth.exceptions")
    try:
        credentials.refresh(_library("google.auth.transport.requests").Request())
    except exceptions.TransportError as error:
        raise APIConnectionError(f"no access token could be fetched: {error}") from error
    except exceptions.GoogleAuthError as error:
        raise AuthenticationError(f"Google gives no access token for these credentials: {error}") from error

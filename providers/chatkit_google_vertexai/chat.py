"""`ChatVertexAI`: Gemini on Google Vertex AI (wire sheet: vertex, "Gemini on Vertex")."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, ClassVar, Unpack
from urllib.parse import quote

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.gemini import ALIASES, GeminiParams, GeminiParser, request_fields
from chatkit.dialects.vertex import GoogleToken, find_project, is_api_key, quota_project, vertex_host, with_new_token
from chatkit.errors import InputError
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.codec import Call, Parser
    from chatkit.errors import ModelError

__all__ = ["ChatVertexAI", "VertexAIOptions", "VertexAIParams", "VertexAISettings"]

_COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")
"""What `countTokens` takes here."""
_VERSION = re.compile(r"/v\d+(?:alpha|beta)?\d*\Z")


class VertexAIParams(GeminiParams, total=False):
    """Parameters of Gemini on Vertex AI.

    Attributes:
        labels: {name: value} for the bill.
        model_armor_config: the API's own object.
        stream_function_call_arguments: arguments of calls arrive while the model writes them.
    """

    labels: dict[str, str] | None
    model_armor_config: dict[str, Any] | None
    stream_function_call_arguments: bool | None


class VertexAISettings(CommonSettings, total=False):
    """Settings of `ChatVertexAI`.

    Attributes:
        project: id of the Google Cloud project.
        location: region, e.g. "europe-west4", or "global", "us", "eu".
        credentials: a `google.auth.credentials.Credentials`.
        api_version: "v1beta1" (the default) or "v1".
    """

    project: str | None
    location: str | None
    credentials: Any
    api_version: str | None


class VertexAIOptions(VertexAIParams, VertexAISettings, total=False):
    """Every keyword argument of `ChatVertexAI`."""


class ChatVertexAI(ChatModel):
    """A Gemini model on Google Vertex AI.

    Args:
        model: name of the model, e.g. "gemini-2.5-flash", or the path of a tuned one ("projects/.../endpoints/...").
        project: Google Cloud project (GOOGLE_CLOUD_PROJECT, else the one that the credentials name). With an API key
            alone (express mode) there is none.
        location: region or "global", "us", "eu" (GOOGLE_CLOUD_LOCATION; default "global").
        api_key: an access token, a function that returns a fresh one, or an API key (GOOGLE_API_KEY, when there is
            no project). Without it the application default credentials are used (extra `chatkit-sdk[vertex]`).
        credentials: other credentials of google-auth.
        base_url: another address, without version (GOOGLE_VERTEX_BASE_URL; default: the location's).
        api_version: "v1beta1" by default.
        **kwargs: see `VertexAIParams` and `chatkit.params`.

    Raises:
        InputError: neither a project nor an API key was given or is in the environment.
    """

    provider = "google_vertexai"
    Params = VertexAIParams
    Settings = VertexAISettings
    aliases: ClassVar[Mapping[str, str]] = {**ALIASES, "project_id": "project", "region": "location", "access_token": "api_key"}
    api_key_env = ("GOOGLE_API_KEY",)
    base_url_env = ("GOOGLE_VERTEX_BASE_URL",)
    structured_method = "json_schema"

    def __init__(self, model: str = "", **kwargs: Unpack[VertexAIOptions]) -> None:
        super().__init__(model, **kwargs)

    def _find_base_url(self) -> str:
        project = self._find_project()
        location = self.settings.get("location") or os.environ.get("GOOGLE_CLOUD_LOCATION") or "global"
        if project:
            self.settings.update(project=project, location=location)
        return super()._find_base_url() or f"https://{vertex_host(location if project else 'global')}"

    def _find_project(self) -> str | None:
        """A project that was given, else the environment's, unless a given API key says that express mode is meant.

        Without any key it may also be the one that the credentials name.
        """
        if self.settings.get("project"):
            return self.settings["project"]
        key = self.settings.get("api_key")
        secret = Secret.of(key).get_secret_value() if isinstance(key, str | Secret) else None
        if is_api_key(secret):
            return None
        credentials, project = self.settings.get("credentials"), os.environ.get("GOOGLE_CLOUD_PROJECT")
        keyed = key is not None or (credentials is None and os.environ.get("GOOGLE_API_KEY"))
        return project if project or keyed else find_project(credentials)

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        self._counted_on: str | None = None
        if self.settings.get("api_key") is None and self.settings.get("project"):
            self._counted_on = quota_project(self.settings.get("credentials"))
            return GoogleToken(self.settings.get("credentials"))
        if self.settings.get("api_key") is None and not os.environ.get("GOOGLE_API_KEY"):
            raise InputError(
                "ChatVertexAI needs a project: pass project=... or set GOOGLE_CLOUD_PROJECT; "
                "or an API key for express mode: pass api_key=... or set GOOGLE_API_KEY"
            )
        return super()._find_key()

    def _encode(self, call: Call) -> Request:
        url = self.url(self._path(call), alt="sse" if call.stream else None)
        return Request(url, self.body(request_fields(call, self.provider)), self._headers(call))

    def _count_request(self, call: Call) -> Request:
        fields = request_fields(call, self.provider)
        body = jsons.encode({name: fields[name] for name in _COUNTED if fields.get(name) is not None})
        return Request(self.url(self._path(call, "countTokens")), body, self._headers(call))

    def _headers(self, call: Call) -> dict[str, str]:
        if is_api_key(call.api_key) or not self.settings.get("project"):
            return self.headers(x_goog_api_key=call.api_key)
        return self.headers(authorization=f"Bearer {call.api_key}", x_goog_user_project=self._counted_on)

    def _error(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
        return with_new_token(super()._error(status, headers, body), self._api_key)

    def _parser(self, call: Call) -> Parser:
        return GeminiParser()

    def _path(self, call: Call, action: str | None = None) -> str:
        version = "" if _VERSION.search(self.base_url) else f"/{self.settings.get('api_version') or 'v1beta1'}"
        name = quote(_full_name(call.model, self.settings.get("project"), self.settings.get("location")), safe="/@")
        return f"{version}/{name}:{action or ('streamGenerateContent' if call.stream else 'generateContent')}"


def _full_name(model: str, project: str | None, location: str | None) -> str:
    """The path of a model: whole as it was given, or below its publisher and, but for express mode, the project."""
    if model.startswith("projects/"):
        return model
    name = model if model.startswith("publishers/") else f"publishers/google/models/{model.removeprefix('models/')}"
    return f"projects/{project}/locations/{location}/{name}" if project else name

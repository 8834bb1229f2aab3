"""`ChatAnthropicVertex`: Claude on Google Vertex AI (wire sheet: vertex, "Claude on Vertex")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack
from urllib.parse import quote

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.anthropic import ALIASES, VERTEX, AnthropicParams, AnthropicParser, countable, encode
from chatkit.dialects.vertex import GoogleToken, find_project, quota_project, vertex_host, with_new_token
from chatkit.errors import InputError
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.settings import first_env
from chatkit_anthropic.chat import join_betas

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.codec import Call, Parser
    from chatkit.dialects.anthropic import AnthropicRequest
    from chatkit.errors import ModelError
    from chatkit.secrets import Secret

__all__ = ["ChatAnthropicVertex", "VertexOptions", "VertexSettings"]

_PROJECT_ENV = ("ANTHROPIC_VERTEX_PROJECT_ID", "GOOGLE_CLOUD_PROJECT")
_LOCATION_ENV = ("CLOUD_ML_REGION", "GOOGLE_CLOUD_LOCATION")


class VertexSettings(CommonSettings, total=False):
    """Settings of `ChatAnthropicVertex` beyond the common ones.

    Attributes:
        project: id of the Google Cloud project.
        location: region, e.g. "us-east5", or "global", "us", "eu".
        credentials: a `google.auth.credentials.Credentials`.
        api_version: `anthropic_version` of the body (default "vertex-2023-10-16").
    """

    project: str | None
    location: str | None
    credentials: Any
    api_version: str | None


class VertexOptions(AnthropicParams, VertexSettings, total=False):
    """Every keyword argument of `ChatAnthropicVertex`."""


class ChatAnthropicVertex(ChatModel):
    """A Claude model on Google Vertex AI.

    Args:
        model: name of the model there, e.g. "claude-sonnet-4-5@20250929".
        project: Google Cloud project (ANTHROPIC_VERTEX_PROJECT_ID, GOOGLE_CLOUD_PROJECT, else the one that the
            credentials name).
        location: region or "global", "us", "eu" (CLOUD_ML_REGION, GOOGLE_CLOUD_LOCATION; default "global").
        api_key: OAuth access token (CLOUDSDK_AUTH_ACCESS_TOKEN), str or a function that returns a fresh one. Without it
            the application default credentials are used (extra `chatkit-sdk[vertex]`).
        credentials: other credentials of google-auth.
        base_url: address with "/v1" (ANTHROPIC_VERTEX_BASE_URL; default: the location's).
        **kwargs: see `AnthropicParams`, `VertexSettings` and `chatkit.params`.

    Raises:
        InputError: no project was given, is in the environment or named by the credentials.
    """

    provider = "google_anthropic_vertex"
    Params = AnthropicParams
    Settings = VertexSettings
    aliases: ClassVar[Mapping[str, str]] = {**ALIASES, "project_id": "project", "region": "location", "access_token": "api_key"}
    api_key_env = ("CLOUDSDK_AUTH_ACCESS_TOKEN",)
    base_url_env = ("ANTHROPIC_VERTEX_BASE_URL",)

    def __init__(self, model: str = "", **kwargs: Unpack[VertexOptions]) -> None:
        super().__init__(model, **kwargs)

    def _find_base_url(self) -> str:
        project = self.settings.get("project") or first_env(_PROJECT_ENV) or find_project(self.settings.get("credentials"))
        if not project:
            raise InputError(f"ChatAnthropicVertex needs a project: pass project=... or set {' or '.join(_PROJECT_ENV)}")
        location = self.settings.get("location") or first_env(_LOCATION_ENV) or "global"
        self.settings.update(project=project, location=location)
        return super()._find_base_url() or f"https://{vertex_host(location)}/v1"

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        credentials = self.settings.get("credentials")
        self._counted_on: str | None = None
        if self.settings.get("api_key") is None and (credentials is not None or not first_env(self.api_key_env)):
            self._counted_on = quota_project(credentials)
            return GoogleToken(credentials)
        return super()._find_key()

    def _encode(self, call: Call) -> Request:
        request = self._request(call)
        method = "streamRawPredict" if call.stream else "rawPredict"
        return Request(
            self._place(f"{quote(call.model, safe='@')}:{method}"), self.body(request.fields), self._headers(call, request)
        )

    def _count_request(self, call: Call) -> Request:
        request = self._request(call)
        body = jsons.encode({"model": call.model, **countable(request.fields)})
        return Request(self._place("count-tokens:rawPredict"), body, self._headers(call, request))

    def _request(self, call: Call) -> AnthropicRequest:
        return encode(call, VERTEX, version=self.settings.get("api_version"), profile=self.profile)

    def _place(self, action: str) -> str:
        place = f"/projects/{self.settings['project']}/locations/{self.settings['location']}"
        return self.url(f"{place}/publishers/anthropic/models/{action}")

    def _headers(self, call: Call, request: AnthropicRequest) -> dict[str, str]:
        google = {"authorization": f"Bearer {call.api_key}", "x_goog_user_project": self._counted_on}
        return join_betas(request.headers, self.headers(**google, **request.headers))

    def _error(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
        return with_new_token(super()._error(status, headers, body), self._api_key)

    def _parser(self, call: Call) -> Parser:
        return AnthropicParser()

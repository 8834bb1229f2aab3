"""`ChatAnthropic`: the Messages API of Anthropic (wire sheet: anthropic)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.anthropic import ALIASES, ANTHROPIC, AnthropicParams, AnthropicParser, countable, encode
from chatkit.dialects.anthropic.tools import thinks
from chatkit.errors import MissingKeyError
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.settings import checked_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.codec import Call, Parser
    from chatkit.dialects.anthropic import AnthropicRequest
    from chatkit.secrets import Secret

__all__ = ["AnthropicOptions", "AnthropicSettings", "ChatAnthropic", "join_betas"]


class AnthropicSettings(CommonSettings, total=False):
    """Settings of `ChatAnthropic` beyond the common ones.

    Attributes:
        auth_token: a token that is sent as `Authorization: Bearer`, instead of an API key.
        api_version: version of the API: "2023-06-01" (default), or "2026-10-21", which has no temperature, top_p, top_k.
    """

    auth_token: Any
    api_version: str | None


class AnthropicOptions(AnthropicParams, AnthropicSettings, total=False):
    """Every keyword argument of `ChatAnthropic`."""


class ChatAnthropic(ChatModel):
    """A Claude model at Anthropic.

    Args:
        model: name of the model, e.g. "claude-sonnet-4-5".
        api_key: the key (ANTHROPIC_API_KEY), str or a function that returns it.
        auth_token: a bearer token instead of a key (ANTHROPIC_AUTH_TOKEN, which counts when there is no key).
        base_url: address of the API without "/v1" (ANTHROPIC_BASE_URL; default https://api.anthropic.com).
        api_version: "2023-06-01" (default) or "2026-10-21".
        max_tokens: longest answer in tokens (default: the longest that the model can give, 4096 for unknown models).
        thinking: {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1024 or more}, {"type": "disabled"}.
        reasoning_effort, effort: "low", "medium", "high", "xhigh" or "max"; "none" switches thinking off.
        betas: beta features; those that a tool or parameter needs are added without being asked for.
        **kwargs: see `AnthropicParams`, `AnthropicSettings` and `chatkit.params`.

    Raises:
        MissingKeyError: neither a key nor a token was given or is in the environment.
    """

    provider = "anthropic"
    Params = AnthropicParams
    Settings = AnthropicSettings
    aliases: ClassVar[Mapping[str, str]] = {
        **ALIASES,
        "anthropic_api_key": "api_key",
        "anthropic_api_url": "base_url",
        "anthropic_proxy": "proxy",
    }
    api_key_env = ("ANTHROPIC_API_KEY",)
    base_url_env = ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_URL")
    proxy_env = ("ANTHROPIC_PROXY",)
    default_base_url = "https://api.anthropic.com"
    key_required = False  # a token does as well

    def __init__(self, model: str = "", **kwargs: Unpack[AnthropicOptions]) -> None:
        super().__init__(model, **kwargs)

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        given = self.settings.get("auth_token")
        key = None if given else super()._find_key()
        self._is_token = key is None
        if key is not None:
            return key
        token = given or os.environ.get("ANTHROPIC_AUTH_TOKEN")
        if not token:
            names = "ANTHROPIC_API_KEY, or ANTHROPIC_AUTH_TOKEN for a bearer token"
            raise MissingKeyError(f"ChatAnthropic needs an API key: pass api_key=... or set {names}")
        if callable(token):
            return token
        self.settings["auth_token"] = checked_key(token)
        return self.settings["auth_token"]

    @property
    def forces_calls(self) -> bool:
        return not thinks(self.params.get("thinking"))

    def _encode(self, call: Call) -> Request:
        request = self._request(call)
        return Request(self.url("/v1/messages"), self.body(request.fields), self._headers(call, request))

    def _count_request(self, call: Call) -> Request:
        request = self._request(call)
        body = jsons.encode(countable(request.fields))
        return Request(self.url("/v1/messages/count_tokens"), body, self._headers(call, request))

    def _request(self, call: Call) -> AnthropicRequest:
        return encode(call, ANTHROPIC, version=self.settings.get("api_version"), profile=self.profile)

    def _headers(self, call: Call, request: AnthropicRequest) -> dict[str, str]:
        key = {"authorization": f"Bearer {call.api_key}"} if self._is_token else {"x-api-key": call.api_key}
        return join_betas(request.headers, self.headers(**key, **request.headers))

    def _parser(self, call: Call) -> Parser:
        return AnthropicParser()


def join_betas(ours: Mapping[str, str], headers: dict[str, str]) -> dict[str, str]:
    """A user's own `anthropic-beta` header adds to the betas of the request, instead of replacing them."""
    name = "anthropic-beta"
    if name in ours and headers[name] != ours[name]:
        headers[name] = ",".join(dict.fromkeys([*headers[name].replace(" ", "").split(","), *ours[name].split(",")]))
    return headers

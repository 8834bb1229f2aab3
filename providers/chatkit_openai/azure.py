"""`AzureChatOpenAI`: OpenAI's models at Azure (wire sheet: azure_openai)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, cast
from urllib.parse import quote, unquote

import msgspec

from chatkit.errors import InputError, MissingKeyError
from chatkit.settings import checked_address, checked_key, first_env
from chatkit_openai.chat import ChatOpenAI
from chatkit_openai.models import is_reasoning_model, quirks_of
from chatkit_openai.params import ALIASES, OpenAIAliases, OpenAIParams, OpenAISettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.codec import Call
    from chatkit.dialects.openai_chat import Quirks
    from chatkit.secrets import Secret

__all__ = ["AzureChatOpenAI", "AzureOptions", "AzureSettings"]

_EXAMPLE = "https://<resource>.openai.azure.com"
_V1 = ("v1", "preview", "latest")
"""Versions that mean the address `/openai/v1`; all others are dates and mean `/openai/deployments/...`."""
_USAGE_SINCE = "2024-09-01"
_DEPLOYMENT = re.compile(r"/openai/deployments/([^/]+)\Z")


class AzureSettings(OpenAISettings, total=False):
    """Settings of `AzureChatOpenAI` beyond those of `ChatOpenAI`.

    Attributes:
        azure_endpoint: address of the resource (AZURE_OPENAI_ENDPOINT), e.g. "https://<resource>.openai.azure.com".
        azure_deployment: name of the deployment; without it the model's name is taken.
        api_version: a date as "2025-03-01-preview" (OPENAI_API_VERSION) for the classic addresses; none, "v1" or
            "preview" for the v1 API.
        azure_ad_token: an Entra token (AZURE_OPENAI_AD_TOKEN); it wins over the key.
        azure_ad_token_provider: a sync or async function that returns an Entra token for each request.
    """

    azure_endpoint: str | None
    azure_deployment: str | None
    api_version: str | None
    azure_ad_token: Any
    azure_ad_token_provider: Any


class AzureAliases(OpenAIAliases, total=False):
    """More names that LangChain uses."""

    deployment_name: str | None
    openai_api_version: str | None
    azure_ad_async_token_provider: Any


class AzureOptions(OpenAIParams, AzureSettings, AzureAliases, total=False):
    """Every keyword argument of `AzureChatOpenAI`."""


class AzureChatOpenAI(ChatOpenAI):
    """A model deployed at Azure OpenAI (Microsoft Foundry).

    Args:
        model: name of the model. It tells what kind of model answers; give it when the deployment is called otherwise.
        azure_deployment, azure_endpoint, api_version, azure_ad_token, azure_ad_token_provider: see `AzureSettings`.
        api_key: the key (AZURE_OPENAI_API_KEY, OPENAI_API_KEY).
        base_url: instead of azure_endpoint the whole address up to before "/chat/completions".
        **kwargs: as `ChatOpenAI`.

    Raises:
        MissingKeyError: neither a key nor a token.
        InputError: no endpoint, or an unknown or wrong parameter.
    """

    provider = "azure_openai"
    Settings = AzureSettings
    aliases: ClassVar[Mapping[str, str]] = {
        **ALIASES,
        "deployment_name": "azure_deployment",
        "openai_api_version": "api_version",
        "azure_ad_async_token_provider": "azure_ad_token_provider",
    }
    api_key_env = ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")
    base_url_env = ()
    default_base_url = ""

    def __init__(self, model: str = "", **kwargs: Unpack[AzureOptions]) -> None:
        deployment = kwargs.get("azure_deployment") or kwargs.get("deployment_name")
        model = kwargs.pop("model_name", "") or model or deployment or ""
        super().__init__(model, **cast("Any", kwargs))

    def _find_base_url(self) -> str:
        version = self.settings.get("api_version") or first_env(("OPENAI_API_VERSION",))
        self._named: str | None = None
        for name in ("base_url", "azure_endpoint"):
            match = _DEPLOYMENT.search((self.settings.get(name) or "").rstrip("/"))
            if match is not None:
                self._classic, self._version, self._named = True, version, unquote(match[1])
                return checked_address(self.settings[name], _EXAMPLE, name)[: match.start()] + "/openai"
        if self.settings.get("base_url"):
            self._classic, self._version = False, self.settings.get("api_version")
            return super()._find_base_url()
        endpoint = self.settings.get("azure_endpoint") or first_env(("AZURE_OPENAI_ENDPOINT",))
        if not endpoint:
            raise InputError(f"{type(self).__name__} needs azure_endpoint=... (or AZURE_OPENAI_ENDPOINT), or base_url=...")
        endpoint = checked_address(endpoint, _EXAMPLE, "azure_endpoint")
        self._classic, self._version = bool(version) and version not in _V1, version
        endpoint = endpoint.removesuffix("/v1").removesuffix("/openai")
        return f"{endpoint}/openai" if self._classic else f"{endpoint}/openai/v1"

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        provider = self.settings.get("azure_ad_token_provider")
        token = self.settings.get("azure_ad_token") or first_env(("AZURE_OPENAI_AD_TOKEN",))
        self._is_token = bool(provider or token)
        if provider is not None:
            return provider
        if token:
            self.settings["azure_ad_token"] = checked_key(token)
            return self.settings["azure_ad_token"]
        try:
            return super()._find_key()
        except MissingKeyError:
            raise MissingKeyError(
                f"{type(self).__name__} needs a key or a token: pass api_key=..., azure_ad_token=... or "
                "azure_ad_token_provider=..., or set AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN"
            ) from None

    def _authorization(self, call: Call) -> dict[str, str | None]:
        return {"authorization": f"Bearer {call.api_key}"} if self._is_token else {"api_key": call.api_key}

    def _address(self, path: str, **query: Any) -> str:
        if self._classic and not path.startswith("/responses"):
            path = f"/deployments/{quote(self._deployment, safe='')}{path}"
        return self.url(path, **{"api-version": self._version}, **query)

    @property
    def _deployment(self) -> str:
        return self._named or self.settings.get("azure_deployment") or self.model

    def _chat_fields(self, call: Call) -> dict[str, Any]:
        return {**super()._chat_fields(call), "model": self._deployment}

    def _responses_fields(self, call: Call) -> dict[str, Any]:
        return {**super()._responses_fields(call), "model": self._deployment}

    def _quirks(self, model: str) -> Quirks:
        """As at OpenAI, but classic addresses know `max_completion_tokens` for reasoning models only, and old
        versions refuse `stream_options`."""
        quirks = quirks_of(model, self.base_url)
        if not self._classic:
            return quirks
        return msgspec.structs.replace(
            quirks,
            max_tokens="max_completion_tokens" if is_reasoning_model(model) else "max_tokens",
            ask_usage=(self._version or "") >= _USAGE_SINCE,
        )

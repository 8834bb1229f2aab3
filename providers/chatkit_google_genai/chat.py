"""`ChatGoogleGenerativeAI`: Gemini over Google's Gemini API (wire sheet: google_genai §1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Unpack
from urllib.parse import quote

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.gemini import ALIASES, GeminiParams, GeminiParser, request_fields
from chatkit.model import ChatModel
from chatkit.params import CommonSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatGoogleGenerativeAI", "GoogleGenAIOptions", "GoogleGenAIParams", "GoogleGenAISettings"]

_VERSION = re.compile(r"/v\d+(?:alpha|beta)?\d*\Z")


class GoogleGenAIParams(GeminiParams, total=False):
    """Parameters of Gemini on the Gemini API.

    Attributes:
        service_tier: "standard", "flex" or "priority".
    """

    service_tier: str | None


class GoogleGenAISettings(CommonSettings, total=False):
    """Settings of `ChatGoogleGenerativeAI`.

    Attributes:
        api_version: "v1beta" (the default), "v1" or "v1alpha".
    """

    api_version: str | None


class GoogleGenAIOptions(GoogleGenAIParams, GoogleGenAISettings, total=False):
    """Every keyword argument of `ChatGoogleGenerativeAI`."""


class ChatGoogleGenerativeAI(ChatModel):
    """A Gemini model over Google's Gemini API.

    Args:
        model: name of the model, e.g. "gemini-2.5-flash"; "models/..." and "tunedModels/..." are understood.
        api_key: the key (GOOGLE_API_KEY, else GEMINI_API_KEY).
        base_url: another address of the API, without version (GOOGLE_GEMINI_BASE_URL; default
            https://generativelanguage.googleapis.com). One that ends in a version is taken as it is.
        api_version: "v1beta" by default.
        max_tokens: longest answer in tokens, thoughts included (default: the model's limit).
        thinking_budget, thinking_level, include_thoughts: how much the model thinks and whether it shows it.
        **kwargs: see `GoogleGenAIParams` and `chatkit.params`.
    """

    provider = "google_genai"
    Params = GoogleGenAIParams
    Settings = GoogleGenAISettings
    aliases: ClassVar[Mapping[str, str]] = ALIASES
    api_key_env = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    base_url_env = ("GOOGLE_GEMINI_BASE_URL",)
    default_base_url = "https://generativelanguage.googleapis.com"
    structured_method = "json_schema"

    def __init__(self, model: str = "", **kwargs: Unpack[GoogleGenAIOptions]) -> None:
        super().__init__(model, **kwargs)

    def _encode(self, call: Call) -> Request:
        url = self.url(self._path(call), alt="sse" if call.stream else None)
        return Request(url, self.body(request_fields(call, self.provider)), self.headers(x_goog_api_key=call.api_key))

    def _count_request(self, call: Call) -> Request:
        fields = {name: value for name, value in request_fields(call, self.provider).items() if value is not None}
        body = jsons.encode({"generateContentRequest": {"model": _full_name(call.model), **fields}})
        return Request(self.url(self._path(call, "countTokens")), body, self.headers(x_goog_api_key=call.api_key))

    def _parser(self, call: Call) -> Parser:
        return GeminiParser()

    def _path(self, call: Call, action: str | None = None) -> str:
        version = "" if _VERSION.search(self.base_url) else f"/{self.settings.get('api_version') or 'v1beta'}"
        action = action or ("streamGenerateContent" if call.stream else "generateContent")
        return f"{version}/{quote(_full_name(call.model), safe='/')}:{action}"


def _full_name(model: str) -> str:
    return model if "/" in model else f"models/{model}"

"""`ChatOpenAI`: models at OpenAI, and at any server that speaks Chat Completions (wire sheet: openai_chat; spec S15-S17)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import msgspec

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.openai_chat import ChatParser, encode_chat
from chatkit.dialects.openai_responses import RESPONSES_ONLY, Speaker, countable, parser_for, resume_query
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import as_object
from chatkit.model import ChatModel
from chatkit.settings import first_env
from chatkit_openai.models import adjusted, quirks_of
from chatkit_openai.params import ALIASES, OpenAIAliases, OpenAIParams, OpenAISettings
from chatkit_openai.responses import encode_responses, wants_responses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser
    from chatkit.dialects.openai_chat import Quirks

__all__ = ["ChatOpenAI", "OpenAIOptions"]

_FROM_ENV = {
    "organization": ("OPENAI_ORG_ID", "OPENAI_ORGANIZATION"),
    "project": ("OPENAI_PROJECT_ID",),
}


class OpenAIOptions(OpenAIParams, OpenAISettings, OpenAIAliases, total=False):
    """Every keyword argument of `ChatOpenAI`."""


class ChatOpenAI(ChatModel):
    """A model at OpenAI, or at any server with the same API (`base_url`).

    Args:
        model: name of the model, e.g. "gpt-5".
        api_key: the key (OPENAI_API_KEY), str or a sync or async function that returns it.
        base_url: address of the API with its "/v1" (OPENAI_BASE_URL, OPENAI_API_BASE; default https://api.openai.com/v1).
        organization, project: whose account pays (OPENAI_ORG_ID, OPENAI_PROJECT_ID).
        temperature: 0 to 2; left out for reasoning models, which refuse it.
        max_tokens: longest answer in tokens, reasoning included (also `max_completion_tokens`).
        reasoning_effort: "none", "minimal", "low", "medium", "high", "xhigh" or "max", as far as the model knows them.
        stream_usage: streams ask for usage unless this is False (for old servers that refuse `stream_options`).
        use_responses_api: True or False chooses between the Responses API and Chat Completions.
        **kwargs: see `OpenAIParams`, `OpenAISettings` and `chatkit.params`; LangChain's names work too
            (`model_name`, `openai_api_key`, `openai_api_base`, `openai_proxy`, `request_timeout` ...).

    Raises:
        MissingKeyError: no key was given and none is in the environment.
        InputError: an unknown or wrong parameter.
    """

    provider = "openai"
    Params = OpenAIParams
    Settings = OpenAISettings
    aliases: ClassVar[Mapping[str, str]] = ALIASES
    api_key_env = ("OPENAI_API_KEY",)
    base_url_env = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
    proxy_env = ("OPENAI_PROXY",)
    default_base_url = "https://api.openai.com/v1"
    structured_method = "json_schema"

    def __init__(self, model: str = "", **kwargs: Unpack[OpenAIOptions]) -> None:
        model = kwargs.pop("model_name", "") or model
        if model == "":
            raise InputError(f"{type(self).__name__} needs the name of a model, e.g. model='gpt-5'")
        super().__init__(model, **kwargs)

    def _prepare(self) -> None:
        for setting, names in _FROM_ENV.items():
            value = first_env(names)
            if value and setting not in self.settings:
                self.settings[setting] = value
        super()._prepare()
        idle = self.settings.get("stream_chunk_timeout")
        if idle is not None:
            self._timeouts = msgspec.structs.replace(self._timeouts, idle=idle)

    def _encode(self, call: Call) -> Request:
        headers = self._headers(call)
        if not wants_responses(call.model, call.params, self.settings):
            path, fields = "/chat/completions", self._chat_fields(call)
        elif (resume := resume_query(call)) is not None:
            return Request(self._address(resume[0], **resume[1]), b"", headers, "GET")
        else:
            path, fields = "/responses", self._responses_fields(call)
        return Request(self._address(path), self.body(_allowed(fields, self.settings.get("disabled_params"))), headers)

    def _count_request(self, call: Call) -> Request:
        body = jsons.encode(countable(self._responses_fields(call)))
        return Request(self._address("/responses/input_tokens"), body, self._headers(call))

    def _headers(self, call: Call) -> dict[str, str]:
        return self.headers(
            openai_organization=self.settings.get("organization"),
            openai_project=self.settings.get("project"),
            **self._authorization(call),
        )

    def _parser(self, call: Call) -> Parser:
        if wants_responses(call.model, call.params, self.settings):
            return parser_for(call)
        return ChatParser(audio_format=as_object(call.params.get("audio")).get("format"))

    def _chat_fields(self, call: Call) -> dict[str, Any]:
        refused = sorted(RESPONSES_ONLY & call.params.keys())
        if refused:
            raise UnsupportedFeatureError(
                f"{type(self).__name__}: Chat Completions has no {', '.join(refused)}; use use_responses_api=True"
            )
        call = msgspec.structs.replace(call, params=adjusted(call.model, call.params))
        return encode_chat(call, self.provider, self._quirks(call.model), owner=type(self).__name__)

    def _responses_fields(self, call: Call) -> dict[str, Any]:
        speaker = Speaker(type(self).__name__, self.provider, system_role=self._quirks(call.model).system_role)
        return encode_responses(call, speaker, self.settings)

    # What differs at Azure.

    def _quirks(self, model: str) -> Quirks:
        return quirks_of(model, self.base_url)

    def _authorization(self, call: Call) -> dict[str, str | None]:
        return {"authorization": f"Bearer {call.api_key}" if call.api_key else None}

    def _address(self, path: str, **query: Any) -> str:
        return self.url(path, **query)


def _allowed(fields: dict[str, Any], disabled: dict[str, Any] | None) -> dict[str, Any]:
    """The fields without those that `disabled_params` names, altogether (None) or for some values."""
    if not disabled:
        return fields
    return {
        name: value
        for name, value in fields.items()
        if name not in disabled or (disabled[name] is not None and value not in disabled[name])
    }

"""What the classes of all OpenAI-compatible services share. A service is a subclass that holds only data."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from msgspec import structs

from chatkit.codec import Request
from chatkit.dialects.openai_chat import ChatCompletionsParams, ChatParser, Quirks, encode_chat, only_the_named_tool
from chatkit.dialects.openai_responses import RESPONSES_ONLY, Speaker, encode_responses, needs_responses, parser_for, resume_query
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import as_object
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.settings import first_env

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatCompatible", "CompatibleAliases", "CompatibleOptions", "CompatibleSettings", "ResponsesSettings"]

_PLACEHOLDER = re.compile(r"\{(\w+)\}")


class CompatibleSettings(CommonSettings, total=False):
    """Settings of a compatible service: the common ones."""


class ResponsesSettings(CompatibleSettings, total=False):
    """Settings of a service that has the Responses API too.

    Attributes:
        use_responses_api: True or False chooses the API; without it the Responses API is used where a parameter needs it.
        use_previous_response_id: let the service keep the conversation.
    """

    use_responses_api: bool | None
    use_previous_response_id: bool | None


class CompatibleAliases(TypedDict, total=False):
    """Names that LangChain uses for the same things. `<provider>_api_key` and `<provider>_api_base` work too."""

    model_name: str
    api_base: str | None
    request_timeout: Any
    max_completion_tokens: int | None
    http_async_client: Any
    stop_sequences: list[str] | str | None


class CompatibleOptions(ChatCompletionsParams, CompatibleSettings, CompatibleAliases, total=False):
    """Keyword arguments of a service without parameters of its own."""


_ALIASES = {
    "api_base": "base_url",
    "http_async_client": "http_client",
    "max_completion_tokens": "max_tokens",
    "model_name": "model",
    "request_timeout": "timeout",
    "stop_sequences": "stop",
}


class ChatCompatible(ChatModel):
    """A model at a service that speaks OpenAI's Chat Completions.

    Args:
        model: name of the model, as the service calls it.
        api_key: the key (`api_key_env` of the class), str or a sync or async function that returns it.
        base_url: address of the API, up to before `chat_path` (`base_url_env`, `default_base_url`).
        **kwargs: see the class's `Params` and `chatkit.params`. What the service knows beyond them goes into
            `extra_body={...}`.

    Attributes:
        quirks: how the service wants to be asked.
        responses: the service has the Responses API too; the set holds what its Chat Completions knows of the
            parameters that elsewhere only the Responses API has. None: it has not.
        prefers_responses: the Responses API is the service's first choice.
        chat_path: where Chat Completions are, below the address.

    Raises:
        MissingKeyError: no key was given and none is in the environment.
        InputError: an unknown or wrong parameter.
    """

    Params: ClassVar[type] = ChatCompletionsParams
    Settings: ClassVar[type] = CompatibleSettings
    quirks: ClassVar[Quirks] = Quirks()
    responses: ClassVar[frozenset[str] | None] = None
    prefers_responses: ClassVar[bool] = False
    chat_path: ClassVar[str] = "/chat/completions"

    def __init__(self, model: str = "", **kwargs: Unpack[CompatibleOptions]) -> None:
        model = kwargs.pop("model_name", "") or model
        if model == "":
            raise InputError(f"{type(self).__name__} needs the name of a model")
        super().__init__(model, **kwargs)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own: Mapping[str, str] = cls.__dict__.get("aliases", {})
        named = {f"{cls.provider}_{name}": setting for name, setting in (("api_key", "api_key"), ("api_base", "base_url"))}
        cls.aliases = {**_ALIASES, **named, **own}

    def _find_base_url(self) -> str:
        """The address; a `{NAME}` in the service's default is filled from the environment."""
        return _PLACEHOLDER.sub(self._fill, super()._find_base_url())

    def _fill(self, match: re.Match[str]) -> str:
        value = first_env((match[1],))
        if not value:
            raise InputError(f"{type(self).__name__} needs base_url=..., or {match[1]} in the environment")
        return value.removeprefix("https://").rstrip("/")

    def _encode(self, call: Call) -> Request:
        headers = self._headers(call)
        if not self._wants_responses(call):
            return Request(self.url(self.chat_path), self.body(self._chat_fields(call)), headers)
        resume = resume_query(call)
        if resume is not None:
            return Request(self.url(resume[0], **resume[1]), b"", headers, "GET")
        if not self.quirks.named_tools:
            call = structs.replace(call, params=only_the_named_tool(call.params))
        fields = encode_responses(
            call,
            Speaker(type(self).__name__, self.provider),
            use_previous=bool(self.settings.get("use_previous_response_id")),
        )
        names = self.quirks.names
        return Request(
            self.url("/responses"), self.body({names.get(name, name): value for name, value in fields.items()}), headers
        )

    def _wants_responses(self, call: Call) -> bool:
        shared = self.responses
        if shared is None:
            return False
        if self.prefers_responses and self.settings.get("use_responses_api") is None:
            return True
        return needs_responses({name: value for name, value in call.params.items() if name not in shared}, self.settings)

    def _chat_fields(self, call: Call) -> dict[str, Any]:
        refused = sorted((RESPONSES_ONLY - self.responses) & call.params.keys()) if self.responses is not None else []
        if refused:
            raise UnsupportedFeatureError(
                f"{type(self).__name__}: Chat Completions has no {', '.join(refused)}; use use_responses_api=True"
            )
        return encode_chat(call, self.provider, self.quirks, owner=type(self).__name__)

    def _headers(self, call: Call) -> dict[str, str]:
        return self.headers(authorization=f"Bearer {call.api_key}" if call.api_key else None)

    def _parser(self, call: Call) -> Parser:
        if self._wants_responses(call):
            return parser_for(call)
        return ChatParser(audio_format=as_object(call.params.get("audio")).get("format"))

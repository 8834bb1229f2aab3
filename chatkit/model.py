"""`ChatModel`: what every chat model can do, written once above its provider's codec.

A provider subclass declares names and types (`Params`, `Settings`), where its keys are found, and two pure
functions, `_encode` and `_parser`. It awaits nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import urlsplit

from chatkit.codec import Call, Parser, Request
from chatkit.errors import InputError, InputTypeError, MissingKeyError
from chatkit.params import CommonParams, CommonSettings, check, names_of, unknown_parameter
from chatkit.secrets import Secret
from chatkit.statuses import error_from_response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.errors import ModelError

__all__ = ["ChatModel"]


class NoSettings(CommonSettings, total=False):
    """Settings of a provider that has none of its own."""


class ChatModel:
    """A chat model of some provider. Immutable: `bind`, `bind_tools`, `model_copy` ... give new ones.

    Subclasses set the class variables below and write `_encode` and `_parser`.

    Attributes:
        provider: the name in `init_chat_model("<provider>:<model>")`; also stamped on answers as `model_provider`.
        Params, Settings: TypedDicts of the known names (see chatkit.params).
        aliases: other names of parameters, e.g. {"model_name": "model"}.
        api_key_env, base_url_env: environment variables that are looked at, in this order.
        default_base_url: where the API is when nobody says otherwise.
        key_required: a missing key is an error when the model is made.
    """

    provider: ClassVar[str] = ""
    Params: ClassVar[type] = CommonParams
    Settings: ClassVar[type] = NoSettings
    aliases: ClassVar[Mapping[str, str]] = {}
    api_key_env: ClassVar[tuple[str, ...]] = ()
    base_url_env: ClassVar[tuple[str, ...]] = ()
    default_base_url: ClassVar[str] = ""
    key_required: ClassVar[bool] = True

    model: str
    params: dict[str, Any]
    settings: dict[str, Any]
    base_url: str

    def __init__(self, model: str, **kwargs: Any) -> None:
        if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputTypeError(f"`model` must be a string (got {type(model).__name__}), e.g. init_chat_model('openai:gpt-5')")
        self.model = model
        self.settings, self.params = self._sort(kwargs)
        self.base_url = self._find_base_url()
        self._api_key = self._find_key()

    # What a provider writes.

    def _encode(self, call: Call) -> Request:
        """The HTTP request for a call. Pure. `self.headers(...)` and `self.body(...)` add what all requests carry."""
        raise NotImplementedError

    def _parser(self, call: Call) -> Parser:
        """A new parser for the answer to a call. Pure."""
        raise NotImplementedError

    def _error(self, status: int, headers: Mapping[str, str], body: bytes) -> ModelError:
        """The exception for a response with an error status; the shared reading fits all known providers."""
        return error_from_response(status, headers, body)

    def _sign(self, request: Request, call: Call) -> Request:
        """Last change to a request before it is sent, once for every attempt (signatures that contain the time)."""
        return request

    # What providers use.

    def headers(self, **more: str | None) -> dict[str, str]:
        """Headers of a JSON request; names are written with _ for -, None is left out, the user's own win."""
        headers = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in more.items() if value is not None}}
        headers.update({name.lower(): value for name, value in (self.settings.get("default_headers") or {}).items()})
        return headers

    def body(self, fields: Mapping[str, Any]) -> bytes:
        """The JSON body of a request: the fields that are not None, then model_kwargs and extra_body."""
        from chatkit.jsons import encode

        body = {name: value for name, value in fields.items() if value is not None}
        body.update(self.settings.get("model_kwargs") or {})
        body.update(self.settings.get("extra_body") or {})
        return encode(body)

    def url(self, path: str, **query: Any) -> str:
        """`base_url` + path, with `default_query` and the given query."""
        from urllib.parse import urlencode

        given = {**(self.settings.get("default_query") or {}), **{name: value for name, value in query.items() if value is not None}}
        return f"{self.base_url}{path}" + (f"?{urlencode(given)}" if given else "")

    # How a model is made.

    @classmethod
    def _names(cls) -> list[str]:
        return [*names_of(CommonSettings), *names_of(cls.Settings), *names_of(CommonParams), *names_of(cls.Params)]

    @classmethod
    def _sort(cls, kwargs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Keyword arguments as (settings, params), checked."""
        params_known, settings_known = names_of(cls.Params), {**names_of(CommonSettings), **names_of(cls.Settings)}
        settings: dict[str, Any] = {}
        params: dict[str, Any] = {}
        for given, value in kwargs.items():
            name = cls.aliases.get(given, given)
            if name in params_known:
                params[name] = value
            elif name in settings_known:
                settings[name] = value
            else:
                raise unknown_parameter(given, cls._names(), cls.__name__)
        return (
            check(cast("type", CommonSettings), check(cls.Settings, settings, cls.__name__), cls.__name__),
            check(cls.Params, params, cls.__name__),
        )

    def _find_base_url(self) -> str:
        given = self.settings.get("base_url")
        url = given or _first_env(self.base_url_env) or self.default_base_url
        if not url:
            return ""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"base_url {url!r} is not an address; it must look like {self.default_base_url or 'https://host/v1'!r}")
        return url.rstrip("/")

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        given = self.settings.get("api_key")
        if callable(given):
            return cast("Callable[[], Any]", given)
        if given is not None and not isinstance(given, str | Secret) and not hasattr(given, "get_secret_value"):
            raise InputTypeError(f"api_key must be a str or a function that returns one, not {type(given).__name__}")
        key = given or _first_env(self.api_key_env)
        if key:
            self.settings["api_key"] = Secret.of(key)
            return self.settings["api_key"]
        if self.key_required:
            names = " or ".join(self.api_key_env)
            raise MissingKeyError(f"{type(self).__name__} needs an API key: pass api_key=... or set {names}")
        return None

    def __getattr__(self, name: str) -> Any:
        """Parameters and settings read like attributes: `model.temperature` (None when not set)."""
        if name.startswith("_") or "params" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        name = self.aliases.get(name, name)
        if name in ("model", "base_url"):
            return self.__dict__[name]
        for values in (self.params, self.settings):
            if name in values:
                return values[name]
        if name in self._names():
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _copy(self, **attributes: Any) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(attributes)
        return copy


def _first_env(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name))), None)

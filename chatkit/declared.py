"""What a model is made of: the names and types that its class declares, and the values that its user gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from chatkit.config import handlers_of
from chatkit.errors import InputError, InputTypeError
from chatkit.messages import AIMessage
from chatkit.params import CommonParams, CommonSettings, check, names_of, unknown_parameter
from chatkit.retry import as_retry_policy
from chatkit.secrets import masked, scrub_headers
from chatkit.settings import find_base_url, find_key, find_proxy
from chatkit.timeouts import as_timeouts
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.secrets import Secret

__all__ = ["DeclaredModel"]


_VERBS = {"rate_limiter": ("observer", "aacquire", "acquire"), "cache": ("aget",)}
"""What is asked of objects that a user may pass."""


_ALIASES = {"model_name": "model", "stream": "streaming"}
"""LangChain's names for what every model has (the second one for a single call, spec S110)."""


class NoSettings(CommonSettings, total=False):
    """Settings of a provider that has none of its own."""


class DeclaredModel(Runnable[AIMessage]):
    """A model's name, parameters and settings. Immutable: `bind` and `model_copy` give new ones.

    Attributes:
        provider: the name in `init_chat_model("<provider>:<model>")`; also stamped on answers as `model_provider`.
        Params, Settings: TypedDicts of the known names (see chatkit.params).
        aliases: other names of parameters, e.g. {"model_name": "model"}.
        api_key_env, base_url_env, proxy_env: environment variables that are looked at, in this order.
        default_base_url: where the API is when nobody says otherwise.
        key_required: a missing key is an error when the model is made.
        structured_method: how `with_structured_output` asks when it is not told: "json_schema" or "function_calling".
    """

    provider: ClassVar[str] = ""
    Params: ClassVar[type] = CommonParams
    Settings: ClassVar[type] = NoSettings
    aliases: ClassVar[Mapping[str, str]] = {}
    api_key_env: ClassVar[tuple[str, ...]] = ()
    base_url_env: ClassVar[tuple[str, ...]] = ()
    proxy_env: ClassVar[tuple[str, ...]] = ()
    default_base_url: ClassVar[str] = ""
    key_required: ClassVar[bool] = True
    structured_method: ClassVar[str] = "function_calling"

    model: str
    params: dict[str, Any]
    settings: dict[str, Any]
    base_url: str
    proxy: str | None

    def __init__(self, model: str = "", **kwargs: Any) -> None:
        for name in [name for name in kwargs if self._own_name(name) == "model"]:
            model = kwargs.pop(name) or model
        if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputTypeError(f"`model` must be a string (got {type(model).__name__}), e.g. init_chat_model('openai:gpt-5')")
        if not model.strip():
            raise InputError(f"{type(self).__name__} needs the name of a model")
        self.model = model
        self.settings, self.params = self._sort(kwargs)
        self._prepare()

    def _prepare(self) -> None:
        """Work out what follows from the settings; everything wrong is said now, not at the first call."""
        self.base_url = self._find_base_url()
        self._api_key = self._find_key()
        self._timeouts = as_timeouts(self.settings.get("timeout"))
        self._retry = as_retry_policy(self.settings.get("max_retries"))
        self.proxy = find_proxy(self.settings, self.proxy_env)
        breaker = self.settings.get("circuit_breaker")
        if breaker is not None:
            from chatkit.breaker import check_breaker

            check_breaker(breaker)
        for name, verbs in _VERBS.items():
            given = self.settings.get(name)
            if given is not None and not isinstance(given, bool) and not any(hasattr(given, verb) for verb in verbs):
                raise InputTypeError(f"{name} must be an object with {' or '.join(verbs)}, not {type(given).__name__}")
        handlers_of(self.settings.get("callbacks"))
        client = self.settings.get("http_client")
        if client is not None:
            from chatkit.net.libraries import check_client

            check_client(client)

    def bind(self, **kwargs: Any) -> Self:
        """The same model with some parameters or settings changed (None takes one away)."""
        kwargs = {self._own_name(name): value for name, value in kwargs.items()}
        copy = self._copy(model=kwargs.pop("model", None) or self.model)
        settings, params = self._sort(kwargs)
        unset = {name for name, value in kwargs.items() if value is None}
        copy.params = {name: value for name, value in {**self.params, **params}.items() if name not in unset}
        if settings or unset & set(self.settings):
            copy.settings = {name: value for name, value in {**self.settings, **settings}.items() if name not in unset}
            copy._prepare()
        return copy

    def model_copy(self, *, update: dict[str, Any] | None = None) -> Self:
        """A copy with some parameters or settings changed, as pydantic models have it."""
        return self.bind(**(update or {}))

    @classmethod
    def _own_name(cls, given: str) -> str:
        """A parameter's name here."""
        return cls.aliases.get(given) or _ALIASES.get(given, given)

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
            name = cls._own_name(given)
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
        return find_base_url(self.settings, self.base_url_env, self.default_base_url)

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        return find_key(self.settings, self.api_key_env, type(self).__name__, required=self.key_required)

    def __getattr__(self, name: str) -> Any:
        """Parameters and settings read like attributes: `model.temperature` (None when not set)."""
        if name.startswith("_") or "params" not in self.__dict__:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        name = self.aliases.get(name, name)
        if name == "model":
            return self.model
        for values in (self.params, self.settings):
            if name in values:
                return values[name]
        if name in self._names():
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __repr__(self) -> str:
        shown: dict[str, Any] = {"model": self.model, **self.settings, **self.params}
        shown.pop("api_key", None)
        if shown.get("default_headers"):
            shown["default_headers"] = scrub_headers(shown["default_headers"])
        return f"{type(self).__name__}({', '.join(f'{name}={masked(name, value)!r}' for name, value in shown.items())})"

    def __copy__(self) -> Self:
        return self._copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Nothing of a model changes, so a copy may share everything; HTTP clients and handlers cannot be copied."""
        return self._copy()

    def __getstate__(self) -> dict[str, Any]:
        client = self.settings.get("http_client")
        if client is not None and not isinstance(client, str):
            raise InputTypeError(
                f"{type(self).__name__} cannot be pickled with a client of yours: its connections belong to this process; "
                "leave http_client out, or name a library ('httpx', 'httpx2', 'aiohttp')"
            )
        return self.__dict__

    def _copy(self, **attributes: Any) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(attributes)
        return copy

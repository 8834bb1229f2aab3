"""`ChatModel`: what every chat model can do, written once above its provider's codec.

A provider subclass declares names and types (`Params`, `Settings`), where its keys are found, and two pure
functions, `_encode` and `_parser`. It awaits nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, cast
from urllib.parse import urlencode

from msgspec import structs

from chatkit.codec import Call, OutputSchema, Parser, Request
from chatkit.config import ambient_handlers, current_run, open_run
from chatkit.errors import InputTypeError
from chatkit.jsons import encode
from chatkit.messages import AIMessage
from chatkit.messages.coerce import to_messages
from chatkit.params import CommonParams, CommonSettings, check, names_of, unknown_parameter
from chatkit.retry import as_retry_policy
from chatkit.runnable import Runnable
from chatkit.secrets import scrub_headers
from chatkit.settings import find_base_url, find_key
from chatkit.statuses import error_from_response
from chatkit.timeouts import as_timeouts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from chatkit.callbacks.observe import ModelRun
    from chatkit.errors import ModelError
    from chatkit.messages import AIMessageChunk
    from chatkit.net.exchange import Exchange
    from chatkit.net.http import Transport
    from chatkit.net.plan import Observer
    from chatkit.net.stream import ChunkStream, EventStream
    from chatkit.secrets import Secret

__all__ = ["ChatModel"]


class NoSettings(CommonSettings, total=False):
    """Settings of a provider that has none of its own."""


class ChatModel(Runnable[AIMessage]):
    """A chat model of some provider. Immutable: `bind`, `bind_tools`, `model_copy` ... give new ones.

    Subclasses set the class variables below and write `_encode` and `_parser`.

    Attributes:
        provider: the name in `init_chat_model("<provider>:<model>")`; also stamped on answers as `model_provider`.
        Params, Settings: TypedDicts of the known names (see chatkit.params).
        aliases: other names of parameters, e.g. {"model_name": "model"}.
        api_key_env, base_url_env: environment variables that are looked at, in this order.
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
    default_base_url: ClassVar[str] = ""
    key_required: ClassVar[bool] = True
    structured_method: ClassVar[str] = "function_calling"

    model: str
    params: dict[str, Any]
    settings: dict[str, Any]
    base_url: str

    def __init__(self, model: str, **kwargs: Any) -> None:
        if not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputTypeError(f"`model` must be a string (got {type(model).__name__}), e.g. init_chat_model('openai:gpt-5')")
        self.model = model
        self.settings, self.params = self._sort(kwargs)
        self._prepare()

    def _prepare(self) -> None:
        """Work out what follows from the settings; everything wrong is said now, not at the first call."""
        self.base_url = self._find_base_url()
        self._api_key = self._find_key()
        self._timeouts = as_timeouts(self.settings.get("timeout"))
        self._retry = as_retry_policy(self.settings.get("max_retries"))
        client = self.settings.get("http_client")
        if client is not None:
            from chatkit.net.injected import check_client

            check_client(client)

    # What users call.

    async def ainvoke(self, input: Any, config: Any = None, *, stop: list[str] | str | None = None, **kwargs: Any) -> AIMessage:
        """Ask and wait for the whole answer.

        Args:
            input: a str, a message, or a list of messages, `{"role", "content"}` dicts, `(role, content)` pairs and str.
            config: a RunnableConfig dict: callbacks, tags, metadata, run_name ...
            stop: texts at which the answer ends.
            kwargs: parameters for this call only; they win over the model's own.

        Raises:
            InputError: wrong input, before any request.
            ModelError: the provider, or the way to it, failed; see chatkit.errors.
        """
        exchange, run = self._for_call(stop, kwargs)._exchange(input, config, whole=True)
        if run is None or not run.hears_pieces or not exchange.plan.call.stream:
            return await exchange.collect()
        from chatkit.net.stream import ChunkStream

        async for _ in ChunkStream(exchange, run):
            pass
        return exchange.message

    def astream(self, input: Any, config: Any = None, *, stop: list[str] | str | None = None, **kwargs: Any) -> ChunkStream:
        """Ask and get the answer in pieces (`AIMessageChunk`) as they come; they add up with `+`.

        The request starts with the first `async for` step. Leaving the loop in any way closes the connection.
        Arguments and errors as `ainvoke`; an error in the middle carries `.partial`.
        """
        from chatkit.net.stream import ChunkStream

        return ChunkStream(*self._for_call(stop, kwargs)._exchange(input, config))

    def open_stream(self, input: Any, config: Any = None, *, stop: list[str] | str | None = None, **kwargs: Any) -> EventStream:
        """Ask and get the answer as typed events (chatkit.events).

            async with model.open_stream("Why do parrots talk?") as stream:
                async for event in stream: ...
                print(stream.message, stream.usage)

        Arguments and errors as `ainvoke`. `stream.cancel()` stops and gives the message as far as it came.
        """
        from chatkit.net.stream import EventStream

        return EventStream(*self._for_call(stop, kwargs)._exchange(input, config))

    if TYPE_CHECKING:

        def invoke(self, input: Any, config: Any = None, *, stop: list[str] | str | None = None, **kwargs: Any) -> AIMessage: ...

        def stream(
            self, input: Any, config: Any = None, *, stop: list[str] | str | None = None, **kwargs: Any
        ) -> Iterator[AIMessageChunk]: ...

    def bind(self, **kwargs: Any) -> Self:
        """The same model with some parameters or settings changed (None takes one away)."""
        kwargs = {self.aliases.get(name, name): value for name, value in kwargs.items()}
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

    def bind_tools(
        self,
        tools: Sequence[Any],
        *,
        tool_choice: Any = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Self:
        """The same model with tools that it may call.

        Args:
            tools: functions, `@tool`s, pydantic models, TypedDicts, dataclasses, Structs, JSON Schemas, OpenAI tool
                dicts, or the provider's built-in tools as dicts.
            tool_choice: "auto", "any" (some tool must be called), "none", a tool's name, or the provider's own dict.
            parallel_tool_calls: False allows one call at a time, where the provider can.
            strict: hold the arguments to the schema, where the provider can.
        """
        from chatkit.tools import normalize_tool_choice, normalize_tools

        specs = normalize_tools(tools, strict=strict)
        given = {"tool_choice": normalize_tool_choice(tool_choice, specs), "parallel_tool_calls": parallel_tool_calls, **kwargs}
        return self.bind(tools=specs, **{name: value for name, value in given.items() if value is not None})

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, method: str | None = None, strict: bool | None = None, **kwargs: Any
    ) -> Any:
        """A model whose answers are objects of the schema; see chatkit.structured."""
        from chatkit.structured import with_structured_output

        return with_structured_output(self, schema, include_raw=include_raw, method=method, strict=strict, **kwargs)

    @property
    def profile(self) -> dict[str, Any] | None:
        """What the model can do (context size, modalities, tools ...), None when it is not known."""
        given = self.settings.get("profile")
        if given is not None:
            return given
        from chatkit.profiles import profile_for

        return profile_for(self.provider, self.model)

    # How a call is made.

    def _for_call(self, stop: Any, kwargs: dict[str, Any]) -> Self:
        if stop is not None:
            kwargs = {**kwargs, "stop": stop}
        return self.bind(**kwargs) if kwargs else self

    def _streams(self) -> bool:
        disabled = self.settings.get("disable_streaming")
        return not (disabled is True or (disabled == "tool_calling" and bool(self.params.get("tools"))))

    def _exchange(self, input: Any, config: Any, *, whole: bool = False) -> tuple[Exchange, ModelRun | None]:
        """The exchange for one call, and the run that listens to it.

        Args:
            whole: the caller wants the whole answer; it is streamed inside only if somebody asks for the pieces.
        """
        from chatkit.net.exchange import Exchange
        from chatkit.net.plan import Plan

        call = Call(model=self.model, messages=to_messages(input), params=self._call_params())
        run = self._run(call, config)
        wanted = bool(self.settings.get("streaming")) or (run is not None and run.wants_streaming)
        call = structs.replace(call, stream=self._streams() and (wanted or not whole))
        plan = Plan(
            call=call,
            provider=self.provider,
            key=self._api_key,
            encode=self._encode,
            sign=self._sign,
            parser=self._parser,
            fail=self._error,
            transport=self._transport,
            timeouts=self._timeouts,
            retry=self._retry,
            observers=self._observers(call, run),
            allow_incomplete=bool(self.settings.get("allow_incomplete")),
            as_blocks=self.settings.get("output_version") == "v1",
        )
        return Exchange(plan), run

    def _run(self, call: Call, config: Any) -> ModelRun | None:
        if config is None and "callbacks" not in self.settings and current_run.get() is None and not ambient_handlers.get():
            return None
        settings = self.settings
        run = open_run(
            "chat_model",
            settings.get("name") or type(self).__name__,
            config,
            own=settings.get("callbacks"),
            tags=settings.get("tags"),
            metadata={**self._described(), **(settings.get("metadata") or {})},
        )
        if run is None:
            return None
        from chatkit.callbacks.observe import ModelRun

        return ModelRun(run, call)

    def _described(self) -> dict[str, Any]:
        """Metadata of a run, under the names that tracing tools know."""
        described = {"ls_provider": self.provider, "ls_model_name": self.model, "ls_model_type": "chat"}
        for key, name in (("ls_temperature", "temperature"), ("ls_max_tokens", "max_tokens"), ("ls_stop", "stop")):
            if self.params.get(name) is not None:
                described[key] = self.params[name]
        return described

    def _observers(self, call: Call, run: ModelRun | None) -> Sequence[Observer]:
        observers: list[Observer] = [run] if run is not None else []
        limiter = self.settings.get("rate_limiter")
        if limiter is not None:
            from chatkit.limits import observer_of

            observers.append(observer_of(limiter, call))
        return observers

    def _transport(self) -> Transport:
        client = self.settings.get("http_client")
        if client is not None:
            from chatkit.net.injected import InjectedClient

            return InjectedClient(client)
        from chatkit.net.http import connections

        return connections(self.settings.get("proxy"))

    def _call_params(self) -> dict[str, Any]:
        """The parameters in their neutral forms (chatkit.codec.Call)."""
        params = self.params
        if isinstance(params.get("stop"), str):
            params = {**params, "stop": [params["stop"]]}
        if params.get("tools") is not None or params.get("tool_choice") is not None:
            from chatkit.tools import normalize_tool_choice, normalize_tools

            tools = normalize_tools(params.get("tools") or [])
            params = {**params, "tools": tools, "tool_choice": normalize_tool_choice(params.get("tool_choice"), tools)}
            params = {name: value for name, value in params.items() if value is not None and value != []}
        response_format = params.get("response_format")
        if response_format is not None and not isinstance(response_format, OutputSchema | dict):
            from chatkit.structured import output_schema

            params = {**params, "response_format": output_schema(response_format)}
        return params

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
        headers = {
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in more.items() if value is not None},
        }
        own: dict[str, str] = self.settings.get("default_headers") or {}
        headers.update({name.lower(): value for name, value in own.items()})
        return headers

    def body(self, fields: Mapping[str, Any]) -> bytes:
        """The JSON body of a request: the fields that are not None, then model_kwargs and extra_body."""
        body = {name: value for name, value in fields.items() if value is not None}
        body.update(self.settings.get("model_kwargs") or {})
        body.update(self.settings.get("extra_body") or {})
        return encode(body)

    def url(self, path: str, **query: Any) -> str:
        """`base_url` + path, with `default_query` and the given query."""
        given: dict[str, Any] = {
            **(self.settings.get("default_query") or {}),
            **{name: value for name, value in query.items() if value is not None},
        }
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
        shown = {**self.settings, **self.params}
        shown.pop("api_key", None)
        if shown.get("default_headers"):
            shown["default_headers"] = scrub_headers(shown["default_headers"])
        return (
            f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in {'model': self.model, **shown}.items())})"
        )

    def _copy(self, **attributes: Any) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__)
        copy.__dict__.update(attributes)
        return copy

"""`ChatModel`: what every chat model can do, written once above its provider's codec.

A provider subclass declares names and types (`Params`, `Settings`), where its keys are found, and two pure
functions, `_encode` and `_parser`. It awaits nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

from msgspec import structs

from chatkit.caches import cache_for, through
from chatkit.calls import neutral_params, observers_of, run_of
from chatkit.codec import Call, Parser, Request
from chatkit.config import merge_configs
from chatkit.declared import DeclaredModel
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import encode
from chatkit.messages.coerce import to_messages
from chatkit.statuses import error_from_response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chatkit.callbacks.observe import ModelRun
    from chatkit.config import RunnableConfig
    from chatkit.errors import ModelError
    from chatkit.messages import AIMessage, AIMessageChunk
    from chatkit.net.exchange import Exchange
    from chatkit.net.plan import Plan
    from chatkit.net.stream import ChunkStream, EventStream
    from chatkit.net.transport import Transport
    from chatkit.runs import Run

__all__ = ["ChatModel"]


class ChatModel(DeclaredModel):
    """A chat model of some provider. Immutable: `bind`, `bind_tools`, `model_copy` ... give new ones.

    Subclasses set the class variables of `DeclaredModel` and write `_encode` and `_parser`.
    """

    _shipped_profile: tuple[str, dict[str, Any] | None] | None = None
    """The name that a profile was looked up for, and the profile."""

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
        model = self._for_call(stop, kwargs)
        cache = cache_for(model.settings.get("cache"))
        if cache is not None:
            return await through(cache, model, input, config)
        return await model._ask(input, config)

    async def _ask(self, input: Any, config: Any) -> AIMessage:
        exchange, run = self._exchange(input, config, whole=True)
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

    def with_config(self, config: RunnableConfig | None = None, **more: Any) -> Self:
        """The same model with a config for all its calls; the config of a call is merged on top.

        Args:
            config: a RunnableConfig dict.
            more: its keys by name, `with_config(tags=["demo"])`.
        """
        return self._copy(_config=merge_configs(self._config, config, more))

    def with_structured_output(
        self,
        schema: Any = None,
        *,
        include_raw: bool = False,
        method: str | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Any:
        """A model whose answers are objects of the schema; see chatkit.structured."""
        from chatkit.structured import with_structured_output

        return with_structured_output(self, schema, include_raw=include_raw, method=method, strict=strict, **kwargs)

    def get_num_tokens(self, text: str) -> int:
        """About how many tokens a text has, without asking anybody."""
        from chatkit.messages.count import CHARS_PER_TOKEN

        return math.ceil(len(text) / CHARS_PER_TOKEN)

    def get_num_tokens_from_messages(self, messages: Any, tools: Sequence[Any] | None = None) -> int:
        """About how many tokens a conversation has, without asking anybody; see `count_tokens_approximately`."""
        from chatkit.messages import count_tokens_approximately

        return count_tokens_approximately(to_messages(messages), tools=tools or self.params.get("tools"))

    async def acount_tokens(self, input: Any, **kwargs: Any) -> int:
        """How many tokens the provider counts for an input, bound tools included. Costs a request, but no tokens.

        Raises:
            UnsupportedFeatureError: the provider has no endpoint for that.
            ModelError: as `ainvoke`.
        """
        from chatkit.counting import acount

        return await acount(self._for_call(None, kwargs), input)

    def count_tokens(self, input: Any, **kwargs: Any) -> int:
        """`acount_tokens` for sync code."""
        from chatkit.net.portal import run

        return run(lambda: self.acount_tokens(input, **kwargs))

    @property
    def profile(self) -> dict[str, Any] | None:
        """What the model can do (context size, modalities, tools ...), None when it is not known. May be changed in place."""
        given = self.settings.get("profile")
        if given is not None:
            return given
        if self._shipped_profile is None or self._shipped_profile[0] != self.model:
            from chatkit.profiles import profile_for

            self._shipped_profile = (self.model, profile_for(self.provider, self.model))
        return self._shipped_profile[1]

    # How a call is made.

    def _for_call(self, stop: Any, kwargs: dict[str, Any]) -> Self:
        if stop is not None:
            kwargs = {**kwargs, "stop": stop}
        return self.bind(**kwargs) if kwargs else self

    def _streams(self) -> bool:
        disabled = self.settings.get("disable_streaming")
        if disabled is True or self.settings.get("streaming") is False:  # None: nobody said so (spec S111)
            return False
        return not (disabled == "tool_calling" and bool(self.params.get("tools")))

    def _watched(self, input: Any, config: Any, kwargs: dict[str, Any]) -> tuple[ChunkStream, Run]:
        """A stream, and its run for an event feed to tell of."""
        from chatkit.net.stream import ChunkStream

        exchange, run = self._for_call(None, kwargs)._exchange(input, config, always=True)
        assert run is not None
        return ChunkStream(exchange, run), run.run

    def _exchange(
        self, input: Any, config: Any, *, whole: bool = False, always: bool = False
    ) -> tuple[Exchange, ModelRun | None]:
        """The exchange for one call, and the run that listens to it.

        Args:
            whole: the caller wants the whole answer; it is streamed inside only if somebody asks for the pieces.
            always: make a run even if nobody listens.
        """
        from chatkit.net.exchange import Exchange

        call = self._call(input)
        run = run_of(self, call, config, always=always)
        wanted = bool(self.settings.get("streaming")) or (run is not None and run.wants_streaming)
        call = structs.replace(call, stream=self._streams() and (wanted or not whole))
        exchange = Exchange(self._plan(call, run))
        if run is not None:
            exchange.id = f"run-{run.run.id}"
        return exchange, run

    def _call(self, input: Any) -> Call:
        return Call(model=self.model, messages=to_messages(input), params=neutral_params(self.params))

    def _plan(self, call: Call, run: ModelRun | None = None) -> Plan:
        """What an exchange needs to know to make a call."""
        from chatkit.net.plan import Plan

        return Plan(
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
            observers=observers_of(self, call, run),
            allow_incomplete=bool(self.settings.get("allow_incomplete")),
            as_blocks=self.settings.get("output_version") == "v1",
            tell_headers=bool(self.settings.get("include_response_headers")),
        )

    def _transport(self) -> Transport:
        from chatkit.net.libraries import transport_for

        return transport_for(self.settings.get("http_client"), self.proxy)

    # What a provider writes.

    def _encode(self, call: Call) -> Request:
        """The HTTP request for a call. Pure. `self.headers(...)` and `self.body(...)` add what all requests carry."""
        raise NotImplementedError

    def _parser(self, call: Call) -> Parser:
        """A new parser for the answer to a call. Pure."""
        raise NotImplementedError

    def _count_request(self, call: Call) -> Request:
        """The request that asks how many tokens a call has; the shared reading of its answer fits all known providers."""
        raise UnsupportedFeatureError(
            f"{type(self).__name__}: this provider has no endpoint that counts tokens; "
            "get_num_tokens_from_messages gives an estimate"
        )

    @property
    def forces_calls(self) -> bool:
        """Whether a tool can be forced on the model as its parameters are; it decides how objects are asked for."""
        return True

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

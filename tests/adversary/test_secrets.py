"""Keys, tokens and passwords: in no repr, no error, no log, no payload of a callback."""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import traceback
from typing import Any

import httpx
import pytest

from chatkit import BaseCallbackHandler
from chatkit.chat_models import init_chat_model
from chatkit.codec import Call
from chatkit.errors import ChatKitError, ModelError
from chatkit.messages import HumanMessage
from chatkit.net.exchange import Exchange
from chatkit.net.requests import request_of
from chatkit.secrets import Secret, masked, scrub, scrub_headers, scrub_url
from chatkit_aws import ChatBedrockConverse
from tests.adversary.every import KEY, NAMES, OVER_HTTP, answering, make

PASSWORD = "hunter2-very-secret"
ACCESS = {"aws_access_key_id": "AKIASECRETACCESS", "aws_secret_access_key": KEY, "aws_session_token": PASSWORD}
SETTINGS: dict[str, Any] = {
    "proxy": f"http://me:{PASSWORD}@proxy.invalid:3128",
    "default_headers": {"x-unheard-of": PASSWORD, "Authorization": f"Bearer {PASSWORD}"},
    "default_query": {"key": PASSWORD, "sig": PASSWORD},
    "extra_body": {"nested": [{"api_key": PASSWORD}]},
    "model_kwargs": {"connection": {"password": PASSWORD}},
}
WITH_A_CLIENT = {name: value for name, value in SETTINGS.items() if name != "proxy"}


def shows(text: str) -> bool:
    return any(secret in text for secret in (KEY, PASSWORD))


@pytest.mark.parametrize("provider", NAMES)
def test_models_and_what_is_made_of_them(provider: str) -> None:
    """repr and str of every class, bound, wrapped and structured."""
    model = make(provider, **{**SETTINGS, "default_query": {"key": PASSWORD}})
    more = [model.bind(temperature=0.5), model.bind(api_key=KEY + "2"), model.bind_tools([shows])]
    more += [
        model.with_config(tags=["a"]),
        model.with_retry(),
        model.with_fallbacks([model]),
        model.with_structured_output({"title": "T", "type": "object", "properties": {}}),
    ]
    for made in (model, *more):
        assert not shows(f"{made!r} {made}"), type(made)
    assert "temperature=0.5" in repr(more[0])


@pytest.mark.parametrize("provider", OVER_HTTP)
def test_requests_on_their_way(provider: str) -> None:
    """repr of the call with its key, of the signed request, the plan and the exchange."""
    model = make(provider, **SETTINGS)
    call = Call(model.model, [HumanMessage("x")], {}, stream=True, api_key=KEY)
    plan = model._plan(call)
    request = request_of(plan, call)
    assert any(shows(value) for value in request.headers.values()), "the key is sent"
    assert not shows(f"{call!r} {call} {plan!r} {request!r} {request} {Exchange(plan)!r}")
    assert "content-type" in repr(request)


def test_aws_access_keys() -> None:
    """Access keys show neither in the model nor in its requests; only the public id of the key is part of a signature."""
    model = ChatBedrockConverse("m", region_name="us-east-1", base_url="http://127.0.0.1:9", **ACCESS)
    secret = model._api_key
    assert isinstance(secret, Secret)
    call = Call("m", [HumanMessage("x")], {}, api_key=secret.get_secret_value())
    assert not shows(f"{model!r} {secret!r} {secret} {call!r} {request_of(model._plan(call), call)!r}")


def echoing(request: httpx.Request) -> httpx.Response:
    """A server that tells everything it was told."""
    keys = [
        value for name, value in request.headers.items() if name in ("authorization", "x-api-key", "api-key", "x-goog-api-key")
    ]
    said = " ".join(keys)
    body = {"error": {"message": f"wrong key: {said}", "code": said, "type": said, "param": {"deep": [said]}}}
    return httpx.Response(401, json=body, headers={"x-request-id": said, "x-debug": said})


def everything(error: BaseException) -> str:
    """Whatever a program may print of an error and of those behind it."""
    text = "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        text += f"{seen!r} {seen} {seen.args} {vars(seen)}"
        seen = seen.__cause__ or seen.__context__
    return text


@pytest.mark.asyncio
@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_errors_of_a_server_that_echoes_the_key(provider: str) -> None:
    """Message, code, type, request id, body, headers, traceback, pickle: the key is stars in all of them."""
    with pytest.raises(ModelError) as caught:
        await answering(provider, echoing).ainvoke("x")
    error = caught.value
    assert "*****" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert not shows(everything(error) + everything(again) + str(pickle.dumps(error)))
    assert isinstance(error.body, dict), "the body keeps its form"


@pytest.mark.asyncio
async def test_aws_errors_that_tell_what_was_signed() -> None:
    """A wrong signature is answered with the whole canonical request, session token included."""

    def refuse(request: httpx.Request) -> httpx.Response:
        token = request.headers["x-amz-security-token"]
        return httpx.Response(403, json={"message": f"the Canonical String should have been x-amz-security-token:{token}"})

    client = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    model = ChatBedrockConverse("m", region_name="us-east-1", http_client=client, max_retries=0, **ACCESS)
    with pytest.raises(ModelError, match="Canonical") as caught:
        await model.ainvoke("x")
    assert not shows(everything(caught.value))


@pytest.mark.asyncio
async def test_wrong_settings_are_refused_without_showing_them() -> None:
    """Errors about parameters name the parameter, not what it holds."""
    for wrong in (
        {"default_headers": {"x": [PASSWORD]}},
        {"default_headers": f"x: {PASSWORD}"},
        {"base_url": f"http://me:{PASSWORD}@h/v1"},
        {"base_url": f"nonsense://h?key={PASSWORD}"},
        {"proxy": f"ftp://me:{PASSWORD}@h"},
        {"api_key": f"{KEY}\n{KEY}"},
        {"api_key": [KEY]},
    ):
        with pytest.raises(ChatKitError) as caught:
            make("openai", **wrong)
        if "default_headers" not in wrong or isinstance(wrong["default_headers"], dict):
            assert not shows(everything(caught.value)), wrong


@pytest.mark.asyncio
async def test_logs_at_debug(caplog: pytest.LogCaptureFixture) -> None:
    """The logger `chatkit` tells of requests, answers and failures, and of no secret."""
    caplog.set_level(logging.DEBUG, "chatkit")
    for provider in OVER_HTTP:
        with pytest.raises(ModelError):
            await answering(provider, echoing, **WITH_A_CLIENT).ainvoke("x")
    lines = [record for record in caplog.records if record.name.startswith("chatkit")]
    text = "\n".join(record.getMessage() for record in lines)
    assert "status 401 after" in text
    assert "attempt 1: Request(POST" in text
    assert not shows(text), [record.getMessage() for record in lines if shows(record.getMessage())][:3]


class Listener(BaseCallbackHandler):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("on_"):
            return lambda *args, **kwargs: self.heard.append((name, args, kwargs))
        return super().__getattribute__(name)


@pytest.mark.asyncio
@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_callbacks(provider: str) -> None:
    """No hook is told a key: not in `invocation_params`, not in metadata, not in errors."""
    listener = Listener()
    with pytest.raises(ModelError):
        await answering(provider, echoing, **WITH_A_CLIENT).ainvoke("x", {"callbacks": [listener]})
    assert {"on_chat_model_start", "on_llm_error"} <= {name for name, _, _ in listener.heard}
    assert not shows(repr(listener.heard))


def test_init_chat_model_tells_no_key() -> None:
    """Neither the configurable model nor the errors of `init_chat_model` show one."""
    model = init_chat_model("openai:gpt-5", api_key=KEY, configurable_fields="any")
    assert not shows(repr(model))
    for wrong in ({"model_provider": "nobody"}, {"temprature": 1}, {"temperature": "hot"}):
        with pytest.raises(ChatKitError) as caught:
            init_chat_model("gpt-5", api_key=KEY, **wrong)
        assert not shows(everything(caught.value))


def test_a_pickled_model_works_elsewhere() -> None:
    """Its key goes with it, so the bytes are as secret as the key (docs/security.md)."""
    data = pickle.dumps(make("openai"))
    assert KEY.encode() in data
    code = "import sys, pickle; m = pickle.loads(sys.stdin.buffer.read()); print(type(m).__name__, m.api_key.get_secret_value())"
    out = subprocess.run(
        [sys.executable, "-c", code], input=data, capture_output=True, check=True, env={"PYTHONPATH": ":".join(sys.path)}
    )
    assert out.stdout.decode().split() == ["ChatOpenAI", KEY]


def test_the_filters() -> None:
    """What the filters do to texts, headers, addresses and named values."""
    assert scrub(f"a {KEY} b", [KEY]) == "a ********** b"
    assert scrub_headers({"X-Mine": "v", "Content-Type": "a/b"}) == {"X-Mine": "**********", "Content-Type": "a/b"}
    assert scrub_url("https://me:pw@h/p?key=v&b=c") == "https://me:**********@h/p?key=**********&b=**********"
    assert scrub_url("https://token@h") == "https://**********@h"
    assert scrub_url("https://h/p") == "https://h/p"
    assert masked("x", {"max_tokens": 5, "token": "t", "n": [{"Password": "p", "q": "r"}]}) == {
        "max_tokens": 5,
        "token": "**********",
        "n": [{"Password": "**********", "q": "r"}],
    }
    assert repr(Secret(KEY)) == "Secret('**********')"
    assert f"{Secret(KEY)}" == "**********"

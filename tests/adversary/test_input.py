"""Bad input from users: a typed error that says what to do, before any request, from every provider's class."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chatkit.errors import ChatKitError, InputError, InputTypeError, MissingKeyError, UnknownProviderError
from chatkit.messages import AIMessage, HumanMessage, ToolMessage
from chatkit.registry import init_chat_model, provider_class
from tests.adversary.every import KEY, NAMES, OVER_HTTP, answering, make

NAN, INF = float("nan"), float("inf")
PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": NAN}, "finite"),
    ({"temperature": INF}, "finite"),
    ({"temperature": True}, "temperature"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"stop": 3}, "stop"),
    ({"stop": [3]}, "stop"),
    ({"timeout": -1}, "more than 0"),
    ({"timeout": 0}, "more than 0"),
    ({"timeout": NAN}, "more than 0"),
    ({"timeout": "hot"}, "timeout"),
    ({"timeout": True}, "timeout"),
    ({"timeout": (1, "a")}, "number of seconds"),
    ({"max_retries": -1}, "max_retries"),
    ({"max_retries": 1.5}, "max_retries"),
    ({"max_retries": "x"}, "max_retries"),
    ({"api_key": 5}, "api_key"),
    ({"api_key": b"x"}, "api_key"),
    ({"api_key": "sk-1\nsk-2"}, "printable ASCII"),
    ({"api_key": "clé"}, "printable ASCII"),
    ({"base_url": 5}, "base_url"),
    ({"base_url": "nonsense://x"}, "is not an address"),
    ({"base_url": "file:///etc/passwd"}, "is not an address"),
    ({"base_url": "http://[::1"}, "is not an address"),
    ({"base_url": "http://host:99999/v1"}, "is not an address"),
    ({"base_url": "http://host:abc/v1"}, "is not an address"),
    ({"base_url": "http://ho st/v1"}, "is not an address"),
    ({"base_url": "http://host/v1\nx"}, "is not an address"),
    ({"base_url": "http://me:pass@host/v1"}, "default_headers"),
    ({"base_url": "http://host/v1?key=x"}, "default_query"),
    ({"base_url": "http://host/v1#part"}, "default_query"),
    ({"proxy": "nonsense"}, "proxy"),
    ({"proxy": "ftp://host"}, "proxy"),
    ({"proxy": 5}, "proxy"),
    ({"proxy": "http://h:1", "http_client": httpx.AsyncClient()}, "either proxy or http_client"),
    ({"output_version": "v7"}, "known are 'v0', 'v1', 'responses/v1'"),
    ({"include_response_headers": "yes"}, "include_response_headers"),
    ({"http_socket_options": []}, "AsyncHTTPTransport"),
    ({"default_headers": [("a", "b")]}, "default_headers"),
    ({"default_headers": {"a": 1}}, "default_headers"),
    ({"default_query": 5}, "default_query"),
    ({"http_client": 5}, "http_client"),
    ({"metadata": 5}, "metadata"),
    ({"rate_limiter": 5}, "rate_limiter"),
    ({"cache": 5}, "cache"),
    ({"model": 5}, "`model` must be a string"),
    ({"model_kwargs": 5}, "model_kwargs"),
    ({"streaming": "yes"}, "streaming"),
    ({"disable_streaming": "always"}, "disable_streaming"),
    ({"tags": "x"}, "tags"),
    ({"temprature": 1}, "Did you mean 'temperature'"),
    ({"wholly_unknown": 1}, "model_kwargs"),
]


@pytest.mark.parametrize(("given", "says"), PARAMETERS, ids=lambda value: str(value)[:40])
def test_wrong_parameters_are_refused_by_every_class(given: dict[str, Any], says: str) -> None:
    """The error comes when the model is made, is an InputError, and names the parameter or what to do."""
    for provider in NAMES:
        with pytest.raises(InputError, match=says):
            make(provider, **given)


@pytest.mark.asyncio
@pytest.mark.parametrize("given", [{"tools": 5}, {"tools": [5]}, {"tool_choice": 5}, {"response_format": 5}])
async def test_wrong_parameters_that_only_the_call_can_tell(given: dict[str, Any]) -> None:
    """Nothing is sent, and the error is an InputError."""
    for provider in OVER_HTTP:
        model = answering(provider, never)
        with pytest.raises(InputError):
            await model.ainvoke("x", **given)


def never(request: httpx.Request) -> httpx.Response:
    raise AssertionError("a request was sent")


INPUTS: list[Any] = [
    None, {}, [], 5, b"x", [1], [None], [[]], [("user",)], [("user", "a", "b")], [(5, "x")], [("nobody", "x")],
    [{"content": "x"}], [{"role": "user"}], [{"role": 5, "content": "x"}], [{"role": "nobody", "content": "x"}],
    [{"role": "user", "content": 5}], [{"role": "user", "content": [5]}], [{"role": "user", "content": {"type": "text"}}],
    [{"role": "tool", "content": "x"}], [{"role": "assistant", "content": "", "tool_calls": 5}],
    [{"role": "assistant", "content": "", "tool_calls": ["x"]}], [{"role": "assistant", "content": "", "tool_calls": [{}]}],
    [{"role": "assistant", "content": "", "tool_calls": [{"name": "f", "args": {}}]}],
    [{"role": "assistant", "content": "", "tool_calls": [{"name": "f", "args": "x", "id": "1"}]}],
    [{"role": "assistant", "content": "", "tool_calls": [{"function": 5}]}],
    [{"role": "assistant", "content": "", "additional_kwargs": 5}],
    [{"role": "user", "content": [{"type": "text", "text": 5}]}], [{"role": "user", "content": [{"type": "text"}]}],
    [{"role": "user", "content": [{"type": ["x"]}]}], [{"role": "user", "content": [{"type": 5}]}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": 5}]}],
    [{"role": "user", "content": [{"type": "image_url"}]}], [{"role": "user", "content": [{"type": "image"}]}],
    [{"role": "user", "content": [{"type": "image", "base64": b"x", "mime_type": "image/png"}]}],
    [{"role": "user", "content": [{"type": "image", "base64": 5, "mime_type": "image/png"}]}],
    [{"role": "user", "content": [{"type": "image", "source": {"type": "base64"}}]}],
    [{"role": "user", "content": [{"type": "image", "url": 5}]}], [{"role": "user", "content": [{"type": "file", "file": 5}]}],
    [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png,x"}}]}],
    [{"role": "assistant", "content": [{"type": "tool_use"}]}],
    [{"role": "assistant", "content": [{"type": "tool_call", "name": "f", "args": 5, "id": "1"}]}],
    "\ud800",
]  # fmt: skip


@pytest.mark.asyncio
@pytest.mark.parametrize("provider", OVER_HTTP)
async def test_wrong_messages_never_raise_anything_untyped(provider: str) -> None:
    """Whatever stands where messages should: an InputError before any request, or the request is sent."""
    sent = httpx.Response(400, json={"error": {"message": "no"}})
    model = answering(provider, lambda request: sent)
    for given in INPUTS:
        with pytest.raises(ChatKitError):
            await model.ainvoke(given)


@pytest.mark.asyncio
@pytest.mark.parametrize("given", INPUTS[:26], ids=lambda value: repr(value)[:50])
async def test_wrong_messages_are_refused_before_any_request(given: Any) -> None:
    """What is no conversation for anybody is refused by chatkit itself, and the message says what is wanted."""
    with pytest.raises(InputError) as caught:
        await answering("openai", never).ainvoke(given)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize(
    "make_message",
    [
        lambda: HumanMessage(5),
        lambda: HumanMessage([5]),
        lambda: AIMessage("", tool_calls=5),
        lambda: AIMessage("", tool_calls=[{"name": "f", "args": {}}]),
        lambda: AIMessage("", invalid_tool_calls=[5]),
        lambda: ToolMessage("x", tool_call_id=None),
        lambda: ToolMessage("x", tool_call_id="1", status="bad"),
        lambda: HumanMessage("x", content_blocks=[{"type": "text", "text": "y"}]),
    ],
)
def test_wrong_messages_cannot_be_made(make_message: Any) -> None:
    """Messages check what they are made of."""
    with pytest.raises(InputError):
        make_message()


def test_a_missing_key_is_told_with_its_variable() -> None:
    """Every class that needs a key says so when it is made, and names what to pass or set."""
    seen = 0
    aws = {"anthropic_bedrock", "bedrock", "bedrock_converse"}
    chains = {*aws, "google_anthropic_vertex", "google_vertexai"}  # the cloud's own, asked at the call
    for provider in OVER_HTTP:
        if provider in chains or not provider_class(provider).key_required:
            continue
        with pytest.raises(InputError, match=r"api_key|API_KEY|TOKEN|credentials"):
            make(provider, api_key=None)
        seen += 1
    assert seen > 30


@pytest.mark.asyncio
@pytest.mark.parametrize("returned", [None, "", 5, "a\nb"])
async def test_a_key_function_that_gives_no_key(returned: Any) -> None:
    """The function's nonsense is an InputError, not `Bearer None` on the wire."""
    with pytest.raises(InputError):
        await answering("openai", never, api_key=lambda: returned).ainvoke("x")
    with pytest.raises(MissingKeyError):
        await answering("openai", never, api_key=lambda: None).ainvoke("x")


def test_a_key_from_a_file_ends_with_a_line_break() -> None:
    """Space around a key is dropped: it is never meant."""
    assert make("openai", api_key=f" {KEY}\n").settings["api_key"].get_secret_value() == KEY


@pytest.mark.parametrize("name", ["nobody:gpt-5", "unknown-model", ":x", "", "openai:", "openai", "gpt5!"])
def test_unknown_models_and_providers(name: str) -> None:
    """`init_chat_model` says what it could not tell, and how to say it."""
    with pytest.raises(InputError) as caught:
        init_chat_model(name, api_key="k")
    assert "provider" in str(caught.value) or "name of a model" in str(caught.value)
    with pytest.raises(UnknownProviderError, match="Known providers"):
        init_chat_model("m", model_provider="nobody")
    with pytest.raises(InputTypeError):
        init_chat_model(5)  # type: ignore[arg-type]


@pytest.mark.asyncio
async def test_headers_that_cannot_be_sent() -> None:
    """A header with a line break is refused by name; HTTP libraries would tell its value, which may be a key."""
    for headers in ({"x-team": f"a\n{KEY}"}, {"x-team": "Café"}, {"a b": "c"}, {"a\n": "b"}, {"": "x"}):
        with pytest.raises(InputError, match="header") as caught:
            await answering("openai", never, default_headers=headers).ainvoke("x")
        assert KEY not in str(caught.value)


def test_the_alias_of_the_model_name_is_known_everywhere() -> None:
    """`model_name=` is LangChain's other name for `model=`."""
    for provider in NAMES:
        extra = {
            name: value for name, value in make(provider).settings.items() if name in ("region_name", "project", "azure_endpoint")
        }
        model = provider_class(provider)(
            model_name="m-2", api_key=KEY, base_url=None if extra.get("azure_endpoint") else "http://h/v1", **extra
        )
        assert model.model == "m-2", provider
        assert model.bind(model_name="m-3").model == "m-3", provider

"""Both Google models through the whole of chatkit, to the simulator's server and back."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from chatkit.dialects import vertex
from chatkit.errors import AuthenticationError, ContentFilterError, IncompleteStreamError, RateLimitError
from chatkit.messages import HumanMessage, ToolMessage
from chatkit.retry import RetryPolicy
from chatkit.simulator import Fault, Reply, Server, simulate
from chatkit_anthropic import ChatAnthropicVertex
from chatkit_google_genai import ChatGoogleGenerativeAI
from chatkit_google_vertexai import ChatVertexAI

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def models(server: Server, **options: Any) -> list[Any]:
    options = {"base_url": server.url, "max_retries": 0, **options}
    return [
        ChatGoogleGenerativeAI("gemini-3-flash-preview", api_key="test", **options),
        ChatVertexAI("gemini-3-flash-preview", api_key="ya29.test", project="p", **options),
    ]


async def test_the_sum_of_a_stream_is_the_answer(server: Server) -> None:
    for model in models(server):
        full = None
        async for chunk in model.astream("Hello"):
            full = chunk if full is None else full + chunk
        whole = await model.ainvoke("Hello")
        assert full is not None
        assert full.text == whole.text == "Hi there! How can I help today?"
        assert full.usage_metadata == whole.usage_metadata
        assert full.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"] == "STOP"
        assert whole.response_metadata["model_provider"] == model.provider


async def test_a_loop_of_tools(server: Server) -> None:
    for model in models(server):
        bound = model.bind_tools([WEATHER], tool_choice="any")
        talk: list[Any] = [HumanMessage("What is the weather in Paris?")]
        answer = await bound.ainvoke(talk)
        (call,) = answer.tool_calls
        talk += [answer, ToolMessage("18 °C", tool_call_id=call["id"])]
        assert "18 °C" in (await model.bind_tools([WEATHER]).ainvoke(talk)).text
        sent = server.requests[-1].body["contents"][1]["parts"][0]
        assert sent["thoughtSignature"] == answer.content_blocks[0]["extras"]["signature"]


async def test_an_answer_that_is_cut_keeps_what_came() -> None:
    with simulate([Reply("one two three", fault=Fault(unended=True))] * 4) as server:
        for model in models(server):
            with pytest.raises(IncompleteStreamError) as caught:
                async for _ in model.astream("Hi"):
                    pass
            assert caught.value.partial is not None
            assert caught.value.partial.text == "one two three"
            answer = await model.bind(allow_incomplete=True, streaming=True).ainvoke("Hi")
            assert answer.text == "one two three"


async def test_a_full_quota_is_waited_for(server: Server) -> None:
    for model in models(server, max_retries=1):
        busy = model.bind(model="gemini-2.5-flash?fault=status=429&retry_after=0.05&times=1")
        assert (await busy.ainvoke("Hello")).text == "Hi there! How can I help today?"
    with pytest.raises(RateLimitError):
        await models(server)[0].bind(model="gemini-2.5-flash?fault=429").ainvoke("Hello")


async def test_tokens_are_refreshed_off_the_event_loop(server: Server) -> None:
    class Credentials:
        valid, token = False, ""
        threads: list[int] = []

        def refresh(self, request: Any) -> None:
            self.threads.append(threading.get_ident())
            self.valid, self.token = True, "ya29.fresh"

    pytest.importorskip("google.auth.transport.requests", reason="google-auth (extra `vertex`) is not installed")
    credentials = Credentials()
    model = ChatVertexAI("gemini-2.5-flash", project="p", credentials=credentials, base_url=server.url)
    assert [(await model.ainvoke("Hello")).text for _ in range(2)] == ["Hi there! How can I help today?"] * 2
    assert len(credentials.threads) == 1
    assert threading.get_ident() not in credentials.threads


@pytest.mark.parametrize("ask", ["ainvoke", "astream"])
async def test_a_blocked_prompt_tells_what_it_cost(ask: str) -> None:
    """The answer of a blocked prompt has an id and usage, which the error's empty partial message keeps."""
    body = (
        b'{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7, "totalTokenCount": 7}, '
        b'"responseId": "r1", "modelVersion": "gemini-2.5-flash-001"}'
    )
    answer = httpx.Response(200, content=body if ask == "ainvoke" else b"data: " + body + b"\n\n")
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: answer))
    model = ChatGoogleGenerativeAI("gemini-2.5-flash", api_key="k", http_client=client, max_retries=0)
    with pytest.raises(ContentFilterError) as caught:
        if ask == "ainvoke":
            await model.ainvoke("x")
        else:
            async for _ in model.astream("x"):
                pass
    partial = caught.value.partial
    assert partial is not None
    assert (partial.text, partial.id, partial.response_metadata["model_name"]) == ("", "r1", "gemini-2.5-flash-001")
    assert partial.usage_metadata is not None
    assert partial.usage_metadata["input_tokens"] == 7


class Credentials:
    """Those of a user whose token is taken back before its time."""

    valid, project_id = True, "p"

    def __init__(self) -> None:
        self.token = "taken back"

    def refresh(self, request: Any) -> None:
        self.token = "new"


@pytest.mark.parametrize("make", [ChatVertexAI, ChatAnthropicVertex])
async def test_a_refused_token_is_fetched_anew_once(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vertex, "_refresh", lambda credentials: credentials.refresh(None))
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        error = {"error": {"code": 401, "message": "Request had invalid credentials.", "status": "UNAUTHENTICATED"}}
        return httpx.Response(401, json=error)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    policy = RetryPolicy(max_retries=2, initial_delay=0.0)
    with pytest.raises(AuthenticationError):
        await make("m", credentials=Credentials(), http_client=client, max_retries=policy).ainvoke("x")
    assert seen == ["Bearer taken back", "Bearer new"]
    with pytest.raises(AuthenticationError):
        await make("m", project="p", api_key="mine", http_client=client, max_retries=policy).ainvoke("x")
    assert seen[2:] == ["Bearer mine"], "a token of the user's own cannot be fetched anew"

"""Retries, clocks and errors: what a call does when the provider or the network misbehaves."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import respx

from chatkit import RetryPolicy, Timeouts
from chatkit.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from chatkit.events import Reset
from tests.net.origin import Origin, delta, sse
from tests.toy import ToyModel, ToyParser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

pytestmark = pytest.mark.anyio

URL = "https://toy.example/v1/chat/completions"
WHOLE = {"id": "c1", "model": "m-1", "choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
NOW = RetryPolicy(max_retries=2, initial_delay=0.001)


class Body(httpx.AsyncByteStream):
    """A response body in pieces: bytes are sent, numbers are slept, exceptions are raised."""

    def __init__(self, *steps: Any) -> None:
        self.steps = iter(steps)
        self.closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for step in self.steps:
            if isinstance(step, bytes):
                return step
            if not isinstance(step, float):
                raise step
            await anyio.sleep(step)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True


def toy(handler: Callable[[httpx.Request], httpx.Response] | list[httpx.Response], **settings: Any) -> ToyModel:
    """A model whose client answers with the handler, or with the responses one after another."""
    if isinstance(handler, list):
        answers = iter(handler)
        handler = lambda request: next(answers)  # noqa: E731
    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return ToyModel("m", api_key="sk-secret", http_client=client, **{"max_retries": NOW, **settings})


def streamed(*steps: Any) -> httpx.Response:
    return httpx.Response(200, headers={"x-request-id": "req_7"}, stream=Body(*steps))


def failed(status: int, body: Any = None, **headers: str) -> httpx.Response:
    return httpx.Response(
        status, json=body or {"error": {"message": "no"}}, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


@respx.mock
async def test_a_call_can_be_mocked_with_respx(anyio_backend: str) -> None:
    """The default transport is httpx: respx sees its requests."""
    route = respx.post(URL).respond(json=WHOLE)
    message = await ToyModel("m", api_key="sk-secret").ainvoke("hello")
    assert message.text == "Hi"
    assert json.loads(route.calls.last.request.content) == {"model": "m", "messages": ["hello"], "stream": False}
    assert message.response_metadata == {"model_name": "m-1", "model_provider": "toy", "finish_reason": "stop"}


async def test_retryable_errors_are_retried_and_the_answer_is_one(anyio_backend: str) -> None:
    """429, then an error inside a 200 before any output, then the answer: one message, no doubled text."""
    model = toy(
        [
            failed(429, retry_after="0"),
            streamed(sse({"error": {"type": "overloaded_error", "message": "busy"}})),
            streamed(delta("Hi", "stop"), sse(b"[DONE]")),
        ]
    )
    assert "".join([chunk.text async for chunk in model.astream("x")]) == "Hi"


async def test_headers_of_the_response_are_told_when_asked_for(anyio_backend: str) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        own = request.headers["authorization"].removeprefix("Bearer ")
        return httpx.Response(200, json=WHOLE, headers={"x-served-by": "edge-1", "x-echo": own})

    message = await toy(answer, include_response_headers=True).ainvoke("Hi")
    assert message.response_metadata["headers"]["x-served-by"] == "edge-1"
    assert "secret" not in message.response_metadata["headers"]["x-echo"]
    assert "headers" not in (await toy(answer).ainvoke("Hi")).response_metadata


async def test_retry_after_is_waited_for(anyio_backend: str) -> None:
    model = toy([failed(429, retry_after_ms="150"), httpx.Response(200, json=WHOLE)])
    with anyio.fail_after(2):
        started = anyio.current_time()
        assert (await model.ainvoke("x")).text == "Hi"
    assert 0.15 <= anyio.current_time() - started < 0.6


def test_those_who_were_refused_together_do_not_come_back_together() -> None:
    """Never earlier than the provider asked, and later by some share of that, two seconds at most."""

    def waits(asked: float, policy: RetryPolicy) -> list[float]:
        given = [policy.delay(0, RateLimitError("slow", retry_after=asked)) for _ in range(1000)]
        return sorted(wait for wait in given if wait is not None)

    for asked, most in ((0.4, 0.1), (4.0, 1.0), (60.0, 2.0)):
        spread = waits(asked, RetryPolicy())
        assert len(spread) == 1000
        assert asked <= spread[0] < asked + most / 10 < asked + most * 0.9 < spread[-1] <= asked + most
    assert set(waits(7.0, RetryPolicy(jitter=0))) == {7.0}
    assert set(waits(0.0, RetryPolicy())) == {0.0}
    assert RetryPolicy(max_retry_after=5).delay(0, RateLimitError("slow", retry_after=6)) is None


async def test_a_retry_that_the_total_clock_would_end_is_not_waited_for(anyio_backend: str) -> None:
    for timeout, retry_after in ((Timeouts(total=0.2), "30"), (Timeouts(total=0.2), "0.2")):
        model = toy([failed(429, retry_after=retry_after)], timeout=timeout)
        started = anyio.current_time()
        with pytest.raises(RateLimitError):
            await model.ainvoke("x")
        assert anyio.current_time() - started < 0.2


async def test_a_key_that_does_not_come_is_bounded_by_the_total_clock(anyio_backend: str) -> None:
    async def key() -> str:
        await anyio.sleep(10)
        return "late"

    model = toy([], timeout=Timeouts(total=0.05)).bind(api_key=key)
    with anyio.fail_after(3), pytest.raises(APITimeoutError, match="function that gives the API key") as caught:
        await model.ainvoke("x")
    assert (caught.value.phase, caught.value.stage) == ("total", "request")


async def test_a_timeout_of_the_users_own_is_not_called_the_total_clock(anyio_backend: str) -> None:
    async def key() -> str:
        raise TimeoutError("the vault is slow")

    with pytest.raises(TimeoutError, match="the vault is slow"):
        await toy([], timeout=Timeouts(total=5)).bind(api_key=key).ainvoke("x")


async def test_a_longer_wait_than_allowed_is_raised_at_once(anyio_backend: str) -> None:
    with pytest.raises(RateLimitError) as caught:
        await toy([failed(429, retry_after="600")]).ainvoke("x")
    assert caught.value.retry_after == 600


@pytest.mark.parametrize(
    ("status", "body", "expected", "retryable"),
    [
        (400, {"error": {"message": "bad", "type": "invalid_request_error"}}, BadRequestError, False),
        (400, {"error": {"message": "too long", "code": "context_length_exceeded"}}, ContextLengthError, False),
        (401, {"error": {"message": "wrong key sk-secret"}}, AuthenticationError, False),
        (403, {"error": {"message": "no"}}, PermissionDeniedError, False),
        (404, {"error": {"message": "no model", "code": "model_not_found"}}, NotFoundError, False),
        (429, {"error": {"message": "slow", "type": "requests"}}, RateLimitError, True),
        (429, {"error": {"message": "paid?", "code": "insufficient_quota"}}, RateLimitError, False),
        (500, {"error": "broken"}, ServerError, True),
        (503, {"detail": "busy"}, OverloadedError, True),
        (529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, OverloadedError, True),
    ],
)
async def test_each_status_has_its_error(anyio_backend: str, status: int, body: Any, expected: type, retryable: bool) -> None:
    """With status, request id, message; and the key that a provider echoes never shows."""
    with pytest.raises(ModelError) as caught:
        await toy(lambda request: failed(status, body, x_request_id="req_1"), max_retries=0).ainvoke("x")
    error = caught.value
    assert type(error) is expected
    assert (error.status, error.request_id, error.retryable, error.provider, error.model) == (
        status,
        "req_1",
        retryable,
        "toy",
        "m",
    )
    assert "sk-secret" not in f"{error} {error!r} {error.body}"


async def test_errors_that_cannot_help_are_not_retried(anyio_backend: str) -> None:
    sent: list[int] = []
    with pytest.raises(AuthenticationError):
        await toy(lambda request: (sent.append(1), failed(401))[1]).ainvoke("x")
    assert len(sent) == 1


async def test_an_error_in_the_middle_keeps_what_came(anyio_backend: str) -> None:
    """The class of the provider's error, the partial message, no second request."""
    model = toy([streamed(delta("Half "), delta("an answer"), sse({"error": {"type": "overloaded_error", "message": "busy"}}))])
    seen = ""
    with pytest.raises(OverloadedError) as caught:
        async for chunk in model.astream("x"):
            seen += chunk.text
    assert seen == "Half an answer"
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half an answer"
    assert caught.value.partial.response_metadata["interrupted"] is True
    assert caught.value.request_id == "req_7"


async def test_a_broken_connection_in_the_middle(anyio_backend: str) -> None:
    body = Body(delta("Half"), 0.01, httpx.ReadError("reset"))
    with pytest.raises(StreamInterruptedError) as caught:
        async for _ in toy([httpx.Response(200, stream=body)]).astream("x"):
            pass
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half"
    assert isinstance(caught.value.__cause__, httpx.ReadError)
    assert body.closed


async def test_a_stream_without_end_marker_is_an_error(anyio_backend: str) -> None:
    with pytest.raises(IncompleteStreamError) as caught:
        async for _ in toy([streamed(delta("Half"), 0.01)]).astream("x"):
            pass
    assert caught.value.partial is not None
    assert caught.value.partial.text == "Half"


async def test_a_stream_without_end_marker_can_be_accepted(anyio_backend: str) -> None:
    model = toy([streamed(delta("All"), 0.01)], allow_incomplete=True)
    assert "".join([chunk.text async for chunk in model.astream("x")]) == "All"


async def test_restart_says_that_the_answer_begins_again(anyio_backend: str) -> None:
    """Only when asked for: after output, a Reset event, then the new answer alone."""
    model = toy(
        [streamed(delta("Half"), 0.01, httpx.ReadError("reset")), streamed(delta("Whole", "stop"), sse(b"[DONE]"))],
        max_retries=RetryPolicy(initial_delay=0.001, restart=True),
    )
    full = None
    async with model.open_stream("x") as stream:
        kinds = [type(event) async for event in stream]
    assert Reset in kinds
    assert stream.message.text == "Whole"
    model = toy(
        [streamed(delta("Half"), 0.01, httpx.ReadError("reset")), streamed(delta("Whole", "stop"), sse(b"[DONE]"))],
        max_retries=RetryPolicy(initial_delay=0.001, restart=True),
    )
    async for chunk in model.astream("x"):
        full = chunk if full is None else full + chunk
    assert full is not None
    assert full.text == "Whole"


@pytest.mark.parametrize(
    ("steps", "timeouts", "phase"),
    [
        ((1.0, delta("late")), Timeouts(first_event=0.05), "first_event"),
        ((b": ping\n\n", 0.03, b": ping\n\n", 0.03, b": ping\n\n", 1.0), Timeouts(first_event=0.05), "first_event"),
        ((delta("Hi"), 1.0), Timeouts(idle=0.05), "idle"),
        ((delta("Hi"), 0.03, b": ping\n\n", 0.03, b": ping\n\n", 1.0), Timeouts(idle=0.05), "idle"),
        ((delta("Hi"), 0.03, delta("Hi"), 0.03, delta("Hi"), 1.0), Timeouts(total=0.08), "total"),
    ],
    ids=["nothing", "only pings first", "silence", "only pings", "for ever"],
)
async def test_each_clock_says_which_it_was(anyio_backend: str, steps: tuple[Any, ...], timeouts: Timeouts, phase: str) -> None:
    body = Body(*steps)
    with anyio.fail_after(3), pytest.raises(APITimeoutError) as caught:
        async for _ in toy(lambda request: httpx.Response(200, stream=body), timeout=timeouts, max_retries=0).astream("x"):
            pass
    assert caught.value.phase == phase
    assert isinstance(caught.value, TimeoutError)
    assert body.closed


@pytest.mark.parametrize(
    ("timeouts", "phase"), [(Timeouts(idle=0.05), "idle"), (Timeouts(total=0.1), "total")], ids=["idle", "total"]
)
async def test_clocks_on_a_real_socket(anyio_backend: str, timeouts: Timeouts, phase: str) -> None:
    with Origin(ticks=3, delay=0, hold=True) as origin, anyio.fail_after(3):
        with pytest.raises(APITimeoutError) as caught:
            async for _ in ToyModel("m", base_url=origin.url, api_key="k", timeout=timeouts).astream("x"):
                pass
        assert caught.value.phase == phase
        assert caught.value.partial is not None
        assert caught.value.partial.text == "t0 t1 t2 "


@pytest.mark.parametrize(
    ("timeouts", "phase"),
    [
        (Timeouts(first_event=0.05), "first_event"),
        (Timeouts(total=0.05), "total"),
        (Timeouts(total=0.05, first_event=9), "total"),
    ],
)
async def test_a_response_that_does_not_come_says_whose_clock_it_was(anyio_backend: str, timeouts: Timeouts, phase: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, anyio.fail_after(3):  # accepts, and says nothing
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        with pytest.raises(APITimeoutError, match=r"within .*0\.05 s") as caught:
            await ToyModel("m", base_url=url, api_key="k", timeout=timeouts, max_retries=0).ainvoke("x")
    assert (caught.value.phase, caught.value.stage) == (phase, "request")


async def test_a_slow_reader_is_not_a_slow_provider(anyio_backend: str) -> None:
    """The idle clock runs only while we wait for the provider."""
    with Origin(ticks=200, delay=0) as origin:
        model = ToyModel("m", base_url=origin.url, api_key="k", timeout=Timeouts(idle=0.05))
        seen = 0
        async for _ in model.astream("x"):
            seen += 1
            if seen in (2, 50):
                await anyio.sleep(0.12)
    assert seen == 201


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html><body>Bad gateway</body></html>", "web page"),
        (b"{not json", "not the JSON"),
        (b"data: {not json\n\n", "not the JSON"),
        (b'data: "\xff\xfe"\n\n', "not the JSON"),
        (b"", "[DONE]"),
        (b"hello, I am no API", "no stream of events either"),
        (b"upstream connect error\nreset", "upstream connect error reset"),
        (b"null", "'null'"),
        (b'"hello"', "hello"),
    ],
)
async def test_nonsense_with_status_200(anyio_backend: str, body: bytes, says: str) -> None:
    with pytest.raises((InvalidResponseError, IncompleteStreamError)) as caught:
        await toy(lambda request: httpx.Response(200, content=body), max_retries=0).ainvoke("x")
    assert says in str(caught.value)


async def test_an_endless_event_is_refused(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ToyParser, "max_bytes", 1000)
    with pytest.raises(InvalidResponseError, match="larger than"):
        await toy(lambda request: httpx.Response(200, stream=Body(b"data: ", *[b"x" * 500] * 10)), max_retries=0).ainvoke("x")


async def test_nobody_listens(anyio_backend: str) -> None:
    with pytest.raises(APIConnectionError, match="base_url"):
        await ToyModel("m", base_url="http://127.0.0.1:9/v1", api_key="k", max_retries=0).ainvoke("x")


async def test_a_key_function_is_asked_for_every_attempt(anyio_backend: str) -> None:
    """Sync or async; expiring tokens stay fresh."""
    keys = iter(["one", "two"])
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return failed(500) if len(seen) == 1 else httpx.Response(200, json=WHOLE)

    async def key() -> str:
        return next(keys)

    client = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    await ToyModel("m", api_key=key, http_client=client, max_retries=NOW).ainvoke("x")
    assert seen == ["Bearer one", "Bearer two"]

"""OpenAI's official client and LangChain's ChatOpenAI against the simulator: whoever wrote them did not know this server."""

from __future__ import annotations

import base64
import gc
import io
import warnings
import wave
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from chatkit.simulator import Fault, Reply, Server, simulate
from tests.simulator.clients import closed_later

if TYPE_CHECKING:
    from collections.abc import Iterator

openai = pytest.importorskip("openai", reason="the official client is not installed")

MODEL = "gpt-4.1"
ASK: list[Any] = [{"role": "user", "content": "What color is the sky?"}]
SKY = "The sky is typically blue during the day, because air scatters blue light more than red light."
PLACES: list[Any] = [{"role": "user", "content": "What's the weather in Boston and Tokyo?"}]
PARAMETERS = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
    "additionalProperties": False,
}
TOOLS: list[Any] = [{"type": "function", "function": {"name": "get_weather", "parameters": PARAMETERS, "strict": True}}]


class Movie(BaseModel):
    """A movie with details."""

    title: str
    year: int
    director: str
    rating: float


INCEPTION = Movie(title="Inception", year=2010, director="Christopher Nolan", rating=8.8)


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


@pytest.fixture(autouse=True)
def sockets_of_the_clients() -> Iterator[None]:
    """The clients leave sockets to the garbage collector; what it says of them belongs to this test and is ignored."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def chat(server: Server, max_retries: int = 0) -> Any:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-test", max_retries=max_retries)
    return closed_later(client).chat.completions


def test_whole_answer(server: Server) -> None:
    completion = chat(server).create(model=MODEL, messages=ASK)
    assert completion.choices[0].message.content == SKY
    assert completion.choices[0].finish_reason == "stop"
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens > 0
    assert completion._request_id.startswith("req_")


def test_stream_with_usage_and_logprobs(server: Server) -> None:
    asked = {"stream_options": {"include_usage": True}, "logprobs": True, "top_logprobs": 3}
    chunks = list(chat(server).create(model=MODEL, messages=ASK, stream=True, **asked))
    with_choice = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in with_choice) == SKY
    assert "".join(entry.token for choice in with_choice if choice.logprobs for entry in choice.logprobs.content) == SKY
    assert chunks[-1].usage.completion_tokens == len(SKY.split())


def test_the_loop_of_tools(server: Server) -> None:
    with chat(server).stream(model=MODEL, messages=PLACES, tools=TOOLS) as stream:
        kinds = {event.type for event in stream}
        message = stream.get_final_completion().choices[0].message
    assert "tool_calls.function.arguments.delta" in kinds
    assert [call.function.parsed_arguments for call in message.tool_calls] == [{"location": "Boston"}, {"location": "Tokyo"}]
    results = [{"role": "tool", "tool_call_id": call.id, "content": "sunny"} for call in message.tool_calls]
    talk = [*PLACES, message.model_dump(exclude_none=True), *results]
    answer = chat(server).create(model=MODEL, messages=talk, tools=TOOLS).choices[0].message.content
    assert answer == "Here is what I found:\n- Boston: sunny\n- Tokyo: sunny"


@pytest.mark.parametrize("stream", [False, True])
def test_more_than_one_choice(server: Server, stream: bool) -> None:
    asked: dict[str, Any] = {"model": MODEL, "messages": ASK, "n": 3}
    if stream:
        with chat(server).stream(**asked, stream_options={"include_usage": True}) as running:
            completion = running.get_final_completion()
    else:
        completion = chat(server).create(**asked)
    assert [(choice.index, choice.message.content) for choice in completion.choices] == [(0, SKY), (1, SKY), (2, SKY)]
    assert completion.usage.completion_tokens == 3 * len(SKY.split())
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


SPOKEN = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}


def test_an_answer_in_sound_that_goes_back_by_its_id(server: Server) -> None:
    message = chat(server).create(model=MODEL, messages=ASK, **SPOKEN).choices[0].message
    assert (message.content, message.audio.transcript) == (None, SKY)
    with wave.open(io.BytesIO(base64.b64decode(message.audio.data))) as file:
        assert file.getnframes() == 24_000 // 10 * len(SKY.split())
    talk = [*ASK, {"role": "assistant", "audio": {"id": message.audio.id}}, *ASK]
    assert chat(server).create(model=MODEL, messages=talk, **SPOKEN).choices[0].message.audio.transcript == SKY


def test_a_stream_of_sound(server: Server) -> None:
    asked = {**SPOKEN, "audio": {"voice": "alloy", "format": "pcm16"}}
    deltas = [chunk.choices[0].delta for chunk in chat(server).create(model=MODEL, messages=ASK, stream=True, **asked)]
    heard = [delta.model_dump()["audio"] for delta in deltas if delta.model_dump().get("audio")]
    assert "".join(piece.get("transcript") or "" for piece in heard) == SKY
    assert len(base64.b64decode("".join(piece.get("data") or "" for piece in heard))) == 4_800 * len(SKY.split())
    assert not any(delta.content for delta in deltas)


def test_a_structured_answer_that_is_cut_off(server: Server) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        chat(server).parse(model=MODEL, messages=ASK, response_format=Movie, max_tokens=2)


def test_models(server: Server) -> None:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-test") as client:
        assert MODEL in [model.id for model in client.models.list()]
        assert client.models.retrieve("any/model").id == "any/model"


def test_structured_output(server: Server) -> None:
    asked: list[Any] = [{"role": "user", "content": "Provide details about the movie Inception"}]
    completion = chat(server).parse(model=MODEL, messages=asked, response_format=Movie)
    assert completion.choices[0].message.parsed == INCEPTION


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, "BadRequestError", None),
        (401, "AuthenticationError", "invalid_api_key"),
        (403, "PermissionDeniedError", "permission_denied"),
        (404, "NotFoundError", "model_not_found"),
        (429, "RateLimitError", "rate_limit_exceeded"),
        (500, "InternalServerError", None),
    ],
)
def test_error_statuses(server: Server, status: int, error: str, code: str | None) -> None:
    with pytest.raises(getattr(openai, error)) as caught:
        chat(server).create(model=f"{MODEL}?fault={status}", messages=ASK)
    assert (caught.value.status_code, caught.value.code) == (status, code)


def test_an_error_inside_a_stream(server: Server) -> None:
    with pytest.raises(openai.APIError, match="Overloaded"):
        list(chat(server).create(model=f"{MODEL}?fault=error=after", messages=ASK, stream=True))


def test_a_cut_stream(server: Server) -> None:
    with pytest.raises(openai.APIConnectionError):
        list(chat(server).create(model=f"{MODEL}?fault=cut=900", messages=ASK, stream=True))


def test_the_client_tries_again_as_it_is_asked_to() -> None:
    with simulate([Fault(status=429, retry_after=0.05, times=2), Reply("at last")]) as server:
        assert chat(server, max_retries=2).create(model=MODEL, messages=ASK).choices[0].message.content == "at last"
        times = [seen.at for seen in server.requests]
    assert len(times) == 3
    assert times[2] - times[0] >= 0.1


def langchain(server: Server, **options: Any) -> Any:
    library = pytest.importorskip("langchain_openai", reason="langchain-openai is not installed")
    return library.ChatOpenAI(model=MODEL, base_url=f"{server.url}/v1", api_key="sk-test", stream_usage=True, **options)


def test_langchain_whole_and_stream(server: Server) -> None:
    model = langchain(server)
    whole, chunks = model.invoke(ASK), list(model.stream(ASK))
    total = sum(chunks[1:], chunks[0])
    assert whole.text == total.text == SKY
    assert whole.usage_metadata == total.usage_metadata


def test_langchain_tools_and_structured_output(server: Server) -> None:
    model = langchain(server)
    calls = model.bind_tools(TOOLS).invoke(PLACES).tool_calls
    assert [call["args"] for call in calls] == [{"location": "Boston"}, {"location": "Tokyo"}]
    assert len(model.bind_tools(TOOLS, tool_choice="any").invoke("Hello").tool_calls) == 1
    for method in ("json_schema", "function_calling"):
        structured = model.with_structured_output(Movie, method=method)
        assert structured.invoke("Provide details about the movie Inception") == INCEPTION


def test_langchain_logprobs_and_retries(server: Server) -> None:
    logprobs = langchain(server).bind(logprobs=True).invoke(ASK).response_metadata["logprobs"]["content"]
    assert "".join(entry["token"] for entry in logprobs) == SKY
    before = len(server.requests)
    retried = langchain(server, max_retries=3).bind(model=f"{MODEL}?fault=500&times=1")
    assert retried.invoke(ASK).text == SKY
    assert len(server.requests) - before == 2

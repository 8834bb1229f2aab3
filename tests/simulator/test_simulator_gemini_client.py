"""The official client of Gemini against the simulator: whoever wrote it did not know this server."""

from __future__ import annotations

import asyncio
import enum
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.simulator import Fault, Reply, Server, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

genai = pytest.importorskip("google.genai", reason="the official client is not installed")
types = pytest.importorskip("google.genai.types", reason="the official client is not installed")

MODELS = ["gemini-2.5-flash", "gemini-3-flash-preview"]
GREETING = "Hi there! How can I help today?"


def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: name of the city
    """
    return f"18 °C in {city}"


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def client(server: Server, version: str = "v1beta") -> Any:
    """The client. It closes its connections when it is dropped, so keep it."""
    options = types.HttpOptions(base_url=server.url, api_version=version, timeout=10_000)
    return genai.Client(api_key="test", http_options=options)


@pytest.fixture
def api(server: Server) -> Any:
    return client(server)


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_generate(server: Server, version: str) -> None:
    api = client(server, version)
    answer = api.models.generate_content(model=MODELS[0], contents="Hello")
    assert answer.text == GREETING
    assert answer.candidates[0].finish_reason == "STOP"
    usage = answer.usage_metadata
    assert usage.total_token_count == usage.prompt_token_count + usage.candidates_token_count > 0


@pytest.mark.parametrize("version", ["v1", "v1beta"])
def test_stream(server: Server, version: str) -> None:
    api = client(server, version)
    pieces = list(api.models.generate_content_stream(model=MODELS[0], contents="Hello"))
    assert len(pieces) > 3
    assert "".join(piece.text or "" for piece in pieces) == GREETING
    assert pieces[-1].candidates[0].finish_reason == "STOP"
    assert pieces[-1].usage_metadata == api.models.generate_content(model=MODELS[0], contents="Hello").usage_metadata


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("stream", [False, True])
def test_thoughts_and_a_round_of_tools(server: Server, api: Any, model: str, stream: bool) -> None:
    config = types.GenerateContentConfig(
        tools=[get_weather],
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        thinking_config=types.ThinkingConfig(include_thoughts=True),
        system_instruction="Be kind.",
    )
    talk: list[Any] = [types.UserContent("What is the weather in Paris?")]

    def ask() -> list[Any]:
        if not stream:
            return list(api.models.generate_content(model=model, contents=talk, config=config).parts)
        pieces = api.models.generate_content_stream(model=model, contents=talk, config=config)
        return [part for piece in pieces for part in piece.parts or ()]

    parts = ask()
    assert "Paris" in "".join(part.text for part in parts if part.thought)
    (part,) = (part for part in parts if part.function_call)
    assert (part.function_call.name, part.function_call.args) == ("get_weather", {"city": "Paris"})
    assert part.thought_signature
    talk.append(types.ModelContent([part]))
    result = types.Part.from_function_response(name="get_weather", response={"result": "18 °C"})
    talk.append(types.UserContent([result]))
    assert "18 °C" in "".join(part.text or "" for part in ask() if not part.thought)
    sent = server.requests[-1].body["contents"][1]["parts"][0]
    assert sent["functionCall"]["name"] == "get_weather"


@pytest.mark.parametrize("model", MODELS)
def test_the_client_calls_the_tools_itself(server: Server, api: Any, model: str) -> None:
    config = types.GenerateContentConfig(tools=[get_weather])
    answer = api.models.generate_content(model=model, contents="What is the weather in Paris?", config=config)
    assert "18 °C in Paris" in answer.text
    assert len(server.requests) == 2


def test_a_chat_remembers(server: Server, api: Any) -> None:
    chat = api.chats.create(model=MODELS[1])
    chat.send_message("Hello")
    chat.send_message("And again")
    assert [content["role"] for content in server.requests[-1].body["contents"]] == ["user", "model", "user"]


def test_structured_output(api: Any) -> None:
    from pydantic import BaseModel

    class Movie(BaseModel):
        title: str
        year: int

    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Movie)
    answer = api.models.generate_content(model=MODELS[0], contents="The movie Inception (2010)", config=config)
    assert isinstance(answer.parsed, Movie)
    assert (answer.parsed.title, answer.parsed.year) == ("Inception", 2010)


def test_search_and_its_sources(api: Any) -> None:
    config = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
    answer = api.models.generate_content(model=MODELS[0], contents="Search for kākāpō news", config=config)
    found = answer.candidates[0].grounding_metadata
    segment = found.grounding_supports[0].segment
    assert answer.text.encode()[segment.start_index or 0 : segment.end_index].decode() == segment.text
    assert found.grounding_chunks[0].web.uri.startswith("https://")


def test_code_execution(api: Any) -> None:
    config = types.GenerateContentConfig(tools=[types.Tool(code_execution=types.ToolCodeExecution())])
    answer = api.models.generate_content(model=MODELS[0], contents="Please compute 2 and 40", config=config)
    assert answer.executable_code == "print(sum([2, 40]))"
    assert answer.code_execution_result == "42"


def test_an_image_goes_in(api: Any) -> None:
    image = types.Part.from_bytes(data=b"hi", mime_type="image/png")
    assert (
        api.models.generate_content(model=MODELS[0], contents=["Look", image]).text == "I received an image (image/png, 2 bytes)."
    )


def test_logprobs(api: Any) -> None:
    config = types.GenerateContentConfig(response_logprobs=True, logprobs=2)
    answer = api.models.generate_content(model=MODELS[0], contents="Hello", config=config)
    result = answer.candidates[0].logprobs_result
    assert "".join(token.token for token in result.chosen_candidates) == GREETING
    assert len(result.top_candidates[0].candidates) == 2


@pytest.mark.parametrize(
    ("fault", "code", "status"),
    [
        (Fault(status=401), 401, "UNAUTHENTICATED"),
        (Fault(status=404), 404, "NOT_FOUND"),
        (Fault(status=429, retry_after=2), 429, "RESOURCE_EXHAUSTED"),
        (Fault(status=503), 503, "UNAVAILABLE"),
    ],
)
def test_errors(fault: Fault, code: int, status: str) -> None:
    from google.genai import errors

    with simulate([Reply(fault=fault)]) as server:
        api = client(server)
        with pytest.raises(errors.APIError) as caught:
            api.models.generate_content(model=MODELS[0], contents="Hi")
    assert (caught.value.code, caught.value.status) == (code, status)


def test_an_error_in_the_middle_of_a_stream() -> None:
    from google.genai import errors

    fault = Fault(error="after", kind="unavailable")
    with simulate([Reply("one two three", fault=fault)]) as server:
        api = client(server)
        with pytest.raises(errors.APIError):
            list(api.models.generate_content_stream(model=MODELS[0], contents="Hi"))


@pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")  # the client's own
def test_async(api: Any) -> None:
    async def ask() -> str:
        async with api.aio as running:
            stream = await running.models.generate_content_stream(model=MODELS[1], contents="Hello")
            return "".join([piece.text or "" async for piece in stream])

    assert asyncio.run(ask()) == GREETING


@pytest.mark.parametrize("model", MODELS)
def test_the_client_calls_the_tools_itself_in_streams_and_chats(api: Any, model: str) -> None:
    config = types.GenerateContentConfig(tools=[get_weather])
    question = "What is the weather in Paris and Rome?"
    stream = api.models.generate_content_stream(model=model, contents=question, config=config)
    assert "18 °C in Rome" in "".join(piece.text or "" for piece in stream)
    chat = api.chats.create(model=model, config=config)
    for _ in range(2):
        assert "18 °C in Rome" in "".join(piece.text or "" for piece in chat.send_message_stream(question))


@pytest.mark.parametrize("mime", ["text/x.enum", "application/json"])
def test_one_of_an_enum(api: Any, mime: str) -> None:
    kind = enum.Enum("Kind", {"strings": "Strings", "brass": "Brass"})
    config = types.GenerateContentConfig(response_mime_type=mime, response_schema=kind)
    assert api.models.generate_content(model=MODELS[0], contents="Is a horn Brass?", config=config).parsed is kind.brass


def test_more_than_one_candidate(api: Any) -> None:
    given = {"model": MODELS[0], "contents": "Hello", "config": types.GenerateContentConfig(candidate_count=2)}
    answer = api.models.generate_content(**given)
    assert [(found.index, found.content.parts[0].text) for found in answer.candidates] == [(0, GREETING), (1, GREETING)]
    assert all(len(piece.candidates) == 2 for piece in api.models.generate_content_stream(**given))


def test_speech(api: Any) -> None:
    config = types.GenerateContentConfig(response_modalities=["AUDIO"])
    answer = api.models.generate_content(model="gemini-2.5-flash-preview-tts", contents="Hello", config=config)
    (sound,) = (part.inline_data for part in answer.candidates[0].content.parts)
    assert sound.mime_type == "audio/L16;codec=pcm;rate=24000"
    assert len(sound.data) == 4_800 * len(GREETING.split())


def test_models(api: Any) -> None:
    assert f"models/{MODELS[0]}" in [model.name for model in api.models.list()]
    assert api.models.get(model="gemini-any").name == "models/gemini-any"

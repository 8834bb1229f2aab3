"""The official client of Anthropic against the simulator: whoever wrote it did not know this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from chatkit.simulator import Fault, Reply, Server, simulate
from tests.simulator.clients import closed_later

if TYPE_CHECKING:
    from collections.abc import Iterator

anthropic = pytest.importorskip("anthropic", reason="the official client is not installed")

MODEL = "claude-sonnet-5"
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]
WEATHER = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def client(server: Server, **options: Any) -> Any:
    return closed_later(anthropic.Anthropic(api_key="sk-test", base_url=server.url, max_retries=0, **options))


def test_create(server) -> None:
    message = client(server).messages.create(model=MODEL, max_tokens=100, messages=HELLO)
    assert message.content[0].text == "Hi there! How can I help today?"
    assert message.stop_reason == "end_turn"
    assert message.usage.output_tokens > 0
    assert message.id.startswith("msg_")


def test_stream(server) -> None:
    with client(server).messages.stream(model=MODEL, max_tokens=100, messages=HELLO) as stream:
        pieces = list(stream.text_stream)
        message = stream.get_final_message()
    assert len(pieces) > 3
    assert "".join(pieces) == message.content[0].text == "Hi there! How can I help today?"
    assert message.stop_reason == "end_turn"
    assert message.usage == client(server).messages.create(model=MODEL, max_tokens=100, messages=HELLO).usage


@pytest.mark.parametrize("stream", [False, True])
def test_a_stop_word(server, stream) -> None:
    messages = client(server).messages
    given = {"model": MODEL, "max_tokens": 100, "messages": HELLO, "stop_sequences": ["help", "can"]}
    if stream:
        with messages.stream(**given) as running:
            message = running.get_final_message()
    else:
        message = messages.create(**given)
    assert (message.content[0].text, message.stop_reason, message.stop_sequence) == ("Hi there! How ", "stop_sequence", "can")


@pytest.mark.parametrize("stream", [False, True])
def test_thinking_and_a_round_of_tools(server, stream) -> None:
    api = client(server)
    talk: list[Any] = [{"role": "user", "content": "What is the weather in Paris?"}]

    def ask() -> Any:
        given = {"model": MODEL, "max_tokens": 4000, "messages": talk, "tools": [WEATHER]}
        given["thinking"] = {"type": "adaptive"}
        if not stream:
            return api.messages.create(**given)
        with api.messages.stream(**given) as running:
            return running.get_final_message()

    message = ask()
    thought, call = message.content
    assert thought.type == "thinking"
    assert "Paris" in thought.thinking
    assert thought.signature
    assert (call.type, call.name, call.input) == ("tool_use", "get_weather", {"city": "Paris"})
    assert message.stop_reason == "tool_use"
    talk.append({"role": "assistant", "content": message.content})
    talk.append({"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "18 °C"}]})
    assert "18 °C" in ask().content[-1].text


@pytest.mark.parametrize("stream", [False, True])
def test_the_tool_runner(server, stream) -> None:
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"18 °C in {city}"

    api = client(server).beta.messages
    talk = [{"role": "user", "content": "What is the weather in Paris and Rome?"}]
    given = {"model": MODEL, "max_tokens": 500, "system": "Be kind.", "messages": talk, "tools": [get_weather]}
    said = api.tool_runner(**given, stream=stream).until_done().content[-1].text
    assert "18 °C in Paris" in said and "18 °C in Rome" in said


def test_a_thread_goes_on_from_an_answer(server) -> None:
    api = client(server).beta.messages
    given = {"model": MODEL, "max_tokens": 500}
    first = api.create(**given, messages=HELLO, tools=[WEATHER], thread={"type": "create"})
    thread = {"type": "continue", "previous_message_id": first.id}
    second = api.create(**given, messages=[{"role": "user", "content": "What is the weather in Rome?"}], thread=thread)
    assert second.content[0].input == {"city": "Rome"}
    with pytest.raises(anthropic.BadRequestError) as caught:
        api.create(**given, messages=HELLO, thread={"type": "continue", "previous_message_id": "msg_unknown"})
    assert caught.value.body["error"]["details"] == {"error_code": "thread_not_found"}


def test_models(server) -> None:
    models = client(server).models
    assert "claude-sonnet-4-5" in [model.id for model in models.list()]
    assert models.retrieve("claude-any").display_name == "claude-any"


def test_server_tools_and_citations(server) -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    talk = [{"role": "user", "content": "Search for kakapo news"}]
    given = {"model": MODEL, "max_tokens": 500, "messages": talk, "tools": tools}
    with client(server).messages.stream(**given) as running:
        message = running.get_final_message()
    call, result, text = message.content
    assert (call.type, call.name) == ("server_tool_use", "web_search")
    assert result.content[0].url == "https://example.com/kakapo"
    assert message.usage.server_tool_use.web_search_requests == 1
    assert text.citations[0].url == "https://example.com/kakapo"
    whole = client(server).messages.create(**given)
    assert [block.model_dump(exclude={"parsed_output"}) for block in message.content] == [b.model_dump() for b in whole.content]


def test_structured_output(server) -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}, "year": {"type": "integer"}}, "required": ["title"]}
    message = client(server).messages.create(
        model=MODEL,
        max_tokens=500,
        messages=[{"role": "user", "content": "Tell me about the movie Inception"}],
        output_config={"format": {"type": "json_schema", "schema": {**schema, "additionalProperties": False}}},
    )
    assert '"Inception"' in message.content[0].text


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault(status=401), "AuthenticationError"),
        (Fault(status=404), "NotFoundError"),
        (Fault(status=429, retry_after=1), "RateLimitError"),
        (Fault(status=500), "InternalServerError"),
        (Fault(status=529), "OverloadedError"),
    ],
)
def test_errors(fault, kind) -> None:
    with simulate([Reply("never", fault=fault)]) as server, pytest.raises(getattr(anthropic, kind)) as caught:
        client(server).messages.create(model=MODEL, max_tokens=10, messages=HELLO)
    assert caught.value.request_id.startswith("req_")
    assert caught.value.body["error"]["message"]


def test_an_error_inside_a_stream() -> None:
    with simulate([Reply("one two three four", fault=Fault(error="after", after=2))]) as server:
        stream = client(server).messages.create(model=MODEL, max_tokens=10, messages=HELLO, stream=True)
        with pytest.raises(anthropic.APIStatusError, match=r"(?i)overloaded"):
            list(stream)


def test_vertex(server) -> None:
    place = {"region": "us-east5", "project_id": "p", "access_token": "t", "base_url": f"{server.url}/v1"}
    api = closed_later(anthropic.AnthropicVertex(**place, max_retries=0))
    given = {"model": "claude-sonnet-4-5@20250929", "max_tokens": 100, "messages": HELLO}
    assert api.messages.create(**given).content[0].text == "Hi there! How can I help today?"
    with api.messages.stream(**given) as running:
        assert running.get_final_message().model == "claude-sonnet-4-5@20250929"


class Weather(BaseModel):
    """What the weather is like."""

    summary: str


def test_the_tool_runner_ends_with_the_structure_that_is_wanted(server) -> None:
    @anthropic.beta_tool
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return f"18 °C in {city}"

    talk = [{"role": "user", "content": "What is the weather in Paris?"}]
    given = {"model": MODEL, "max_tokens": 500, "messages": talk, "tools": [get_weather], "output_format": Weather}
    runner = client(server).beta.messages.tool_runner(**given, max_iterations=5)
    assert runner.until_done().parsed_output == Weather(summary="18 °C in Paris")
    assert len(server.requests) == 2


@pytest.mark.parametrize("marked", [{"system": [{"type": "text", "text": "Be kind. " * 100}]}, {}])
def test_the_cache_of_prompts(server, marked) -> None:
    messages = client(server).messages
    control = {"cache_control": {"type": "ephemeral"}}
    system = {"system": [{**marked["system"][0], **control}]} if marked else {"extra_body": control}
    given = {"model": MODEL, "max_tokens": 100, "messages": HELLO, **system}
    first, second = (messages.create(**given).usage for _ in range(2))
    assert first.cache_creation_input_tokens == second.cache_read_input_tokens > 0
    assert first.cache_read_input_tokens == second.cache_creation_input_tokens == 0
    assert first.input_tokens == second.input_tokens

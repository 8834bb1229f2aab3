"""The simulator's Ollama dialect, read by chatkit's own codec; and what it refuses, as Ollama does."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.codec import Call, OutputSchema, Request, ToolSpec
from chatkit.errors import IncompleteStreamError, NotFoundError, OverloadedError, RateLimitError, ServerError
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.jsons import decode, encode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Fault, Reply, Simulator
from chatkit_ollama import ChatOllama

MODEL = ChatOllama("qwen3:4b", base_url="http://sim")
WEATHER = ToolSpec("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
HI = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def body_of(response: Any) -> bytes:
    return b"".join(step for step in response.steps if isinstance(step, bytes))


def ask(simulator: Simulator, messages: list[Any] | str, *, stream: bool = False, **params: Any) -> AIMessage:
    """A model's answer from the simulator, without a socket."""
    given = [HumanMessage(messages)] if isinstance(messages, str) else messages
    call = Call(MODEL.model, given, params, stream)
    request = MODEL._encode(call)
    response = simulator.respond(Request(request.url.removeprefix("http://sim"), request.body, request.headers))
    if response.status >= 400:
        raise MODEL._error(response.status, response.headers, body_of(response))
    parser = MODEL._parser(call)
    fold = Fold()
    for event in [*parser.feed(body_of(response)), *parser.close()]:
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
    message = message_of_fold(fold)
    message.response_metadata["model_provider"] = MODEL.provider
    return message


def both(messages: list[Any] | str, replies: Any = None, **params: Any) -> AIMessage:
    """The answer, which is the same whole and streamed."""
    whole = ask(Simulator(replies), messages, **params)
    assert ask(Simulator(replies), messages, stream=True, **params) == whole
    return whole


def said(**fields: Any) -> tuple[int, dict[str, Any]]:
    """Status and last line of the answer to a body."""
    response = Simulator().respond(Request("/api/chat", encode({**HI, **fields}), {}))
    return response.status, decode(body_of(response).splitlines()[-1])


def test_text() -> None:
    message = both([SystemMessage("Be kind."), HumanMessage("Hello")])
    assert message.text == "Hi there! How can I help today?"
    assert message.response_metadata["done_reason"] == "stop"
    assert message.usage_metadata["output_tokens"] > 0


def test_a_round_of_tools_with_thinking() -> None:
    simulator = Simulator()
    talk: list[Any] = [HumanMessage("What is the weather in Paris?")]
    message = ask(simulator, talk, stream=True, tools=[WEATHER], reasoning=True)
    thought, call = message.content_blocks
    assert "Paris" in thought["reasoning"]
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    talk += [message, ToolMessage("18 °C", tool_call_id=call["id"])]
    assert "18 °C" in ask(simulator, talk, tools=[WEATHER]).text
    sent = simulator.requests[-1].body["messages"]
    assert sent[1]["thinking"] == thought["reasoning"]
    assert sent[2]["tool_name"] == "get_weather"


def test_parallel_calls() -> None:
    message = both("What is the weather in Paris and in Rome?", tools=[WEATHER])
    assert [call["args"]["city"] for call in message.tool_calls] == ["Paris", "Rome"]


def test_structured_output() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert '"Inception"' in both("The movie Inception", response_format=OutputSchema("Movie", schema)).text
    assert decode(both("The movie Inception", format="json").text)


def test_images_and_logprobs() -> None:
    image = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    message = both([HumanMessage(["Hello", image])], logprobs=True, top_logprobs=2)
    entries = message.response_metadata["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == message.text
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)


def test_limits_of_the_answer() -> None:
    message = both("Hi", [Reply("one two three four")], max_tokens=2)
    assert (message.text, message.response_metadata["done_reason"]) == ("one two", "length")
    assert both("Hi", [Reply("one two three four")], max_tokens=-1, stop=["three"]).text == "one two "


@pytest.mark.parametrize(("keep_alive", "reason"), [("5m", "load"), (0, "unload")])
@pytest.mark.parametrize("stream", [False, True])
def test_request_without_messages_loads_the_model(keep_alive: object, reason: str, stream: bool) -> None:
    status, line = said(messages=[], keep_alive=keep_alive, stream=stream)
    assert (status, line["done_reason"], line["message"]["content"]) == (200, reason, "")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"model": ""}, "model is required"),
        ({"think": "very"}, "invalid think value"),
        ({"top_logprobs": 21}, "between 0 and 20"),
        ({"format": "xml"}, "invalid format"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "invalid role"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "cannot unmarshal array"),
        ({"messages": [{"role": "user", "content": "x", "images": ["data:image/png;base64,aGk="]}]}, "illegal base64"),
        ({"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}]}, "arguments"),
        ({"tools": [{"name": "f"}]}, "not of the form"),
    ],
)
def test_what_ollama_refuses(fields: dict[str, Any], complaint: str) -> None:
    status, line = said(**fields)
    assert status == 400
    assert complaint in line["error"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), NotFoundError),
        (Fault(status=429, retry_after=2), RateLimitError),
        (Fault(status=503), OverloadedError),
        (Fault(error="before"), OverloadedError),
        (Fault(error="after", after=1), OverloadedError),
        (Fault(unended=True), IncompleteStreamError),
    ],
)
def test_faults(fault: Fault, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(Simulator([Reply("one two three", fault=fault)]), "Hi", stream=True)


def test_error_in_a_whole_answer() -> None:
    with pytest.raises((ServerError, OverloadedError)):
        ask(Simulator([Reply("x", fault=Fault(error="before"))]), "Hi")

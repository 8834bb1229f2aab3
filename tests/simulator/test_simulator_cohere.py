"""The simulator's Cohere dialect, read by chatkit's own codec; and what it refuses, as Cohere does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chatkit.codec import Call, OutputSchema, Request, ToolSpec
from chatkit.errors import ModelError, NotFoundError, RateLimitError, ServerError
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.jsons import encode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Fault, Reply, Simulator
from chatkit.simulator.dialects.cohere_question import question_of
from chatkit_cohere import ChatCohere

MODEL = ChatCohere("command-a", base_url="http://sim", api_key="test")
WEATHER = ToolSpec("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
HI = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
NOTE = {"type": "citation", "url": "https://x.example", "title": "K", "cited_text": "They", "start_index": 0, "end_index": 4}


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
    return message_of_fold(fold)


def both(replies: list[Any], messages: list[Any] | str = "Hi", **params: Any) -> AIMessage:
    """The answer, which must be the same whole and as a stream."""
    whole = ask(Simulator(replies), messages, **params)
    assert ask(Simulator(replies), messages, stream=True, **params) == whole
    return whole


def test_text_and_thinking() -> None:
    message = both([Reply("Hello — 世界", reasoning="Let me see.")], reasoning_effort="high")
    assert [block["type"] for block in message.content_blocks] == ["reasoning", "text"]
    assert message.text == "Hello — 世界"
    assert message.usage_metadata["output_token_details"] == {"reasoning": 3}


def test_a_round_of_tools_with_a_plan() -> None:
    simulator = Simulator([Reply("I will look.", tool_calls=[("get_weather", {"city": "Rome"})]), "Sunny."])
    talk: list[Any] = [SystemMessage("Be kind."), HumanMessage("Rome?")]
    message = ask(simulator, talk, stream=True, tools=[WEATHER])
    assert message.tool_calls[0]["args"] == {"city": "Rome"}
    talk += [message, ToolMessage("18 °C", tool_call_id=message.tool_calls[0]["id"])]
    assert ask(simulator, talk, tools=[WEATHER]).text == "Sunny."
    assert simulator.requests[-1].body["messages"][2]["tool_plan"] == "I will look."


def test_citations_stand_on_their_text() -> None:
    (block,) = both([Reply(blocks=[{"type": "text", "text": "They grow.", "annotations": [NOTE]}])]).content_blocks
    note = block["annotations"][0]
    assert {name: note[name] for name in NOTE} == NOTE


def test_structured_output_logprobs_and_limits() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    found = ask(Simulator(), "The movie Inception", response_format=OutputSchema("Movie", schema))
    assert json.loads(found.text) == {"title": "Inception"}
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    for name in ("schema", "json_schema"):
        assert question_of({**body, "response_format": {"type": "json_object", name: schema}}).schema == schema
    entries = both(["So it is."], logprobs=True).response_metadata["logprobs"]["content"]
    assert [entry["token"] for entry in entries] == ["So", " it", " is."]
    assert both(["one two three"], max_tokens=2).response_metadata["finish_reason"] == "MAX_TOKENS"
    assert both(["one END two"], stop=["END"]).text == "one "


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=404), NotFoundError),
        (Fault(status=429), RateLimitError),
        (Fault(error="before"), ServerError),
        (Fault(error="after"), ServerError),
    ],
)
def test_errors(fault: Fault, error: type[ModelError]) -> None:
    with pytest.raises(error):
        ask(Simulator([Reply("one two three", fault=fault)]), "Hi", stream=True)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": None}, "model"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "robot"),
        ({"messages": [{"role": "user", "content": [{"type": "file"}]}]}, "file"),
        ({"messages": [{"role": "assistant"}]}, "content or tool_calls"),
        ({"response_format": {"type": "json_object"}, "documents": ["x"]}, "documents"),
        ({"tool_choice": "auto"}, "form"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]}]},
            "JSON",
        ),
    ],
)
def test_what_the_api_refuses_is_refused(fields: dict[str, Any], said: str) -> None:
    response = Simulator().respond(Request("/v2/chat", encode({**HI, **fields})))
    assert response.status == 400
    assert said in body_of(response).decode()

"""The simulator's Anthropic dialect, read by chatkit's own codec; and what it refuses, as the API does."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.codec import Call, OutputSchema, Request, ToolSpec
from chatkit.errors import BadRequestError, OverloadedError, RateLimitError
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.jsons import encode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Budget, Fault, Reply, Simulator
from chatkit_anthropic import ChatAnthropic, ChatAnthropicVertex

MODEL = ChatAnthropic("claude-sonnet-4-5", api_key="k", base_url="http://sim", profile={})
VERTEX = ChatAnthropicVertex("claude-sonnet-4-5@1", api_key="k", project="p", base_url="http://sim/v1", profile={})
WEATHER = ToolSpec("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
THINK = {"type": "enabled", "budget_tokens": 1024}


def ask(simulator: Simulator, messages: list[Any] | str, *, stream: bool = False, model: Any = MODEL, **params: Any) -> AIMessage:
    """A model's answer from the simulator, without a socket."""
    given = [HumanMessage(messages)] if isinstance(messages, str) else messages
    call = Call(model.model, given, params, stream, "k")
    request = model._encode(call)
    response = simulator.respond(Request(request.url.removeprefix("http://sim"), request.body, request.headers))
    body = b"".join(step for step in response.steps if isinstance(step, bytes))
    if response.status >= 400:
        raise model._error(response.status, response.headers, body)
    parser = model._parser(call)
    fold = Fold()
    for event in [*parser.feed(body), *parser.close()]:
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
    message = message_of_fold(fold)
    message.response_metadata["model_provider"] = model.provider
    return message


def both(messages: list[Any] | str, replies: Any = None, **params: Any) -> AIMessage:
    """The answer, which is the same whole and streamed."""
    whole = ask(Simulator(replies), messages, **params)
    assert ask(Simulator(replies), messages, stream=True, **params) == whole
    return whole


def refusal(**fields: Any) -> str:
    """What the simulator says to a body that the API refuses."""
    body = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}], **fields}
    body = {name: value for name, value in body.items() if value is not None}
    request = Request("/v1/messages", encode(body), {"anthropic-version": "2023-06-01"})
    response = Simulator().respond(request)
    assert response.status == 400
    return b"".join(step for step in response.steps if isinstance(step, bytes)).decode()


def test_text() -> None:
    message = both([SystemMessage("Be kind."), HumanMessage("Hello")])
    assert message.text == "Hi there! How can I help today?"
    assert message.response_metadata["stop_reason"] == "end_turn"
    assert message.usage_metadata["output_tokens"] > 0
    assert ask(Simulator(), "Hello", model=VERTEX, stream=True).text == message.text


def test_a_round_of_tools_with_thinking_that_must_come_back() -> None:
    simulator = Simulator()
    talk: list[Any] = [HumanMessage("What is the weather in Paris?")]
    message = ask(simulator, talk, stream=True, tools=[WEATHER], thinking=THINK)
    thought, call = message.content_blocks
    assert thought["type"] == "reasoning"
    assert call["args"] == {"city": "Paris"}
    talk += [message, ToolMessage("18 °C", tool_call_id=call["id"])]
    assert "18 °C" in ask(simulator, talk, tools=[WEATHER], thinking=THINK).text
    sent = simulator.requests[-1].body["messages"][1]["content"][0]
    assert sent == {"type": "thinking", "thinking": thought["reasoning"], "signature": thought["extras"]["signature"]}


def test_parallel_calls_can_be_forbidden() -> None:
    prompt = "What is the weather in Paris and in Rome?"
    assert len(both(prompt, tools=[WEATHER]).tool_calls) == 2
    assert len(both(prompt, tools=[WEATHER], parallel_tool_calls=False).tool_calls) == 1


def test_server_tools() -> None:
    message = both("Search for kakapo news", tools=[{"type": "web_search_20250305", "name": "web_search"}])
    call, result, text = message.content_blocks
    assert (call["name"], result["status"]) == ("web_search", "success")
    assert text["annotations"][0]["url"] == "https://example.com/kakapo"
    code = [{"type": "code_execution_20260120", "name": "code_execution"}]
    ran = both("Calculate 2 plus 3", tools=code).content_blocks[1]
    assert ran["output"]["stdout"] == "5"


def test_tools_that_the_api_defines_for_the_caller() -> None:
    bash = {"type": "bash_20250124", "name": "bash"}
    message = both("Run it", tools=[bash], tool_choice="any")
    assert message.tool_calls[0]["name"] == "bash"
    assert "command" in message.tool_calls[0]["args"]


def test_structured_output() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert '"Inception"' in both("The movie Inception", response_format=OutputSchema("Movie", schema)).text


@pytest.mark.parametrize(
    ("finish", "wire"),
    [("length", "max_tokens"), ("content_filter", "refusal"), ("pause_turn", "pause_turn"), (None, "end_turn")],
)
def test_finish_reasons(finish, wire) -> None:
    assert both("Hi", [Reply("a b", finish=finish)]).response_metadata["stop_reason"] == wire


def test_any_block_can_be_scripted() -> None:
    blocks = [
        {"type": "non_standard", "value": {"type": "redacted_thinking", "data": "EroB"}},
        {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "mine"}},
        {"type": "text", "text": ""},
        {"type": "tool_call", "name": "f", "args": {}, "id": "toolu_1"},
    ]
    assert [block["type"] for block in both("Hi", [Reply(blocks=blocks)]).content_blocks] == [
        "non_standard",
        "reasoning",
        "tool_call",
    ]
    usage = {"input_tokens": 30, "output_tokens": 5, "total_tokens": 35}
    usage["input_token_details"] = {"cache_read": 20, "cache_creation": 4}
    assert both("Hi", [Reply("a", usage=usage)]).usage_metadata["input_tokens"] == 30


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"model": None}, "model"),
        ({"max_tokens": None}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "expected shape"),
        ({"messages": [{"role": "user", "content": " "}]}, "non-whitespace"),
        ({"tools": [{"name": "f"}]}, "input_schema"),
        ({"thinking": THINK, "tool_choice": {"type": "any"}}, "Thinking"),
        ({"output_config": {"format": {"type": "json_object"}}}, "json_schema"),
        ({"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t9"}]}]}, "unexpected"),
        (
            {
                "messages": [
                    {"role": "user", "content": "Hi"},
                    {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}]},
                    {"role": "user", "content": "And?"},
                ]
            },
            "without `tool_result`",
        ),
    ],
)
def test_what_the_api_refuses_is_refused(fields, said) -> None:
    assert said in refusal(**fields)


def test_the_version_is_asked_for() -> None:
    body = encode({"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]})
    assert Simulator().respond(Request("/v1/messages", body)).status == 400
    path = "/v1/projects/p/locations/l/publishers/anthropic/models/m:rawPredict"
    assert Simulator().respond(Request(path, body)).status == 400


def test_faults() -> None:
    with pytest.raises(BadRequestError):
        ask(Simulator(fault=Fault(status=400)), "Hi")
    with pytest.raises(RateLimitError) as caught:
        ask(Simulator(fault=Fault(status=429, kind="quota")), "Hi")
    assert not caught.value.retryable
    for stream in (False, True):
        with pytest.raises(OverloadedError):
            ask(Simulator(fault=Fault(error="before")), "Hi", stream=stream)
    assert ask(Simulator(fault=Fault(comments=2)), "Hello", stream=True).text == "Hi there! How can I help today?"


def test_limits_are_reported_in_the_api_s_words() -> None:
    simulator = Simulator(limits=Budget(requests=1))
    request = MODEL._encode(Call(MODEL.model, [HumanMessage("Hi")], {}, False, "k"))
    request.url = "/v1/messages"
    first, second = simulator.respond(request), simulator.respond(request)
    assert first.headers["anthropic-ratelimit-requests-limit"] == "1"
    assert first.headers["anthropic-ratelimit-requests-reset"].endswith("Z")
    assert second.status == 429
    assert float(second.headers["retry-after"]) > 0

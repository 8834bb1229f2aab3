"""The simulator's Bedrock dialects, read by chatkit's own codecs; and what they refuse, as Bedrock does."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chatkit.codec import Call, NamedTool, OutputSchema, Request, ToolSpec
from chatkit.errors import (
    AuthenticationError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ServerError,
)
from chatkit.events import ErrorEvent
from chatkit.fold import Fold
from chatkit.jsons import encode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Fault, Reply, Simulator
from chatkit_aws import ChatBedrock, ChatBedrockConverse

HERE: dict[str, Any] = {"base_url": "http://sim", "api_key": "k", "profile": {}}
NOVA = ChatBedrockConverse("amazon.nova-lite-v1:0", **HERE)
CLAUDE = ChatBedrock("us.anthropic.claude-sonnet-4-6", **HERE)
CONVERSE = ChatBedrockConverse("us.anthropic.claude-sonnet-4-6", **HERE)
WEATHER = ToolSpec("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})


def ask(simulator: Simulator, messages: list[Any] | str, *, stream: bool = False, model: Any = NOVA, **params: Any) -> AIMessage:
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


@pytest.mark.parametrize("model", [NOVA, CONVERSE, CLAUDE])
def test_text(model: Any) -> None:
    message = both([SystemMessage("Be kind."), HumanMessage("Hello")], model=model)
    assert message.text == "Hi there! How can I help today?"
    assert message.response_metadata["finish_reason"] == "end_turn"
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [CONVERSE, CLAUDE])
def test_a_round_of_tools_with_reasoning_that_goes_back(model: Any, stream: bool) -> None:
    simulator = Simulator()
    talk: list[Any] = [HumanMessage("What is the weather in Paris?")]
    params: dict[str, Any] = {"tools": [WEATHER], "thinking": {"type": "adaptive"}, "stream": stream, "model": model}
    message = ask(simulator, talk, **params)
    thought, call = message.content_blocks
    assert thought["extras"]["signature"]
    assert (call["name"], call["args"]) == ("get_weather", {"city": "Paris"})
    talk += [message, ToolMessage("18 °C", tool_call_id=call["id"])]
    assert "18 °C" in ask(simulator, talk, **params).text
    assert thought["extras"]["signature"] in str(simulator.requests[-1].body["messages"][1])


def test_a_system_message_in_the_middle() -> None:
    opus = ChatBedrockConverse("us.anthropic.claude-opus-5", **HERE)
    talk = [HumanMessage("Hello"), SystemMessage("In French."), HumanMessage("Why do parrots talk?")]
    assert ask(Simulator(), talk, model=opus).text == ask(Simulator(), "Why do parrots talk?", model=opus).text


def test_parallel_and_forced_calls() -> None:
    prompt = "What is the weather in Paris and in Rome?"
    assert [call["args"] for call in both(prompt, tools=[WEATHER]).tool_calls] == [{"city": "Paris"}, {"city": "Rome"}]
    for choice in ("any", NamedTool("get_weather")):
        assert both("Hello", tools=[WEATHER], tool_choice=choice).tool_calls[0]["name"] == "get_weather"


def test_server_tools() -> None:
    tools = [{"systemTool": {"name": "nova_code_interpreter"}}]
    call, result, text = both("Calculate 2 plus 3", tools=tools).content_blocks
    assert (call["type"], call["name"]) == ("server_tool_call", "nova_code_interpreter")
    assert (result["tool_call_id"], result["output"]) == (call["id"], [{"text": "5"}])
    assert "printed 5" in text["text"]
    call, result, text = both("What is new?", tools=[{"systemTool": {"name": "nova_grounding"}}]).content_blocks
    assert (call["name"], result["tool_call_id"]) == ("nova_grounding", call["id"])
    assert text["annotations"][0]["url"] == "https://example.com/kakapo"


def test_structured_output() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert '"Inception"' in both("The movie Inception", response_format=OutputSchema("Movie", schema)).text


def test_any_block_can_be_scripted() -> None:
    note = {"type": "citation", "url": "https://x.test", "title": "X", "cited_text": "quote"}
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    redacted = {"type": "non_standard", "value": {"reasoningContent": {"redactedContent": "cmVk"}}}
    blocks = [redacted, {"type": "text", "text": "Yes.", "annotations": [note]}, image]
    got = both("Hi", [Reply(blocks=blocks)]).content_blocks
    assert got[0] == redacted
    assert {key: got[1]["annotations"][0][key] for key in ("url", "title", "cited_text")} == {
        "url": "https://x.test",
        "title": "X",
        "cited_text": "quote",
    }
    assert got[2] == image


def test_usage_with_cache() -> None:
    usage = {"input_tokens": 30, "output_tokens": 5, "total_tokens": 35}
    usage["input_token_details"] = {"cache_read": 20, "cache_creation": 4}
    assert both("Hi", [Reply("a", usage=usage)]).usage_metadata == usage


@pytest.mark.parametrize(
    ("finish", "wire"), [("length", "max_tokens"), ("content_filter", "content_filtered"), (None, "end_turn")]
)
def test_finish_reasons(finish: str | None, wire: str) -> None:
    assert both("Hi", [Reply("a b", finish=finish)]).response_metadata["stopReason"] == wire


def test_stop_words_and_max_tokens() -> None:
    assert both("Hi", [Reply("one two three")], stop=["two"]).text == "one "
    assert both("Hi", [Reply("one two three")], max_tokens=1).response_metadata["stopReason"] == "max_tokens"


def test_media() -> None:
    data = base64.b64encode(b"%PDF").decode()
    pdf = {"type": "file", "base64": data, "mime_type": "application/pdf"}
    notes = {"type": "text-plain", "text": "Notes"}
    said = both([HumanMessage(["What is this?", pdf, notes])]).text
    assert said == "I received a file (application/pdf, 4 bytes) and a file (text/plain, 5 bytes)."


# Refusals.


def refusal(path: str = "/model/m/converse", **fields: Any) -> tuple[int, str]:
    body = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], **fields}
    response = Simulator().respond(Request(path, encode({name: value for name, value in body.items() if value is not None})))
    assert response.headers["x-amzn-errortype"].startswith("ValidationException:")
    return response.status, b"".join(step for step in response.steps if isinstance(step, bytes)).decode()


def turn(role: str, *content: Any) -> dict[str, Any]:
    return {"role": role, "content": list(content)}


CALL = {"toolUse": {"toolUseId": "t", "name": "f", "input": {}}}
RESULT = {"toolResult": {"toolUseId": "t", "content": []}}
TOOLS = {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"messages": None}, "must start with a user message"),
        ({"messages": []}, "must start with a user message"),
        ({"messages": [turn("assistant", {"text": "Hi"})]}, "must alternate"),
        ({"messages": [turn("user", {"text": "Hi"}), turn("user", {"text": "Hi"})]}, "must alternate"),
        ({"messages": [turn("user", {"text": " "})]}, "is blank"),
        ({"messages": [turn("user")]}, "a list of content blocks"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "a list of content blocks"),
        ({"messages": [turn("user", {"text": "Hi", "image": {}})]}, "exactly one member"),
        ({"messages": [turn("user", {"text": "Hi"}), turn("assistant", CALL), turn("user", RESULT)]}, "toolConfig field"),
        (
            {
                "messages": [turn("user", {"text": "Hi"}), turn("assistant", CALL), turn("user", {"text": "x"})],
                "toolConfig": TOOLS,
            },
            "Expected toolResult",
        ),
        ({"messages": [turn("user", RESULT)], "toolConfig": TOOLS}, "Expected toolResult"),
        ({"messages": [turn("user", {"image": {"format": "png", "source": {"bytes": "?"}}})]}, "not base64"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "f"}}]}}, "inputSchema"),
        ({"outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": {}}}}}}, "as text"),
    ],
)
def test_what_converse_refuses_is_refused(fields: dict[str, Any], said: str) -> None:
    status, body = refusal(**fields)
    assert status == 400
    assert said in body


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "anthropic_version: Field required"),
        (
            {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 5, "model": "m", "stream": True},
            "model, stream: Extra inputs",
        ),
        ({"anthropic_version": "bedrock-2023-05-31"}, "max_tokens"),
    ],
)
def test_what_invoke_model_refuses_is_refused(fields: dict[str, Any], said: str) -> None:
    assert said in refusal("/model/anthropic.claude/invoke", messages=[{"role": "user", "content": "Hi"}], **fields)[1]


# Faults.


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AuthenticationError), (404, NotFoundError), (429, RateLimitError), (500, ServerError), (503, OverloadedError)],
)
@pytest.mark.parametrize("model", [NOVA, CLAUDE])
def test_error_statuses(model: Any, status: int, error: type[ModelError]) -> None:
    with pytest.raises(error):
        ask(Simulator(fault=Fault(status=status)), "Hi", model=model)


@pytest.mark.parametrize(
    ("kind", "error"), [("overloaded", OverloadedError), ("rate_limit", RateLimitError), ("server", ServerError)]
)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("model", [NOVA, CLAUDE])
def test_exceptions_inside_a_stream(model: Any, when: Any, kind: str, error: type[ModelError]) -> None:
    with pytest.raises(error):
        ask(Simulator(fault=Fault(error=when, kind=kind)), "Hi", stream=True, model=model)


@pytest.mark.parametrize("model", [NOVA, CLAUDE])
def test_broken_streams(model: Any) -> None:
    with pytest.raises(IncompleteStreamError):
        ask(Simulator(fault=Fault(unended=True)), "Hi", stream=True, model=model)
    with pytest.raises(InvalidResponseError):
        ask(Simulator(fault=Fault(garble="json")), "Hi", stream=True, model=model)
    assert ask(Simulator(fault=Fault(split=1)), "Hello", stream=True, model=model).text == "Hi there! How can I help today?"


def test_a_fault_in_the_models_name() -> None:
    with pytest.raises(RateLimitError):
        ask(Simulator(), "Hi", model=ChatBedrockConverse("amazon.nova-lite-v1:0?fault=429", **HERE))

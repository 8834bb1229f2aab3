"""The simulator's Gemini dialect, read by chatkit's own codecs; and what it refuses, as Gemini does."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.codec import Call, NamedTool, OutputSchema, Request, ToolSpec
from chatkit.errors import (
    AuthenticationError,
    IncompleteStreamError,
    InvalidResponseError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ServerError,
)
from chatkit.events import ErrorEvent, ToolCallChunk
from chatkit.fold import Fold
from chatkit.jsons import decode, decode_object, encode
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Fault, Reply, Simulator
from chatkit.simulator.dialects.gemini import Gemini
from chatkit.simulator.problem import problem
from chatkit_google_genai import ChatGoogleGenerativeAI
from chatkit_google_vertexai import ChatVertexAI

MODEL = ChatGoogleGenerativeAI("gemini-3-flash-preview", base_url="http://sim", api_key="k")
OLDER = MODEL.bind(model="gemini-2.5-flash")
VERTEX = ChatVertexAI("gemini-3-flash-preview", base_url="http://sim", api_key="k", project="p")
WEATHER = ToolSpec("get_weather", "", {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
SEARCH = {"google_search": {}}
HI = {"role": "user", "parts": [{"text": "Hi"}]}
CALL = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "a"}]}
RESULT = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "ok"}}}]}


def respond(simulator: Simulator, call: Call, model: Any) -> Any:
    request = model._encode(call)
    return simulator.respond(Request(request.url.removeprefix("http://sim"), request.body, request.headers))


def body_of(response: Any) -> bytes:
    return b"".join(step for step in response.steps if isinstance(step, bytes))


def events(
    simulator: Simulator, messages: list[Any] | str, *, stream: bool = False, model: Any = MODEL, **params: Any
) -> list[Any]:
    """The events of an answer from the simulator, without a socket."""
    given = [HumanMessage(messages)] if isinstance(messages, str) else messages
    call = Call(model.model, given, params, stream, "k")
    response = respond(simulator, call, model)
    if response.status >= 400:
        raise model._error(response.status, response.headers, body_of(response))
    parser = model._parser(call)
    return [*parser.feed(body_of(response)), *parser.close()]


def ask(simulator: Simulator, messages: list[Any] | str, *, model: Any = MODEL, **more: Any) -> AIMessage:
    fold = Fold()
    for event in events(simulator, messages, model=model, **more):
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


@pytest.mark.parametrize("model", [MODEL, OLDER, VERTEX])
def test_text(model: Any) -> None:
    message = both([SystemMessage("Be kind."), HumanMessage("Hello")], model=model)
    assert message.text == "Hi there! How can I help today?"
    assert message.response_metadata["finish_reason"] == "STOP"
    assert message.usage_metadata is not None
    assert message.usage_metadata["output_tokens"] > 0


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", [MODEL, OLDER, VERTEX])
def test_a_round_of_tools_with_thoughts_that_go_back(model: Any, stream: bool) -> None:
    simulator = Simulator()
    talk: list[Any] = [HumanMessage("What is the weather in Paris and in Rome?")]
    params: dict[str, Any] = {"tools": [WEATHER], "include_thoughts": True, "stream": stream, "model": model}
    message = ask(simulator, talk, **params)
    thought, first, second = message.content_blocks
    assert "Paris" in thought["reasoning"]
    assert first["extras"]["signature"]
    assert "extras" not in second, "only the first of parallel calls is signed"
    assert [call["args"] for call in message.tool_calls] == [{"city": "Paris"}, {"city": "Rome"}]
    talk += [message, ToolMessage("30 °C", tool_call_id=second["id"]), ToolMessage("18 °C", tool_call_id=first["id"])]
    assert ask(simulator, talk, **params).text == "Here is what I found:\n- Paris: 18 °C\n- Rome: 30 °C"
    sent = simulator.requests[-1].body["contents"][1]["parts"][1]
    assert sent["thoughtSignature"] == first["extras"]["signature"]
    assert ("id" in sent["functionCall"]) is (model is not OLDER)


def test_forced_calls() -> None:
    for choice in ("any", NamedTool("get_weather")):
        assert both("Hello", tools=[WEATHER], tool_choice=choice).tool_calls[0]["name"] == "get_weather"
    assert both("What is the weather in Paris?", tools=[WEATHER], tool_choice="none").tool_calls == []


def test_arguments_arrive_piecemeal_when_that_is_asked() -> None:
    args = {"city": "Saint Paul", "days": [1, 2.5], "deep": {"odd key": None, "yes": True}}
    for given in (args, {}, {"none": {}}):
        script = [Reply(tool_calls=[("get_weather", given)])]
        found = events(Simulator(script), "Hi", model=VERTEX, stream=True, tools=[WEATHER], stream_function_call_arguments=True)
        pieces = [event.args for event in found if isinstance(event, ToolCallChunk)]
        assert len(pieces) > 5 or given != args
        assert decode("".join(pieces)) == given


def test_structured_output() -> None:
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    assert '"Inception"' in both("The movie Inception", response_format=OutputSchema("Movie", schema)).text
    own = {"type": "OBJECT", "properties": {"title": {"type": "STRING"}}, "required": ["title"]}
    given = {"response_mime_type": "application/json", "response_schema": own}
    assert '"Inception"' in both("The movie Inception", **given).text
    assert decode(both("The movie Inception", response_format={"type": "json_object"}).text)


def test_search_with_citations() -> None:
    message = both("Search for kākāpō news", tools=[SEARCH])
    (block,) = message.content_blocks
    (note,) = block["annotations"]
    assert block["text"][note["start_index"] : note["end_index"]] == note["cited_text"]
    assert note["url"].startswith("https://")
    assert message.response_metadata["grounding_metadata"]["webSearchQueries"] == ["Search for kākāpō news"]


def test_gemini_3_shows_what_its_tools_did_when_asked() -> None:
    shown = {"includeServerSideToolInvocations": True}
    simulator, talk = Simulator(), [HumanMessage("Search for kakapo news")]
    message = ask(simulator, talk, tools=[SEARCH], tool_config=shown)
    call, result, _ = message.content_blocks
    assert (call["name"], result["tool_call_id"]) == ("GOOGLE_SEARCH_WEB", call["id"])
    ask(simulator, [*talk, message, HumanMessage("More")], tools=[SEARCH], tool_config=shown)
    assert [next(iter(part)) for part in simulator.requests[-1].body["contents"][1]["parts"]] == [
        "toolCall",
        "toolResponse",
        "text",
    ]


def test_code_execution() -> None:
    call, result, text = both("Please compute 2 and 40", tools=[{"code_execution": {}}]).content_blocks
    assert (call["name"], call["args"]["language"]) == ("code_execution", "PYTHON")
    assert (result["tool_call_id"], result["output"], result["status"]) == (call["id"], "42", "success")
    assert "42" in text["text"]


def test_functions_beside_search_on_gemini_3() -> None:
    assert both("What is the weather in Paris?", tools=[WEATHER, SEARCH]).tool_calls[0]["args"] == {"city": "Paris"}


def test_media_in_and_out() -> None:
    image = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    assert both([HumanMessage(["What is this?", image])]).text == "I received an image (image/png, 2 bytes)."
    pdf = {"type": "file", "url": "https://x.example/a.pdf"}
    assert "a file at https://x.example/a.pdf" in both([HumanMessage(["And this?", pdf])]).text
    sound = {"type": "audio", "base64": "YQ==", "mime_type": "audio/L16"}
    assert both("Draw", [Reply(blocks=[{"type": "text", "text": "Here"}, image, sound])]).content_blocks[1:] == [image, sound]


def test_logprobs() -> None:
    message = both("Hello", logprobs=True, top_logprobs=2)
    entries = message.response_metadata["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == message.text
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)


def test_limits_cache_and_thoughts_in_the_usage() -> None:
    message = both("Hi", [Reply("one two three four")], max_tokens=2)
    assert (message.text, message.response_metadata["finish_reason"]) == ("one two", "MAX_TOKENS")
    assert both("Hi", [Reply("one two three four")], stop=["three"]).text == "one two "
    usage = {"input_tokens": 10, "output_tokens": 7, "total_tokens": 17}
    details = {"input_token_details": {"cache_read": 4}, "output_token_details": {"reasoning": 3}}
    assert both("Hi", [Reply("x", usage={**usage, **details})]).usage_metadata == {**usage, **details}


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"contents": []}, "contents is not specified"),
        ({"novelty": 1}, 'Unknown name "novelty"'),
        ({"contents": [{"role": "robot", "parts": [{"text": "x"}]}]}, "valid role"),
        ({"contents": [{"role": "user", "parts": []}]}, "must not be empty"),
        ({"contents": [{"role": "user", "parts": [{"thought": True}]}]}, "required oneof field"),
        (
            {"contents": [{"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "#"}}]}]},
            "Base64 decoding failed",
        ),
        ({"contents": [HI, RESULT]}, "immediately after a function call turn"),
        ({"contents": [HI, CALL, HI]}, "number of function response parts"),
        ({"contents": [HI, {**CALL, "parts": [{"functionCall": {"name": "f"}}]}, RESULT]}, "missing a thought_signature"),
        ({"contents": [HI, CALL, {"parts": [{"functionResponse": {"name": "g", "response": {}}}]}]}, "answers no function call"),
        ({"contents": [HI, CALL, {"parts": [{"functionResponse": {"name": "f", "response": "x"}}]}]}, "Struct"),
        ({"generationConfig": {"thinkingConfig": {"thinkingBudget": 1, "thinkingLevel": "LOW"}}}, "only set one"),
        ({"tools": [{"functionDeclarations": []}, {"googleSearch": {}}]}, "cannot be combined"),
        ({"cached_content": "c", "tools": [{"googleSearch": {}}]}, "CachedContent"),
    ],
)
def test_what_gemini_refuses(fields: dict[str, Any], complaint: str) -> None:
    path = "/v1beta/models/gemini-3-flash-preview:generateContent"
    response = Simulator().respond(Request(path, encode({"contents": [HI], **fields}), {}))
    error = decode(body_of(response))["error"]
    assert (response.status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert complaint in error["message"]


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
def test_every_version_and_both_spellings(version: str) -> None:
    body = {
        "contents": [HI],
        "system_instruction": {"parts": {"text": "Be kind."}},
        "generation_config": {"max_output_tokens": 2},
    }
    response = Simulator().respond(Request(f"/{version}/models/m:generateContent", encode(body), {}))
    answer = decode(body_of(response))["candidates"][0]
    assert (answer["content"]["parts"][0]["text"], answer["finishReason"]) == ("Hi there!", "MAX_TOKENS")


def test_streams_are_server_sent_events_only() -> None:
    response = Simulator().respond(Request("/v1/models/m:streamGenerateContent", encode({"contents": [HI]}), {}))
    assert response.status == 400
    assert b"alt=sse" in body_of(response)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(status=401), AuthenticationError),
        (Fault(status=404), NotFoundError),
        (Fault(status=429, retry_after=2), RateLimitError),
        (Fault(status=500), ServerError),
        (Fault(status=503), OverloadedError),
        (Fault(error="before"), OverloadedError),
        (Fault(error="after", after=1), OverloadedError),
        (Fault(unended=True), IncompleteStreamError),
        (Fault(garble="json"), InvalidResponseError),
        (Fault(body="html"), InvalidResponseError),
    ],
)
def test_faults(fault: Fault, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask(Simulator([Reply("one two three", fault=fault)]), "Hi", stream=True)


def test_an_overload_is_what_this_api_calls_so() -> None:
    error = decode_object(Gemini().error(problem("overloaded")))
    assert error == {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}


def test_faults_in_the_name_of_the_model() -> None:
    with pytest.raises(RateLimitError) as caught:
        ask(Simulator(), "Hi", model=MODEL.bind(model="gemini-2.5-flash?fault=status=429&retry_after=3"))
    assert caught.value.retry_after == 3
    with pytest.raises(RateLimitError) as caught:
        ask(Simulator(), "Hi", model=MODEL.bind(model="gemini-2.5-flash?fault=status=429&kind=quota"))
    assert not caught.value.retryable

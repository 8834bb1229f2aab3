"""What ChatCohere sends to `/v2/chat`."""

from __future__ import annotations

import json

import pytest

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.errors import MissingKeyError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit_cohere import PROVIDERS, ChatCohere
from tests.providers.codec_case import read, request_of, sent

MODEL = ChatCohere("command-a-03-2025", api_key="k")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = ToolSpec("weather", "Weather of a city", SCHEMA)
OTHER = ToolSpec("now", "Time")


def wire(tool: ToolSpec) -> dict:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}}


def test_registered_name() -> None:
    assert PROVIDERS == {"cohere": ChatCohere}
    assert ChatCohere.provider == "cohere"


def test_simple_request() -> None:
    request = request_of(MODEL, "Hi", key="secret")
    assert (request.method, request.url) == ("POST", "https://api.cohere.com/v2/chat")
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer secret"}
    assert json.loads(request.body) == {
        "model": "command-a-03-2025",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }


def test_key_and_address_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CO_API_KEY", raising=False)
    monkeypatch.delenv("COHERE_API_KEY", raising=False)
    with pytest.raises(MissingKeyError, match="CO_API_KEY or COHERE_API_KEY"):
        ChatCohere("m")
    monkeypatch.setenv("COHERE_API_KEY", "k")
    monkeypatch.setenv("CO_API_URL", "http://localhost:1/")
    assert ChatCohere("m").base_url == "http://localhost:1"
    assert ChatCohere("m", cohere_api_key="other").settings["api_key"].get_secret_value() == "other"


def test_parameters_by_coheres_names() -> None:
    model = ChatCohere("m", api_key="k", temperature=0.3, max_tokens=9, top_p=0.5, k=4, seed=1, frequency_penalty=0.1, priority=2)
    body = sent(
        model,
        stop=["END"],
        safety_mode="STRICT",
        citation_options={"mode": "FAST"},
        documents=["The sky is green."],
        logprobs=True,
    )
    assert {key: value for key, value in body.items() if key not in ("model", "messages", "stream")} == {
        "temperature": 0.3,
        "max_tokens": 9,
        "p": 0.5,
        "k": 4,
        "seed": 1,
        "frequency_penalty": 0.1,
        "priority": 2,
        "stop_sequences": ["END"],
        "safety_mode": "STRICT",
        "citation_options": {"mode": "FAST"},
        "documents": ["The sky is green."],
        "logprobs": True,
    }


@pytest.mark.parametrize(
    ("params", "thinking"),
    [
        ({"thinking": {"type": "enabled", "token_budget": 100}}, {"type": "enabled", "token_budget": 100}),
        ({"reasoning_effort": "none"}, {"type": "disabled"}),
        ({"reasoning_effort": "high"}, {"type": "enabled"}),
        ({}, None),
    ],
)
def test_thinking(params: dict, thinking: dict | None) -> None:
    assert sent(MODEL, **params).get("thinking") == thinking


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        (OutputSchema("City", SCHEMA), {"type": "json_object", "json_schema": SCHEMA}),
        (
            {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}},
            {"type": "json_object", "json_schema": SCHEMA},
        ),
        ({"type": "json_object"}, {"type": "json_object"}),
    ],
)
def test_response_format(wanted: object, form: dict) -> None:
    assert sent(MODEL, response_format=wanted)["response_format"] == form


@pytest.mark.parametrize(
    ("choice", "sent_choice", "tools"),
    [
        ("auto", None, [TOOL, OTHER]),
        ("any", "REQUIRED", [TOOL, OTHER]),
        ("none", "NONE", [TOOL, OTHER]),
        (NamedTool("now"), "REQUIRED", [OTHER]),
    ],
)
def test_tool_choice(choice: object, sent_choice: str | None, tools: list[ToolSpec]) -> None:
    body = sent(MODEL, tools=[TOOL, OTHER], tool_choice=choice)
    assert (body.get("tool_choice"), body["tools"]) == (sent_choice, [wire(tool) for tool in tools])
    assert "strict_tools" not in body


def test_strict_tools() -> None:
    assert sent(MODEL, tools=[ToolSpec("f", strict=True)])["strict_tools"] is True
    assert sent(MODEL, tools=[TOOL, {"own": 1}], strict_tools=True)["strict_tools"] is True
    assert sent(MODEL, tools=[TOOL], strict_tools=False)["strict_tools"] is False


def test_conversation_with_a_tool() -> None:
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "c1"}
    document = {"type": "document", "document": {"id": "d", "data": {"output": "22"}}}
    body = sent(
        MODEL,
        [
            SystemMessage("Be brief."),
            HumanMessage(["Weather?", {"type": "text", "text": "In Oslo."}]),
            AIMessage("Let me see", tool_calls=[call]),
            ToolMessage("22°C", tool_call_id="c1"),
            ToolMessage([document, "more"], tool_call_id="c1"),
            AIMessage("It is 22°C"),
        ],
    )
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Weather?"}, {"type": "text", "text": "In Oslo."}]},
        {
            "role": "assistant",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}],
            "tool_plan": "Let me see",
        },
        {"role": "tool", "tool_call_id": "c1", "content": "22°C"},
        {"role": "tool", "tool_call_id": "c1", "content": [document, {"type": "text", "text": "more"}]},
        {"role": "assistant", "content": "It is 22°C"},
    ]


def test_answers_go_back_as_they_came() -> None:
    message = {
        "role": "assistant",
        "content": [{"type": "thinking", "thinking": "hm"}],
        "tool_plan": "I will look.",
        "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
    }
    answer = read(MODEL, json.dumps({"id": "i", "message": message, "finish_reason": "TOOL_CALL"}).encode())
    assert sent(MODEL, [HumanMessage("x"), answer])["messages"][1] == message
    said = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Hi"}]}
    answer = read(MODEL, json.dumps({"id": "i", "message": said, "finish_reason": "COMPLETE"}).encode())
    assert sent(MODEL, [HumanMessage("x"), answer])["messages"][1] == said


def test_answer_of_another_vendor_loses_its_reasoning() -> None:
    content = [
        {"type": "reasoning", "reasoning": "secret"},
        {"type": "non_standard", "value": {"x": 1}},
        {"type": "text", "text": "Hi"},
    ]
    message = AIMessage(content, response_metadata={"model_provider": "openai"})
    assert sent(MODEL, [message])["messages"] == [{"role": "assistant", "content": "Hi"}]


def test_broken_call_goes_back_as_it_came() -> None:
    bad = {"name": "f", "args": '{"a":', "id": "c", "error": "cut"}
    assert (
        sent(MODEL, [AIMessage("", invalid_tool_calls=[bad])])["messages"][0]["tool_calls"][0]["function"]["arguments"] == '{"a":'
    )


@pytest.mark.parametrize(
    ("block", "image"),
    [
        ({"type": "image", "url": "https://x/y.png"}, {"url": "https://x/y.png"}),
        ({"type": "image", "base64": "aGk=", "mime_type": "image/jpeg"}, {"url": "data:image/jpeg;base64,aGk="}),
        (
            {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
            {"url": "https://x/y.png", "detail": "low"},
        ),
    ],
)
def test_images(block: dict, image: dict) -> None:
    assert sent(MODEL, [HumanMessage([block])])["messages"][0]["content"] == [{"type": "image_url", "image_url": image}]


@pytest.mark.parametrize(
    ("block", "hint"),
    [
        ({"type": "image", "file_id": "f"}, "as url or base64"),
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}, "'audio' blocks"),
        ({"type": "file", "url": "https://x/y.pdf"}, "'file' blocks"),
        ({"type": "text-plain", "url": "https://x/y.txt"}, "send its text"),
    ],
)
def test_what_cohere_cannot_take_is_refused_before_any_request(block: dict, hint: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=hint):
        sent(MODEL, [HumanMessage([block])])


def test_text_documents_become_text() -> None:
    block = {"type": "text-plain", "base64": "ZG9j", "title": "A note"}
    assert sent(MODEL, [HumanMessage([block])])["messages"][0]["content"] == [{"type": "text", "text": "A note\n\ndoc"}]


def test_images_of_an_answer_are_refused_and_another_vendors_left_out() -> None:
    image = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
    with pytest.raises(UnsupportedFeatureError, match="user message"):
        sent(MODEL, [HumanMessage("Hi"), AIMessage(["Here:", image])])
    foreign = AIMessage(["Here:", image], response_metadata={"model_provider": "openai"})
    assert sent(MODEL, [HumanMessage("Hi"), foreign])["messages"][1] == {"role": "assistant", "content": "Here:"}

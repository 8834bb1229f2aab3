"""What ChatMistralAI sends."""

from __future__ import annotations

import json

import pytest

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.errors import InputError, MissingKeyError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit_mistralai import PROVIDERS, ChatMistralAI
from chatkit_mistralai.quirks import nine
from tests.providers.codec_case import request_of, sent

MODEL = ChatMistralAI("mistral-large-latest", api_key="k")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TOOL = ToolSpec("weather", "Weather of a city", SCHEMA)


def test_registered_name() -> None:
    assert PROVIDERS == {"mistralai": ChatMistralAI}
    assert ChatMistralAI.provider == "mistralai"


def test_simple_request() -> None:
    request = request_of(MODEL, "Hi", key="secret")
    assert (request.method, request.url) == ("POST", "https://api.mistral.ai/v1/chat/completions")
    assert request.headers == {"content-type": "application/json", "authorization": "Bearer secret"}
    assert json.loads(request.body) == {
        "model": "mistral-large-latest",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
    }
    assert "stream" not in sent(MODEL, stream=False)


def test_key_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    with pytest.raises(MissingKeyError, match="MISTRAL_API_KEY"):
        ChatMistralAI("m")
    with pytest.raises(InputError, match="name of a model"):
        ChatMistralAI(api_key="k")
    monkeypatch.setenv("MISTRAL_BASE_URL", "https://codestral.mistral.ai/v1")
    model = ChatMistralAI(model_name="codestral-latest", mistral_api_key="k")
    assert (model.model, model.base_url) == ("codestral-latest", "https://codestral.mistral.ai/v1")
    assert ChatMistralAI("m", api_key="k", endpoint="http://localhost:1/v1/").base_url == "http://localhost:1/v1"


def test_parameters_by_mistrals_names() -> None:
    model = ChatMistralAI("m", api_key="k", temperature=0.3, max_tokens=9, random_seed=1, safe_mode=True, reasoning_effort="high")
    body = sent(model, stop=["END"], prompt_mode="reasoning", parallel_tool_calls=False)
    assert {key: value for key, value in body.items() if key not in ("model", "messages", "stream")} == {
        "temperature": 0.3,
        "max_tokens": 9,
        "random_seed": 1,
        "safe_prompt": True,
        "reasoning_effort": "high",
        "stop": ["END"],
        "prompt_mode": "reasoning",
    }


def test_openais_own_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="stream_options"):
        ChatMistralAI("m", api_key="k", stream_options={})  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        ("any", "any"),
        ("none", "none"),
        ("auto", "auto"),
        (NamedTool("weather"), {"type": "function", "function": {"name": "weather"}}),
    ],
)
def test_tool_choice(choice: object, wire: object) -> None:
    body = sent(MODEL, tools=[TOOL], tool_choice=choice, parallel_tool_calls=False)
    assert (body["tool_choice"], body["parallel_tool_calls"]) == (wire, False)
    assert body["tools"] == [
        {"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": SCHEMA}}
    ]


def test_response_format() -> None:
    body = sent(MODEL, response_format=OutputSchema("City", SCHEMA, strict=True))
    assert body["response_format"] == {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA, "strict": True}}


def test_ids_of_calls_become_nine_letters_and_digits_the_same_in_call_and_result() -> None:
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "toolu_0123456789"}
    history = [HumanMessage("x"), AIMessage("", tool_calls=[call]), ToolMessage("22°C", tool_call_id=call["id"])]
    _, assistant, tool = sent(MODEL, history)["messages"]
    id = assistant["tool_calls"][0]["id"]
    assert len(id) == 9 and id.isalnum() and id.isascii()
    assert tool == {"role": "tool", "content": "22°C", "tool_call_id": id}
    assert assistant["content"] == ""


def test_mistrals_own_ids_are_kept() -> None:
    assert nine("gSIMJiOkT") == "gSIMJiOkT"
    assert nine("call_1") == nine("call_1") != nine("call_2")
    assert len({nine(f"call_{n}") for n in range(2000)}) == 2000


def test_names_are_left_out() -> None:
    messages = [SystemMessage("s", name="a"), HumanMessage("h", name="b"), AIMessage("x", name="c"), HumanMessage("h")]
    assert all("name" not in message for message in sent(MODEL, messages)["messages"])


def test_prefix_of_the_answer() -> None:
    prefix = AIMessage("The capital is", additional_kwargs={"prefix": True})
    assert sent(MODEL, [HumanMessage("x"), prefix])["messages"][1] == {
        "role": "assistant",
        "content": "The capital is",
        "prefix": True,
    }
    assert "prefix" not in sent(MODEL, [prefix, HumanMessage("x")])["messages"][0]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ({"type": "image", "url": "https://x/y.png"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}),
        ({"type": "file", "url": "https://x/y.pdf"}, {"type": "document_url", "document_url": "https://x/y.pdf"}),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "extras": {"filename": "y.pdf"}},
            {"type": "document_url", "document_url": "data:application/pdf;base64,aGk=", "document_name": "y.pdf"},
        ),
        ({"type": "file", "file_id": "f1"}, {"type": "file", "file_id": "f1"}),
        ({"type": "file", "base64": "aGk=", "mime_type": "text/plain"}, {"type": "text", "text": "hi"}),
        (
            {"type": "file", "base64": "aGk=", "mime_type": "image/png"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        ),
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}, {"type": "input_audio", "input_audio": "aGk="}),
        ({"type": "audio", "url": "https://x/y.mp3"}, {"type": "input_audio", "input_audio": "https://x/y.mp3"}),
        ({"type": "document_url", "document_url": "https://x"}, {"type": "document_url", "document_url": "https://x"}),
    ],
)
def test_content(block: dict, part: dict) -> None:
    assert sent(MODEL, [HumanMessage(["Look", block])])["messages"][0]["content"] == [{"type": "text", "text": "Look"}, part]


@pytest.mark.parametrize(
    "block", [{"type": "audio", "file_id": "f"}, {"type": "file"}, {"type": "video", "url": "https://x/y.mp4"}]
)
def test_what_mistral_cannot_take_is_refused_before_any_request(block: dict) -> None:
    with pytest.raises(UnsupportedFeatureError, match="ChatMistralAI"):
        sent(MODEL, [HumanMessage([block])])


def test_reasoning_of_another_vendor_stays_there() -> None:
    content = [{"type": "reasoning", "reasoning": "secret", "extras": {"field": "thinking"}}, {"type": "text", "text": "Hi"}]
    message = AIMessage(content, response_metadata={"model_provider": "deepseek"})
    assert sent(MODEL, [message])["messages"] == [{"role": "assistant", "content": "Hi"}]

"""What ChatOllama sends to `/api/chat`."""

from __future__ import annotations

import json

import pytest

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit_ollama import PROVIDERS, ChatOllama
from tests.providers.codec_case import read, request_of, sent

MODEL = ChatOllama("qwen3:4b")
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = ToolSpec("weather", "Weather of a city", SCHEMA)


def test_registered_name() -> None:
    assert PROVIDERS == {"ollama": ChatOllama}
    assert ChatOllama.provider == "ollama"


def test_simple_request() -> None:
    request = request_of(MODEL, "Hi")
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:11434/api/chat")
    assert request.headers == {"content-type": "application/json", "accept": "application/x-ndjson"}
    assert json.loads(request.body) == {"model": "qwen3:4b", "messages": [{"role": "user", "content": "Hi"}], "stream": True}
    assert sent(MODEL, stream=False)["stream"] is False


def test_key_is_sent_only_when_there_is_one() -> None:
    assert request_of(MODEL, key="k").headers["authorization"] == "Bearer k"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("example.org", "http://example.org:11434"),
        ("example.org:8080", "http://example.org:8080"),
        (":5000", "http://127.0.0.1:5000"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9", "http://127.0.0.1:9"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:7", "http://[::1]:7"),
        ("host/prefix/", "http://host:11434/prefix"),
        ("https://ollama.com/", "https://ollama.com"),
        ("http://10.0.0.2:1", "http://10.0.0.2:1"),
    ],
)
def test_address_in_every_form_of_the_environment(monkeypatch: pytest.MonkeyPatch, given: str, url: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", given)
    assert ChatOllama("m").base_url == url
    assert ChatOllama("m", base_url=given).base_url == url
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://wins:1")
    assert ChatOllama("m").base_url == "http://wins:1"


def test_address_of_another_scheme_is_refused() -> None:
    with pytest.raises(InputError, match="is not an address"):
        ChatOllama("m", base_url="ftp://x")
    with pytest.raises(InputError, match="is not an address"):
        ChatOllama("m", base_url="::1")


def test_sampling_goes_into_options() -> None:
    model = ChatOllama("m", temperature=0, seed=1, num_predict=64, num_ctx=8192, options={"mirostat": 2})
    body = sent(model, stop=["END"], top_k=4)
    assert body["options"] == {
        "temperature": 0,
        "num_predict": 64,
        "num_ctx": 8192,
        "stop": ["END"],
        "top_k": 4,
        "seed": 1,
        "mirostat": 2,
    }
    assert model.max_tokens == model.num_predict == 64


def test_top_level_parameters() -> None:
    body = sent(ChatOllama("m", keep_alive=-1, logprobs=True, top_logprobs=3, truncate=False, shift=True))
    assert {key: body[key] for key in ("keep_alive", "logprobs", "top_logprobs", "truncate", "shift")} == {
        "keep_alive": -1,
        "logprobs": True,
        "top_logprobs": 3,
        "truncate": False,
        "shift": True,
    }


@pytest.mark.parametrize(
    ("params", "think"),
    [
        ({"reasoning": True}, True),
        ({"reasoning": False}, False),
        ({"reasoning": "low"}, "low"),
        ({"think": "max"}, "max"),
        ({"reasoning_effort": "none"}, False),
        ({"reasoning_effort": "minimal"}, "low"),
        ({"reasoning_effort": "high"}, "high"),
        ({"reasoning_effort": "xhigh"}, "high"),
        ({"reasoning_effort": "high", "reasoning": False}, False),
    ],
)
def test_thinking(params: dict, think: object) -> None:
    assert repr(sent(ChatOllama("m", **params))["think"]) == repr(think)


@pytest.mark.parametrize(
    ("params", "form"),
    [
        ({"format": "json"}, "json"),
        ({"format": SCHEMA}, SCHEMA),
        ({"response_format": OutputSchema("City", SCHEMA)}, SCHEMA),
        ({"response_format": {"type": "json_object"}}, "json"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "City", "schema": SCHEMA}}}, SCHEMA),
        ({"response_format": SCHEMA}, SCHEMA),
        ({"response_format": {"type": "text"}}, None),
    ],
)
def test_format(params: dict, form: object) -> None:
    assert sent(MODEL, **params).get("format") == form


def test_tools() -> None:
    wire = {"type": "function", "function": {"name": "weather", "description": "Weather of a city", "parameters": SCHEMA}}
    assert sent(MODEL, tools=[TOOL, {"type": "own"}], tool_choice="auto")["tools"] == [wire, {"type": "own"}]
    assert "tools" not in sent(MODEL, tools=[TOOL], tool_choice="none")


@pytest.mark.parametrize("choice", ["any", NamedTool("weather"), {"type": "function"}])
def test_forcing_a_tool_warns(choice: object) -> None:
    with pytest.warns(UserWarning, match="cannot be told to call a tool"):
        assert len(sent(MODEL, tools=[TOOL], tool_choice=choice)["tools"]) == 1


def test_a_named_tool_goes_alone() -> None:
    others = [ToolSpec("time"), {"type": "function", "function": {"name": "place", "parameters": {}}}]
    with pytest.warns(UserWarning):
        tools = sent(MODEL, tools=[*others, TOOL], tool_choice=NamedTool("weather"))["tools"]
    assert [tool["function"]["name"] for tool in tools] == ["weather"]


def test_conversation_with_a_tool() -> None:
    call = {"name": "weather", "args": {"city": "Oslo"}, "id": "call_1"}
    body = sent(
        MODEL,
        [
            SystemMessage("Be brief."),
            HumanMessage(["Weather?", {"type": "text", "text": "In Oslo."}]),
            AIMessage(
                [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Let me"}, {"type": "text", "text": " see"}],
                tool_calls=[call],
            ),
            ToolMessage("22°C", tool_call_id="call_1"),
            ToolMessage("x", tool_call_id="lost", name="other"),
            ToolMessage("y", tool_call_id="lost"),
        ],
    )
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Weather?\nIn Oslo."},
        {
            "role": "assistant",
            "content": "Let me see",
            "thinking": "hm",
            "tool_calls": [{"id": "call_1", "function": {"index": 0, "name": "weather", "arguments": {"city": "Oslo"}}}],
        },
        {"role": "tool", "content": "22°C", "tool_name": "weather", "tool_call_id": "call_1"},
        {"role": "tool", "content": "x", "tool_name": "other", "tool_call_id": "lost"},
        {"role": "tool", "content": "y", "tool_call_id": "lost"},
    ]


def test_call_with_broken_arguments_is_kept_without_them() -> None:
    bad = {"name": "f", "args": '{"a":', "id": "c", "error": "cut"}
    assert sent(MODEL, [AIMessage("", invalid_tool_calls=[bad])])["messages"][0]["tool_calls"] == [
        {"id": "c", "function": {"index": 0, "name": "f", "arguments": {}}}
    ]


def test_answer_goes_back_as_it_came() -> None:
    message = {
        "role": "assistant",
        "content": "Hi",
        "thinking": "hm",
        "tool_calls": [{"id": "c", "function": {"index": 0, "name": "f", "arguments": {"a": 1}}}],
    }
    answer = read(
        MODEL, json.dumps({"model": "m", "message": message, "done": True, "done_reason": "stop"}).encode(), stream=False
    )
    assert sent(MODEL, [HumanMessage("x"), answer])["messages"][1] == message


def test_media_of_another_vendors_answer_go_where_ollama_takes_them() -> None:
    sound = {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}
    images = [{"type": "image", "base64": "aGk=", "mime_type": "image/png"}, {"type": "image", "url": "https://x/y.png"}]
    answer = AIMessage(["Hi", *images, sound], response_metadata={"model_provider": "openai"})
    assert sent(MODEL, [answer])["messages"] == [{"role": "assistant", "content": "Hi", "images": ["aGk="]}]
    with pytest.raises(UnsupportedFeatureError):
        sent(MODEL, [AIMessage(["Hi", sound])])


def test_reasoning_of_another_vendor_stays_there() -> None:
    content = [
        {"type": "reasoning", "reasoning": "secret", "extras": {"signature": "s"}},
        {"type": "server_tool_call", "name": "web", "args": {}, "id": "1"},
        {"type": "text", "text": "Hi"},
    ]
    message = AIMessage(content, response_metadata={"model_provider": "anthropic"})
    assert sent(MODEL, [message])["messages"] == [{"role": "assistant", "content": "Hi"}]


@pytest.mark.parametrize(
    "image",
    [
        {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        {"type": "image", "url": "data:image/png;base64,aGk="},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
    ],
)
def test_images_stand_beside_the_text(image: dict) -> None:
    assert sent(MODEL, [HumanMessage(["What?", image])])["messages"] == [{"role": "user", "content": "What?", "images": ["aGk="]}]


def test_text_documents_become_text() -> None:
    def text_of(block: dict) -> str:
        return sent(MODEL, [HumanMessage([block])])["messages"][0]["content"]

    assert text_of({"type": "text-plain", "text": "doc"}) == "doc"
    assert text_of({"type": "text-plain", "base64": "ZG9j", "title": "A note"}) == "A note\n\ndoc"


@pytest.mark.parametrize(
    ("block", "hint"),
    [
        ({"type": "image", "url": "https://x/y.png"}, "download it"),
        ({"type": "image", "file_id": "f"}, "download it"),
        ({"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"}, "'audio' blocks"),
        ({"type": "file", "base64": "aGk=", "mime_type": "application/pdf"}, "'file' blocks"),
        ({"type": "whatever"}, "'non_standard' blocks"),
        ({"type": "text-plain", "url": "https://x/y.txt"}, "send its text"),
    ],
)
def test_what_ollama_cannot_take_is_refused_before_any_request(block: dict, hint: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=hint):
        sent(MODEL, [HumanMessage([block])])


def test_extra_fields_win() -> None:
    assert sent(ChatOllama("m", extra_body={"stream": False, "novel": 1})) | {"messages": 0} == {
        "model": "m",
        "messages": 0,
        "stream": False,
        "novel": 1,
    }


def test_misspelt_parameter_is_named() -> None:
    with pytest.raises(InputError, match="Did you mean 'num_ctx'"):
        ChatOllama("m", num_ctxx=1)  # type: ignore[call-arg]

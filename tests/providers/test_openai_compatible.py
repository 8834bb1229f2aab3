"""OpenAI-compatible services: the table, and what single services do differently (wire sheet: openai_compatible)."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import chatkit_openai_compatible as compatible
from chatkit.codec import NamedTool, ToolSpec
from chatkit.errors import InputError, MissingKeyError, UnsupportedFeatureError
from chatkit.events import TextDelta
from chatkit.messages import AIMessage, HumanMessage, ToolMessage
from chatkit_openai_compatible import (
    ChatAzureAI,
    ChatCloudflare,
    ChatDeepSeek,
    ChatGroq,
    ChatLangSmith,
    ChatLlamaCpp,
    ChatLMStudio,
    ChatMoonshot,
    ChatOpenRouter,
    ChatPerplexity,
    ChatVLLM,
    ChatWriter,
    ChatXAI,
)
from tests.dialects.openai_chat_case import stream_of, whole
from tests.providers.codec_case import read, request_of, sent

CLASSES = sorted(compatible.PROVIDERS.items())
PLACES = {
    "AWS_REGION": "us-east-1",
    "AZURE_AI_RESOURCE": "res",
    "CLOUDFLARE_ACCOUNT_ID": "acc",
    "DATABRICKS_HOST": "https://host.example/",
    "SNOWFLAKE_ACCOUNT": "acc",
}


def test_every_class_is_in_the_table_once() -> None:
    classes = [
        cls
        for name in compatible.__all__
        if isinstance(cls := getattr(compatible, name), type)
        if cls is not compatible.ChatCompatible
    ]
    assert sorted(cls.provider for cls in classes) == [name for name, _ in CLASSES]


@pytest.mark.parametrize(("name", "cls"), CLASSES)
def test_each_service(name: str, cls: type[compatible.ChatCompatible], monkeypatch: pytest.MonkeyPatch) -> None:
    for place, value in PLACES.items():
        monkeypatch.setenv(place, value)
    made = cls("m", api_key="k", max_tokens=5)
    assert cls.provider == name
    assert cls.__doc__
    assert cls.api_key_env
    assert "{" not in made.base_url
    request = request_of(made, key="k")
    assert request.url == made.base_url + ("/responses" if cls.prefers_responses else cls.chat_path)
    assert request.headers["authorization"] == "Bearer k"
    assert sent(made)["max_output_tokens" if cls.prefers_responses else "max_tokens"] == 5
    assert cls("m", api_key="k", base_url="http://localhost:9/v1").base_url == "http://localhost:9/v1"
    assert cls("m", **{f"{name}_api_key": "k", f"{name}_api_base": "http://localhost:9"}).base_url == "http://localhost:9"
    assert repr(pickle.loads(pickle.dumps(made))) == repr(made)
    monkeypatch.setenv(cls.api_key_env[0], "k-env")
    assert cls("m")._api_key.get_secret_value() == "k-env"  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "cls"), CLASSES)
def test_keys_are_demanded_by_hosted_services(
    name: str, cls: type[compatible.ChatCompatible], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place, value in {**PLACES, "GITHUB_TOKEN": "", "DATABRICKS_TOKEN": "", "SNOWFLAKE_TOKEN": ""}.items():
        monkeypatch.setenv(place, value)
    if cls.key_required:
        with pytest.raises(MissingKeyError, match=cls.api_key_env[0]):
            cls("m")
    else:
        assert "authorization" not in request_of(cls("m")).headers
        assert cls("m").base_url.startswith("http://localhost")


def test_writer_has_another_path() -> None:
    assert request_of(ChatWriter("palmyra-x5", api_key="k")).url == "https://api.writer.com/v1/chat"


def test_addresses_that_the_environment_completes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    with pytest.raises(InputError, match="CLOUDFLARE_ACCOUNT_ID"):
        ChatCloudflare("m", api_key="k")
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", "acc")
    assert ChatCloudflare("m", api_key="k").base_url == "https://api.cloudflare.com/client/v4/accounts/acc/ai/v1"


def test_unknown_parameters_are_refused() -> None:
    with pytest.raises(InputError, match="reasoning_format"):
        ChatXAI("m", api_key="k", reasoning_format="parsed")  # type: ignore[call-arg]
    assert sent(ChatGroq("m", api_key="k", reasoning_format="parsed"))["reasoning_format"] == "parsed"
    assert sent(ChatXAI("m", api_key="k", extra_body={"new": 1}))["new"] == 1


CALL = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])


@pytest.mark.parametrize(
    ("effort", "fields"),
    [
        ("none", {"thinking": {"type": "disabled"}}),
        ("low", {"thinking": {"type": "enabled"}, "reasoning_effort": "low"}),
        ("medium", {"thinking": {"type": "enabled"}, "reasoning_effort": "high"}),
    ],
)
def test_deepseeks_effort(effort: str, fields: dict[str, Any]) -> None:
    body = sent(ChatDeepSeek("m", api_key="k", reasoning_effort=effort))
    assert {key: body[key] for key in ("thinking", "reasoning_effort") if key in body} == fields


def test_deepseek_and_moonshot_get_reasoning_with_every_call() -> None:
    for cls, missing in ((ChatDeepSeek, ""), (ChatMoonshot, " ")):
        made = cls("m", api_key="k")
        turns = sent(made, [HumanMessage("Hi"), CALL, ToolMessage("x", tool_call_id="1")])["messages"]
        assert turns[1]["reasoning_content"] == missing
        answer = read(made, stream_of({"reasoning_content": "hm"}, {"content": "4"}))
        assert sent(made, [HumanMessage("Hi"), answer, HumanMessage("And?")])["messages"][1]["reasoning_content"] == "hm"


def test_an_answer_that_is_begun_is_continued() -> None:
    begun = [HumanMessage("Write a poem."), AIMessage("Roses", additional_kwargs={"prefix": True})]
    assert sent(ChatDeepSeek("m", api_key="k"), begun)["messages"][1] == {"role": "assistant", "content": "Roses", "prefix": True}
    assert sent(ChatMoonshot("m", api_key="k"), begun)["messages"][1]["partial"] is True
    assert set(sent(ChatGroq("m", api_key="k"), begun)["messages"][1]) == {"role", "content"}


def test_moonshots_effort_is_only_a_switch() -> None:
    body = sent(ChatMoonshot("m", api_key="k", reasoning_effort="high"))
    assert body["thinking"] == {"type": "enabled"}
    assert "reasoning_effort" not in body


def test_openrouter() -> None:
    made = ChatOpenRouter(
        "m",
        openrouter_api_key="k",
        app_url="https://a.example",
        app_title="A",
        openrouter_provider={"sort": "price"},
        reasoning_effort="high",
    )
    request = request_of(made, key="k")
    assert (request.headers["http-referer"], request.headers["x-title"]) == ("https://a.example", "A")
    body = sent(made)
    assert (body["provider"], body["reasoning"]) == ({"sort": "price"}, {"effort": "high"})
    blocks = [{"type": "video", "url": "https://a.example/a.mp4"}, {"type": "file", "url": "https://a.example/a.pdf"}]
    assert sent(made, [HumanMessage(blocks)])["messages"][0]["content"] == [
        {"type": "video_url", "video_url": {"url": "https://a.example/a.mp4"}},
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "https://a.example/a.pdf"}},
    ]


def test_perplexity_takes_files_by_url() -> None:
    block = {"type": "file", "url": "https://a.example/a.pdf"}
    made = ChatPerplexity("sonar", pplx_api_key="k")
    assert sent(made, [HumanMessage([block])])["messages"][0]["content"] == [
        {"type": "file_url", "file_url": {"url": "https://a.example/a.pdf"}}
    ]


def test_vllm_takes_audio_by_url() -> None:
    block = {"type": "audio", "url": "https://a.example/a.wav"}
    assert sent(ChatVLLM("m"), [HumanMessage([block])])["messages"][0]["content"][0]["type"] == "audio_url"


def test_llamacpp_reads_no_named_tool() -> None:
    body = sent(ChatLlamaCpp("m"), tools=[ToolSpec("a"), ToolSpec("b")], tool_choice=NamedTool("b"))
    assert [tool["function"]["name"] for tool in body["tools"]] == ["b"]
    assert body["tool_choice"] == "required"


def test_llamacpp_reads_no_named_tool_in_the_responses_api_either() -> None:
    model = ChatLlamaCpp("m", use_responses_api=True)
    body = sent(model, tools=[ToolSpec("a"), ToolSpec("b")], tool_choice=NamedTool("b"))
    assert [tool["name"] for tool in body["tools"]] == ["b"]
    assert body["tool_choice"] == "required"


# The Responses API of the services that have it.


def test_the_responses_api_where_a_service_has_it() -> None:
    for cls in (ChatXAI, ChatDeepSeek, ChatOpenRouter, ChatVLLM, ChatLMStudio, ChatLlamaCpp, ChatAzureAI):
        made = cls("m", api_key="k", use_responses_api=True, base_url="http://localhost:9/v1")
        request = request_of(made)
        assert request.url == f"{made.base_url}/responses"
        assert sent(made)["input"]
        item = '{"type":"message","id":"i","content":[{"type":"output_text","text":"Hi"}]}'
        body = f'{{"id":"r","status":"completed","model":"m","output":[{item}]}}'.encode()
        parser = made._parser(_call(made))
        assert any(isinstance(event, TextDelta) for event in [*parser.feed(body), *parser.close()])
    with pytest.raises(InputError, match="use_responses_api"):
        ChatGroq("m", api_key="k", use_responses_api=True)  # type: ignore[call-arg]


def test_what_chooses_the_responses_api() -> None:
    search = [{"type": "web_search"}]
    assert request_of(ChatXAI("m", api_key="k"), tools=search).url.endswith("/responses")
    assert request_of(ChatXAI("m", api_key="k"), truncation="auto").url.endswith("/responses")
    assert request_of(ChatXAI("m", api_key="k")).url.endswith("/chat/completions")
    assert request_of(ChatOpenRouter("m", api_key="k", reasoning={"effort": "low"})).url.endswith("/chat/completions")
    assert request_of(ChatLangSmith("m", api_key="k")).url.endswith("/responses")
    assert request_of(ChatLangSmith("m", api_key="k", use_responses_api=False)).url.endswith("/chat/completions")
    with pytest.raises(UnsupportedFeatureError, match="truncation"):
        sent(ChatXAI("m", api_key="k", use_responses_api=False), truncation="auto")


def _call(made: Any) -> Any:
    from chatkit.codec import Call

    return Call(made.model, [HumanMessage("Hi")], made.params, False)


def test_a_reasoning_answer_goes_back_in_its_own_field() -> None:
    made = ChatGroq("m", api_key="k")
    for body in (whole({"content": "4", "reasoning": "hm"}), stream_of({"reasoning": "hm"}, {"content": "4"})):
        turns = sent(made, [HumanMessage("Hi"), read(made, body), HumanMessage("And?")])["messages"]
        assert turns[1] == {"role": "assistant", "content": "4", "reasoning": "hm"}

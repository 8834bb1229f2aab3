"""ChatOpenAI over Chat Completions: names, keys, headers, what a model's name changes (spec S15-S17)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from chatkit.errors import InputError, InputTypeError, MissingKeyError, UnsupportedFeatureError
from chatkit_openai import ChatOpenAI
from chatkit_openai.models import is_openai_model, is_reasoning_model
from tests.dialects.openai_chat_case import stream_of, whole
from tests.providers.codec_case import read, request_of, sent


def model(name: str = "gpt-4.1", **kwargs: Any) -> ChatOpenAI:
    return ChatOpenAI(name, **{"api_key": "sk-test", "use_responses_api": False, **kwargs})


def test_the_request() -> None:
    request = request_of(model(organization="org-1", project="proj_1"), key="sk-test")
    assert (request.method, request.url) == ("POST", "https://api.openai.com/v1/chat/completions")
    assert request.headers == {
        "content-type": "application/json",
        "authorization": "Bearer sk-test",
        "openai-organization": "org-1",
        "openai-project": "proj_1",
    }
    assert sent(model(temperature=0.5, max_tokens=9)) == {
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "Hi"}],
        "temperature": 0.5,
        "max_completion_tokens": 9,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def test_langchains_names() -> None:
    made = ChatOpenAI(
        model_name="gpt-4.1",
        openai_api_key="sk-test",
        openai_api_base="http://localhost:9/v1",
        openai_organization="org-1",
        openai_proxy="http://proxy.example:8080",
        request_timeout=7,
        max_completion_tokens=9,
        stop_sequences=["x"],
    )
    assert (made.model, made.model_name, made.base_url) == ("gpt-4.1", "gpt-4.1", "http://localhost:9/v1")
    assert made.settings["proxy"] == "http://proxy.example:8080"
    assert made.settings["timeout"] == 7
    assert made.params == {"max_tokens": 9, "stop": ["x"]}
    assert made.bind(model_name="gpt-5").model == "gpt-5"


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MissingKeyError, match="OPENAI_API_KEY"):
        ChatOpenAI("gpt-4.1")
    for name, value in {
        "OPENAI_API_KEY": "sk-env",
        "OPENAI_API_BASE": "http://old.example/v1",
        "OPENAI_ORG_ID": "org-env",
        "OPENAI_PROJECT_ID": "proj-env",
        "OPENAI_PROXY": "http://proxy.example:1",
    }.items():
        monkeypatch.setenv(name, value)
    made = ChatOpenAI("gpt-4.1")
    assert made.base_url == "http://old.example/v1"
    assert (made.organization, made.project, made.proxy) == ("org-env", "proj-env", "http://proxy.example:1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://new.example/v1/")
    assert ChatOpenAI("gpt-4.1").base_url == "http://new.example/v1"
    assert ChatOpenAI("gpt-4.1", organization="org-own").organization == "org-own"


def test_a_client_of_ones_own_has_its_own_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy gives way to it; a proxy that is asked for does not, and is not ignored."""
    monkeypatch.setenv("OPENAI_PROXY", "http://proxy.example:1")
    assert model(http_client=httpx.AsyncClient()).proxy is None
    assert model().bind(http_client=httpx.AsyncClient()).proxy is None
    assert model(http_client="httpx").proxy == "http://proxy.example:1"
    with pytest.raises(InputError, match="either proxy or http_client"):
        model(http_client=httpx.AsyncClient(), openai_proxy="http://proxy.example:2")


def test_logit_bias_takes_token_ids_as_numbers() -> None:
    assert sent(model(logit_bias={50256: -100, "15": 1}))["logit_bias"] == {"50256": -100, "15": 1}


def test_keys_never_show() -> None:
    made = model(default_headers={"Authorization": "Bearer sk-other"})
    assert "sk-" not in repr(made)
    assert "sk-" not in repr(request_of(made, key="sk-test"))


def test_a_key_may_be_a_function() -> None:
    assert model(api_key=lambda: "sk-made")._api_key() == "sk-made"  # type: ignore[misc, operator]


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match="name of a model"):
        ChatOpenAI(api_key="sk-test")
    with pytest.raises(InputError, match="Did you mean 'temperature'"):
        model(temprature=1)
    with pytest.raises(InputTypeError, match="temperature"):
        model(temperature="hot")
    with pytest.raises(InputError, match="base_url"):
        model(base_url="api.openai.com")


@pytest.mark.parametrize(
    ("name", "openai", "reasons"),
    [
        ("gpt-4o", True, False),
        ("gpt-4.1-mini", True, False),
        ("chatgpt-4o-latest", True, False),
        ("ft:gpt-4o-mini:acme::1", True, False),
        ("o1", True, True),
        ("o4-mini", True, True),
        ("gpt-5", True, True),
        ("openai/gpt-5-nano", True, True),
        ("gpt-5.2", True, True),
        ("gpt-5-chat-latest", True, False),
        ("gpt-6-mini", True, True),
        ("gpt-oss-120b", False, False),
        ("llama-3.3-70b", False, False),
        ("olmo-3", False, False),
    ],
)
def test_what_a_name_says(name: str, openai: bool, reasons: bool) -> None:
    assert (is_openai_model(name), is_reasoning_model(name)) == (openai, reasons)


@pytest.mark.parametrize(
    ("name", "params", "kept"),
    [
        ("gpt-4.1", {"temperature": 0.2}, True),
        ("gpt-5", {"temperature": 0.2}, False),
        ("gpt-5", {"temperature": 1}, True),
        ("o3", {"temperature": 0}, False),
        ("gpt-5-chat-latest", {"temperature": 0.2}, True),
        ("gpt-5.1", {"temperature": 0.2}, True),
        ("gpt-5.1", {"temperature": 0.2, "reasoning_effort": "none"}, True),
        ("gpt-5.1", {"temperature": 0.2, "reasoning_effort": "low"}, False),
    ],
)
def test_a_temperature_that_the_model_refuses_is_left_out(name: str, params: dict[str, Any], kept: bool) -> None:
    assert ("temperature" in sent(model(name, **params))) is kept


@pytest.mark.parametrize(
    ("name", "base_url", "field"),
    [
        ("gpt-4.1", None, "max_completion_tokens"),
        ("gpt-5", "http://gateway.example/v1", "max_completion_tokens"),
        ("qwen3", "http://localhost:8000/v1", "max_tokens"),
        ("gpt-oss-20b", "http://localhost:1234/v1", "max_tokens"),
        ("anything", "https://eu.api.openai.com/v1", "max_completion_tokens"),
    ],
)
def test_the_name_of_max_tokens(name: str, base_url: str | None, field: str) -> None:
    assert sent(model(name, base_url=base_url, max_tokens=9))[field] == 9


def test_the_o_series_takes_developer_messages() -> None:
    from chatkit.messages import SystemMessage

    assert sent(model("o3"), [SystemMessage("x")])["messages"][0]["role"] == "developer"
    assert sent(model("gpt-5"), [SystemMessage("x")])["messages"][0]["role"] == "system"


def test_parameters_of_this_call_win() -> None:
    called = model(temperature=0.1, seed=1)._for_call(["x"], {"temperature": 0.9, "model": "gpt-4o"})
    body = sent(called)
    assert (body["model"], body["temperature"], body["seed"], body["stop"]) == ("gpt-4o", 0.9, 1, ["x"])


def test_what_is_sent_unchecked() -> None:
    body = sent(model(model_kwargs={"beta": 1}, extra_body={"metadata": {"a": "b"}}))
    assert (body["beta"], body["metadata"]) == (1, {"a": "b"})


def test_parameters_that_are_never_sent() -> None:
    disabled = model(temperature=0.5, seed=3, disabled_params={"temperature": None, "seed": [1, 2]})
    assert "temperature" not in sent(disabled)
    assert sent(disabled)["seed"] == 3
    assert "seed" not in sent(disabled, seed=2)


def test_usage_in_streams_can_be_turned_off() -> None:
    assert "stream_options" not in sent(model(stream_usage=False))
    assert "stream_options" not in sent(model(), stream=False)


def test_stream_chunk_timeout_is_the_idle_clock() -> None:
    assert model(stream_chunk_timeout=3.5)._timeouts.idle == 3.5


def test_what_only_the_responses_api_has() -> None:
    with pytest.raises(UnsupportedFeatureError, match="truncation"):
        sent(model(truncation="auto"))


def test_answers() -> None:
    made = model()
    assert read(made, stream_of({"content": "Hi"})) == read(made, whole({"content": "Hi"}))
    spoken = made.bind(modalities=["text", "audio"], audio={"voice": "alloy", "format": "pcm16"})
    from chatkit.codec import Call

    parser = spoken._parser(Call("gpt-4.1", [], spoken.params, True))
    events = parser.feed(whole({"audio": {"id": "a", "data": "QUJD"}})) + parser.close()
    assert any(getattr(event, "block", {}).get("mime_type") == "audio/pcm16" for event in events)

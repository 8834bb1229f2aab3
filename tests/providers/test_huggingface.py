"""ChatHuggingFace and HuggingFaceEndpoint (wire sheet: huggingface; spec S8)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import AuthenticationError, InputError, MissingKeyError, UnsupportedFeatureError
from chatkit_huggingface import ChatHuggingFace, HuggingFaceEndpoint, HuggingFacePipeline
from tests.dialects.openai_chat_case import chunk, finish, sse
from tests.providers.codec_case import read, request_of, sent

PHI = "microsoft/Phi-3-mini-4k-instruct"


def test_the_examples_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUGGINGFACEHUB_API_TOKEN", "hf_1")
    endpoint = HuggingFaceEndpoint(repo_id=PHI, temperature=0.7, max_length=1024)
    for made in (ChatHuggingFace(PHI, temperature=0.7, max_tokens=1024), ChatHuggingFace(llm=endpoint)):
        request = request_of(made, key="hf_1")
        assert request.url == "https://router.huggingface.co/v1/chat/completions"
        assert request.headers["authorization"] == "Bearer hf_1"
        body = sent(made, stream=False)
        assert body == {
            "model": PHI,
            "messages": [{"role": "user", "content": "Hi"}],
            "temperature": 0.7,
            "max_tokens": 1024,
        }


def test_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with pytest.raises(MissingKeyError, match="HF_TOKEN"):
        ChatHuggingFace(PHI)
    monkeypatch.setenv("HF_TOKEN", "hf_2")
    assert ChatHuggingFace(PHI)._api_key.get_secret_value() == "hf_2"  # type: ignore[union-attr]
    given = ChatHuggingFace(llm=HuggingFaceEndpoint(repo_id=PHI, huggingfacehub_api_token="hf_3"))
    assert given._api_key.get_secret_value() == "hf_3"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("kwargs", "name"),
    [
        ({"provider": "together"}, f"{PHI}:together"),
        ({"inference_provider": "fastest"}, f"{PHI}:fastest"),
        ({"provider": "auto"}, PHI),
        ({}, PHI),
    ],
)
def test_who_runs_the_model(kwargs: dict[str, Any], name: str) -> None:
    assert sent(ChatHuggingFace(PHI, api_key="k", **kwargs))["model"] == name
    assert sent(ChatHuggingFace(f"{PHI}:nebius", api_key="k", **kwargs))["model"] == f"{PHI}:nebius"


def test_who_pays() -> None:
    assert request_of(ChatHuggingFace(PHI, api_key="k", bill_to="acme")).headers["x-hf-bill-to"] == "acme"


@pytest.mark.parametrize("url", ["https://x.endpoints.example", "https://x.endpoints.example/v1/"])
def test_endpoints_of_ones_own(url: str) -> None:
    for endpoint in (HuggingFaceEndpoint(endpoint_url=url), HuggingFaceEndpoint(model=url)):
        made = ChatHuggingFace(llm=endpoint, api_key="k")
        assert request_of(made).url == "https://x.endpoints.example/v1/chat/completions"
        assert sent(made)["model"] == "tgi"


def test_what_an_endpoint_says() -> None:
    endpoint = HuggingFaceEndpoint(
        repo_id=PHI,
        task="text-generation",
        max_new_tokens=512,
        do_sample=False,
        repetition_penalty=1.03,
        top_p=0.9,
        seed=1,
        stop_sequences=["x"],
        provider="auto",
        server_kwargs={"headers": {"X-A": "1"}},
        model_kwargs={"beta": 1},
        huggingfacehub_api_token="k",
    )
    made = ChatHuggingFace(llm=endpoint)
    body = sent(made, stream=False)
    body.pop("messages")
    assert body == {
        "model": PHI,
        "max_tokens": 512,
        "temperature": 0.0,
        "repetition_penalty": 1.03,
        "top_p": 0.9,
        "seed": 1,
        "stop": ["x"],
        "beta": 1,
    }
    assert request_of(made).headers["x-a"] == "1"
    assert sent(ChatHuggingFace(llm=endpoint, max_new_tokens=9))["max_tokens"] == 9


def test_wrong_arguments() -> None:
    with pytest.raises(InputError, match="repo_id"):
        HuggingFaceEndpoint()
    with pytest.raises(InputError, match="translation"):
        HuggingFaceEndpoint(repo_id=PHI, task="translation")
    with pytest.raises(InputError, match="name of a model"):
        ChatHuggingFace(api_key="k")
    with pytest.raises(InputError, match="HuggingFaceEndpoint"):
        ChatHuggingFace(llm="x")  # type: ignore[arg-type]


def test_models_in_the_process_are_refused_with_advice() -> None:
    for attempt in (
        lambda: HuggingFacePipeline(PHI),
        lambda: HuggingFacePipeline.from_model_id(PHI, task="text-generation"),
        lambda: ChatHuggingFace.from_model_id(PHI, backend="pipeline"),
    ):
        with pytest.raises(UnsupportedFeatureError, match="vllm serve microsoft/Phi-3"):
            attempt()


def test_from_model_id() -> None:
    made = ChatHuggingFace.from_model_id(PHI, task="text-generation", model_kwargs={"temperature": 0.1}, api_key="k")
    assert sent(made)["temperature"] == 0.1
    with pytest.raises(InputError, match="backend"):
        ChatHuggingFace.from_model_id(PHI, backend="gpu")


def test_togethers_habits() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11, "cached_tokens": 4}
    body = sse(
        chunk({"role": "assistant", "content": "<think>\n", "token_id": 1}, choice={"text": "<think>\n"}),
        chunk({"role": "assistant", "content": "hm</think>4", "token_id": 2}),
        finish("eos", usage=usage),
    )
    message = read(ChatHuggingFace(PHI, api_key="k"), body)
    assert message.text == "<think>\nhm</think>4"
    assert message.response_metadata["finish_reason"] == "eos"
    assert message.usage_metadata is not None
    assert message.usage_metadata["input_token_details"] == {"cache_read": 4}


def test_errors_that_are_only_text() -> None:
    error = ChatHuggingFace(PHI, api_key="k")._error(401, {}, b'{"error":"Invalid credentials in Authorization header"}')
    assert isinstance(error, AuthenticationError)
    assert "Invalid credentials" in str(error)

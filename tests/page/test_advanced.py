"""Model profiles ... Log probabilities: what the snippets give and print (spec D35-D46)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.errors import UnknownProviderError
from chatkit.rate_limiters import InMemoryRateLimiter
from chatkit.simulator import Reply, simulated_environment
from tests.page import advanced

if TYPE_CHECKING:
    from chatkit.simulator import Server


def test_profile(server: Server) -> None:
    model = init_chat_model("openai:gpt-5")
    advanced.profile(model)
    shown = {"image_inputs": True, "reasoning_output": True, "tool_calling": True}
    assert model.profile is not None
    assert model.profile.items() >= shown.items()
    assert model.profile["max_input_tokens"] >= 272_000, "the page counts the answer's part of the window, too"


def test_custom_profile(server: Server) -> None:
    model = advanced.custom_profile()
    assert model.profile == {"max_input_tokens": 100_000, "tool_calling": True, "structured_output": True}
    with pytest.raises(UnknownProviderError):
        init_chat_model("...")  # the page's own words: dots where a name belongs


def test_profile_of_a_copy(model: Any) -> None:
    before = dict(model.profile)
    new_profile = advanced.profile_of_a_copy(model)
    assert new_profile == {**before, "key": "value"}
    assert model.profile == before, "the shared model stays as it was"
    assert model.model_copy(update={"profile": new_profile}).profile == new_profile


def test_a_profile_may_be_updated_in_place(model: Any) -> None:
    """ "The `profile` is also a regular `dict` and can be updated in place"; other models do not see it."""
    model.profile["key"] = "value"
    assert model.profile["key"] == model.bind(temperature=0).profile["key"] == "value"
    assert "key" not in init_chat_model("gpt-4.1").profile
    assert "key" not in model.model_copy(update={"model": "gpt-4.1-mini"}).profile


def test_multimodal_output(capsys: pytest.CaptureFixture[str]) -> None:
    picture = base64.b64encode(b"\xff\xd8\xff").decode()
    blocks = [
        {"type": "text", "text": "Here's a picture of a cat"},
        {"type": "image", "base64": picture, "mime_type": "image/jpeg"},
    ]
    with simulated_environment([Reply(blocks=blocks)]):
        advanced.multimodal_output(init_chat_model("google_genai:gemini-2.5-flash-image"))
    printed = eval(capsys.readouterr().out)
    assert [{key: block[key] for key in want} for block, want in zip(printed, blocks, strict=True)] == blocks


SUMMARY = {"codex-mini": {"reasoning": {"summary": "auto"}}}
"""OpenAI shows reasoning only when it is asked to."""


def test_reasoning(capsys: pytest.CaptureFixture[str]) -> None:
    reply = Reply("Pigments.", reasoning="They want to know why. I know that.")
    with simulated_environment(lambda question: reply):
        for name in ("claude-sonnet-4-5", "google_genai:gemini-2.5-flash", "deepseek-reasoner", "ollama:qwen3", "codex-mini"):
            model = init_chat_model(name, **SUMMARY.get(name, {}))
            advanced.complete_reasoning(model)
            assert capsys.readouterr().out == "They want to know why. I know that.\n", name
            advanced.stream_reasoning(model)
            lines = capsys.readouterr().out.splitlines()
            steps = [block for line in lines if line.startswith("[") for block in eval(line)]
            assert "".join(step["reasoning"] for step in steps) == "They want to know why. I know that.", name
            assert "".join(line for line in lines if not line.startswith("[")) == "Pigments.", name


def test_server_side_tool_use() -> None:
    text = "Here are some positive news stories from today..."
    note = {"type": "citation", "url": "https://example.com", "title": "article title", "start_index": 9, "end_index": 41}
    call = {"type": "server_tool_call", "name": "web_search", "id": "ws_abc123"}
    blocks = [
        {**call, "args": {"query": "positive news stories today", "type": "search"}},
        {"type": "server_tool_result", "tool_call_id": "ws_abc123", "status": "success"},
        {"type": "text", "text": text, "annotations": [note]},
    ]
    with simulated_environment([Reply(blocks=blocks)]) as server:
        response = advanced.server_side_tool_use()
        assert server.requests[-1].path == "/v1/responses", "Chat Completions has no web_search"
    assert [block["type"] for block in response.content_blocks] == [block["type"] for block in blocks]
    for block, shown in zip(response.content_blocks, blocks, strict=True):
        assert {key: block[key] for key in shown} == shown


def test_rate_limiter(server: Server) -> None:
    model = advanced.rate_limiter()
    assert isinstance(model.rate_limiter, InMemoryRateLimiter)
    assert model.invoke("Hello").text
    assert model.model == "gpt-5"


def test_base_url(server: Server) -> None:
    model = advanced.base_url()
    assert model.invoke("Hello").text == "Hi there! How can I help today?"
    assert server.requests[-1].body["model"] == "MODEL_NAME"
    assert "authorization" in server.requests[-1].headers


def test_proxy(server: Server) -> None:
    assert advanced.proxy().proxy == "http://proxy.example.com:8080"


def test_log_probabilities(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    response = advanced.log_probabilities()
    assert server.requests[-1].body["logprobs"] is True
    printed = eval(capsys.readouterr().out)
    assert "".join(entry["token"] for entry in printed["content"]) == response.text
    assert all(entry["logprob"] <= 0 for entry in printed["content"])
    streamed = sum(init_chat_model("openai:gpt-4o").bind(logprobs=True).stream("Why do parrots talk?"))
    assert streamed.response_metadata["logprobs"] == response.response_metadata["logprobs"]

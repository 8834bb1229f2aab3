"""Initialize a model, Parameters: which model, which address, which key, which body (spec D1-D11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.page import initialize

if TYPE_CHECKING:
    from chatkit.simulator import Server

CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1"


@pytest.mark.parametrize(
    ("snippet", "kind", "path"),
    [
        ("openai", "ChatOpenAI", "/v1/chat/completions"),
        ("openai_class", "ChatOpenAI", "/v1/chat/completions"),
        ("anthropic", "ChatAnthropic", "/v1/messages"),
        ("anthropic_class", "ChatAnthropic", "/v1/messages"),
        ("azure", "AzureChatOpenAI", "/openai/deployments/simulated/chat/completions?api-version=2025-03-01-preview"),
        ("azure_class", "AzureChatOpenAI", "/openai/deployments/simulated/chat/completions?api-version=2025-03-01-preview"),
        ("google_gemini", "ChatGoogleGenerativeAI", "/v1beta/models/gemini-2.5-flash-lite:generateContent"),
        ("google_gemini_class", "ChatGoogleGenerativeAI", "/v1beta/models/gemini-2.5-flash-lite:generateContent"),
        ("aws_bedrock", "ChatBedrockConverse", f"/model/{CLAUDE}%3A0/converse"),
        ("aws_bedrock_class", "ChatBedrock", f"/model/{CLAUDE}%3A0/invoke"),
        ("huggingface", "ChatHuggingFace", "/v1/chat/completions"),
        ("huggingface_class", "ChatHuggingFace", "/v1/chat/completions"),
    ],
)
def test_the_model_of_each_tab_answers(server: Server, snippet: str, kind: str, path: str) -> None:
    model = getattr(initialize, snippet)()
    assert type(model).__name__ == kind
    assert initialize.first_question(model).text.startswith("Parrots talk because")
    assert server.requests[-1].path == path


def test_the_key_comes_from_the_environment(server: Server) -> None:
    for snippet, header in ((initialize.openai, "authorization"), (initialize.anthropic, "x-api-key")):
        model = snippet()
        assert "sk-..." not in repr(model)
        initialize.first_question(model)
        assert set(server.requests[-1].headers[header].removeprefix("Bearer ")) == {"*"}, "sent, and not kept"


def test_parameters_reach_the_wire(server: Server) -> None:
    model = initialize.parameters()
    initialize.first_question(model)
    body = server.requests[-1].body
    assert (body["temperature"], body["max_tokens"]) == (0.7, 1000)
    assert model.timeout == 30

    initialize.first_question(initialize.anthropic())
    assert server.requests[-1].body["max_tokens"] == 64_000, "Claude needs one: the model's own limit"

    initialize.first_question(initialize.huggingface())
    body = server.requests[-1].body
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("microsoft/Phi-3-mini-4k-instruct", 0.7, 1024)

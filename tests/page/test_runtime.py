"""Token usage, Invocation config, Configurable models: what the snippets give and print (spec D47-D52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.callbacks import BaseCallbackHandler
from chatkit.simulator import Reply, simulated_environment
from tests.page import runtime

if TYPE_CHECKING:
    import pytest

    from chatkit.simulator import Question, Server

USAGE = {
    "gpt-4o-mini-2024-07-18": {
        "input_tokens": 8,
        "output_tokens": 10,
        "total_tokens": 18,
        "input_token_details": {"audio": 0, "cache_read": 0},
        "output_token_details": {"audio": 0, "reasoning": 0},
    },
    "claude-haiku-4-5-20251001": {
        "input_tokens": 8,
        "output_tokens": 21,
        "total_tokens": 29,
        "input_token_details": {"cache_read": 0, "cache_creation": 0},
        "output_token_details": {"reasoning": 0},  # the page is older than this field of Anthropic's
    },
}


def counted(question: Question) -> Reply:
    return Reply("Hello!", usage=USAGE["claude-haiku-4-5-20251001" if "claude" in question.model else "gpt-4o-mini-2024-07-18"])


def test_token_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with simulated_environment(counted):
        assert runtime.usage_callback_handler().usage_metadata == USAGE
        runtime.usage_context_manager()
    assert eval(capsys.readouterr().out) == USAGE


class Listener(BaseCallbackHandler):
    """The page's `my_callback_handler`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def on_chat_model_start(self, serialized: Any, messages: Any, **about: Any) -> None:
        self.heard.append(about)


def test_invocation_config(model: Any) -> None:
    listener = Listener()
    response = runtime.invocation_config(model, listener)
    assert "parrot" in response.text
    (about,) = listener.heard
    assert about["name"] == "joke_generation"
    assert set(about["tags"]) >= {"humor", "demo"}
    assert about["metadata"]["user_id"] == "123"


def asked(server: Server) -> list[tuple[str, float | None, int | None]]:
    return [(seen.body["model"], seen.body.get("temperature"), seen.body.get("max_tokens")) for seen in server.requests]


def test_configurable_model(server: Server) -> None:
    runtime.configurable_model()
    assert [seen.path for seen in server.requests] == ["/v1/chat/completions", "/v1/messages"]
    assert [model for model, _, _ in asked(server)] == ["gpt-5-nano", "claude-sonnet-4-5-20250929"]
    assert asked(server)[1][1] == 0


def test_configurable_model_with_defaults(server: Server) -> None:
    first_model = runtime.configurable_with_defaults()
    runtime.configurable_with_prefix(first_model)
    assert asked(server) == [("gpt-4.1-mini", 0, None), ("claude-sonnet-4-5-20250929", 0.5, 100)]


def test_declarative_operations(server: Server) -> None:
    model_with_tools = runtime.declarative_operations()
    runtime.declarative_operations_with_claude(model_with_tools)
    assert [len(seen.body["tools"]) for seen in server.requests] == [2, 2]
    for name in ("gpt-4.1-mini", "claude-sonnet-4-5-20250929"):
        calls = model_with_tools.invoke("what's bigger in 2024 LA or NYC", {"configurable": {"model": name}}).tool_calls
        assert [call["args"] for call in calls if call["name"] == "GetPopulation"] == [
            {"location": "Los Angeles, CA"},
            {"location": "New York, NY"},
        ]
        assert all(call.keys() == {"name", "args", "id", "type"} for call in calls)
        assert all(call["id"].startswith("toolu_" if "claude" in name else "call_") for call in calls)

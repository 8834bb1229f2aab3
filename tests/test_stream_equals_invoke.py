"""The sum of a stream is the answer of `invoke`, for every wire format, however the server cuts its pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.simulator import Reply, simulated_environment

if TYPE_CHECKING:
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

MODELS: dict[str, dict[str, Any]] = {
    "openai:gpt-4.1": {},
    "openai:gpt-5": {"use_responses_api": True, "reasoning": {"summary": "auto"}},
    "azure_openai:gpt-4.1": {},
    "deepseek:deepseek-reasoner": {},
    "anthropic:claude-sonnet-4-5": {},
    "google_genai:gemini-2.5-flash": {},
    "bedrock_converse:anthropic.claude-sonnet-4-5-20250929-v1:0": {},
    "bedrock:anthropic.claude-sonnet-4-5-20250929-v1:0": {},
    "ollama:qwen3": {},
    "mistralai:mistral-small": {},
    "cohere:command-a": {},
    "huggingface:microsoft/Phi-3-mini-4k-instruct": {},
}
ARGUMENTS = {"text": 'Grüße, "Welt" \\ \n😀', "numbers": [1, -2.5, None, True], "deep": {"a": {"b": []}}, "": ""}
REPLIES = {
    "text": Reply("Parrots talk: “Grüße!” 😀\n\n- and  spaces "),
    "reasoning": Reply("Because.", reasoning="Let me think. ✓"),
    "calls": Reply("I look.", tool_calls=[("write", ARGUMENTS), ("write", {}), ("write", ARGUMENTS)]),
    "one call": Reply(tool_calls=[("write", ARGUMENTS)]),
    "cut": Reply("one two three four five six", finish="length"),
}
_OF_THE_REQUEST = {"request_id", "created", "id", "created_at", "total_duration", "sequence_number"}
"""What differs between two requests, or exists in streams only."""


def write(text: str) -> str:
    """Write a text."""
    return text


def about(message: AIMessage) -> dict[str, Any]:
    return {name: value for name, value in message.response_metadata.items() if name not in _OF_THE_REQUEST}


def unnamed(blocks: Any) -> list[dict[str, Any]]:
    """Blocks without the ids that chatkit makes up for calls that have none on the wire."""
    return [{key: value for key, value in block.items() if "_gemini_" not in str(value) or key != "id"} for block in blocks]


def asked(model: ChatModel, prompt: str = "Go on") -> tuple[AIMessage, AIMessage]:
    return model.invoke(prompt), sum(model.stream(prompt))  # type: ignore[return-value]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", REPLIES)
def test_message_usage_and_metadata_are_equal(name: str, kind: str) -> None:
    reply = REPLIES[kind]
    with simulated_environment(lambda question: reply):
        whole, streamed = asked(init_chat_model(name, **MODELS[name]).bind_tools([write]))
    assert unnamed(streamed.content_blocks) == unnamed(whole.content_blocks)
    assert (streamed.text, unnamed(streamed.tool_calls)) == (whole.text, unnamed(whole.tool_calls))
    assert streamed.usage_metadata == whole.usage_metadata
    assert about(streamed) == about(whole)
    assert whole.usage_metadata is not None
    assert whole.text == ("" if "cohere" in name and kind == "calls" else reply.text), "Cohere plans where others speak"


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("piece", [1, 2, 3, 5, 11])
def test_any_cut_of_the_arguments_gives_the_same_calls(name: str, piece: int) -> None:
    reply = Reply(tool_calls=[("write", ARGUMENTS), ("write", {}), ("write", {"text": "x" * 50})], piece=piece)
    with simulated_environment(lambda question: reply):
        full = None
        for chunk in init_chat_model(name, **MODELS[name]).bind_tools([write]).stream("Go on"):
            full = chunk if full is None else full + chunk
            assert all(call["args"].keys() <= ARGUMENTS.keys() for call in full.tool_calls)
    assert full is not None
    assert [call["args"] for call in full.tool_calls] == [ARGUMENTS, {}, {"text": "x" * 50}]
    assert full.invalid_tool_calls == []
    assert len({call["id"] for call in full.tool_calls}) == 3

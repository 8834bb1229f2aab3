"""Answers in their providers' own words, as LangChain stores them: what they say, and how they go back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from chatkit.messages import AIMessage, HumanMessage, ToolMessage, convert_to_messages, messages_from_dict
from chatkit.messages.foreign import standard_block
from chatkit_anthropic import ChatAnthropic
from chatkit_aws import ChatBedrockConverse
from chatkit_ollama import ChatOllama
from chatkit_openai import ChatOpenAI
from tests.providers.codec_case import sent

ARGS = '{"city": "Rome"}'
CALL: dict[str, Any] = {"type": "tool_call", "name": "look", "args": {"city": "Rome"}, "id": "call_1"}
CITED: dict[str, Any] = {"type": "web_search_result_location", "url": "https://example.com", "title": "T", "cited_text": "c"}
SEARCH: dict[str, Any] = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "q"}}
FOUND: dict[str, Any] = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}

CLAUDE: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm", "signature": "s", "index": 0},
    {**SEARCH, "input": {}, "partial_json": '{"query": "q"}', "index": 1},
    {**FOUND, "index": 2},
    {"type": "text", "text": "Found.", "citations": [CITED], "index": 3},
    {"type": "tool_use", "id": "call_1", "name": "look", "input": {}, "partial_json": ARGS, "index": 4, "toolset_name": None},
]
OPENAI: list[dict[str, Any]] = [
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "hm"}],
        "encrypted_content": "e",
        "index": 0,
    },
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}, "index": 3},
    {"type": "text", "text": "Let me look.", "annotations": [], "id": "msg_1", "index": 1},
    {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": ARGS, "index": 2},
]
BEDROCK: list[dict[str, Any]] = [
    {"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "s"}, "index": 0},
    {"type": "reasoning_content", "reasoning_content": {"redacted_content": "cg=="}, "index": 1},
    {"type": "tool_use", "id": "call_1", "name": "look", "input": ARGS, "index": 2},
]


def stored(content: list[dict[str, Any]], kind: str, **metadata: Any) -> dict[str, Any]:
    """An answer as LangChain's `messages_to_dict` has it; the sum of a stream is an AIMessageChunk there."""
    pieces = [{"type": "tool_call_chunk", "name": "look", "args": ARGS, "id": "call_1", "index": content[-1]["index"]}]
    data = {"content": content, "tool_calls": [CALL], "response_metadata": metadata, "type": kind}
    return {
        "type": kind,
        "data": {**data, "tool_call_chunks": pieces, "chunk_position": "last"} if kind == "AIMessageChunk" else data,
    }


def goes_on(model: Any, answer: dict[str, Any]) -> dict[str, Any]:
    """What a model sends when it goes on after an answer."""
    history = messages_from_dict([answer])
    return sent(model, [HumanMessage("Where?"), *history, ToolMessage("there", tool_call_id="call_1")])


KINDS = pytest.mark.parametrize("kind", ["ai", "AIMessageChunk"])


@KINDS
def test_an_answer_of_claude(kind: str) -> None:
    body = goes_on(ChatAnthropic("m", api_key="k"), stored(CLAUDE, kind, model_provider="anthropic"))
    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        SEARCH,
        FOUND,
        {"type": "text", "text": "Found.", "citations": [CITED]},
        {"type": "tool_use", "id": "call_1", "name": "look", "input": {"city": "Rome"}},
    ]


@KINDS
def test_an_answer_of_the_responses_api(kind: str) -> None:
    answer = stored(OPENAI, kind, model_provider="openai", object="response")
    text: dict[str, Any] = {"type": "output_text", "text": "Let me look.", "annotations": []}
    body = goes_on(ChatOpenAI("m", api_key="k", use_responses_api=True), answer)
    assert body["input"][1:5] == [
        {"type": "reasoning", "id": "rs_1", "summary": OPENAI[0]["summary"], "encrypted_content": "e"},
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "q"}},
        {"type": "message", "role": "assistant", "status": "completed", "id": "msg_1", "content": [text]},
        {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": ARGS, "status": "completed"},
    ]


@KINDS
def test_a_search_in_standard_blocks(kind: str) -> None:
    action = {"type": "search", "query": "q"}
    content: list[dict[str, Any]] = [
        {"type": "server_tool_call", "name": "web_search", "id": "ws_1", "args": action, "index": "lc_wsc_0"},
        {"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success", "index": "lc_wsr_1"},
        {**CALL, "index": "lc_tc_2"},
    ]
    answer = stored(content, kind, model_provider="openai", object="response", output_version="v1")
    body = goes_on(ChatOpenAI("m", api_key="k", use_responses_api=True), answer)
    assert body["input"][1] == {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": action}
    assert [item["type"] for item in body["input"][2:]] == ["function_call", "function_call_output"]


@KINDS
def test_reasoning_beside_the_content(kind: str) -> None:
    data = {"content": "Fine.", "type": kind, "additional_kwargs": {"reasoning_content": "hm"}}
    body = goes_on(ChatOllama("m"), {"type": kind, "data": {**data, "response_metadata": {"model_provider": "ollama"}}})
    assert body["messages"][1] == {"role": "assistant", "content": "Fine.", "thinking": "hm"}


@KINDS
def test_an_answer_of_bedrock(kind: str) -> None:
    model = ChatBedrockConverse("anthropic.claude-sonnet-4-6", api_key="k", region_name="us-east-1")
    body = goes_on(model, stored(BEDROCK, kind, model_provider="bedrock_converse"))
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "cg=="}},
        {"toolUse": {"toolUseId": "call_1", "name": "look", "input": {"city": "Rome"}}},
    ]


@KINDS
@pytest.mark.parametrize("content", [CLAUDE, OPENAI, BEDROCK], ids=["claude", "openai", "bedrock"])
def test_what_an_answer_says(content: list[dict[str, Any]], kind: str) -> None:
    (message,) = messages_from_dict([stored(content, kind)])
    assert isinstance(message, AIMessage)
    assert message.tool_calls == [CALL]
    blocks = message.content_blocks
    assert [block["reasoning"] for block in blocks if block["type"] == "reasoning"] == ["hm"]
    assert [block["id"] for block in blocks if block["type"] == "tool_call"] == ["call_1"]


def test_a_chunk_without_position_is_whole() -> None:
    """LangChain before 1.0 knew none, and its message objects are given as they are."""
    answer = stored(CLAUDE, "AIMessageChunk", model_provider="anthropic")
    del answer["data"]["chunk_position"]
    theirs = SimpleNamespace(**answer["data"])
    model = ChatAnthropic("m", api_key="k")
    history = convert_to_messages(["Where?", theirs, ToolMessage("there", tool_call_id="call_1")])
    for body in (goes_on(model, answer), sent(model, history)):
        assert body["messages"][1]["content"][-1] == {"type": "tool_use", "id": "call_1", "name": "look", "input": CALL["args"]}


def test_encrypted_reasoning_beside_the_text() -> None:
    block = {"type": "reasoning", "reasoning": "hm", "id": "rs_1", "encrypted_content": "e", "extras": {"status": "completed"}}
    extras = {"status": "completed", "encrypted_content": "e"}
    assert standard_block(block) == {"type": "reasoning", "reasoning": "hm", "id": "rs_1", "extras": extras}


def test_calls_that_are_items() -> None:
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "sql", "input": "SELECT 1"}
    extras = {"type": "custom", "item_id": "ctc_1"}
    assert standard_block(item) == {**CALL, "name": "sql", "args": {"__arg1": "SELECT 1"}, "extras": extras}
    broken = standard_block({"type": "function_call", "call_id": "call_1", "name": "look", "arguments": '{"ci'})
    assert broken == {"type": "invalid_tool_call", "name": "look", "args": '{"ci', "id": "call_1", "error": "not JSON"}


def test_what_is_standard_stays_as_it_is() -> None:
    for block in ({"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Hi", "id": "lc_1"}):
        assert standard_block(block) is block

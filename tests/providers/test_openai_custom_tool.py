"""Free-form tools (spec S161)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatkit.simulator import simulated_environment
from chatkit.tools import StructuredTool, run_tools_sync, tool
from chatkit_openai import ChatOpenAI, custom_tool

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator import Server

GRAMMAR = {"type": "grammar", "syntax": "regex", "definition": "[0-9]+"}


@custom_tool
def shout(text: str) -> str:
    """Shout."""
    return text.upper()


@custom_tool(format=GRAMMAR)
async def whisper(text: str) -> str:
    """Whisper."""
    return text.lower()


@tool(extras={"type": "custom"})
def repeat(words: str) -> str:
    """Repeat."""
    return words * 2


@pytest.fixture
def server() -> Iterator[Server]:
    with simulated_environment() as server:
        yield server


@pytest.mark.parametrize(("which", "said"), [(shout, "SHOUT"), (whisper, "whisper"), (repeat, "repeatrepeat")])
def test_a_free_text_comes_and_its_result_goes_back(server: Server, which: StructuredTool, said: str) -> None:
    run = run_tools_sync(ChatOpenAI("gpt-5"), which.name, [which])
    asked, again = (request.body for request in server.requests)
    [declared] = asked["tools"]
    assert (declared["type"], declared["name"], "parameters" in declared) == ("custom", which.name, False)
    assert declared.get("format") == (GRAMMAR if which is whisper else None)
    assert run.messages[2].content == said
    assert [item.get("type") for item in again["input"][1:]] == ["custom_tool_call", "custom_tool_call_output"]
    assert again["input"][-1]["output"] == said


def test_a_conversation_of_dicts_keeps_free_form_calls(server: Server) -> None:
    free = {"id": "call_1", "type": "custom", "custom": {"name": "shout", "input": "a"}}
    function = {"id": "call_2", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    conversation = [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "Well:", "tool_calls": [free, function]},
        {"role": "tool", "tool_call_id": "call_1", "content": "A"},
        {"role": "tool", "tool_call_id": "call_2", "content": "2"},
    ]
    ChatOpenAI("gpt-5").bind_tools([shout], tool_choice="none").bind(use_responses_api=False).invoke(conversation)
    assert server.requests[-1].body["messages"] == conversation

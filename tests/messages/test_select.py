"""Choosing and joining messages."""

from __future__ import annotations

import time

import pytest

from chatkit.messages import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    filter_messages,
    merge_message_runs,
    message_chunk_to_message,
)

CALLS = [{"name": "look", "args": {"at": "a"}, "id": "1"}, {"name": "look", "args": {"at": "b"}, "id": "2"}]
TALK = [
    SystemMessage("Be nice."),
    HumanMessage("Hi", name="ann", id="h1"),
    AIMessage("", tool_calls=CALLS, id="a1"),
    ToolMessage("A", tool_call_id="1"),
    ToolMessage("B", tool_call_id="2"),
    AIMessage("Done.", id="a2"),
]


def kinds(messages: list) -> list[str]:
    return [message.type for message in messages]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, ["system", "human", "ai", "tool", "tool", "ai"]),
        ({"include_types": ["human", "ai"]}, ["human", "ai", "ai"]),
        ({"include_types": "ai"}, ["ai", "ai"]),
        ({"include_types": [SystemMessage], "include_names": ["ann"]}, ["system", "human"]),
        ({"include_types": ["ai"], "exclude_ids": ["a2"]}, ["ai"]),
        ({"exclude_names": ["ann"], "exclude_types": ToolMessage}, ["system", "ai", "ai"]),
        ({"exclude_tool_calls": True}, ["system", "human", "ai"]),
        ({"exclude_tool_calls": ["1", "2"]}, ["system", "human", "ai"]),
    ],
)
def test_messages_are_chosen(options: dict, left: list[str]) -> None:
    assert kinds(filter_messages(TALK, **options)) == left


def test_one_call_is_left_out_with_its_result_and_its_block() -> None:
    block = {"type": "tool_use", "id": "1", "name": "look", "input": {}}
    message = AIMessage([{"type": "text", "text": "Let me see"}, block], tool_calls=CALLS)
    answer, result = filter_messages([message, *TALK[3:5]], exclude_tool_calls=["1"])
    assert [call["id"] for call in answer.tool_calls] == ["2"]
    assert answer.content == [{"type": "text", "text": "Let me see"}]
    assert result.tool_call_id == "2"
    assert message.tool_calls[0]["id"] == "1", "the input stays as it was"


def test_runs_are_joined() -> None:
    merged = merge_message_runs(
        [
            HumanMessage("one", id="x", name="ann"),
            HumanMessage("two", name="ann"),
            HumanMessage([{"type": "image", "url": "https://example.com/a.png"}], name="ann"),
            AIMessage("a", tool_calls=CALLS[:1], usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
            AIMessage(
                "", tool_calls=CALLS[1:], usage_metadata={"input_tokens": 4, "output_tokens": 5, "total_tokens": 9}, id="y"
            ),
            ToolMessage("A", tool_call_id="1"),
            ToolMessage("B", tool_call_id="2"),
        ]
    )
    assert kinds(merged) == ["human", "ai", "tool", "tool"]
    assert merged[0] == HumanMessage(["one\ntwo", {"type": "image", "url": "https://example.com/a.png"}], id="x", name="ann")
    assert (merged[1].content, [call["id"] for call in merged[1].tool_calls], merged[1].id) == ("a", ["1", "2"], "y")
    assert merged[1].usage_metadata == {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}


def test_the_name_goes_when_speakers_differ_and_the_separator_can_be_chosen() -> None:
    (merged,) = merge_message_runs([HumanMessage("a", name="ann"), HumanMessage("b", name="bob")], chunk_separator=" / ")
    assert merged == HumanMessage("a / b")


def test_developer_and_system_messages_are_different_roles() -> None:
    assert len(merge_message_runs([("system", "a"), ("developer", "b"), ("system", "c")])) == 3


def test_joining_is_linear() -> None:
    def seconds(n: int) -> float:
        messages = [HumanMessage("x" * 20) for _ in range(n)]
        start = time.process_time()
        (merged,) = merge_message_runs(messages)
        assert len(merged.content) == n * 21 - 1
        return time.process_time() - start

    seconds(100)
    assert seconds(20_000) < 60 * max(seconds(1000), 0.001)


def test_chunks_become_messages() -> None:
    chunk = AIMessageChunk("Hi", chunk_position="last")
    assert type(message_chunk_to_message(chunk)) is AIMessage
    assert message_chunk_to_message(TALK[0]) is TALK[0]
    assert merge_message_runs([chunk, AIMessage("you")]) == [AIMessage("Hi\nyou")]


def test_an_empty_conversation() -> None:
    assert filter_messages([]) == merge_message_runs([]) == []

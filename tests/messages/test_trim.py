"""Bringing conversations within a number of tokens."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import InputError, InputTypeError
from chatkit.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage, trim_messages

TALK = [
    SystemMessage("Be brief."),
    HumanMessage("One?"),
    AIMessage("1"),
    HumanMessage("Two?"),
    AIMessage("", tool_calls=[{"name": "count", "args": {}, "id": "c"}]),
    ToolMessage("2", tool_call_id="c"),
    AIMessage("2"),
]


def characters(messages: list[BaseMessage]) -> int:
    return sum(len(message.text) for message in messages)


def ten_each(messages: list[BaseMessage]) -> int:
    return 10 * len(messages)


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({"max_tokens": 100}, TALK),
        ({"max_tokens": 3}, TALK[-3:]),
        ({"max_tokens": 3, "start_on": "human"}, []),
        ({"max_tokens": 4, "start_on": "human"}, TALK[3:]),
        ({"max_tokens": 5, "start_on": "human", "include_system": True}, [TALK[0], *TALK[3:]]),
        ({"max_tokens": 4, "end_on": ("human", "tool")}, TALK[2:6]),
        ({"max_tokens": 3, "strategy": "first"}, TALK[:3]),
        ({"max_tokens": 5, "strategy": "first", "end_on": HumanMessage}, TALK[:4]),
        ({"max_tokens": 0}, []),
        ({"max_tokens": 0, "include_system": True}, TALK[:1]),
    ],
)
def test_whole_messages(options: dict[str, Any], left: list[BaseMessage]) -> None:
    assert trim_messages(TALK, token_counter=len, **options) == left


def test_a_message_is_cut_at_lines() -> None:
    talk = [HumanMessage("first\nsecond\nthird"), AIMessage("ok")]
    cut = {"token_counter": characters, "allow_partial": True}
    assert trim_messages(talk, max_tokens=9, **cut) == [HumanMessage("third"), AIMessage("ok")]
    assert trim_messages(talk, max_tokens=15, **cut) == [HumanMessage("second\nthird"), AIMessage("ok")]
    assert trim_messages(talk, max_tokens=13, strategy="first", **cut) == [HumanMessage("first\nsecond\n")]
    assert trim_messages(talk, max_tokens=5, strategy="first", text_splitter=list, **cut) == [HumanMessage("first")]


def test_blocks_go_before_text_is_cut() -> None:
    blocks = [
        {"type": "text", "text": "one"},
        {"type": "image", "url": "https://example.com/a.png"},
        {"type": "text", "text": "two"},
    ]

    def each_block(messages: list[BaseMessage]) -> int:
        return sum(len(message.content_blocks) for message in messages)

    cut = {"token_counter": each_block, "allow_partial": True}
    assert trim_messages([HumanMessage(blocks)], max_tokens=2, **cut) == [HumanMessage(blocks[1:])]
    assert trim_messages([HumanMessage(blocks)], max_tokens=2, strategy="first", **cut) == [HumanMessage(blocks[:2])]


def test_counters() -> None:
    def one(message: BaseMessage) -> int:
        return len(message.text)

    class Model:
        def get_num_tokens_from_messages(self, messages: list[BaseMessage]) -> int:
            return ten_each(messages)

    assert trim_messages(TALK, max_tokens=2, token_counter=one) == TALK[4:]
    assert trim_messages(TALK, max_tokens=20, token_counter=Model()) == TALK[-2:]
    assert trim_messages(TALK, max_tokens=20, token_counter="approximate") == trim_messages(TALK, max_tokens=20)
    with pytest.raises(InputTypeError, match="token_counter must be a model"):
        trim_messages(TALK, max_tokens=1, token_counter=3)


@pytest.mark.parametrize("wrong", [{"start_on": "human"}, {"include_system": True}, {"strategy": "middle"}])
def test_options_that_do_not_go_together(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        trim_messages(TALK, max_tokens=1, **{"strategy": "first", **wrong})


texts = st.text("ab \n", max_size=30)
talks = st.lists(st.one_of(texts.map(HumanMessage), texts.map(AIMessage), texts.map(SystemMessage)), max_size=8)


@given(talks, st.integers(0, 120), st.sampled_from(["first", "last"]), st.booleans())
def test_the_rest_fits_and_nothing_more_would(talk: list[BaseMessage], room: int, strategy: Any, partial: bool) -> None:
    def count(messages: list[BaseMessage]) -> int:
        return sum(len(message.text) + 2 for message in messages)

    kept = trim_messages(talk, max_tokens=room, token_counter=count, strategy=strategy, allow_partial=partial)
    assert count(kept) <= room
    whole = trim_messages(talk, max_tokens=room, token_counter=count, strategy=strategy)
    assert whole == (talk[len(talk) - len(whole) :] if strategy == "last" else talk[: len(whole)])
    if len(whole) < len(talk):
        longer = talk[len(talk) - len(whole) - 1 :] if strategy == "last" else talk[: len(whole) + 1]
        assert count(longer) > room

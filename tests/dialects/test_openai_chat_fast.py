"""The fast way of plain deltas says what the complete way says, in any order of chunks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatkit.dialects.openai_chat import ChatParser
from chatkit.events import Event, Finish, ReasoningDelta, TextDelta, ToolCallChunk
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from tests.dialects.openai_chat_case import chunk, finish, sse, tool_piece

DETAIL = {"type": "reasoning.text", "format": "x", "index": 0}
SAFE = {"content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
CHUNKS: list[dict[str, Any]] = [
    chunk({"content": "a[1]"}),
    chunk({"content": "b", "role": "assistant", "refusal": None, "reasoning": "", "reasoning_details": [], "tool_calls": None}),
    chunk({"content": ""}),
    chunk({"content": "c", "reasoning": "and why"}),
    chunk({"content": "d"}, choice={"logprobs": {"content": [{"token": "d", "logprob": -1.0}], "refusal": None}}),
    chunk({"content": "e"}, choice={"logprobs": {"content": None, "refusal": None}}),
    chunk({"content": "f"}, choice=SAFE),
    chunk({"content": "g"}, choice={"index": 1}),
    chunk({"content": "h"}, usage={"prompt_tokens": 3, "completion_tokens": 2}),
    chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "m"}]}]}),
    chunk({"content": [{"type": "text", "text": "n"}, {"type": "reference", "reference_ids": [1]}]}),
    chunk({"content": "o"}, citations=["https://a.example"]),
    chunk({"refusal": "no"}),
    chunk({"reasoning_content": "r"}),
    chunk({"reasoning_content": "s", "content": None, "reasoning": "s"}),
    chunk({"reasoning": "t", "content": ""}),
    chunk({"reasoning": "u", "reasoning_details": [{**DETAIL, "text": "u"}]}),
    chunk({"reasoning": "v", "reasoning_details": [{**DETAIL, "text": "v", "id": "rs_1"}]}),
    chunk({"reasoning_details": [{**DETAIL, "text": "", "signature": "sig"}]}),
    chunk({"reasoning_details": [{**DETAIL, "type": "reasoning.summary", "summary": "w", "index": 1}]}),
    chunk({"reasoning_details": [{"type": "reasoning.encrypted", "data": "AB", "index": 2}]}),
    tool_piece(0, "", id="call_1", name="f"),
    tool_piece(0, '{"a":'),
    tool_piece(0, "1}", id="call_1", type="function"),
    tool_piece(1, "{}", id="call_2", name="g"),
    tool_piece(None, "{}", name="h"),
    chunk({"tool_calls": [{"index": 3, "id": "call_3", "type": "custom", "custom": {"name": "sql", "input": "SEL"}}]}),
    chunk({"executed_tools": [{"index": 0, "type": "search", "arguments": "{}", "output": "x"}]}),
    finish("stop"),
]


class CompleteParser(ChatParser):
    """Never takes the fast way."""

    def _choose(self, events: list[Event]) -> None:
        pass


def said(parser: ChatParser, body: bytes) -> Any:
    message = message_of_fold(Fold().feed_all([*parser.feed(body), *parser.close()]))
    return message.content_blocks, message.usage_metadata, message.response_metadata


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(CHUNKS), max_size=14))
@example([*map(tool_piece, (0, 1, 0, 0), ('{"a":', "", "1", "2")), tool_piece(None, "}")])
def test_fast_and_complete_say_the_same(chunks: list[dict[str, Any]]) -> None:
    body = sse(*chunks)
    fast, complete = said(ChatParser(), body), said(CompleteParser(), body)
    if any("content_filter_results" in choice for item in chunks for choice in item["choices"]):
        for one in (fast, complete):  # harmless results are not kept from every chunk
            one[2].pop("content_filter_results", None)
    assert fast == complete


@pytest.mark.parametrize(
    ("delta", "kind"),
    [
        ({"content": "a"}, TextDelta),
        ({"reasoning_content": "a"}, ReasoningDelta),
        ({"reasoning": "a"}, ReasoningDelta),
        ({"reasoning": "a", "reasoning_details": [{**DETAIL, "text": "a"}]}, ReasoningDelta),
    ],
)
def test_plain_deltas_take_the_fast_way(delta: dict[str, Any], kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = ChatParser()
    assert [type(event) for event in parser.feed(sse(chunk(delta), done=False))][1:] == [kind]
    monkeypatch.setattr(parser, "_slow", None)
    assert [type(event) for event in parser.feed(sse(chunk(delta), chunk(delta), done=False))] == [kind, kind]


def test_pieces_of_arguments_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = ChatParser()
    parser.feed(sse(tool_piece(4, "", id="call_1", name="f"), done=False))
    monkeypatch.setattr(parser, "_slow", None)
    assert parser.feed(sse(tool_piece(4, "{}"), done=False)) == [ToolCallChunk("{}", 4)]


def test_a_finish_is_never_missed() -> None:
    events = ChatParser().feed(sse(chunk({"content": "a"}), chunk({"content": "b"}, choice={"finish_reason": "stop"})))
    assert events[2:4] == [TextDelta("b", 0), Finish("stop")]

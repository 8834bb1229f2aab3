"""Messages are plain values: through JSON, pickle and copy they come back equal."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.jsons import decode, encode
from chatkit.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

words = st.text(st.characters(blacklist_categories=["Cs"]), max_size=12)
names = st.text("abc_", min_size=1, max_size=6)
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | words
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
objects = st.dictionaries(names, values, max_size=3)
calls = st.fixed_dictionaries({"name": names, "args": objects, "id": names, "type": st.just("tool_call")})
bad_calls = st.fixed_dictionaries(
    {"type": st.just("invalid_tool_call"), "name": names, "args": words, "id": names, "error": st.just("not JSON")}
)
usages = st.builds(
    lambda i, o, r: {"input_tokens": i, "output_tokens": o, "total_tokens": i + o, "output_token_details": {"reasoning": r}},
    *[st.integers(0, 10**9)] * 3,
)
blocks = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": words}),
    st.fixed_dictionaries({"type": st.just("reasoning"), "reasoning": words, "extras": objects}),
    st.fixed_dictionaries({"type": st.just("image"), "base64": st.just("aGk="), "mime_type": st.just("image/png")}),
    st.fixed_dictionaries({"type": st.just("non_standard"), "value": objects}),
    st.fixed_dictionaries(
        {"type": st.just("text"), "text": words, "annotations": st.lists(st.just({"type": "citation", "url": "u"}), max_size=2)}
    ),
)
contents = words | st.lists(words | blocks, max_size=4)
common = {"name": st.none() | names, "id": st.none() | names, "additional_kwargs": objects, "response_metadata": objects}
ai_fields = {
    **common,
    "tool_calls": st.lists(calls, max_size=3),
    "invalid_tool_calls": st.lists(bad_calls, max_size=2),
    "usage_metadata": st.none() | usages,
}
messages = st.one_of(
    st.builds(HumanMessage, contents, **common),
    st.builds(SystemMessage, contents, **common),
    st.builds(AIMessage, contents, **ai_fields),
    st.builds(ToolMessage, contents, tool_call_id=names, artifact=values, status=st.sampled_from(["success", "error"]), **common),
)


@given(messages)
def test_json(message: BaseMessage) -> None:
    wire = encode(message.model_dump())
    assert decode(wire) == json.loads(wire)
    assert messages_from_dict([decode(wire)]) == [message]
    assert messages_from_dict(decode(encode(messages_to_dict([message])))) == [message]


@given(messages)
def test_pickle_and_copies(message: BaseMessage) -> None:
    for again in (pickle.loads(pickle.dumps(message)), copy.copy(message), copy.deepcopy(message), message.model_copy()):
        assert again == message
        assert type(again) is type(message)
        assert again.content_blocks == message.content_blocks


@given(messages)
def test_messages_print_their_content(message: BaseMessage) -> None:
    assert repr(message).startswith(f"{type(message).__name__}(content={message.content!r}")
    assert message != "x"
    assert message.text == message.model_copy(update={"id": "other"}).text


pieces = st.one_of(
    words.map(AIMessageChunk),
    st.builds(
        lambda args: AIMessageChunk(tool_call_chunks=[{"name": "f", "args": args, "id": "1", "index": 0}]),
        words,
    ),
    st.builds(AIMessageChunk, words, name=names, id=names, additional_kwargs=objects, response_metadata=objects),
    st.builds(lambda usage: AIMessageChunk("", usage_metadata=usage, response_metadata={"finish_reason": "stop"}), usages),
)


@given(st.lists(pieces, min_size=1, max_size=6), st.booleans())
def test_chunks_and_their_sums(parts: list[AIMessageChunk], last: bool) -> None:
    total = sum([*parts, AIMessageChunk("", chunk_position="last")] if last else parts)
    for chunk in [*parts, total]:
        for again in (pickle.loads(pickle.dumps(chunk)), copy.deepcopy(chunk), copy.copy(chunk)):
            assert again == chunk
            assert again.content_blocks == chunk.content_blocks
        (from_json,) = messages_from_dict([decode(encode(chunk.model_dump()))])
        assert type(from_json) is AIMessageChunk
        assert (from_json.text, from_json.tool_calls, from_json.usage_metadata) == (
            chunk.text,
            chunk.tool_calls,
            chunk.usage_metadata,
        )
    assert (total + AIMessageChunk("!")).text == total.text + "!"


@pytest.mark.parametrize("message", [HumanMessage("a"), AIMessage("a"), ToolMessage("a", tool_call_id="1")])
def test_kinds_are_never_equal_to_each_other(message: Any) -> None:
    others = [HumanMessage("a"), SystemMessage("a"), AIMessage("a"), AIMessageChunk("a"), ToolMessage("a", tool_call_id="1")]
    assert [other for other in others if other == message] == [message]

"""Without messages, the helpers are steps of an application."""

from __future__ import annotations

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.messages import HumanMessage, filter_messages, merge_message_runs, trim_messages

TALK = [("user", "One"), ("ai", "1"), ("user", "Two"), ("user", "Three")]


@pytest.mark.anyio
async def test_helpers_before_a_model() -> None:
    model = init_chat_model("simulator:parrot", replies=lambda question: " | ".join(m.text for m in question.messages))
    last = trim_messages(max_tokens=2, token_counter=len) | model
    assert (await last.ainvoke(TALK)).text == "Two | Three"
    people = filter_messages(include_types="human") | merge_message_runs(chunk_separator="+") | model
    assert (await people.ainvoke(TALK)).text == "One+Two+Three"
    assert "".join([chunk.text async for chunk in people.astream(TALK)]) == "One+Two+Three"


def test_helpers_in_sync_code() -> None:
    step = merge_message_runs()
    assert step.invoke(["a", "b"]) == [HumanMessage("a\nb")]
    assert step.batch([["a"], ["b", "c"]]) == [[HumanMessage("a")], [HumanMessage("b\nc")]]

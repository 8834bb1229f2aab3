"""Invoke, Stream, Batch: what the snippets print (spec D10-D20)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.messages import AIMessage
from chatkit.simulator import Reply, simulated_environment
from tests.page import invocation

if TYPE_CHECKING:
    from chatkit.simulator import Server

FEATHERS = "Parrots have colorful feathers because of pigments"
ANSWERS = (FEATHERS, "Airplanes fly because", "Quantum computing uses qubits")


def test_single_message(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invocation.single_message(model)
    assert capsys.readouterr().out.startswith(f"AIMessage(content='{FEATHERS}")


@pytest.mark.parametrize("snippet", [invocation.dictionary_format, invocation.message_objects])
def test_a_conversation(model: Any, server: Server, capsys: pytest.CaptureFixture[str], snippet: Any) -> None:
    snippet(model)
    assert capsys.readouterr().out.startswith('AIMessage(content="J\'adore créer des applications."')
    assert [message["role"] for message in server.requests[-1].body["messages"]] == ["system", "user", "assistant", "user"]


def test_basic_text_streaming(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invocation.basic_text_streaming(model)
    pieces = capsys.readouterr().out.split("|")
    assert pieces[:3] == ["Parrots", " have", " colorful"]
    assert pieces[-2:] == ["", ""], "the last chunk has no text, so one more bar is printed, as with LangChain"


def test_stream_other_content(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invocation.stream_other_content(model)
    assert capsys.readouterr().out.startswith("The\n sky\n is\n typically\n blue\n")
    reply = Reply("It is blue.", reasoning="Light scatters.", tool_calls=[("look", {"at": "the sky"})])
    with simulated_environment(lambda question: reply):
        invocation.stream_other_content(init_chat_model("claude-sonnet-4-5"))
    out = capsys.readouterr().out
    assert out.startswith("Reasoning: Light\nReasoning:  scatters.\nIt\n is\n blue.\n")
    assert "Tool call chunk: {'type': 'tool_call_chunk', 'name': 'look', 'args': ''" in out


def test_construct_a_message(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    full = invocation.construct_a_message(model)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == ["The", "The sky", "The sky is", "The sky is typically", "The sky is typically blue"]
    assert lines[-1].startswith("[{'type': 'text', 'text': 'The sky is typically blue during the day")
    answer = model.invoke("What color is the sky?")
    assert isinstance(full, AIMessage)
    assert (full.text, full.usage_metadata, full.content_blocks) == (answer.text, answer.usage_metadata, answer.content_blocks)
    assert model.invoke([("user", "What color is the sky?"), full, ("user", "Thank you")]).text == "You are welcome!"


@pytest.mark.anyio
async def test_streaming_events(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    await invocation.streaming_events(model)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["Input: Hello", "Token: Hi", "Token:  there!"]
    assert lines[-1] == "Full message: Hi there! How can I help today?"
    assert "".join(line.removeprefix("Token: ") for line in lines[1:-1]) == "Hi there! How can I help today?"


def test_batch(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invocation.batch(model)
    lines = capsys.readouterr().out.splitlines()
    assert [line.startswith(f"AIMessage(content='{answer}") for line, answer in zip(lines, ANSWERS, strict=True)] == [True] * 3


def test_batch_as_completed(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    invocation.batch_as_completed(model)
    lines = sorted(capsys.readouterr().out.splitlines())
    starts = [f"({index}, AIMessage(content='{answer}" for index, answer in enumerate(ANSWERS)]
    assert [line.startswith(start) for line, start in zip(lines, starts, strict=True)] == [True] * 3


def test_batch_with_max_concurrency() -> None:
    with simulated_environment(first=0.02) as server:
        invocation.batch_with_max_concurrency(init_chat_model("gpt-4.1"), [f"question {n}" for n in range(20)])
        assert len(server.requests) == 20
        spans = [(request.at, request.ended_at or request.at) for request in server.requests]
    assert max(sum(begin <= start < end for begin, end in spans) for start, _ in spans) <= 5

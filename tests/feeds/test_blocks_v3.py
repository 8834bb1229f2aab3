"""`astream_events` version 3 as an object: readers, views, ends (spec N1-N4)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from chatkit.errors import OverloadedError
from chatkit.messages import AIMessage
from chatkit.simulator import Fault, Reply, SimulatedChatModel
from tests.callbacks.listener import Listener

pytestmark = pytest.mark.anyio

CALLS = Reply("See:", reasoning="I think so", tool_calls=[("get_weather", {"city": "Rome"}), ("get_time", {"city": "Oslo"})])


def model(*replies: Any, **settings: Any) -> SimulatedChatModel:
    return SimulatedChatModel("m", replies=list(replies) or (lambda _: "one two"), max_retries=0, **settings)


async def test_both_ways_to_get_it(anyio_backend: str) -> None:
    stream = await model().astream_events("x", version="v3")
    first = [event async for event in stream]
    second = [event async for event in model().astream_events("x", version="v3")]
    assert [event["event"] for event in first] == [event["event"] for event in second]
    message = await stream
    assert isinstance(message, AIMessage)
    assert message.content == [{"type": "text", "text": "one two"}]
    assert message.response_metadata["output_version"] == "v1"
    assert message.usage_metadata is not None
    assert message.id == stream.message_id == first[0]["id"]


async def test_nothing_happens_before_somebody_reads(anyio_backend: str) -> None:
    asked = model()
    stream = await asked.astream_events("x", version="v3")
    assert (len(asked.simulator.requests), stream.done, stream.message_id) == (0, False, None)
    assert await stream.text == "one two"
    assert (len(asked.simulator.requests), stream.done) == (1, True)


async def test_views_side_by_side(anyio_backend: str) -> None:
    stream = await model(CALLS, every=0.0005).astream_events("x", version="v3")
    seen: dict[str, list[Any]] = {"text": [], "reasoning": [], "tool_calls": [], "events": []}

    async def read(name: str, view: Any) -> None:
        seen[name] = [piece async for piece in view]

    async with anyio.create_task_group() as group:
        for name in ("text", "reasoning", "tool_calls"):
            group.start_soon(read, name, getattr(stream, name))
        group.start_soon(read, "events", stream)
    assert "".join(seen["text"]) == await stream.text == "See:"
    assert "".join(seen["reasoning"]) == await stream.reasoning == "I think so"
    calls = await stream.tool_calls
    assert [(call["name"], call["args"]) for call in calls] == [("get_weather", {"city": "Rome"}), ("get_time", {"city": "Oslo"})]
    for call in calls:
        pieces = [piece for piece in seen["tool_calls"] if piece["id"] == call["id"]]
        assert {piece["name"] for piece in pieces} == {call["name"]}
        assert "".join(piece["args"] for piece in pieces).replace(" ", "") == str(call["args"]).replace("'", '"').replace(" ", "")
    closed = [event["content"] for event in seen["events"] if event["event"] == "content-block-finish"]
    assert closed == (await stream.output).content


async def test_late_readers_see_everything(anyio_backend: str) -> None:
    stream = await model().astream_events("x", version="v3")
    async with stream:
        reader = aiter(stream)
        before = [await anext(reader) for _ in range(3)]
        late = [event async for event in stream]
        assert late[:3] == before
        assert [event async for event in reader] == late[3:]


async def test_leaving_one_reader_leaves_the_others_alone(anyio_backend: str) -> None:
    stream = await model().astream_events("x", version="v3")
    other = aiter(stream.text)
    assert await anext(other) == "one"
    async for _ in stream:
        break
    assert await anext(other) == " two"
    assert (await stream.output).text == "one two"


async def test_after_the_last_reader_left(anyio_backend: str) -> None:
    listener = Listener("on_llm_error", "on_llm_end")
    stream = await model().astream_events("x", {"callbacks": [listener]}, version="v3")
    async for _ in stream.text:
        break
    assert listener.hooks == ["on_llm_error"]
    message = await stream.output
    assert (message.text, message.response_metadata["interrupted"]) == ("one", True)
    assert [piece async for piece in stream.text] == ["one"]
    assert [event["event"] async for event in stream][-1] == "content-block-delta"


async def test_errors_are_told_and_raised_to_every_reader(anyio_backend: str) -> None:
    stream = await model(Reply("one two three", fault=Fault(error="after", after=2))).astream_events("x", version="v3")
    events: list[Any] = []
    with pytest.raises(OverloadedError) as caught:
        async for event in stream:
            events.append(event)
    assert [event["event"] for event in events][-2:] == ["content-block-delta", "error"]
    assert events[-1]["code"] == "server_is_overloaded"
    for view in (stream.text, stream.output, stream.tool_calls, stream):
        with pytest.raises(OverloadedError) as again:
            await view
        assert again.value is caught.value
    assert stream.done


async def test_a_cancelled_reader_ends_the_stream_for_all(anyio_backend: str) -> None:
    stream = await model(every=0.05).astream_events("x", version="v3")
    pieces: list[str] = []

    async def patient() -> None:
        await anyio.sleep(0.001)
        pieces.extend([piece async for piece in stream.text])

    async with anyio.create_task_group() as group:
        group.start_soon(patient)
        with anyio.move_on_after(0.02):
            await stream.output
    assert pieces == ["one"]


def test_for_sync_code() -> None:
    stream = model(CALLS).stream_events("x", version="v3")
    assert "".join(stream.text) == str(stream.text) == stream.text.get() == "See:"
    assert "".join(stream.reasoning) == "I think so"
    assert len(stream.tool_calls.get()) == 2
    assert [event["event"] for event in stream][-1] == "message-finish"
    assert stream.output.text == "See:"


def test_sync_errors_and_ends() -> None:
    with pytest.raises(OverloadedError):
        list(model(Reply("one two three", fault=Fault(error="after", after=2))).stream_events("x", version="v3"))
    asked = model(every=0.01)
    with asked.stream_events("x", version="v3") as stream:
        for piece in stream.text:
            assert piece == "one"
            break
    assert stream.output.response_metadata["interrupted"] is True


def test_the_stream_of_sync_code_tells_the_same() -> None:
    asked = model()
    stream = asked.stream_events("x", version="v3")
    assert (len(asked.simulator.requests), stream.done, stream.message_id) == (0, False, None)
    assert (list(stream.text), str(stream.text), stream.tool_calls.get()) == (["one", " two"], "one two", [])
    assert (stream.done, stream.message_id, stream.node, stream.namespace) == (True, stream.output.id, None, [])

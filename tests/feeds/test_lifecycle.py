"""Feeds: leaving in any way closes the request at once, and a paused reader stops the provider."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit.steps import runnable
from tests.net.origin import Origin, assert_at_once
from tests.toy import ToyModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.verbs import Runnable

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin(ticks=100_000) as server:
        yield server


def toy(origin: Origin) -> ToyModel:
    return ToyModel("m", base_url=origin.url, api_key="k", max_retries=0)


def step(origin: Origin) -> Runnable[Any]:
    """A step that calls the model inside with `ainvoke`: it streams because the feed listens."""

    @runnable
    async def ask(text: str) -> str:
        return (await toy(origin).ainvoke(text)).text

    return ask


def bare_v2(origin: Origin) -> Any:
    return toy(origin).astream_events("x")


def step_v2(origin: Origin) -> Any:
    return step(origin).astream_events("x")


def bare_v3(origin: Origin) -> Any:
    return toy(origin).astream_events("x", version="v3")


def thread_v2(origin: Origin) -> Any:
    return runnable(lambda text: toy(origin).invoke(text).text).astream_events("x")


def sequence_v2(origin: Origin) -> Any:
    return (runnable(lambda text: text) | toy(origin)).astream_events("x")


def fallback_v2(origin: Origin) -> Any:
    return toy(origin).with_fallbacks([toy(origin)]).astream_events("x")


def text_v3(origin: Origin) -> Any:
    return Lines(toy(origin).astream_events("x", version="v3"))


class Lines:
    """One view of a block stream, closed like the stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> Any:
        return aiter(self._stream.text)

    async def __aenter__(self) -> None:
        await self._stream.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        await self._stream.__aexit__(*error)


FEEDS = [bare_v2, step_v2, thread_v2, sequence_v2, fallback_v2, bare_v3, text_v3]


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.__name__)
async def test_break_closes_the_request(anyio_backend: str, origin: Origin, feed: Any) -> None:
    """Within 5 ms, with the collector off."""

    async def leave() -> float:
        count = 0
        async for _ in feed(origin):
            count += 1
            if count == 6:
                break
        return time.monotonic()

    gc.disable()
    try:
        await assert_at_once(origin, leave)
    finally:
        gc.enable()


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.__name__)
async def test_aclose_and_cancel_close_the_request(anyio_backend: str, origin: Origin, feed: Any) -> None:
    """Within 5 ms."""
    await assert_at_once(origin, lambda: _close(feed(origin)))
    await assert_at_once(origin, lambda: _cancel(feed(origin)))


async def _close(events: Any) -> float:
    async with events:
        iterator = aiter(events)
        for _ in range(8):  # past the starts, so that there is a request
            await anext(iterator)
        return time.monotonic()  # the moment before the block's end


async def _cancel(events: Any) -> float:
    with anyio.CancelScope() as scope:
        count = 0
        async for _ in events:
            count += 1
            if count == 8:
                left = time.monotonic()
                scope.cancel()
    return left


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.__name__)
async def test_a_paused_reader_stops_the_provider(anyio_backend: str, feed: Any) -> None:
    """Nothing is read ahead beyond a few events and the sockets' buffers."""
    with Origin(ticks=200_000, delay=0) as server:
        events = feed(server)
        async with events:
            iterator = aiter(events)
            for _ in range(5):
                await anext(iterator)
            before = -1
            with anyio.fail_after(10):
                while before != server.sent:
                    before = server.sent
                    await anyio.sleep(0.3)
            assert before < 150_000


async def test_every_view_of_v3_sees_everything(anyio_backend: str) -> None:
    with Origin(ticks=5, delay=0) as server:
        stream = await toy(server).astream_events("x", version="v3")
        pieces = [piece async for piece in stream.text]
        assert pieces == ["t0 ", "t1 ", "t2 ", "t3 ", "t4 "]
        assert await stream.text == "".join(pieces)
        kinds = [event["event"] async for event in stream]
        assert kinds == [
            "message-start",
            "content-block-start",
            *["content-block-delta"] * 5,
            "content-block-finish",
            "message-finish",
        ]
        assert (await stream.output).content == [{"type": "text", "text": "".join(pieces)}]


async def test_v2_of_a_bare_model(anyio_backend: str) -> None:
    with Origin(ticks=2, delay=0) as server:
        events = [event async for event in toy(server).astream_events("hello", {"tags": ["t"], "run_name": "mine"})]
    assert [event["event"] for event in events] == ["on_chat_model_start", *["on_chat_model_stream"] * 2, "on_chat_model_end"]
    assert events[0]["data"] == {"input": "hello"}
    assert events[-1]["data"]["output"].text == "t0 t1 "
    assert {event["run_id"] for event in events} == {events[0]["run_id"]}
    assert all(event["name"] == "mine" and event["tags"] == ["t"] and event["parent_ids"] == [] for event in events)


async def test_a_model_inside_a_step_is_seen_with_its_parents(anyio_backend: str) -> None:
    with Origin(ticks=2, delay=0) as server:
        events = [event async for event in step(server).astream_events("hello", {"tags": ["t"]})]
    names = [event["event"] for event in events]
    assert names[0] == "on_chain_start"
    assert names[-1] == "on_chain_end"
    inner = [event for event in events if event["event"] == "on_chat_model_stream"]
    assert [event["data"]["chunk"].text for event in inner] == ["t0 ", "t1 "]
    assert all(event["parent_ids"] == [events[0]["run_id"]] and event["tags"] == ["t"] for event in inner)


async def test_filters(anyio_backend: str) -> None:
    with Origin(ticks=2, delay=0) as server:
        only = [e["event"] async for e in step(server).astream_events("x", include_types=["chat_model"])]
        none = [e async for e in toy(server).astream_events("x", exclude_names=["ToyModel"])]
    assert {name.split("_")[1] for name in only} == {"chat"}
    assert none == []


@pytest.mark.parametrize("feed", [bare_v2, step_v2], ids=lambda feed: feed.__name__)
async def test_an_error_is_told_and_then_raised(anyio_backend: str, feed: Any) -> None:
    class Nowhere:
        url = "http://127.0.0.1:9/v1"

    told: list[str] = []
    with pytest.raises(Exception, match="connection failed"):
        async for event in feed(Nowhere()):
            told.append(event["event"])
    assert "on_chat_model_error" in told

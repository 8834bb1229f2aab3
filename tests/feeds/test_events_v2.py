"""`astream_events` version 2: shapes, order, filters, and what comes from threads (spec 1J, W12, W22)."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import anyio
import pytest

from chatkit.callbacks import adispatch_custom_event, dispatch_custom_event
from chatkit.errors import InputError, InputTypeError, OverloadedError
from chatkit.messages import AIMessage, AIMessageChunk, HumanMessage
from chatkit.simulator import Fault, Reply, SimulatedChatModel
from chatkit.steps import runnable
from chatkit.tools import tool
from tests.callbacks.listener import Listener

pytestmark = pytest.mark.anyio

KEYS = {"event", "name", "run_id", "parent_ids", "tags", "metadata", "data"}


def model(*replies: Any, **settings: Any) -> SimulatedChatModel:
    return SimulatedChatModel("parrot", replies=list(replies) or (lambda _: "one two"), max_retries=0, **settings)


async def gathered(feed: Any) -> list[dict[str, Any]]:
    return [event async for event in feed]


async def test_a_model_alone(anyio_backend: str) -> None:
    start, one, two, end = await gathered(model().astream_events("Hello"))
    assert set(start) == KEYS
    assert (start["event"], start["name"], start["data"], start["parent_ids"]) == (
        *("on_chat_model_start", "SimulatedChatModel"),
        *({"input": "Hello"}, []),
    )
    assert start["metadata"]["ls_model_name"] == "parrot"
    assert [event["data"]["chunk"].text for event in (one, two)] == ["one", " two"]
    output = end["data"]["output"]
    assert isinstance(output, AIMessageChunk)
    assert output.text == "one two"
    assert output.usage_metadata is not None
    assert output.chunk_position == "last"
    assert set(end["data"]) == {"output"}


async def test_the_root_keeps_its_raw_input(anyio_backend: str) -> None:
    given = [{"role": "user", "content": "hi"}]
    assert (await gathered(model().astream_events(given)))[0]["data"]["input"] is given
    assert (await gathered((model() | (lambda m: m.text)).astream_events(given)))[0]["data"]["input"] is given


async def test_a_model_that_does_not_stream_gives_one_piece(anyio_backend: str) -> None:
    events = await gathered(model(disable_streaming=True).astream_events("x"))
    assert [event["event"].rpartition("_")[2] for event in events] == ["start", "stream", "end"]


@tool
def shout(text: str) -> str:
    """Shout."""
    dispatch_custom_event("heard", {"text": text})
    return text.upper()


@runnable
async def application(text: str) -> str:
    await adispatch_custom_event("begun", 1)
    message = await model().ainvoke(text)
    return await shout.ainvoke({"text": message.text})


async def test_a_step_with_everything_inside(anyio_backend: str) -> None:
    events = await gathered(application.astream_events("hi", {"tags": ["t"], "metadata": {"user": "ann"}}))
    assert [event["event"] for event in events] == [
        *("on_chain_start", "on_custom_event"),
        *("on_chat_model_start", "on_chat_model_stream", "on_chat_model_stream", "on_chat_model_end"),
        *("on_tool_start", "on_custom_event", "on_tool_end"),
        *("on_chain_stream", "on_chain_end"),
    ]
    root, begun, asked, *_, answered, used, heard, done, piece, end = events
    inside = [event for event in events if event["run_id"] != root["run_id"]]
    assert all(event["parent_ids"] == [root["run_id"]] for event in inside)
    assert all(set(event) == KEYS and event["tags"] == ["t"] and event["metadata"]["user"] == "ann" for event in events)
    assert (begun["name"], begun["data"], begun["run_id"]) == ("begun", 1, root["run_id"])
    assert asked["data"] == {"input": {"messages": [[HumanMessage("hi")]]}}
    assert answered["data"]["input"] == asked["data"]["input"]
    assert type(answered["data"]["output"]) is AIMessage
    assert used["data"] == {"input": {"text": "one two"}}
    assert (heard["name"], heard["run_id"]) == ("heard", used["run_id"])
    assert done["data"] == {"output": "ONE TWO", "input": {"text": "one two"}}
    assert (piece["data"], end["data"]) == ({"chunk": "ONE TWO"}, {"output": "ONE TWO"})


async def test_parents_of_parents(anyio_backend: str) -> None:
    @runnable
    async def inner(text: str) -> Any:
        return await model().ainvoke(text)

    @runnable
    async def outer(text: str) -> Any:
        return await inner.ainvoke(text)

    events = await gathered(outer.astream_events("x"))
    ids = [event["run_id"] for event in events if event["event"].endswith("_start")]
    assert [event["parent_ids"] for event in events if event["event"].endswith("_start")] == [[], ids[:1], ids[:2]]


async def test_a_feed_inside_a_run(anyio_backend: str) -> None:
    """Both feeds name the run around them; the outer one sees everything as well."""

    @runnable
    async def outer(text: str) -> list[Any]:
        alone = await gathered(model().astream_events(text))
        chain = await gathered((model() | (lambda m: m.text)).astream_events(text))
        return [alone[0]["parent_ids"], chain[0]["parent_ids"], chain[1]["parent_ids"][0]]

    events = await gathered(outer.astream_events("x"))
    root = events[0]["run_id"]
    assert events[-1]["data"]["output"] == [[root], [root], root]
    assert [event["event"] for event in events].count("on_chat_model_end") == 2


async def test_sync_functions_in_threads_stream_too(anyio_backend: str) -> None:
    @runnable
    def step(text: str) -> str:
        return model().invoke(text).text + "".join(chunk.text for chunk in model().stream(text))

    events = await gathered(step.astream_events("x"))
    assert [event["event"] for event in events].count("on_chat_model_stream") == 4
    assert all(event["parent_ids"] == [events[0]["run_id"]] for event in events if "chat_model" in event["event"])
    assert events[-1]["data"]["output"] == "one twoone two"


async def test_calls_side_by_side(anyio_backend: str) -> None:
    @runnable
    async def step(texts: list[str]) -> list[str]:
        return [message.text for message in await model().abatch(texts)]

    events = await gathered(step.astream_events(["a", "b", "c"]))
    runs = {event["run_id"] for event in events if event["event"] == "on_chat_model_stream"}
    assert len(runs) == 3
    for run in runs:
        own = [event["event"] for event in events if event["run_id"] == run]
        assert own == ["on_chat_model_start", "on_chat_model_stream", "on_chat_model_stream", "on_chat_model_end"]


async def test_fallbacks_and_structured_output(anyio_backend: str) -> None:
    schema = {"title": "Movie", "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    events = await gathered(model('{"title": "Alien"}').with_structured_output(schema).astream_events("x"))
    assert events[0]["data"]["input"] == "x"
    assert events[-1]["data"]["output"].text == '{"title": "Alien"}'
    events = await gathered(model(Fault(status=500)).with_fallbacks([model()]).astream_events("x"))
    assert [event["event"] for event in events][:3] == ["on_chat_model_start", "on_chat_model_error", "on_chat_model_start"]
    assert events[-1]["data"]["output"].text == "one two"


@pytest.mark.parametrize("alone", [True, False])
async def test_an_error_is_told_with_what_had_come_and_then_raised(anyio_backend: str, alone: bool) -> None:
    broken = model(Reply("one two three", fault=Fault(error="after", after=2)))
    asked: Any = broken if alone else runnable(lambda text: broken.ainvoke(text))
    events: list[dict[str, Any]] = []
    with pytest.raises(OverloadedError) as caught:
        async for event in asked.astream_events("x"):
            events.append(event)
    (told,) = [event for event in events if event["event"] == "on_chat_model_error"]
    assert told["data"]["error"] is caught.value
    assert told["data"]["output"].text == "one two"
    assert [event["event"] for event in events].count("on_chat_model_stream") == 2
    assert alone or events[-1]["event"] == "on_chain_error"


async def test_a_step_that_fails(anyio_backend: str) -> None:
    @runnable
    async def broken(_: Any) -> None:
        raise KeyError("x")

    events: list[dict[str, Any]] = []
    with pytest.raises(KeyError):
        async for event in broken.astream_events("x"):
            events.append(event)
    assert [event["event"] for event in events] == ["on_chain_start", "on_chain_error"]


async def test_a_task_that_is_cancelled_inside_is_a_failure(anyio_backend: str) -> None:
    """The feed must not look complete."""
    if anyio_backend == "trio":
        pytest.skip("only asyncio has tasks that others may cancel")

    @runnable
    async def step(_: Any) -> None:
        task = asyncio.ensure_future(asyncio.sleep(5))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        await gathered(step.astream_events("x"))


FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({"include_types": ["tool"]}, {"shout", "heard"}),
    ({"include_names": ["application"], "include_types": ["tool"]}, {"application", "begun", "shout", "heard"}),
    ({"include_tags": ["inner"]}, {"SimulatedChatModel"}),
    ({"include_tags": ["t"], "exclude_types": ["chain"]}, {"SimulatedChatModel", "shout", "heard"}),
    ({"exclude_names": ["application", "shout"]}, {"SimulatedChatModel"}),
    ({"exclude_tags": ["t"]}, set()),
    ({"include_names": []}, set()),
]


@pytest.mark.parametrize(("lists", "names"), FILTERS)
async def test_filters(anyio_backend: str, lists: dict[str, Any], names: set[str]) -> None:
    @runnable(name="application")
    async def step(text: str) -> str:
        await adispatch_custom_event("begun", 1)
        await model(tags=["inner"]).ainvoke(text)
        return await shout.ainvoke({"text": text})

    assert {event["name"] for event in await gathered(step.astream_events("hi", {"tags": ["t"]}, **lists))} == names


async def test_filters_of_a_model_alone(anyio_backend: str) -> None:
    asked = model(tags=["mine"])
    assert await gathered(asked.astream_events("x", exclude_tags=["mine"])) == []
    assert len(await gathered(asked.astream_events("x", include_tags=["mine"]))) == 4
    assert len(asked.simulator.requests) == 2
    broken = model(Fault(status=500))
    with pytest.raises(Exception, match="error"):
        await gathered(broken.astream_events("x", include_names=["other"]))


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"version": "v1"}, InputError),
        ({"include_names": "x"}, InputTypeError),
        ({"version": "v3", "include_names": ["x"]}, InputError),
    ],
)
async def test_what_is_wrong_is_said(anyio_backend: str, options: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        model().astream_events("x", **options)
    with pytest.raises(InputError, match="content blocks"):
        application.astream_events("x", version="v3")


async def test_other_handlers_hear_the_same_call(anyio_backend: str) -> None:
    listener = Listener("on_llm_new_token", "on_llm_end")
    for asked in (model(), runnable(lambda text: model().ainvoke(text))):
        listener.heard.clear()
        await gathered(asked.astream_events("x", {"callbacks": [listener]}))
        assert listener.hooks == ["on_llm_new_token", "on_llm_new_token", "on_llm_end"]


def test_for_sync_code() -> None:
    assert [event["event"] for event in model().stream_events("x")][::3] == ["on_chat_model_start", "on_chat_model_end"]
    for event in application.stream_events("x"):
        if event["event"] == "on_tool_start":
            break
    else:
        raise AssertionError("the tool was not seen")


async def test_feeds_that_are_never_read_or_dropped_leave_nothing(anyio_backend: str) -> None:
    asked, before = model(), len(anyio.get_running_tasks())
    feeds = [asked.astream_events("x"), application.astream_events("x"), asked.astream_events("x", version="v3")]
    del feeds
    await asked.astream_events("x").aclose()
    await application.astream_events("x").aclose()
    assert len(asked.simulator.requests) == 0
    feed = application.astream_events("x")
    await anext(feed)
    del feed
    gc.collect()
    for _ in range(20):
        await anyio.sleep(0.001)
    assert len(anyio.get_running_tasks()) == before


async def test_a_left_feed_stops_the_step(anyio_backend: str) -> None:
    ended: list[str] = []

    @runnable
    async def step(_: Any) -> None:
        try:
            await adispatch_custom_event("begun", 1)
            await anyio.sleep(5)
        finally:
            ended.append("ended")

    async with step.astream_events("x") as feed:
        async for event in feed:
            if event["event"] == "on_custom_event":
                break
        assert ended == []
    assert ended == ["ended"]
    assert [event async for event in feed] == []


async def test_a_tool_that_fails_shows_its_input_with_the_error(anyio_backend: str) -> None:
    @tool
    def broken(city: str) -> str:
        """Fails."""
        raise ValueError("no")

    events: list[dict[str, Any]] = []
    with pytest.raises(ValueError, match="no"):
        async for event in broken.astream_events({"city": "Rome"}):
            events.append(event)
    start, error = events
    assert (start["event"], start["data"]) == ("on_tool_start", {"input": {"city": "Rome"}})
    assert (error["event"], error["data"]["input"], str(error["data"]["error"])) == ("on_tool_error", {"city": "Rome"}, "no")

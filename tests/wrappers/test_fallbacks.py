"""`with_fallbacks`: who is asked when, and what is raised when nobody answers (spec S232)."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from chatkit.errors import InputError, InputTypeError, OverloadedError, RateLimitError, ServerError
from chatkit.messages import AIMessageChunk
from chatkit.simulator import Fault, Reply, SimulatedChatModel
from chatkit.steps import runnable
from tests.callbacks.listener import Listener

pytestmark = pytest.mark.anyio


def model(*replies: Any, name: str = "m") -> SimulatedChatModel:
    return SimulatedChatModel(name, replies=[*replies] * 3, max_retries=0)


BROKEN = Fault(status=500)


async def test_the_next_is_asked_when_one_fails(anyio_backend: str) -> None:
    first, second, third = model(BROKEN), model(Fault(status=429)), model("fine")
    chain = first.with_fallbacks([second, third])
    assert (await chain.ainvoke("hi")).text == "fine"
    assert [chunk.text async for chunk in chain.astream("hi")] == ["fine", ""]
    assert [len(one.simulator.requests) for one in (first, second, third)] == [2, 2, 2]
    good = model("mine").with_fallbacks([third])
    assert (await good.ainvoke("hi")).text == "mine"
    assert len(third.simulator.requests) == 2


def test_for_sync_code_and_batches() -> None:
    chain = model(BROKEN, "b").with_fallbacks([model("fine")])
    assert chain.invoke("hi").text == "fine"
    assert [chunk.text for chunk in chain.stream("hi")] == ["b", ""]
    assert [message.text for message in chain.batch(["a", "b"], {"max_concurrency": 1})] == ["fine", "b"]


async def test_when_all_fail_the_first_error_is_raised(anyio_backend: str) -> None:
    chain = model(BROKEN).with_fallbacks([model(Fault(status=429)), model(Fault(status=529))])
    for _ in range(2):
        with pytest.raises(ServerError) as caught:
            await chain.ainvoke("hi")
        assert [note.split(":")[0] for note in caught.value.__notes__] == ["fallback 1 failed too", "fallback 2 failed too"]
    with pytest.raises(ServerError):
        [chunk async for chunk in chain.astream("hi")]


async def test_only_errors_that_it_handles(anyio_backend: str) -> None:
    chain = model(BROKEN, Fault(status=429)).with_fallbacks([model("fine")], exceptions_to_handle=(RateLimitError,))
    with pytest.raises(ServerError):
        await chain.ainvoke("hi")
    assert (await chain.ainvoke("hi")).text == "fine"


async def test_a_stream_that_broke_after_output_is_not_replaced(anyio_backend: str) -> None:
    cut = Reply("one two three", fault=Fault(error="after", after=2))
    texts: list[str] = []
    with pytest.raises(OverloadedError):
        async for chunk in model(cut).with_fallbacks([model("fine")]).astream("hi"):
            texts.append(chunk.text)
    assert texts == ["one", " two"]


async def test_unless_it_is_asked_to_start_again(anyio_backend: str) -> None:
    """The first chunk of the fallback says so: the sum of all chunks is the fallback's answer."""
    cut = Reply("one two three", fault=Fault(error="after", after=2))
    sums, total = [], None
    async for chunk in model(cut).with_fallbacks([model("fine day")], restart=True).astream("hi"):
        total = chunk if total is None else total + chunk
        assert isinstance(total, AIMessageChunk)
        sums.append(total.text)
    assert sums == ["one", "one two", "fine", "fine day", "fine day"]


async def test_an_empty_stream_counts_as_failed(anyio_backend: str) -> None:
    assert [chunk.text async for chunk in model("").with_fallbacks([model("fine")]).astream("hi")] == ["fine", ""]
    with pytest.raises(Exception, match="without any output"):
        [chunk async for chunk in model("").with_fallbacks([model("")]).astream("hi")]

    @runnable
    async def nothing(_: Any) -> Any:
        return
        yield

    assert [piece async for piece in nothing.with_fallbacks([lambda text: text]).astream("hi")] == ["hi"]


async def test_what_models_are_told_goes_to_all(anyio_backend: str) -> None:
    chain = model(BROKEN, name="a").with_fallbacks([model("fine", name="b")]).bind(temperature=0.5)
    await chain.ainvoke("hi")
    assert [one.temperature for one in chain.runnables] == [0.5, 0.5]  # type: ignore[attr-defined]
    tool = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    assert all(one.tools for one in chain.bind_tools([tool]).runnables)  # type: ignore[attr-defined]
    assert chain.model == "a"
    with pytest.raises(AttributeError):
        chain.open_stream  # noqa: B018  # would ask the first one, past the fallbacks


async def test_structured_output_falls_back_too(anyio_backend: str) -> None:
    schema = {"title": "Movie", "type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    chain = model("no json").with_fallbacks([model('{"title": "Alien"}')]).with_structured_output(schema)
    assert await chain.ainvoke("hi") == {"title": "Alien"}


async def test_the_error_may_go_into_the_input(anyio_backend: str) -> None:
    @runnable
    async def broken(_: Any) -> None:
        raise KeyError("x")

    chain = broken.with_fallbacks([lambda given: (given["n"], repr(given["error"]))], exception_key="error")
    assert await chain.ainvoke({"n": 1}) == (1, "KeyError('x')")
    with pytest.raises(InputTypeError, match="must be a dict"):
        await chain.ainvoke("text")


async def test_cancelling_is_no_failure(anyio_backend: str) -> None:
    second = model("fine")
    slow = SimulatedChatModel("slow", replies=["x"], first=5)
    with anyio.move_on_after(0.02) as scope:
        await slow.with_fallbacks([second]).ainvoke("hi")
    assert scope.cancelled_caught
    assert len(second.simulator.requests) == 0


async def test_each_has_a_run_of_its_own(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start", "on_llm_error", "on_llm_end")
    run_id = "00000000-0000-4000-8000-000000000001"
    chain = model(BROKEN).with_fallbacks([model("fine")])
    await chain.ainvoke("hi", {"callbacks": [listener], "run_id": run_id, "tags": ["t"]})
    assert listener.hooks == ["on_chat_model_start", "on_llm_error", "on_chat_model_start", "on_llm_end"]
    assert [str(heard.run_id) == run_id for heard in listener.heard] == [True, True, False, False]
    assert all(heard.tags == ["t"] for heard in listener.heard)


def test_there_must_be_a_fallback() -> None:
    with pytest.raises(InputError, match="at least one"):
        model("x").with_fallbacks([])

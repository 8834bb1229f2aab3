"""Response caches: what counts as the same question, and what a hit looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.caches import InMemoryCache, get_llm_cache, set_llm_cache
from chatkit.errors import InputError, ServerError
from chatkit.messages import HumanMessage
from chatkit.simulator import Fault, SimulatedChatModel
from tests.callbacks.listener import Listener

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_shared_cache() -> Iterator[None]:
    yield
    set_llm_cache(None)


def counted(**settings: Any) -> SimulatedChatModel:
    """A model whose answers are "1", "2", "3" ..."""
    return SimulatedChatModel("m", replies=[str(n) for n in range(1, 20)], **settings)


async def test_the_same_question_is_asked_once(anyio_backend: str) -> None:
    model = counted(cache=InMemoryCache())
    first, again = await model.ainvoke("hi"), await model.ainvoke([HumanMessage("hi", id="other")])
    assert (first.text, again.text) == ("1", "1")
    assert "cached" not in first.response_metadata
    assert again.response_metadata["cached"] is True
    assert again.usage_metadata is not None
    assert again.usage_metadata["total_cost"] == 0  # type: ignore[typeddict-item]


async def test_other_words_parameters_or_models_are_other_questions(anyio_backend: str) -> None:
    cache = InMemoryCache()
    model = counted(cache=cache)
    answers = [
        (await model.ainvoke("hi")).text,
        (await model.ainvoke("hello")).text,
        (await model.ainvoke("hi", temperature=0.5)).text,
        (await model.bind(model="other").ainvoke("hi")).text,
    ]
    assert answers == ["1", "2", "3", "4"]
    assert len(cache) == 4


async def test_one_cache_for_all_models(anyio_backend: str) -> None:
    set_llm_cache(InMemoryCache(maxsize=1))
    model = counted()
    assert [(await model.ainvoke("hi")).text for _ in range(2)] == ["1", "1"]
    assert (await counted(cache=False).ainvoke("hi")).text == "1"
    assert (await model.ainvoke("hello")).text == "2"
    assert (await model.ainvoke("hi")).text == "3"
    assert len(get_llm_cache() or ()) == 1  # type: ignore[arg-type]


async def test_streams_never_look(anyio_backend: str) -> None:
    model = counted(cache=InMemoryCache())
    assert [(await model.ainvoke("hi")).text, "".join([c.text async for c in model.astream("hi")])] == ["1", "2"]


async def test_true_without_a_cache_says_what_to_do(anyio_backend: str) -> None:
    with pytest.raises(InputError, match="set_llm_cache"):
        await counted(cache=True).ainvoke("hi")


async def test_hits_are_heard_and_marked(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start", "on_llm_end")
    model = counted(cache=InMemoryCache())
    for _ in range(2):
        await model.ainvoke("hi", {"callbacks": [listener]})
    assert listener.hooks == ["on_chat_model_start", "on_llm_end"] * 2
    messages = [heard.args[0].generations[0][0].message for heard in listener.of("on_llm_end")]
    assert ["cached" in message.response_metadata for message in messages] == [False, True]
    assert len(model.simulator.requests) == 1


async def test_nobody_can_change_what_is_kept(anyio_backend: str) -> None:
    model = counted(cache=InMemoryCache())
    for _ in range(3):
        message = await model.ainvoke("hi")
        assert message.content == "1"
        message.content = "changed"
        message.response_metadata.clear()


async def test_a_failing_cache_is_no_failure(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    class Down:
        async def aget(self, key: str) -> Any:
            raise ConnectionError("down")

        async def aset(self, key: str, message: Any) -> None:
            raise ConnectionError("down")

    model = counted(cache=Down())
    assert [(await model.ainvoke("hi")).text for _ in range(2)] == ["1", "2"]
    assert "the response cache failed" in caplog.text


async def test_failures_are_not_kept(anyio_backend: str) -> None:
    model = SimulatedChatModel("m", replies=[Fault(status=500), "fine"], max_retries=0, cache=InMemoryCache())
    with pytest.raises(ServerError):
        await model.ainvoke("hi")
    assert [(await model.ainvoke("hi")).text for _ in range(2)] == ["fine", "fine"]


async def test_settings_that_change_the_request_change_the_question(anyio_backend: str) -> None:
    cache = InMemoryCache()
    model = counted(cache=cache)
    asked = [model, model.bind(extra_body={"x": 1}), model.bind(base_url="http://simulator/v1"), model.bind(output_version="v1")]
    answers = [(await one.ainvoke("hi")).text for one in asked]
    assert answers == ["1", "2", "1", "3"]

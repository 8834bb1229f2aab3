"""Response caches: what counts as the same question, and what a hit looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.caches import InMemoryCache, get_llm_cache, set_llm_cache
from chatkit.errors import InputError
from chatkit.messages import HumanMessage
from chatkit.simulator import SimulatedChatModel

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

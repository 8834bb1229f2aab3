"""`config=`: its keys, how several become one, and what calls inside a run inherit (spec 1X)."""

from __future__ import annotations

import concurrent.futures
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.config import merge_configs
from chatkit.errors import InputError, InputTypeError
from chatkit.runs import child_config, current_run, ensure_config, open_run
from chatkit.simulator import SimulatedChatModel
from chatkit.steps import runnable
from chatkit.tools import tool
from tests.callbacks.listener import Listener

if TYPE_CHECKING:
    from chatkit.runnables import RunnableConfig

pytestmark = pytest.mark.anyio


def model() -> SimulatedChatModel:
    return SimulatedChatModel("m", replies=lambda question: question.prompt)


def test_configs_merge() -> None:
    first, second = Listener(), Listener()
    merged = merge_configs(
        {"tags": ["a", "b"], "metadata": {"x": 1, "y": 1}, "callbacks": [first], "run_name": "one", "max_concurrency": 3},
        None,
        {"tags": ["b", "c"], "metadata": {"y": 2}, "callbacks": second, "run_name": "two", "max_concurrency": None},
    )
    assert merged == {
        "tags": ["a", "b", "c"],
        "metadata": {"x": 1, "y": 2},
        "callbacks": [first, second],
        "run_name": "two",
        "max_concurrency": 3,
    }


def test_unknown_keys_are_configurable() -> None:
    assert ensure_config({"thread_id": "1", "tags": ["a"]}) == {"configurable": {"thread_id": "1"}, "tags": ["a"]}


def test_equal_and_unhashable_handlers_are_all_called() -> None:
    class Same(Listener):
        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = None  # type: ignore[assignment]

    one, two = Same("on_llm_end"), Same("on_llm_end")
    model().invoke("hi", {"callbacks": [one, two, one]})
    assert (len(one.heard), len(two.heard)) == (1, 1)


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        ("tags", InputTypeError, "config must be a dict"),
        ({"tags": "one"}, InputTypeError, "list of str"),
        ({"metadata": ["x"]}, InputTypeError, "metadata"),
        ({"run_id": "nonsense"}, InputError, "UUID"),
        ({"run_id": 5}, InputTypeError, "run_id"),
        ({"run_name": 5}, InputTypeError, "run_name"),
        ({"recursion_limit": "a"}, InputTypeError, "recursion_limit"),
        ({"configurable": 5}, InputTypeError, "configurable"),
        ({"callbacks": [5]}, InputTypeError, "callbacks holds 5, which is no handler"),
        ({"callbacks": 5}, InputTypeError, "no handler"),
        ({"callbacks": "handler"}, InputTypeError, "no handler"),
        ({"callbacks": [None]}, InputTypeError, "no handler"),
        ({"callbacks": {"a": Listener()}}, InputTypeError, "no handler"),
        ({"callbacks": [Listener]}, InputTypeError, "make a handler of it"),
    ],
)
async def test_what_is_wrong_is_said(anyio_backend: str, config: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        await model().ainvoke("hi", config)


def test_handlers_of_a_model_are_looked_at_when_it_is_made() -> None:
    with pytest.raises(InputTypeError, match="callbacks holds 5"):
        SimulatedChatModel("m", callbacks=[5])
    with pytest.raises(InputTypeError, match="no handler"):
        model().with_config(callbacks="handler")


def test_whatever_has_one_of_the_methods_is_a_handler() -> None:
    ended: list[Any] = []
    model().invoke("hi", {"callbacks": [SimpleNamespace(on_llm_end=lambda response, **_: ended.append(response.generations))]})
    assert ended[0][0][0].text == "hi"


async def test_what_is_inherited_and_what_is_not(anyio_backend: str) -> None:
    listener = Listener("on_chain_start", "on_chat_model_start")

    @runnable
    async def step(text: str) -> Any:
        return await model().ainvoke(text, {"tags": ["inner"], "metadata": {"b": 2}})

    run_id = uuid.uuid4()
    await step.ainvoke(
        "hi",
        {"callbacks": [listener], "tags": ["outer"], "metadata": {"a": 1}, "run_name": "mine", "run_id": run_id},
    )
    outer, inner = listener.heard
    assert (outer.run_id, outer.parent_run_id, outer.name, outer.tags, outer.metadata) == (
        run_id,
        None,
        "mine",
        ["outer"],
        {"a": 1},
    )
    assert (inner.parent_run_id, inner.name, inner.tags) == (run_id, "SimulatedChatModel", ["outer", "inner"])
    assert inner.run_id != run_id
    assert (inner.metadata["a"], inner.metadata["b"]) == (1, 2)


async def test_a_tool_that_calls_a_model(anyio_backend: str) -> None:
    listener = Listener("on_tool_start", "on_chat_model_start", "on_tool_end")

    @tool
    async def ask(text: str) -> str:
        """Ask."""
        return (await model().ainvoke(text)).text

    assert await ask.ainvoke({"text": "hi"}, {"callbacks": [listener], "tags": ["t"]}) == "hi"
    start, inner, _ = listener.heard
    assert inner.parent_run_id == start.run_id
    assert inner.tags == ["t"]


async def test_functions_get_the_config(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start")

    @runnable
    async def step(text: str, config: RunnableConfig) -> Any:
        assert config.get("run_name") is None
        assert config.get("configurable") == {"user": "ann"}
        return await model().ainvoke(text, config)

    given = {"callbacks": [listener], "tags": ["t"], "configurable": {"user": "ann"}, "run_name": "x"}
    await step.ainvoke("hi", given)
    (inner,) = listener.heard
    assert inner.tags == ["t"]
    assert inner.metadata["user"] == "ann"
    assert inner.parent_run_id is not None


def test_the_config_carries_the_run_into_threads() -> None:
    """Pools of one's own know no context; the config that was passed along says where the calls belong."""
    listener = Listener("on_chain_start", "on_chat_model_start")

    @runnable
    def step(texts: list[str], config: Any) -> list[str]:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            return [message.text for message in pool.map(lambda text: model().invoke(text, config), texts)]

    assert step.invoke(["a", "b"], {"callbacks": [listener]}) == ["a", "b"]
    outer, *inner = listener.heard
    assert [heard.parent_run_id for heard in inner] == [outer.run_id] * 2


async def test_the_whole_config_of_a_place(anyio_backend: str) -> None:
    seen: list[Any] = []

    @runnable
    async def step(_: Any) -> None:
        seen.append(ensure_config({"tags": ["b"], "recursion_limit": 9}))

    await step.ainvoke("x", {"tags": ["a"], "max_concurrency": 4})
    assert (seen[0]["tags"], seen[0]["max_concurrency"], seen[0]["recursion_limit"]) == (["a", "b"], 4, 9)


async def test_batches_inside_inherit_max_concurrency(anyio_backend: str) -> None:
    running, most = 0, 0

    @runnable
    async def one(_: Any) -> None:
        nonlocal running, most
        import anyio

        running += 1
        most = max(most, running)
        await anyio.sleep(0.001)
        running -= 1

    @runnable
    async def all_of_them(_: Any) -> None:
        await one.abatch(range(12))

    await all_of_them.ainvoke("x", {"max_concurrency": 2})
    assert most == 2
    await one.with_config(max_concurrency=3).abatch(range(12))
    assert most == 3


async def test_calls_nest_only_so_deep(anyio_backend: str) -> None:
    @runnable
    async def again(n: int) -> int:
        return n if n == 0 else await again.ainvoke(n - 1)

    assert await again.ainvoke(5, {"recursion_limit": 6}) == 0
    with pytest.raises(InputError, match="recursion_limit=5"):
        await again.ainvoke(5, {"recursion_limit": 5})


async def test_nothing_stays_behind(anyio_backend: str) -> None:
    @runnable
    async def step(text: str) -> Any:
        return await model().ainvoke(text)

    await step.ainvoke("hi", {"callbacks": [Listener()]})
    assert current_run.get() is None


def test_nobody_listens_nothing_is_made() -> None:
    assert open_run("chat_model", "m", None) is None
    assert open_run("chat_model", "m", {"tags": ["a"]}) is None
    assert open_run("chain", "c", None) is None
    assert open_run("chain", "c", {"tags": ["a"]}) is not None


def test_the_config_that_is_handed_on_names_its_run_but_not_its_name() -> None:
    run = open_run("chain", "c", {"callbacks": [Listener()], "run_name": "n", "run_id": str(uuid.uuid4()), "tags": ["t"]})
    config = child_config(run)
    assert config["callbacks"].run is run
    assert {"run_name", "run_id"}.isdisjoint(config)
    config["tags"].append("mine")
    assert child_config(run)["tags"] == ["t"]

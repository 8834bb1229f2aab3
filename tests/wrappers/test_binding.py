"""`with_config`, `bind` and `with_listeners`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.errors import ServerError
from chatkit.simulator import Fault, SimulatedChatModel
from chatkit.steps import runnable
from tests.callbacks.listener import Listener

if TYPE_CHECKING:
    from chatkit.wrappers import RunRecord

pytestmark = pytest.mark.anyio


def model(*replies: Any) -> SimulatedChatModel:
    return SimulatedChatModel("m", replies=list(replies) or (lambda question: question.prompt), max_retries=0)


async def test_a_model_with_a_config_is_a_model(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start")
    own = model().with_config(callbacks=[listener], tags=["a"], run_name="mine").with_config({"metadata": {"k": 1}})
    assert isinstance(own, SimulatedChatModel)
    tool = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
    async with own.bind_tools([tool]).open_stream("hi", {"tags": ["b"]}) as stream:
        await stream.collect()
    (heard,) = listener.heard
    assert (heard.name, heard.tags, heard.metadata["k"]) == ("mine", ["a", "b"], 1)


async def test_structured_models_and_steps(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start", "on_chain_start")
    structured = model('{"title": "Alien"}').with_structured_output({"title": "Movie", "type": "object", "properties": {}})
    await structured.with_config(callbacks=[listener], tags=["a"]).ainvoke("hi")
    step = runnable(lambda text: text).with_config(callbacks=[listener], tags=["b"]).with_config(run_name="x")
    assert [piece async for piece in step.astream("hi")] == ["hi"]
    assert step.invoke("hi") == "hi"
    assert list(step.stream("hi")) == ["hi"]
    assert [(heard.name, heard.tags) for heard in listener.heard] == [("SimulatedChatModel", ["a"]), *[("x", ["b"])] * 3]


async def test_listeners_see_start_end_and_error(anyio_backend: str) -> None:
    told: list[tuple[str, RunRecord]] = []

    async def ended(record: RunRecord) -> None:
        told.append(("end", record))

    heard = model("fine", Fault(status=500), "by pieces").with_listeners(
        on_start=lambda record: told.append(("start", record)),
        on_end=ended,
        on_error=lambda record: told.append(("error", record)),
    )
    callbacks = Listener("on_chat_model_start")
    await heard.ainvoke("hi", {"callbacks": [callbacks]})
    with pytest.raises(Exception, match="error"):
        await heard.ainvoke("hi")
    pieces = [chunk.text async for chunk in heard.astream("hi")]
    assert pieces == ["by", " pieces", ""]
    assert [what for what, _ in told] == ["start", "end", "start", "error", "start", "end"]
    first, failed, streamed = told[1][1], told[3][1], told[5][1]
    assert (first.inputs, first.outputs.text, first.name) == ("hi", "fine", "SimulatedChatModel")
    assert first.id == callbacks.heard[0].run_id
    assert first.end_time is not None
    assert first.end_time >= first.start_time
    assert failed.error is not None
    assert failed.error.startswith("ServerError")
    assert streamed.outputs.text == "by pieces"


async def test_a_listener_that_fails_is_logged(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    def fails(record: RunRecord) -> None:
        raise ValueError(f"not today, {record.inputs}")

    heard = model("fine", "by pieces", Fault(status=500)).with_listeners(on_start=fails, on_end=fails, on_error=fails)
    assert (await heard.ainvoke("a")).text == "fine"
    assert "".join([chunk.text async for chunk in heard.astream("b")]) == "by pieces"
    with pytest.raises(ServerError):
        await heard.ainvoke("c")
    assert [text for text in "abc" if f"not today, {text}" in caplog.text] == ["a", "b", "c"]

"""Functions as steps, and sequences of them."""

from __future__ import annotations

import functools
import gc
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from chatkit.errors import InputError, InputTypeError
from chatkit.messages import AIMessage, HumanMessage
from chatkit.simulator import Fault, SimulatedChatModel
from chatkit.steps import RunnableLambda, RunnableSequence, runnable
from chatkit.steps.pieces import total
from tests.callbacks.listener import Listener
from tests.net.origin import Origin
from tests.toy import ToyModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.anyio

MODEL = SimulatedChatModel("m", replies=lambda question: question.prompt.upper())


def plain(text: str) -> str:
    return text + "!"


async def coroutine(text: str) -> str:
    return text + "!"


def generator(text: str) -> Iterator[str]:
    yield from (text, "!")


async def async_generator(text: str) -> AsyncIterator[str]:
    yield text
    yield "!"


class Callable:
    async def __call__(self, text: str) -> str:
        return text + "!"


KINDS = [plain, coroutine, generator, async_generator, Callable(), functools.partial(lambda x, text: text + x, "!")]


@pytest.mark.parametrize("function", KINDS, ids=lambda f: getattr(f, "__name__", type(f).__name__))
async def test_every_kind_of_function(anyio_backend: str, function: Any) -> None:
    step = RunnableLambda(function)
    assert await step.ainvoke("a") == "a!"
    assert "".join([piece async for piece in step.astream("a")]) == "a!"
    assert await step.abatch(["a", "b"]) == ["a!", "b!"]
    assert await anyio.to_thread.run_sync(step.invoke, "a") == "a!"
    assert await anyio.to_thread.run_sync(lambda: "".join(step.stream("a"))) == "a!"


async def test_generators_give_pieces(anyio_backend: str) -> None:
    for function in (generator, async_generator):
        assert [piece async for piece in RunnableLambda(function).astream("a")] == ["a", "!"]


async def test_functions_that_return_what_gives_the_output(anyio_backend: str) -> None:
    """A lambda that calls `ainvoke` or `astream`, or that chooses another step."""
    assert (await runnable(lambda text: MODEL.ainvoke(text)).ainvoke("hi")).text == "HI"
    assert [chunk.text async for chunk in runnable(lambda text: MODEL.astream(text)).astream("a b")] == ["A", " B", ""]
    assert (await runnable(lambda text: MODEL.astream(text)).ainvoke("a b")).text == "A B"
    chosen = runnable(lambda _: MODEL)
    assert (await chosen.ainvoke("hi")).text == "HI"
    assert [chunk.text async for chunk in chosen.astream("a b")] == ["A", " B", ""]
    assert (await anyio.to_thread.run_sync(chosen.invoke, "hi")).text == "HI"


def test_sync_code_stays_in_its_thread() -> None:
    here = threading.get_ident()
    where = runnable(lambda _: threading.get_ident())
    assert where.invoke("x") == here
    assert (where | (lambda ident: (ident, threading.get_ident()))).invoke("x") == (here, here)


async def test_async_code_runs_plain_functions_in_a_worker_thread(anyio_backend: str) -> None:
    here = threading.get_ident()
    assert await runnable(lambda _: threading.get_ident()).ainvoke("x") != here
    assert (await runnable(lambda text: MODEL.invoke(text)).ainvoke("hi")).text == "HI"


async def test_more_arguments(anyio_backend: str) -> None:
    @runnable
    async def step(text: str, *, end: str = "!") -> str:
        return text + end

    assert await step.ainvoke("a", end="?") == "a?"
    assert await step.bind(end="?").ainvoke("a") == "a?"
    assert await (step.bind(end="?") | step).ainvoke("a") == "a?!"


def test_names() -> None:
    assert runnable(plain).name == "plain"
    assert runnable(lambda x: x).name == "RunnableLambda"
    assert runnable(name="answer")(plain).name == "answer"
    assert runnable(functools.partial(plain)).name == "plain"


async def test_sequences(anyio_backend: str) -> None:
    up = MODEL | (lambda message: message.text) | plain
    assert isinstance(up, RunnableSequence)
    assert len(up.steps) == 3
    assert await up.ainvoke("hi") == "HI!"
    ask = (lambda text: [HumanMessage(text)]) | MODEL
    assert (await ask.ainvoke("hi")).text == "HI"
    assert [chunk.text async for chunk in ask.astream("a b")] == ["A", " B", ""]
    assert [piece async for piece in up.astream("hi")] == ["HI!"]
    assert await MODEL.pipe(lambda message: message.text, plain, name="all").ainvoke("hi") == "HI!"
    assert len((up | (plain | RunnableLambda(coroutine))).steps) == 5
    assert await anyio.to_thread.run_sync(up.invoke, "hi") == "HI!"


async def test_a_step_of_another_library(anyio_backend: str) -> None:
    class Parser:
        async def ainvoke(self, message: Any) -> str:
            return message.text.lower()

    assert await (MODEL | Parser()).ainvoke("Hi") == "hi"


@pytest.mark.parametrize("thing", [3, {"a": plain}, None])
def test_what_is_no_step(thing: Any) -> None:
    with pytest.raises(InputTypeError, match="no step"):
        MODEL | thing
    with pytest.raises(InputError):
        RunnableSequence()


async def test_what_handlers_hear(anyio_backend: str) -> None:
    listener = Listener("on_chain_start", "on_chain_stream", "on_chain_end")
    await (runnable(plain) | coroutine).ainvoke("a", {"callbacks": [listener]})
    told = [(heard.hook, heard.name, heard.args[-1]) for heard in listener.heard]
    assert told == [
        ("on_chain_start", "RunnableSequence", "a"),
        ("on_chain_start", "plain", "a"),
        ("on_chain_end", "plain", "a!"),
        ("on_chain_start", "coroutine", "a!"),
        ("on_chain_end", "coroutine", "a!!"),
        ("on_chain_end", "RunnableSequence", "a!!"),
    ]
    streamed = Listener("on_chain_stream", "on_chain_end")
    [piece async for piece in runnable(async_generator).astream("a", {"callbacks": [streamed]})]
    assert [heard.args[0] for heard in streamed.heard] == ["a", "!", "a!"]


async def test_handlers_hear_failures_and_who_left(anyio_backend: str) -> None:
    listener = Listener("on_chain_end", "on_chain_error")

    @runnable
    async def broken(_: Any) -> None:
        raise KeyError("x")

    for call in (broken.ainvoke("a", {"callbacks": [listener]}), anext(broken.astream("a", {"callbacks": [listener]}))):
        with pytest.raises(KeyError):
            await call
    with pytest.raises(KeyError):
        await anyio.to_thread.run_sync(broken.invoke, "a", {"callbacks": [listener]})
    async for _ in runnable(async_generator).astream("a", {"callbacks": [listener]}):
        break
    with anyio.move_on_after(0.01):
        await runnable(lambda _: anyio.sleep(5)).ainvoke("a", {"callbacks": [listener]})
    assert listener.hooks == ["on_chain_error"] * 5


async def _closed(origin: Origin, seen: int) -> float:
    with anyio.fail_after(2):
        while len(origin.closed) <= seen:
            await anyio.sleep(0.0005)
    return origin.closed[seen]


def _steps(origin: Origin) -> dict[str, Any]:
    model = ToyModel("m", base_url=origin.url, api_key="k", max_retries=0)

    async def chunks(text: str) -> AsyncIterator[str]:
        async for chunk in model.astream(text):
            yield chunk.text

    return {
        "async generator": runnable(chunks),
        "sequence": runnable(plain) | model,
        "returned step": runnable(lambda _: model),
        "returned stream": runnable(lambda text: model.astream(text)),
        "fallback": model.with_fallbacks([model]),
        "retry": model.with_retry(),
        "binding": (runnable(plain) | model).with_config(tags=["t"]),
        "listeners": model.with_listeners(on_start=lambda _: None),
    }


STREAMED = ["async generator", "sequence", "returned step", "returned stream", "fallback", "retry", "binding", "listeners"]


@pytest.mark.parametrize("name", STREAMED)
async def test_leaving_a_streamed_step_closes_the_request(anyio_backend: str, name: str) -> None:
    """By break with the collector off, by aclose, and by cancellation; each within 5 ms (best of several)."""
    with Origin(ticks=100_000) as origin:
        step, delays = _steps(origin)[name], []
        gc.disable()
        try:
            for _ in range(5):
                seen = len(origin.closed)
                async for _piece in step.astream("x"):
                    break
                left = time.monotonic()
                delays.append(await _closed(origin, seen) - left)
        finally:
            gc.enable()
        assert min(delays) < 0.005, delays
        seen, stream = len(origin.closed), step.astream("x")
        await anext(stream)
        await stream.aclose()
        await _closed(origin, seen)
        assert [piece async for piece in stream] == []
        seen = len(origin.closed)
        with anyio.move_on_after(0.03):
            async for _piece in step.astream("x"):
                pass
        await _closed(origin, seen)


@pytest.mark.parametrize("how", ["invoke", "stream"])
async def test_a_cancelled_caller_takes_the_requests_of_its_thread_along(anyio_backend: str, how: str) -> None:
    """The thread cannot be stopped, but what it asks would be paid for nobody."""
    with Origin(ticks=100_000) as origin:
        model = ToyModel("m", base_url=origin.url, api_key="k", streaming=True)
        ended = threading.Event()

        def ask(text: str) -> Any:
            try:
                return model.invoke(text) if how == "invoke" else list(model.stream(text))
            finally:
                ended.set()

        with anyio.move_on_after(0.1):
            await runnable(ask).ainvoke("x")
        left = time.monotonic()
        assert await _closed(origin, 0) - left < 0.1
        assert await anyio.to_thread.run_sync(ended.wait, 2)


def test_sums_of_pieces() -> None:
    assert total([]) is None
    assert total(["a", "b", "c"]) == "abc"
    lists = [[1], [2], [3]]
    assert total(lists) == [1, 2, 3]
    assert lists == [[1], [2], [3]]
    assert total([1, 2]) == 2
    assert total([{"a": 1}, {"b": 2}]) == {"b": 2}
    assert total([AIMessage("a"), AIMessage("b")]) == AIMessage("b")
    assert total(["a", 1]) == 1


@pytest.mark.parametrize("name", STREAMED)
async def test_a_stop_button_in_another_task(anyio_backend: str, name: str) -> None:
    """`aclose()` while somebody reads: the reader's loop just ends, and the request is closed."""
    with Origin(ticks=3, delay=0, hold=True) as origin:
        stream, texts = _steps(origin)[name].astream("x"), []

        async def read() -> None:
            async for piece in stream:
                texts.append(getattr(piece, "text", piece))

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            with anyio.fail_after(2):
                while len(texts) < 3:
                    await anyio.sleep(0.001)
            with anyio.fail_after(0.5):
                await stream.aclose()
        assert texts == ["t0 ", "t1 ", "t2 "]
        await _closed(origin, 0)


async def test_a_stop_button_between_two_attempts(anyio_backend: str) -> None:
    asked = SimulatedChatModel("m", replies=[Fault(status=500), "fine"], max_retries=0)
    stream = asked.with_retry(exponential_jitter_params={"initial": 0.1, "jitter": 0}).astream("x")
    seen: list[Any] = []

    async def read() -> None:
        seen.extend([chunk async for chunk in stream])

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.sleep(0.03)
        await stream.aclose()
    await anyio.sleep(0.1)
    assert seen == []
    assert len(asked.simulator.requests) == 1

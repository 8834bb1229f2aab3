"""Hedged requests: who is read, who is closed and when, what it costs."""

from __future__ import annotations

import gc
import pickle
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import BaseModel

from chatkit import UsageMetadataCallbackHandler, init_chat_model
from chatkit.callbacks import BaseCallbackHandler
from chatkit.errors import InputError, InputTypeError, OverloadedError, ServerError, StreamInterruptedError
from chatkit.hedging import HedgedModel, Pace, hedge
from chatkit.simulator import Fault, Reply, simulate
from tests.net.leaks import live

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.model import ChatModel
    from chatkit.simulator.server import Server

pytestmark = pytest.mark.anyio

LATE, SOON = 0.03, 0.001
STUCK = Reply("stuck", first=5)


def over_http(server: Server, **settings: Any) -> ChatModel:
    return init_chat_model("openai:m", api_key="k", base_url=f"{server.url}/v1", max_retries=0, **settings)


def answering(*replies: Any) -> Server:
    """A server that gives the n-th request the n-th reply."""
    said: Iterator[Any] = iter(replies)
    return simulate(lambda question: next(said))


async def closed(server: Server, number: int) -> float:
    """When the server saw that the client of a request had gone."""
    with anyio.fail_after(2):
        while server.requests[number].closed_at is None:
            await anyio.sleep(0.001)
    return server.requests[number].closed_at or 0.0


@pytest.mark.parametrize("verb", ["astream", "ainvoke", "open_stream"])
async def test_a_late_answer_is_overtaken_and_its_socket_closed(verb: str, anyio_backend: str) -> None:
    async with answering(Reply("slow answer", first=5), Reply("quick answer")) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        before, asked = live(), time.monotonic()
        if verb == "astream":
            text = "".join([chunk.text async for chunk in model.astream("x")])
        elif verb == "open_stream":
            async with model.open_stream("x") as stream:
                text = (await stream.collect()).text
        else:
            text = (await model.ainvoke("x")).text
        answered = time.monotonic()
        assert (text, len(server.requests)) == ("quick answer", 2)
        assert LATE <= answered - asked < 2
        assert await closed(server, 0) - answered < 0.05
        await anyio.sleep(0.02)
        assert live() == before


async def test_an_answer_in_time_is_asked_for_once(anyio_backend: str) -> None:
    async with answering("quick") as server:
        assert (await hedge(over_http(server), after=5.0).ainvoke("x")).text == "quick"
        assert len(server.requests) == 1


async def test_the_first_may_still_win(anyio_backend: str) -> None:
    """Only its output counts; the other is closed before it had any."""
    async with answering(Reply("first", first=0.15), Reply("second", first=5)) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        assert "".join([chunk.text async for chunk in model.astream("x")]) == "first"
        assert len(server.requests) == 2
        await closed(server, 1)
        assert server.requests[0].closed_at is None


async def test_another_deployment_is_asked(anyio_backend: str) -> None:
    async with answering(STUCK) as one, answering("from the other") as two:
        model = hedge(over_http(one), over_http(two), after=LATE, max_extra=1)
        assert (await model.ainvoke("x")).text == "from the other"
        assert (len(one.requests), len(two.requests)) == (1, 1)


async def test_several_others_are_asked_one_after_the_other(anyio_backend: str) -> None:
    async with answering(*[STUCK] * 2, "third") as server:
        model = over_http(server)
        assert (await hedge(model, model, model, after=LATE, max_extra=1).ainvoke("x")).text == "third"
        assert len(server.requests) == 3


# What it costs.


async def test_the_budget_of_extra_requests_holds(anyio_backend: str) -> None:
    """When every call is late: one, and one more for each twenty calls."""
    async with simulate(lambda question: Reply("late", first=0.01)) as server:
        model = hedge(over_http(server), after=SOON)
        for _ in range(40):
            await model.ainvoke("x")
        assert len(server.requests) == 40 + 1 + 2


async def test_a_quantile_is_learned(anyio_backend: str) -> None:
    """No extra requests while fewer than twenty calls are known; then a call that is slower than 95 of 100."""
    slow = {"now": True}
    async with simulate(lambda question: Reply("x", first=0.3 if slow["now"] else 0.0)) as server:
        model = hedge(over_http(server), after="p95", max_extra=1)
        assert model.pace.seconds is None
        await model.ainvoke("x")
        slow["now"] = False
        for _ in range(24):
            await model.ainvoke("x")
        assert model.pace.seconds is not None
        assert model.pace.seconds < 0.2
        before = len(server.requests)
        slow["now"] = True
        await model.ainvoke("x")
        assert len(server.requests) == before + 2


def test_the_quantile_is_of_the_latest() -> None:
    pace = Pace("p90", 0.05)
    for n in range(1000):
        pace.seen(float(n))
    assert pace.seconds == 500 + 450
    assert Pace(2, 0.05).seconds == 2.0


async def test_the_slowest_calls_get_faster(anyio_backend: str) -> None:
    """4 % of the requests take 0.25 s: the 98th percentile of the calls falls to less than half, for 5 % more requests."""
    count = {"requests": 0}

    def reply(question: Any) -> Reply:
        count["requests"] += 1
        return Reply("x", first=0.25 if count["requests"] % 25 == 0 else 0.0)

    async def slowest(model: Any) -> float:
        times: list[float] = []
        for _ in range(100):
            asked = time.monotonic()
            await model.ainvoke("x")
            times.append(time.monotonic() - asked)
        return sorted(times)[97]

    model = init_chat_model("simulator:m", replies=reply)
    plain = await slowest(model.bind(streaming=True))
    count["requests"] = 0
    hedged = await slowest(hedge(model, after=0.06))
    assert plain > 0.25
    assert hedged < plain / 2
    assert count["requests"] <= 100 + 1 + 5


async def test_every_attempt_is_in_the_ledger(anyio_backend: str) -> None:
    """The closed one as cancelled, each as a run of its own, the second with a tag."""
    ledger = UsageMetadataCallbackHandler()
    starts: list[tuple[Any, list[str]]] = []
    tokens: list[str] = []

    class Watch(BaseCallbackHandler):
        def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: Any, tags: Any = None, **kwargs: Any) -> None:
            starts.append((run_id, tags or []))

        def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
            tokens.append(token)

    async with answering(Reply("slow", first=5), Reply("quick answer")) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        config = {"callbacks": [ledger, Watch()], "tags": ["mine"]}
        assert "".join([chunk.text async for chunk in model.astream("x", config)]) == "quick answer"
    assert sorted(attempt.status for attempt in ledger.attempts) == ["cancelled", "ok"]
    assert ledger.usage_metadata["m"]["output_tokens"] == 2
    assert [tags for _, tags in starts] == [["mine"], ["mine", "hedge"]]
    assert starts[0][0] != starts[1][0]
    assert "".join(tokens) == "quick answer"


# When something fails.


async def test_a_failure_in_time_is_raised(anyio_backend: str) -> None:
    """Fallbacks are another matter."""
    async with answering(Fault(status=503), "unused") as server:
        with pytest.raises(OverloadedError):
            await hedge(over_http(server), after=5.0).ainvoke("x")
        assert len(server.requests) == 1


async def test_a_failure_while_another_runs_is_no_failure(anyio_backend: str) -> None:
    async with answering(Reply("x", first=0.1, fault=Fault(error="before", slow=0.1)), Reply("second", first=0.4)) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        assert (await model.ainvoke("x")).text == "second"


async def test_when_all_fail_the_first_error_is_raised(anyio_backend: str) -> None:
    async with answering(
        Reply("x", fault=Fault(error="before", slow=0.1)), Reply("x", fault=Fault(error="before", kind="server", slow=0.3))
    ) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        with pytest.raises(OverloadedError):
            await model.ainvoke("x")
        assert len(server.requests) == 2


async def test_a_winner_that_breaks_later_breaks_the_stream(anyio_backend: str) -> None:
    async with answering(STUCK, Reply("one two three", fault=Fault(cut=900))) as server:
        texts: list[str] = []
        with pytest.raises(StreamInterruptedError) as caught:
            async for chunk in hedge(over_http(server), after=LATE, max_extra=1).astream("x"):
                texts.append(chunk.text)
        assert caught.value.partial is not None
        assert caught.value.partial.text == "".join(texts) != ""
        assert len(server.requests) == 2


# How it is left.


@pytest.mark.parametrize("when", ["in the race", "after it"])
@pytest.mark.parametrize("how", ["cancelled", "closed by another task"])
async def test_leaving_closes_every_socket(how: str, when: str, anyio_backend: str) -> None:
    second = STUCK if when == "in the race" else Reply("one two three", every=5)
    async with answering(STUCK, second) as server:
        before = live()
        stream, texts = hedge(over_http(server), after=LATE, max_extra=1).astream("x"), list[str]()

        async def read() -> None:
            texts.extend([chunk.text async for chunk in stream])

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            with anyio.fail_after(3):
                while len(server.requests) < 2:
                    await anyio.sleep(0.001)
                await anyio.sleep(0.05)
                if how == "cancelled":
                    group.cancel_scope.cancel()
                else:
                    await stream.cancel()
        assert stream.interrupted
        left = time.monotonic()
        assert max([await closed(server, 0), await closed(server, 1)]) - left < 0.05
        await anyio.sleep(0.02)
        assert live() == before


@pytest.mark.parametrize("how", ["break", "dropped"])
async def test_a_stream_that_is_forgotten_is_closed_without_the_collector(how: str, anyio_backend: str) -> None:
    async with answering(STUCK, Reply("one two three", every=5)) as server:
        stream = hedge(over_http(server), after=LATE, max_extra=1).astream("x")
        gc.collect()
        gc.disable()
        try:
            if how == "break":
                async for _ in stream:
                    break
            else:
                await stream.__anext__()
                del stream
            left = time.monotonic()
            assert await closed(server, 1) - left < 0.05
        finally:
            gc.enable()


async def test_no_scope_is_open_between_two_pieces(anyio_backend: str) -> None:
    """A stream can be begun in one task and read on in another."""
    async with answering(STUCK, Reply("one two three", every=0.01)) as server:
        stream, texts = hedge(over_http(server), after=LATE, max_extra=1).astream("x"), list[str]()

        async def one() -> None:
            texts.append((await stream.__anext__()).text)

        for _ in range(3):
            async with anyio.create_task_group() as group:
                group.start_soon(one)
        texts += [chunk.text async for chunk in stream]
        assert "".join(texts) == "one two three"


# What it can be told.


async def test_it_is_told_what_a_model_is_told(anyio_backend: str) -> None:
    class City(BaseModel):
        name: str

    async with answering("plain", '{"name": "Rome"}', Reply(tool_calls=[("City", {"name": "Oslo"})])) as server:
        model = hedge(over_http(server), after=5.0)
        assert (await model.ainvoke("x", temperature=0.5)).text == "plain"
        assert server.requests[0].body["temperature"] == 0.5
        assert (await model.with_structured_output(City).ainvoke("x")) == City(name="Rome")
        calls = (await model.bind_tools([City]).bind(seed=7).ainvoke("x")).tool_calls
        assert calls[0]["args"] == {"name": "Oslo"}
        assert server.requests[2].body["seed"] == 7
        assert model.bind(seed=7).pace is model.pace
        assert model.model == "m"


async def test_fallbacks_around_it(anyio_backend: str) -> None:
    async with answering(Fault(status=500), "spare") as server:
        model = hedge(over_http(server), after=5.0).with_fallbacks([over_http(server)])
        assert (await model.ainvoke("x")).text == "spare"


def test_sync_code() -> None:
    with answering(*[STUCK, "quick answer"] * 2) as server:
        model = hedge(over_http(server), after=LATE, max_extra=1)
        assert model.invoke("x").text == "quick answer"
        assert "".join(chunk.text for chunk in model.stream("x")) == "quick answer"


def test_wrong_arguments() -> None:
    model = init_chat_model("simulator:m")
    for after in (0, -1, "p", "95", "p1000", None, True):
        with pytest.raises(InputError, match="after"):
            hedge(model, after=after)  # type: ignore[arg-type]
    for share in (0, 1.5):
        with pytest.raises(InputError, match="max_extra"):
            hedge(model, max_extra=share)
    with pytest.raises(InputTypeError, match="chat models"):
        hedge(model.with_structured_output({"title": "A", "type": "object", "properties": {}}))


def test_it_can_be_pickled() -> None:
    model = pickle.loads(pickle.dumps(hedge(init_chat_model("simulator:m"), after=0.5, max_extra=0.1)))
    assert isinstance(model, HedgedModel)
    assert (model.pace.after, model.pace.max_extra) == (0.5, 0.1)
    assert model.invoke("Hello").text


def test_errors_of_input_are_raised_as_they_are() -> None:
    with pytest.raises(InputError):
        hedge(init_chat_model("simulator:m")).invoke([{"role": "nobody", "content": 1}])
    assert issubclass(ServerError, Exception)

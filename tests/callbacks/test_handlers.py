"""What handlers hear of model calls, and what their own failures do."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import anyio
import pytest

from chatkit.callbacks import BaseCallbackHandler
from chatkit.callbacks.results import left_early
from chatkit.errors import InputTypeError, OverloadedError, ServerError
from chatkit.simulator import Fault, Reply, SimulatedChatModel
from tests.callbacks.listener import AsyncListener, Listener, StreamingListener

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


def model(*replies: Any, **settings: Any) -> SimulatedChatModel:
    return SimulatedChatModel("parrot", replies=list(replies or ["one two three"]), max_retries=0, **settings)


@pytest.mark.parametrize("kind", [Listener, AsyncListener])
async def test_a_stream_is_told_piece_by_piece(anyio_backend: str, kind: type[Listener]) -> None:
    listener = kind("on_chat_model_start", "on_llm_new_token", "on_llm_end")
    chunks = [chunk async for chunk in model().astream("hi", {"callbacks": [listener]})]
    assert listener.hooks == ["on_chat_model_start", *["on_llm_new_token"] * 3, "on_llm_end"]
    start, *tokens, end = listener.heard
    assert [message.text for message in start.args[1][0]] == ["hi"]
    assert start.invocation_params["model"] == "parrot"
    assert [token.args[0] for token in tokens] == ["one", " two", " three"]
    assert [token.chunk for token in tokens] == chunks[:-1]
    assert end.args[0].generations[0][0].message.text == "one two three"
    assert {heard.run_id for heard in listener.heard} == {start.run_id}
    assert isinstance(start.run_id, UUID)


async def test_a_handler_of_tokens_costs_little_more_than_its_call(anyio_backend: str) -> None:
    """CPU time for each piece, against calls of the same method with the same arguments; the best of many short samples."""

    class Silent(BaseCallbackHandler):
        def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
            pass

    stream, run = model()._watched("hi", {"callbacks": [Silent()]}, {})
    chunks = [chunk async for chunk in model("a " * 200).astream("hi")]
    piece, method = stream._listener.piece, Silent().on_llm_new_token  # type: ignore[union-attr]

    def told() -> None:
        for chunk in chunks:
            piece(chunk)

    def called() -> None:
        for chunk in chunks:
            method("", chunk=chunk, run_id=run.id, parent_run_id=None, tags=run.tags, metadata=run.metadata)

    def seconds(work: Callable[[], None]) -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    costs = [(seconds(told), seconds(called)) for _ in range(200)]
    assert min(told for told, _ in costs) < 3 * min(called for _, called in costs)


async def test_the_whole_message_is_only_made_for_those_who_want_it(anyio_backend: str) -> None:
    for hook, made in (("on_llm_new_token", False), ("on_llm_error", False), ("on_llm_end", True)):
        stream = model().astream("hi", {"callbacks": [Listener(hook)]})
        [chunk async for chunk in stream]
        assert (stream._exchange._message is not None) is made


async def test_what_langchains_handlers_read(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start", "on_llm_end")
    message = await model().ainvoke("hi", {"callbacks": [listener]}, stop=["x"])
    start, end = listener.heard
    assert (start.batch_size, start.options) == (1, {"stop": ["x"]})
    assert end.args[0].llm_output["token_usage"] == message.response_metadata["token_usage"]
    assert end.args[0].llm_output["model_name"] == "parrot"


async def test_every_typed_event_is_told_once_and_in_order(anyio_backend: str) -> None:
    whole, pieces = Listener("on_stream_event"), Listener("on_stream_event")
    async with model().open_stream("hi", {"callbacks": [whole]}) as stream:
        given = [event async for event in stream]
    [chunk async for chunk in model().astream("hi", {"callbacks": [pieces]})]
    assert [heard.args[0] for heard in whole.heard] == given
    assert [type(heard.args[0]) for heard in pieces.heard] == [type(event) for event in given]


async def test_a_plain_handler_does_not_make_invoke_stream(anyio_backend: str) -> None:
    asked = model("a b", "a b")
    plain, streaming = Listener("on_llm_new_token", "on_llm_end"), StreamingListener("on_llm_new_token", "on_llm_end")
    first = await asked.ainvoke("hi", {"callbacks": [plain]})
    second = await asked.ainvoke("hi", {"callbacks": [streaming]})
    assert plain.hooks == ["on_llm_end"]
    assert streaming.hooks == ["on_llm_new_token", "on_llm_new_token", "on_llm_end"]
    assert [bool(request.body.get("stream")) for request in asked.simulator.requests] == [False, True]
    assert (first.text, first.usage_metadata) == (second.text, second.usage_metadata)


@pytest.mark.parametrize(
    ("settings", "kwargs", "invoke", "stream"),
    [
        ({}, {}, False, True),
        ({}, {"stream": True}, True, True),
        ({}, {"stream": False}, False, False),
        ({"streaming": True}, {}, True, True),
        ({"streaming": True}, {"stream": False}, False, False),
        ({"streaming": False}, {}, False, False),
        ({"streaming": False}, {"stream": True}, True, True),
        ({"disable_streaming": True}, {"stream": True}, False, False),
    ],
)
async def test_who_says_whether_a_call_streams(
    anyio_backend: str, settings: Any, kwargs: Any, invoke: bool, stream: bool
) -> None:
    """Spec S110, S111; the answer is the same."""
    asked = model("a b", "a b", **settings)
    assert (await asked.ainvoke("hi", **kwargs)).text == "a b"
    assert "".join([chunk.text async for chunk in asked.astream("hi", **kwargs)]) == "a b"
    assert [bool(request.body.get("stream")) for request in asked.simulator.requests] == [invoke, stream]


async def test_disabled_streaming_stays_disabled(anyio_backend: str) -> None:
    listener = StreamingListener("on_llm_new_token", "on_llm_end")
    await model(disable_streaming=True).ainvoke("hi", {"callbacks": [listener]})
    assert listener.hooks == ["on_llm_end"]


async def test_errors_come_with_what_had_arrived(anyio_backend: str) -> None:
    listener = Listener("on_llm_error")
    with pytest.raises(OverloadedError) as caught:
        async for _ in model(Reply("one two three", fault=Fault(error="after", after=2))).astream(
            "hi", {"callbacks": [listener]}
        ):
            pass
    (heard,) = listener.heard
    assert heard.args[0] is caught.value
    assert heard.response.generations[0][0].message.text == "one two"
    assert heard.args[0].provider == "simulator"


async def test_who_leaves_is_no_failure(anyio_backend: str) -> None:
    left, cancelled = Listener("on_llm_end", "on_llm_error"), Listener("on_llm_end", "on_llm_error")
    async for _ in model().astream("hi", {"callbacks": [left]}):
        break
    with anyio.move_on_after(0.02):
        async for _ in model(every=10).astream("hi", {"callbacks": [cancelled]}):
            pass
    for listener in (left, cancelled):
        assert listener.hooks == ["on_llm_error"]
        assert left_early(listener.heard[0].args[0])
        assert listener.heard[0].response.generations[0][0].message.text == "one"


async def test_a_stream_that_never_began_is_not_told(anyio_backend: str) -> None:
    listener = Listener()
    async with model().astream("hi", {"callbacks": [listener]}):
        pass
    assert listener.hooks == []


async def test_retries_are_told_with_the_usage_of_the_attempt(anyio_backend: str) -> None:
    listener = Listener("on_retry", "on_chat_model_start", "on_llm_end")
    asked = SimulatedChatModel("m", replies=[Fault(status=500, retry_after=0), "fine"], max_retries=1)
    await asked.ainvoke("hi", {"callbacks": [listener]})
    assert listener.hooks == ["on_chat_model_start", "on_retry", "on_llm_end"]
    (retry,) = listener.of("on_retry")
    assert (type(retry.args[0]), retry.attempt, retry.model, retry.args[0].provider) == (ServerError, 1, "m", "simulator")


async def test_a_failing_handler_is_logged_and_passed_over(anyio_backend: str, caplog: pytest.LogCaptureFixture) -> None:
    class Bad(BaseCallbackHandler):
        def on_chat_model_start(self, *_: Any, **__: Any) -> None:
            raise ValueError("bad start")

        async def on_llm_new_token(self, *_: Any, **__: Any) -> None:
            raise ValueError("bad token")

        def on_llm_end(self, *_: Any, **__: Any) -> None:
            raise ValueError("bad end")

    good = Listener("on_llm_new_token", "on_llm_end")
    with caplog.at_level(logging.WARNING, "chatkit"):
        text = "".join([chunk.text async for chunk in model().astream("hi", {"callbacks": [Bad(), good]})])
    assert text == "one two three"
    assert good.hooks == [*["on_llm_new_token"] * 3, "on_llm_end"]
    assert [name in caplog.text for name in ("bad start", "bad token", "bad end")] == [True] * 3


@pytest.mark.parametrize("hook", ["on_chat_model_start", "on_llm_new_token", "on_llm_end"])
@pytest.mark.parametrize("is_async", [False, True])
async def test_a_handler_may_ask_to_break_the_run(anyio_backend: str, hook: str, is_async: bool) -> None:
    class Strict(BaseCallbackHandler):
        raise_error = True

    def fail(*_: Any, **__: Any) -> None:
        raise ValueError("stop")

    async def fail_later(*_: Any, **__: Any) -> None:
        raise ValueError("stop")

    strict = Strict()
    setattr(strict, hook, fail_later if is_async else fail)
    asked = model()
    with pytest.raises(ValueError, match="stop"):
        async for _ in asked.astream("hi", {"callbacks": [strict]}):
            pass


async def test_handlers_of_langchain_are_understood(anyio_backend: str) -> None:
    """Their base class says NotImplementedError to chat models and means `on_llm_start`; their switches work."""

    class Base:
        raise_error = False
        ignore_llm = False

        def on_chat_model_start(self, *_: Any, **__: Any) -> None:
            raise NotImplementedError

    class Theirs(Base):
        def __init__(self) -> None:
            self.prompts: list[str] = []
            self.ends = 0

        def on_llm_start(self, serialized: Any, prompts: list[str], **_: Any) -> None:
            self.prompts += prompts

        def on_llm_end(self, response: Any, **_: Any) -> None:
            self.ends += 1

    class Silent(Theirs):
        ignore_llm = True

    theirs, silent = Theirs(), Silent()
    await model().ainvoke([("system", "Be brief."), "hi"], {"callbacks": [theirs, silent]})
    assert (theirs.prompts, theirs.ends) == (["System: Be brief.\nHuman: hi"], 1)
    assert (silent.prompts, silent.ends) == ([], 0)


async def test_handlers_of_the_model_itself(anyio_backend: str) -> None:
    own, given = Listener("on_llm_end"), Listener("on_llm_end")
    asked = model("a", "b", callbacks=[own], tags=["t"], metadata={"k": 1}, name="mine")
    await asked.ainvoke("hi")
    await asked.ainvoke("hi", {"callbacks": [given, own], "tags": ["u"], "run_name": "this"})
    assert len(own.heard) == 2
    assert own.heard[0].tags == ["t"]
    assert given.heard[0].tags == ["u", "t"]
    assert given.heard[0].metadata["k"] == 1
    assert given.heard[0].metadata["ls_provider"] == "simulator"


async def test_a_class_is_no_handler(anyio_backend: str) -> None:
    with pytest.raises(InputTypeError, match=r"Listener\(\)"):
        await model().ainvoke("hi", {"callbacks": [Listener]})


async def test_message_and_run_have_one_id(anyio_backend: str) -> None:
    listener = Listener("on_chat_model_start", "on_llm_new_token")
    stream = model().astream("hi", {"callbacks": [listener], "run_id": "00000000-0000-4000-8000-000000000001"})
    await anext(stream)
    await stream.aclose()
    assert str(listener.heard[0].run_id) == "00000000-0000-4000-8000-000000000001"


def test_handlers_hear_sync_calls() -> None:
    sync, later = Listener("on_llm_end"), AsyncListener("on_llm_end")
    asked = model("a", "b")
    asked.invoke("hi", {"callbacks": [sync, later]})
    assert [chunk.text for chunk in asked.stream("hi", {"callbacks": [sync, later]})] == ["b", ""]
    assert len(sync.heard) == len(later.heard) == 2

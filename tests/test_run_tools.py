"""The tool loop: what it asks, what it runs, what it tells the model (W27)."""

from __future__ import annotations

import logging
import pickle
import threading
import time
from typing import Annotated, Any, ClassVar

import anyio
import pytest

from chatkit.errors import InputError, InputTypeError
from chatkit.messages import AIMessage, AIMessageChunk, ToolMessage
from chatkit.simulator.model import SimulatedChatModel
from chatkit.simulator.reply import Reply
from chatkit.tools import (
    InjectedToolArg,
    ToolException,
    ToolRuntime,
    TurnLimitError,
    run_tools,
    run_tools_sync,
    stream_tools,
    tool,
)

pytestmark = pytest.mark.anyio


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"It's sunny in {location}."


@tool
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    await anyio.sleep(0)
    return a + b


def model(*replies: Any) -> SimulatedChatModel:
    return SimulatedChatModel("parrot", replies=list(replies))


def calls(*pairs: tuple[str, Any]) -> Reply:
    return Reply(tool_calls=pairs)


async def test_until_the_answer() -> None:
    run = await run_tools(model(calls(("get_weather", {"location": "Boston"})), "Sunny."), "Weather?", [get_weather])
    assert [message.type for message in run.messages] == ["human", "ai", "tool", "ai"]
    assert run.messages[2].content == "It's sunny in Boston."
    assert (run.text, run.turns, run.message) == ("Sunny.", 2, run.messages[-1])


async def test_with_the_simulators_own_rules() -> None:
    run = await run_tools(SimulatedChatModel("parrot"), "What's the weather in Boston and Tokyo?", [get_weather])
    assert [message.type for message in run.messages] == ["human", "ai", "tool", "tool", "ai"]
    assert "sunny in Boston" in run.text
    assert "sunny in Tokyo" in run.text


async def test_no_calls_at_all() -> None:
    run = await run_tools(model("Hello."), [{"role": "user", "content": "Hi"}], [get_weather])
    assert (run.turns, run.text) == (1, "Hello.")


async def test_the_results_go_to_the_model() -> None:
    parrot = model(calls(("add", {"a": 1, "b": 2})), "Three.")
    run = await run_tools(parrot, "1+2?", [add])
    call, result = parrot.simulator.requests[-1].body["messages"][-2:]
    assert result["content"] == "3"
    assert result["tool_call_id"] == call["tool_calls"][0]["id"] == run.messages[2].tool_call_id


async def test_the_input_stays_as_it_is() -> None:
    given = [{"role": "user", "content": "Hi"}]
    await run_tools(model(calls(("add", {"a": 1, "b": 2})), "Three."), given, [add])
    assert given == [{"role": "user", "content": "Hi"}]


async def test_usage_of_all_turns() -> None:
    run = await run_tools(model(calls(("add", {"a": 1, "b": 2})), "Three."), "1+2?", [add])
    assert run.usage is not None
    assert run.usage["total_tokens"] == sum(
        message.usage_metadata["total_tokens"] for message in run.messages if isinstance(message, AIMessage)
    )


async def test_calls_of_a_turn_run_side_by_side() -> None:
    inside = 0
    most = 0

    @tool
    async def wait(n: int) -> int:
        """Wait."""
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await anyio.sleep(0.02 / n)
        inside -= 1
        return n

    run = await run_tools(model(calls(("wait", {"n": 1}), ("wait", {"n": 2}), ("wait", {"n": 3})), "Done."), "q", [wait])
    assert most == 3
    assert [message.content for message in run.messages[2:5]] == ["1", "2", "3"]


async def test_what_the_model_hears_of_failures(caplog: pytest.LogCaptureFixture) -> None:
    def divide(a: int, b: int) -> float:
        return a / b

    @tool
    def refuse() -> None:
        """Refuse."""
        raise ToolException("not today")

    said = calls(
        ("divide", {"a": 1, "b": 0}),
        ("divide", {"a": "x"}),
        ("nowhere", {}),
        ("divide", '{"a": 1'),
        ("refuse", {}),
        ("divide", {"a": 4, "b": 2}),
    )
    parrot = model(said, "Done.")
    with caplog.at_level(logging.WARNING, "chatkit.tools"):
        run = await run_tools(parrot, "q", [divide, refuse])
    results = run.messages[2:8]
    assert [(message.content, message.status) for message in results if isinstance(message, ToolMessage)] == [
        ("The tool failed: ZeroDivisionError: division by zero", "error"),
        ("The arguments do not fit the tool 'divide': a: Expected `int`, got `str`; b: is required but missing", "error"),
        ("There is no tool 'nowhere'. The tools are: divide, refuse.", "error"),
        ("not today", "error"),
        ("2.0", "success"),
        ("The arguments cannot be read (the arguments are not a JSON object). Call the tool again with a JSON object.", "error"),
    ]
    assert [record.message for record in caplog.records] == ["tool divide failed; the model is told"]
    ids = [call["id"] for call in parrot.simulator.requests[-1].body["messages"][1]["tool_calls"]]
    assert sorted(ids) == sorted(message.tool_call_id for message in results if isinstance(message, ToolMessage))


async def test_raise_instead() -> None:
    stopped: list[str] = []

    @tool
    def fail() -> None:
        """Fail."""
        raise RuntimeError("broken")

    @tool
    async def wait() -> None:
        """Wait."""
        try:
            await anyio.sleep(5)
        except anyio.get_cancelled_exc_class():
            stopped.append("wait")
            raise

    with pytest.raises(RuntimeError, match="broken"):
        await run_tools(model(calls(("wait", {}), ("fail", {}))), "q", [fail, wait], on_error="raise")
    assert stopped == ["wait"]


async def test_wrong_arguments_are_told_even_then() -> None:
    run = await run_tools(model(calls(("add", {})), "Oh."), "q", [add], on_error="raise")
    assert isinstance(run.messages[2], ToolMessage)
    assert run.messages[2].status == "error"


async def test_turns_are_bounded() -> None:
    ran = []

    @tool
    def again() -> str:
        """Once more."""
        ran.append(1)
        return "more"

    with pytest.raises(TurnLimitError, match=r"after 3 turns \(max_turns\) the model still calls tools: again") as caught:
        await run_tools(model(*[calls(("again", {}))] * 9), "q", [again], max_turns=3)
    assert len(ran) == 2
    assert caught.value.run.turns == 3
    assert [message.type for message in caught.value.run.messages] == ["human", "ai", "tool", "ai", "tool", "ai"]
    assert pickle.loads(pickle.dumps(caught.value)).run.turns == 3


async def test_cancelling_stops_running_tools() -> None:
    stopped = []

    @tool
    async def wait() -> None:
        """Wait."""
        try:
            await anyio.sleep(5)
        finally:
            stopped.append(1)

    begin = time.monotonic()
    with anyio.move_on_after(0.05) as scope:
        await run_tools(model(calls(("wait", {}), ("wait", {}))), "q", [wait])
    assert scope.cancelled_caught
    assert stopped == [1, 1]
    assert time.monotonic() - begin < 1


async def test_return_direct() -> None:
    direct = tool("answer", return_direct=True, description="Answer.")(lambda text: text)
    run = await run_tools(model(calls(("answer", {"text": "42"}))), "q", [direct])
    assert (run.text, run.turns, run.message.type) == ("42", 1, "tool")


async def test_a_failed_direct_tool_goes_on() -> None:
    @tool(return_direct=True)
    def answer(text: str) -> str:
        """Answer."""
        raise ToolException("no")

    run = await run_tools(model(calls(("answer", {"text": "42"})), "Sorry."), "q", [answer])
    assert run.text == "Sorry."


async def test_a_forced_choice_is_for_the_first_turn() -> None:
    parrot = model(calls(("add", {"a": 1, "b": 2})), "Three.")
    await run_tools(parrot, "q", [add], tool_choice="any", temperature=0.5)
    first, second = parrot.simulator.requests
    assert first.body["tool_choice"] == "required"
    assert "tool_choice" not in second.body
    assert first.body["temperature"] == second.body["temperature"] == 0.5


@tool
def save(text: str, user: Annotated[str, InjectedToolArg]) -> str:
    """Save a text."""
    return f"{user}: {text}"


async def test_injected_arguments() -> None:
    parrot = model(calls(("save", {"text": "hi", "user": "somebody else"})), "Saved.")
    run = await run_tools(parrot, "q", [save], inject={"user": "ann"})
    assert run.messages[2].content == "ann: hi"
    assert list(parrot.simulator.requests[0].body["tools"][0]["function"]["parameters"]["properties"]) == ["text"]


class ForeignMessage:
    """As LangChain's ToolMessage is seen from here."""

    type, content, name, status, artifact = "tool", "sunny", "forecast", "success", {"degrees": 20}

    def __init__(self, tool_call_id: str) -> None:
        self.tool_call_id = tool_call_id

    def model_dump(self) -> dict[str, Any]:
        names = ("type", "content", "name", "status", "artifact", "tool_call_id")
        return {name: getattr(self, name) for name in names}


class ForeignTool:
    """As LangChain's tools are seen from here."""

    name, description = "forecast", "The weather to come."
    tool_call_schema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {"day": {"type": "string"}}}

    async def ainvoke(self, input: dict[str, Any], config: Any = None) -> ForeignMessage:
        return ForeignMessage(input["id"])


async def test_tools_of_another_library_with_messages_of_its_own() -> None:
    parrot = model(calls(("forecast", {"day": "today"})), "Sunny.")
    run = await run_tools(parrot, "q", [ForeignTool()])
    call, result = run.messages[1], run.messages[2]
    assert isinstance(call, AIMessage)
    assert result == ToolMessage("sunny", name="forecast", tool_call_id=call.tool_calls[0]["id"], artifact={"degrees": 20})


@tool
def count(what: str, runtime: ToolRuntime[Any, Any]) -> str:
    """Count the messages."""
    return f"{len(runtime.state['messages'])} {what} of {runtime.context}, {runtime.tool_call_id}"


async def test_tools_see_the_conversation_so_far() -> None:
    parrot = model(calls(("count", {"what": "messages", "runtime": {"context": "forged"}})), "Two.")
    run = await run_tools(parrot, "q", [count], inject={"runtime": ToolRuntime(context="ann")})
    assert run.messages[2].content == f"2 messages of ann, {run.messages[1].tool_calls[0]['id']}"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("tools", "options", "problem"),
    [
        ([save], {}, "the tool 'save' needs inject={'user': ...}"),
        ([save], {"inject": {"user": "a", "usr": "b"}}, r"no tool has the injected arguments \['usr'\]"),
        ([add], {"max_turns": 0}, "max_turns must be at least 1"),
        ([add], {"on_error": "ignore"}, "on_error must be 'message' or 'raise'"),
        ([add, add], {}, "two tools are called 'add'"),
    ],
)
async def test_wrong_options(tools: list[Any], options: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        await run_tools(model(), "q", tools, **options)


@pytest.mark.parametrize("thing", [int, {"title": "x", "properties": {}}, 5])
async def test_what_cannot_run(thing: Any) -> None:
    with pytest.raises(InputTypeError, match="run_tools cannot run"):
        await run_tools(model(), "q", [thing])


async def test_built_in_tools_are_the_providers() -> None:
    parrot = model("Found.")
    await run_tools(parrot, "q", [{"type": "web_search"}, add])
    assert parrot.simulator.requests[0].body["tools"][0] == {"type": "web_search"}


def test_sync() -> None:
    threads = set()

    @tool
    def where() -> str:
        """Where."""
        threads.add(threading.get_ident())
        return "here"

    run = run_tools_sync(model(calls(("where", {}), ("where", {})), "Done."), "q", [where])
    assert run.text == "Done."
    assert threading.get_ident() not in threads


async def test_streaming() -> None:
    stream = stream_tools(model(calls(("add", {"a": 1, "b": 2})), Reply("It is three.", piece=3)), "q", [add])
    items = [item async for item in stream]
    kinds = [type(item) for item in items]
    at = kinds.index(ToolMessage)
    assert set(kinds[:at]) == set(kinds[at + 1 :]) == {AIMessageChunk}
    assert items[at].content == "3"
    assert sum(items[1:at], items[0]).tool_calls[0]["args"] == {"a": 1, "b": 2}
    assert "".join(item.text for item in items[at + 1 :]) == "It is three."
    assert stream.run.text == "It is three."
    assert stream.run.turns == 2


async def test_streaming_says_the_same_as_running() -> None:
    def parrot() -> SimulatedChatModel:
        return model(calls(("add", {"a": 1, "b": 2})), "Three.")

    stream = stream_tools(parrot(), "q", [add])
    async for _ in stream:
        pass
    run = await run_tools(parrot(), "q", [add])
    assert [message.content for message in stream.run.messages] == [message.content for message in run.messages]


async def test_closing_a_stream_from_another_task_stops_its_tools() -> None:
    working, stopped = anyio.Event(), anyio.Event()

    @tool
    async def wait() -> None:
        """Wait for ever."""
        working.set()
        try:
            await anyio.sleep_forever()
        finally:
            stopped.set()

    stream = stream_tools(model(calls(("wait", {})), "Done."), "q", [wait])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:

            async def read() -> None:
                async for _ in stream:
                    pass

            group.start_soon(read)
            await working.wait()
            await stream.aclose()
    assert stopped.is_set()
    assert stream.run.turns == 1


async def test_leaving_a_stream() -> None:
    stream = stream_tools(model(Reply("a b c d e f", every=0.01)), "q", [add])
    async for _ in stream:
        break
    assert stream.run.turns == 0
    async with stream_tools(model(Reply("a b c d e f", every=0.01)), "q", [add]) as owned:
        async for _ in owned:
            break

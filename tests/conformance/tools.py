"""Scenarios: tools of the caller's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool
from chatkit.messages import HumanMessage, ToolMessage
from chatkit.simulator import Reply
from tests.conformance.scenario import scenario

if TYPE_CHECKING:
    from tests.conformance.lab import Lab


def get_weather(city: str, days: int = 1) -> str:
    """The weather in a city.

    Args:
        city: name of the city.
        days: how many days.
    """
    return f"sunny in {city} for {days} days"


def get_time(city: str) -> str:
    """The time in a city.

    Args:
        city: name of the city.
    """
    return f"noon in {city}"


ROME: dict[str, Any] = {"city": "Rome", "days": 3}


@scenario("tools")
async def tools(lab: Lab) -> None:
    lab.says(Reply("Let me look.", tool_calls=[("get_weather", ROME)]), "Take a hat.")
    model = lab.model().bind_tools([get_weather, get_time])
    asked = HumanMessage("What to wear in Rome?")
    message = await model.ainvoke([asked])
    (call,) = message.tool_calls
    assert (call["name"], call["args"]) == ("get_weather", ROME)
    assert call["id"]
    answer = await model.ainvoke([asked, message, ToolMessage("sunny", tool_call_id=call["id"])])
    assert answer.text == "Take a hat."
    first, second = lab.questions
    assert [tool.name for tool in first.tools] == ["get_weather", "get_time"]
    assert first.tools[0].description.startswith("The weather in a city.")
    assert set(first.tools[0].parameters["properties"]) == {"city", "days"}
    assert [said.type for said in second.messages] == ["human", "ai", "tool"]
    assert second.messages[1].tool_calls[0]["args"] == ROME
    assert second.messages[2].text == "sunny"


@scenario("parallel tools")
async def parallel(lab: Lab) -> None:
    lab.says(Reply(tool_calls=[("get_weather", ROME), ("get_time", {"city": "Rome"}), ("get_weather", {"city": "Oslo"})]), "Yes.")
    model = lab.model().bind_tools([get_weather, get_time])
    chunks = [chunk async for chunk in model.astream("Compare")]
    message = sum(chunks[1:], chunks[0])
    assert [(call["name"], call["args"]) for call in message.tool_calls] == [
        ("get_weather", ROME),
        ("get_time", {"city": "Rome"}),
        ("get_weather", {"city": "Oslo"}),
    ]
    assert len({call["id"] for call in message.tool_calls}) == 3
    results = [ToolMessage(f"result {nth}", tool_call_id=call["id"]) for nth, call in enumerate(message.tool_calls)]
    assert (await model.ainvoke([HumanMessage("Compare"), message, *results])).text == "Yes."
    said = lab.questions[1].messages
    assert [message.text for message in said if message.type == "tool"] == ["result 0", "result 1", "result 2"]


@scenario("forced tool")
async def forced(lab: Lab) -> None:
    model = lab.model()
    one = await model.bind_tools([get_weather, get_time], tool_choice="get_time").ainvoke("Hello")
    some = await model.bind_tools([get_weather, get_time], tool_choice="any").ainvoke("Hello")
    assert [call["name"] for call in one.tool_calls] == ["get_time"]
    assert len(some.tool_calls) == 1
    first, second = lab.questions
    alone = first.tool_choice == "any" and [tool.name for tool in first.tools] == ["get_time"]
    assert first.tool_choice == NamedTool("get_time") or alone
    assert second.tool_choice == "any"
    assert len(second.tools) == 2


@scenario("streamed arguments")
async def streamed_arguments(lab: Lab) -> None:
    lab.says(Reply(tool_calls=[("get_weather", ROME)]))
    pieces: list[str] = []
    async for chunk in lab.model(**lab.subject.streams_arguments).bind_tools([get_weather]).astream("Rome"):
        pieces += [piece["args"] for piece in chunk.tool_call_chunks if piece["args"]]
    assert json.loads("".join(pieces)) == ROME
    assert len(pieces) > 2

"""ChatOpenAI and the simulator's Responses API over a socket: what needs a server that remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.errors import NotFoundError
from chatkit.messages import HumanMessage, ToolMessage
from chatkit.simulator import Server, simulate
from chatkit_openai import ChatOpenAI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.messages import AIMessage

SKY = "The sky is typically blue during the day, because air scatters blue light more than red light."


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def model(server: Server, **params: Any) -> ChatOpenAI:
    return ChatOpenAI("gpt-5", base_url=f"{server.url}/v1", api_key="test", **params)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return f"sunny in {city}"


def round_of_tools(asked: Any) -> AIMessage:
    talk: list[Any] = [HumanMessage("What is the weather in Rome?")]
    answer = asked.invoke(talk)
    talk += [answer, ToolMessage("sunny", tool_call_id=answer.tool_calls[0]["id"])]
    return asked.invoke(talk)


def test_the_server_keeps_the_conversation(server: Server) -> None:
    asked = model(server, use_responses_api=True, use_previous_response_id=True).bind_tools([get_weather])
    assert round_of_tools(asked).text == "Here is what I found: sunny"
    (item,) = server.requests[-1].body["input"]
    assert item["type"] == "function_call_output"
    assert server.requests[-1].body["previous_response_id"].startswith("resp_")


def test_without_storage_the_reasoning_goes_back_encrypted(server: Server) -> None:
    asked = model(server, store=False, reasoning={"effort": "low", "summary": "auto"}).bind_tools([get_weather])
    assert round_of_tools(asked).text == "Here is what I found: sunny"
    kinds = [item.get("type", "message") for item in server.requests[-1].body["input"]]
    assert kinds == ["message", "reasoning", "function_call", "function_call_output"]
    assert server.requests[-1].body["input"][1]["encrypted_content"]


@pytest.mark.parametrize("seen", [1, 4, 9])
def test_a_stream_goes_on_where_it_was_left(server: Server, seen: int) -> None:
    asked = model(server, background=True)
    total: Any = None
    for chunk in asked.stream("What color is the sky?"):
        total = chunk if total is None else total + chunk
        if len(total.text.split()) >= seen:
            break
    id, number = (total.response_metadata[name] for name in ("id", "sequence_number"))
    rest = asked.stream("", resume_response_id=id, starting_after=number)
    assert total.text + "".join(chunk.text for chunk in rest) == SKY
    assert asked.invoke("", resume_response_id=id).text == SKY


def test_an_answer_in_the_background(server: Server) -> None:
    asked = model(server, background=True)
    queued = asked.invoke("What color is the sky?")
    assert (queued.response_metadata["status"], queued.text) == ("queued", "")
    fetched = asked.invoke("", resume_response_id=queued.response_metadata["id"])
    assert (fetched.response_metadata["status"], fetched.text) == ("completed", SKY)
    with pytest.raises(NotFoundError, match="resp_unknown"):
        asked.invoke("", resume_response_id="resp_unknown")

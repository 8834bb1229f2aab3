"""OpenAI's official client against the simulator's Responses API. Its stream helper checks every event's place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from chatkit.simulator import Fault, Reply, Server, simulate
from tests.simulator.clients import closed_later

if TYPE_CHECKING:
    from collections.abc import Iterator

openai = pytest.importorskip("openai", reason="the official client is not installed")

MODEL = "gpt-5"
SKY = "The sky is typically blue during the day, because air scatters blue light more than red light."
ASK = "What color is the sky?"
WEATHER: dict[str, Any] = {
    "type": "function",
    "name": "get_weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
}
THINKING: dict[str, Any] = {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]}


class Movie(BaseModel):
    """A movie with details."""

    title: str
    year: int
    director: str
    rating: float


INCEPTION = Movie(title="Inception", year=2010, director="Christopher Nolan", rating=8.8)


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


def api(server: Server, max_retries: int = 0) -> Any:
    client = openai.OpenAI(base_url=f"{server.url}/v1", api_key="sk-test", max_retries=max_retries)
    return closed_later(client).responses


def test_whole_answer(server: Server) -> None:
    answer = api(server).create(model=MODEL, input=ASK)
    assert (answer.output_text, answer.status, answer.error) == (SKY, "completed", None)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0
    assert answer._request_id.startswith("req_")


@pytest.mark.parametrize(
    "more",
    [
        {},
        THINKING,
        {"tools": [WEATHER], "input": "What's the weather in Boston and Tokyo?"},
        {"tools": [{"type": "custom", "name": "weather"}], "input": "What's the weather in Boston?"},
        {"tools": [{"type": "web_search"}], "input": "Search for kakapo news"},
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}], "input": "Search for kakapo"},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}], "input": "compute 2 and 40"},
        {"tools": [{"type": "image_generation"}], "input": "Draw a picture"},
        {"include": ["message.output_text.logprobs"], "top_logprobs": 2},
    ],
)
def test_a_stream_adds_up_to_the_whole_answer(server: Server, more: dict[str, Any]) -> None:
    asked = {"model": MODEL, "input": ASK, **more}
    with api(server).stream(**asked) as stream:
        events = list(stream)
        streamed = stream.get_final_response()
    whole = api(server).create(**asked)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert len(events) > 5
    unparsed: Any = {"output": {"__all__": {"content": {"__all__": {"parsed"}}, "parsed_arguments": True}}}
    assert streamed.model_dump(exclude=unparsed) == whole.model_dump()


def test_the_loop_of_tools(server: Server) -> None:
    question: list[Any] = [{"role": "user", "content": "What's the weather in Boston and Tokyo?"}]
    with api(server).stream(model=MODEL, input=question, tools=[WEATHER], **THINKING) as stream:
        deltas = [event for event in stream if event.type == "response.function_call_arguments.delta"]
        output = stream.get_final_response().output
    calls = [item for item in output if item.type == "function_call"]
    assert [call.parsed_arguments for call in calls] == [{"location": "Boston"}, {"location": "Tokyo"}]
    assert deltas[-1].snapshot == '{"location":"Tokyo"}'
    results = [{"type": "function_call_output", "call_id": call.call_id, "output": "sunny"} for call in calls]
    said = [item.to_dict() for item in output]
    for call in said:
        call.pop("parsed_arguments", None)
    answer = api(server).create(model=MODEL, input=[*question, *said, *results], tools=[WEATHER], store=False)
    assert answer.output_text == "Here is what I found:\n- Boston: sunny\n- Tokyo: sunny"
    assert "encrypted_content" in server.requests[-1].body["input"][1]


def test_the_server_remembers(server: Server) -> None:
    first = api(server).create(model=MODEL, input="What's the weather in Boston?", tools=[WEATHER])
    result = {"type": "function_call_output", "call_id": first.output[0].call_id, "output": "sunny"}
    second = api(server).create(model=MODEL, input=[result], previous_response_id=first.id, tools=[WEATHER])
    assert second.output_text == "Here is what I found: sunny"
    assert api(server).retrieve(second.id).output_text == second.output_text
    with pytest.raises(openai.BadRequestError, match="resp_unknown"):
        api(server).create(model=MODEL, input="Hello", previous_response_id="resp_unknown")
    with pytest.raises(openai.NotFoundError):
        api(server).retrieve("resp_unknown")


def test_a_stream_goes_on_where_it_was_cut(server: Server) -> None:
    with api(server).create(model=MODEL, input=ASK, stream=True, extra_headers={"x-chatkit-fault": "cut=4000"}) as stream:
        begun: list[Any] = []
        with pytest.raises(openai.APIConnectionError):
            for event in stream:
                begun.append(event)
    id, last = begun[0].response.id, begun[-1].sequence_number
    rest = list(api(server).retrieve(id, stream=True, starting_after=last))
    assert rest[0].sequence_number == last + 1
    text = "".join(event.delta for event in [*begun, *rest] if event.type == "response.output_text.delta")
    assert text == rest[-1].response.output_text == SKY


@pytest.mark.parametrize("stream", [False, True])
def test_structured_output(server: Server, stream: bool) -> None:
    asked: dict[str, Any] = {"model": MODEL, "input": "Provide details about the movie Inception", "text_format": Movie}
    if not stream:
        assert api(server).parse(**asked).output_parsed == INCEPTION
        return
    with api(server).stream(**asked) as running:
        assert running.get_final_response().output_parsed == INCEPTION


def test_sources_of_a_search(server: Server) -> None:
    answer = api(server).create(
        model=MODEL,
        input="Search for kakapo news",
        tools=[{"type": "web_search"}],
        include=["web_search_call.action.sources"],
    )
    call, message = answer.output
    (note,) = message.content[0].annotations
    assert (call.status, call.action.type, call.action.sources[0].url) == ("completed", "search", note.url)
    assert message.content[0].text[note.start_index : note.end_index].startswith("Conservationists")


def test_a_refusal(server: Server) -> None:
    reply = Reply(blocks=[{"type": "non_standard", "value": {"type": "refusal", "refusal": "I will not do that."}}])
    with simulate([reply, reply]) as scripted:
        with api(scripted).stream(model=MODEL, input=ASK) as stream:
            said = "".join(event.delta for event in stream if event.type == "response.refusal.delta")
            part = stream.get_final_response().output[0].content[0]
    assert said == part.refusal == "I will not do that."


def test_an_answer_that_is_cut_off(server: Server) -> None:
    answer = api(server).create(model=MODEL, input=ASK, max_output_tokens=2)
    assert (answer.status, answer.incomplete_details.reason, answer.output_text) == ("incomplete", "max_output_tokens", "The sky")


def test_images_and_files_go_in(server: Server) -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"}
    pdf = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}
    asked: list[Any] = [{"role": "user", "content": [{"type": "input_text", "text": "Look"}, image, pdf]}]
    answer = api(server).create(model=MODEL, input=asked)
    assert answer.output_text == "I received an image (image/png, 2 bytes) and a file (application/pdf, 2 bytes)."


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (400, "BadRequestError", None),
        (401, "AuthenticationError", "invalid_api_key"),
        (404, "NotFoundError", "model_not_found"),
        (429, "RateLimitError", "rate_limit_exceeded"),
        (500, "InternalServerError", None),
    ],
)
def test_error_statuses(server: Server, status: int, error: str, code: str | None) -> None:
    with pytest.raises(getattr(openai, error)) as caught:
        api(server).create(model=f"{MODEL}?fault={status}", input=ASK)
    assert (caught.value.status_code, caught.value.code) == (status, code)


def test_errors_inside_a_stream(server: Server) -> None:
    with pytest.raises(openai.APIError, match="Overloaded"):
        list(api(server).create(model=f"{MODEL}?fault=error=after", input=ASK, stream=True))
    with api(server).stream(model=f"{MODEL}?fault=error=after&kind=server", input=ASK) as stream:
        events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert (events[-1].type, events[-1].response.error.code) == ("response.failed", "server_error")


def test_the_client_tries_again_as_it_is_asked_to() -> None:
    with simulate([Fault(status=429, retry_after=0.05, times=2), Reply("at last")]) as server:
        assert api(server, max_retries=2).create(model=MODEL, input=ASK).output_text == "at last"
        assert len(server.requests) == 3


def test_async(server: Server) -> None:
    async def ask() -> str:
        async with openai.AsyncOpenAI(base_url=f"{server.url}/v1", api_key="sk-test") as client:
            async with client.responses.stream(model=MODEL, input=ASK) as stream:
                said = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
                assert (await stream.get_final_response()).output_text == said
            return said

    assert asyncio.run(ask()) == SKY


def test_what_was_asked_can_be_read_again(server: Server) -> None:
    responses = api(server)
    answer = responses.create(model=MODEL, input=ASK)
    (item,) = responses.input_items.list(answer.id)
    assert (item.type, item.role, item.content[0].text) == ("message", "user", ASK)
    talk: list[Any] = [{"role": "user", "content": ASK}, {"role": "assistant", "content": SKY}, {"role": "user", "content": "Hi"}]
    answer = responses.create(model=MODEL, input=talk)
    ascending = [item.role for item in responses.input_items.list(answer.id, order="asc")]
    assert ascending == ["user", "assistant", "user"]
    assert [item.content[0].text for item in responses.input_items.list(answer.id)] == ["Hi", SKY, ASK]


def test_a_deleted_answer_is_gone(server: Server) -> None:
    responses = api(server)
    answer = responses.create(model=MODEL, input=ASK)
    responses.delete(answer.id)
    with pytest.raises(openai.NotFoundError):
        responses.retrieve(answer.id)
    with pytest.raises(openai.NotFoundError):
        responses.delete(answer.id)


def test_cancelling(server: Server) -> None:
    responses = api(server)
    started = responses.create(model=MODEL, input=ASK, background=True)
    assert responses.cancel(started.id).status == "cancelled"
    assert responses.retrieve(started.id).status == "cancelled"
    synchronous = responses.create(model=MODEL, input="Hello")
    with pytest.raises(openai.BadRequestError, match="synchronous"):
        responses.cancel(synchronous.id)
    assert responses.retrieve(synchronous.id).status == "completed"


def test_counting_and_a_prompt_that_is_on_the_server(server: Server) -> None:
    responses = api(server)
    count = responses.input_tokens.count(model=MODEL, input=ASK)
    assert (count.object, count.input_tokens > 0) == ("response.input_tokens", True)
    assert responses.create(model=MODEL, prompt={"id": "pmpt_1"}).status == "completed"

"""The OpenAI Responses dialect as pure functions: requests in, questions out; answers in, bytes out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.codec import NamedTool, Request
from chatkit.dialects.openai_responses import ResponsesParser
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from chatkit.simulator import Fault, Reply, Script, Simulator
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.dialects.openai_responses import OpenAIResponses
from chatkit.simulator.problem import KINDS, problem
from chatkit.simulator.reply import settle
from chatkit.statuses import error_from_body, error_from_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.events import Event
    from chatkit.messages import AIMessage
    from chatkit.simulator.question import Question

DIALECT = OpenAIResponses()
ENCRYPTED = {"include": ["reasoning.encrypted_content"], "reasoning": {"summary": "auto"}}


def request(path: str = "/v1/responses", **body: Any) -> Request:
    return Request(path, json.dumps({"model": "m", "input": "Hello", **body}).encode())


def read(**body: Any) -> Question:
    return DIALECT.read(request(**body))


def parsed(data: bytes, size: int | None = None) -> AIMessage:
    parser = ResponsesParser(declared={"sql"})
    events: list[Event] = []
    for at in range(0, len(data), size or len(data)):
        events += parser.feed(data[at : at + (size or len(data))])
    events += parser.close()
    return message_of_fold(Fold().feed_all(events))


def whole(reply: Reply, **body: Any) -> AIMessage:
    question = read(**body)
    return parsed(DIALECT.whole(question, settle(question, reply)))


def stream(reply: Reply, **body: Any) -> bytes:
    question = read(stream=True, **body)
    return b"".join(frame.data for frame in DIALECT.frames(question, settle(question, reply)))


def events(data: bytes) -> Iterator[dict[str, Any]]:
    for frame in data.split(b"\n\n")[:-1]:
        name, said = frame.split(b"\n")
        event = json.loads(said.removeprefix(b"data: "))
        assert name == b"event: " + event["type"].encode()
        yield event


WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object", "properties": {}}, "strict": False}
SQL = {"type": "custom", "name": "sql"}
SEARCHED = Reply(
    blocks=[
        {"type": "server_tool_call", "id": "ws_1", "name": "web_search", "args": {"query": "kakapo"}},
        {"type": "server_tool_result", "tool_call_id": "ws_1", "output": [{"url": "https://x.example", "title": "K"}]},
        {
            "type": "text",
            "text": "They grow.",
            "annotations": [{"type": "citation", "url": "https://x.example", "title": "K", "start_index": 0, "end_index": 9}],
        },
    ]
)
FULL = Reply(
    blocks=[
        {"type": "reasoning", "reasoning": "Let me see."},
        *SEARCHED.content,
        {"type": "server_tool_call", "id": "ci_1", "name": "code_interpreter", "args": {"code": 'print("é")'}},
        {"type": "server_tool_result", "tool_call_id": "ci_1", "output": "é"},
        {"type": "server_tool_call", "id": "mcp_1", "name": "mcp:roll", "args": {"dice": 2}},
        {"type": "server_tool_result", "tool_call_id": "mcp_1", "output": "7"},
        {"type": "image", "base64": "aGk=", "mime_type": "image/webp"},
        {"type": "tool_call", "name": "get_weather", "args": {"city": "Zürich"}},
        {"type": "tool_call", "name": "sql", "args": {"input": 'select "é"'}},
    ]
)
ASKING: dict[str, Any] = {
    "tools": [WEATHER, SQL, {"type": "web_search"}, {"type": "code_interpreter", "container": {"type": "auto"}}],
    "include": ["reasoning.encrypted_content", "web_search_call.action.sources", "code_interpreter_call.outputs"],
    "reasoning": {"effort": "low", "summary": "auto"},
}


def test_a_request_is_read() -> None:
    question = read(
        stream=True,
        instructions="Be short.",
        tools=[WEATHER, SQL, {"type": "web_search"}],
        tool_choice={"type": "function", "name": "get_weather"},
        parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
        reasoning={"effort": "low"},
        include=["message.output_text.logprobs"],
        top_logprobs=3,
        max_output_tokens=7,
    )
    assert (question.model, question.prompt, question.stream, question.kept) == ("m", "Hello", True, True)
    assert [message.type for message in question.messages] == ["system", "human"]
    assert [tool.name for tool in question.tools] == ["get_weather", "sql"]
    assert question.server_tools == ["web_search"]
    assert question.tool_choice == NamedTool("get_weather")
    assert question.parallel_tool_calls is False
    assert question.schema == {"type": "object"}
    assert question.reasoning is True
    assert (question.logprobs, question.max_tokens) == (3, 7)


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        (None, "auto"),
        ("none", "none"),
        ("required", "any"),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "any"),
        ({"type": "custom", "name": "sql"}, NamedTool("sql")),
    ],
)
def test_tool_choices(choice: Any, meant: Any) -> None:
    assert read(tool_choice=choice).tool_choice == meant


def test_the_conversation_is_read_with_its_calls_and_results() -> None:
    image = {"type": "input_image", "image_url": "https://x.example/a.png"}
    pdf = {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}
    question = read(
        input=[
            {"role": "developer", "content": "Be short."},
            {"role": "user", "content": [{"type": "input_text", "text": "Look"}, image, pdf]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}], "encrypted_content": "x"},
            {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "One.", "annotations": []}]},
            {"type": "function_call_output", "call_id": "c1", "output": [image]},
        ],
    )
    assert [message.type for message in question.messages] == ["system", "human", "ai", "tool"]
    assert question.messages[1].content_blocks[1:] == [
        {"type": "image", "url": "https://x.example/a.png"},
        {"type": "file", "base64": "aGk=", "mime_type": "application/pdf"},
    ]
    said = question.messages[2]
    assert [block["type"] for block in said.content_blocks] == ["reasoning", "tool_call", "non_standard", "text"]
    assert said.tool_calls[0]["args"] == {"a": 1}
    assert question.messages[3].content_blocks[0]["type"] == "image"
    assert question.prompt == "Look"


REASONED = {"type": "reasoning", "id": "rs_1", "summary": []}
ASKED = {"role": "user", "content": "Hello"}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"stop": ["END"]}, "Unknown parameter: 'stop'"),
        ({"model": ""}, "'model'"),
        ({"input": None}, "'input'"),
        ({"input": ["x"]}, "array of objects"),
        ({"input": [{"role": "user", "content": [{"type": "text", "text": "x"}]}]}, "'input_text'"),
        ({"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]}, "'output_text'"),
        ({"input": [{"role": "robot", "content": "x"}]}, "'robot'"),
        ({"input": [{**ASKED, "name": "Ann"}]}, "name"),
        ({"input": [{**ASKED, "id": "lc_1"}]}, "begins with 'msg'"),
        ({"input": [CALL]}, "No tool output found"),
        ({"input": [{"type": "function_call_output", "call_id": "c1", "output": "x"}]}, "No tool call found"),
        ({"input": [REASONED, {"role": "assistant", "content": "x"}], "store": False}, "not persisted"),
        ({"input": [REASONED]}, "required following item"),
        ({"input": [REASONED, ASKED]}, "required following item"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"text": {"format": {"type": "json_schema", "json_schema": {}}}}, "text.format"),
        ({"top_logprobs": 2}, "include"),
    ],
)
def test_what_the_api_refuses_is_refused(body: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        read(**body)


@pytest.mark.parametrize("piece", [None, 3])
@pytest.mark.parametrize("reply", [Reply("Hello — 世界"), FULL, SEARCHED, Reply(""), Reply("x", finish="length")])
def test_a_stream_says_what_the_whole_answer_says(reply: Reply, piece: int | None) -> None:
    reply = Reply(blocks=reply.content, finish=reply.finish, piece=piece)
    assert parsed(stream(reply, **ASKING)) == whole(reply, **ASKING)


@settings(max_examples=20)
@given(st.integers(1, 50))
def test_a_stream_may_be_cut_anywhere(size: int) -> None:
    assert parsed(stream(FULL, **ASKING), size) == whole(FULL, **ASKING)


def test_the_places_of_events() -> None:
    said = list(events(stream(FULL, **ASKING)))
    assert [event["sequence_number"] for event in said] == list(range(len(said)))
    assert [event["type"] for event in said[:2]] == ["response.created", "response.in_progress"]
    assert said[-1]["type"] == "response.completed"
    opened = [event["output_index"] for event in said if event["type"] == "response.output_item.added"]
    assert opened == list(range(len(said[-1]["response"]["output"]))) and len(opened) == 8
    done = [event["item"] for event in said if event["type"] == "response.output_item.done"]
    assert done == said[-1]["response"]["output"]


def test_reasoning_is_told_as_it_is_asked_for() -> None:
    thinking = Reply("Yes.", reasoning="Let me see.")

    def item(**body: Any) -> dict[str, Any]:
        question = read(**body)
        return json.loads(DIALECT.whole(question, settle(question, thinking)))["output"][0]

    assert item().keys() == {"id", "type", "summary"} and item()["summary"] == []
    assert item(**ENCRYPTED)["encrypted_content"]
    assert item(**ENCRYPTED)["summary"] == [{"type": "summary_text", "text": "Let me see."}]
    added = next(event for event in events(stream(thinking, **ENCRYPTED)) if event["type"] == "response.output_item.added")
    assert "encrypted_content" not in added["item"]


def test_what_is_included_only_on_request() -> None:
    question = read()
    search, _, code, *_ = json.loads(DIALECT.whole(question, settle(question, FULL)))["output"][1:]
    assert "sources" not in search["action"] and code["outputs"] is None
    blocks = whole(FULL, **ASKING).content_blocks
    results = [block.get("output") for block in blocks if block["type"] == "server_tool_result"]
    assert results == [[{"type": "url", "url": "https://x.example"}], [{"type": "logs", "logs": "é"}], "7", None]


def test_files_are_cited_by_name() -> None:
    blocks = SEARCHED.content
    blocks[0]["name"] = "file_search"
    (note,) = whole(Reply(blocks=blocks), include=["file_search_call.results"]).content_blocks[-1]["annotations"]
    assert note == {
        "type": "citation",
        "title": "K",
        "extras": {"type": "file_citation", "file_id": "file-simulated", "index": 0},
    }


@pytest.mark.parametrize(
    ("finish", "reason", "status"),
    [
        ("stop", "completed", "completed"),
        ("length", "max_output_tokens", "incomplete"),
        ("content_filter",) * 2 + ("incomplete",),
    ],
)
def test_reasons_to_end(finish: str, reason: str, status: str) -> None:
    message = whole(Reply("x", finish=finish))
    assert message.response_metadata["status"] == status
    assert (message.response_metadata.get("incomplete_details") or {"reason": "completed"})["reason"] == reason


def test_a_refusal_is_a_part_of_a_message() -> None:
    refusal = Reply(blocks=[{"type": "non_standard", "value": {"type": "refusal", "refusal": "I will not do that."}}])
    assert parsed(stream(refusal)) == whole(refusal)
    kinds = {event["type"] for event in events(stream(refusal))}
    assert {"response.refusal.delta", "response.refusal.done"} <= kinds


def test_probabilities_of_tokens() -> None:
    asked = {"include": ["message.output_text.logprobs"], "top_logprobs": 2}
    streamed = parsed(stream(Reply("So it is."), **asked))
    assert streamed == whole(Reply("So it is."), **asked)
    assert [entry["token"] for entry in streamed.response_metadata["logprobs"]["content"]] == ["So", " it", " is."]


def test_usage() -> None:
    usage = {
        "input_tokens": 30,
        "output_tokens": 9,
        "total_tokens": 39,
        "input_token_details": {"cache_read": 10, "cache_creation": 5},
        "output_token_details": {"reasoning": 4},
    }
    assert whole(Reply("x", usage=usage)).usage_metadata == usage


@pytest.mark.parametrize("kind", KINDS)
def test_problems_in_the_words_of_the_api(kind: str) -> None:
    found = problem(kind)
    error = error_from_response(found.status, {}, DIALECT.error(found))
    assert error.provider_message == found.message
    inside = error_from_body({"error": _failed(kind)[-1]["response"]["error"]})
    assert type(inside) is type(error)


def _failed(kind: str) -> list[dict[str, Any]]:
    return list(events(DIALECT.error_frame(problem(kind), read(), 7)))


def test_errors_inside_a_stream() -> None:
    loud, quiet = _failed("overloaded"), _failed("server")
    assert [(event["type"], event["sequence_number"]) for event in loud] == [("error", 7), ("response.failed", 8)]
    assert [(event["type"], event["sequence_number"]) for event in quiet] == [("response.failed", 7)]
    assert quiet[0]["response"]["id"] == read().answer_id and quiet[0]["response"]["status"] == "failed"


# With a memory.


def ask(simulator: Simulator, method: str = "POST", path: str = "/v1/responses", **body: Any) -> tuple[int, bytes]:
    sent = request(path, **body)
    sent.method = method
    response = simulator.respond(sent)
    return response.status, b"".join(step for step in response.steps if isinstance(step, bytes))


def test_an_answer_goes_on_from_an_earlier_one() -> None:
    seen: list[Question] = []

    def reply(question: Question) -> Reply:
        seen.append(question)
        return Reply(f"answer {len(seen)}", reasoning="Hm.")

    simulator = Simulator(reply)
    first = json.loads(ask(simulator, input="one", instructions="Be short.")[1])
    second = json.loads(ask(simulator, input="two", previous_response_id=first["id"], instructions="Be long.")[1])
    ask(simulator, input="three", previous_response_id=second["id"])
    assert [message.text for message in seen[1].messages] == ["Be long.", "one", "answer 1", "two"]
    assert [message.text for message in seen[2].messages] == ["one", "answer 1", "two", "answer 2", "three"]
    assert second["previous_response_id"] == first["id"] and second["id"] != first["id"]


def test_results_alone_go_on_from_a_call() -> None:
    simulator = Simulator()
    first = json.loads(ask(simulator, input="What is the weather in Rome?", tools=[WEATHER])[1])
    answer = {"type": "function_call_output", "call_id": first["output"][0]["call_id"], "output": "sunny"}
    second = json.loads(ask(simulator, input=[answer], previous_response_id=first["id"], tools=[WEATHER])[1])
    assert second["output"][0]["content"][0]["text"] == "Here is what I found: sunny"


def test_what_was_not_stored_is_not_found() -> None:
    simulator = Simulator()
    id = json.loads(ask(simulator, store=False)[1])["id"]
    assert ask(simulator, previous_response_id=id)[0] == 400
    assert ask(simulator, "GET", f"/v1/responses/{id}")[0] == 404
    assert ask(simulator, "DELETE", f"/v1/responses/{id}")[0] == 404


def test_an_answer_is_fetched_again_whole_and_from_some_event_on() -> None:
    simulator = Simulator([Reply("one two three")])
    first = ask(simulator, stream=True)[1]
    *_, last = events(first)
    id = last["response"]["id"]
    assert json.loads(ask(simulator, "GET", f"/v1/responses/{id}?stream=false")[1]) == last["response"]
    assert ask(simulator, "GET", f"/v1/responses/{id}?stream=true")[1] == first
    rest = list(events(ask(simulator, "GET", f"/v1/responses/{id}?stream=true&starting_after=4")[1]))
    assert rest == list(events(first))[5:]


def test_in_the_background() -> None:
    simulator = Simulator()
    queued = json.loads(ask(simulator, background=True)[1])
    assert (queued["status"], queued["output"]) == ("queued", [])
    assert json.loads(ask(simulator, "GET", f"/v1/responses/{queued['id']}")[1])["status"] == "completed"


def test_a_request_that_is_refused_is_not_remembered() -> None:
    simulator = Simulator(Script([Fault(status=500, times=1), "yes"]))
    assert ask(simulator)[0] == 500
    assert ask(simulator, "GET", f"/v1/responses/{read().answer_id}")[0] == 404
    assert ask(simulator)[0] == 200
    assert ask(simulator, "GET", f"/v1/responses/{read().answer_id}")[0] == 200

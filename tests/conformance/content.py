"""Scenarios: images and files in, reasoning, tools of the provider's, citations, objects out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from chatkit.messages import HumanMessage
from chatkit.simulator import Reply
from tests.conformance.scenario import scenario

if TYPE_CHECKING:
    from tests.conformance.lab import Lab

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PDF = "JVBERi0xLjQKJSVFT0YK"
SOURCE = {"url": "https://example.com/a", "title": "Birds"}
TEXT = "The kakapo recovers."


class Movie(BaseModel):
    """A movie with details."""

    title: str
    year: int
    director: str


INCEPTION = Movie(title="Inception", year=2010, director="Christopher Nolan")
ASKED = 'Provide details about the movie Inception as JSON with the keys "title", "year" and "director"'


@scenario("image in")
async def image(lab: Lab) -> None:
    given = [
        {"type": "image", "base64": PNG, "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ]
    for block in given:
        await lab.model().ainvoke([HumanMessage([{"type": "text", "text": "Look"}, block])])
    for question in lab.questions:
        assert _media(question) == [("image", "image/png", PNG)]
        assert question.prompt == "Look"


@scenario("PDF in")
async def pdf(lab: Lab) -> None:
    block = {"type": "file", "base64": PDF, "mime_type": "application/pdf"}
    await lab.model().ainvoke([HumanMessage([{"type": "text", "text": "Read"}, block])])
    (question,) = lab.questions
    assert _media(question) == [("file", "application/pdf", PDF)]


def _media(question: Any) -> list[tuple[str, str, str]]:
    blocks = question.messages[-1].content_blocks
    return [(block["type"], block["mime_type"], block["base64"]) for block in blocks if block["type"] != "text"]


@scenario("reasoning")
async def reasoning(lab: Lab) -> None:
    thinking = Reply("42", reasoning="Let me see.")
    lab.says(thinking, thinking, "Because.")
    model = lab.model(**lab.subject.thinking)
    message = await model.ainvoke("What is it?")
    first = message.content_blocks[0]
    assert (first["type"], first.get("reasoning")) == ("reasoning", "Let me see.")
    chunks = [chunk async for chunk in model.astream("What is it?")]
    pieces = [block["reasoning"] for chunk in chunks for block in chunk.content_blocks if block["type"] == "reasoning"]
    assert "".join(pieces) == "Let me see."
    assert len([piece for piece in pieces if piece]) == 3
    again = await model.ainvoke([("human", "What is it?"), message, ("human", "Why?")])
    assert again.text == "Because."
    if lab.subject.thinking:
        assert lab.questions[0].reasoning is True


@scenario("tool of the provider's")
async def server_tool(lab: Lab) -> None:
    subject = lab.subject
    asked = subject.server_tool or subject.search
    model = lab.model(**asked)
    reply = _ran() if subject.runs == "code" else _searched(lab)
    lab.says(reply, reply, "Welcome.")
    message = await model.ainvoke("Find birds")
    assert bool(lab.questions[0].server_tools) == ("tools" in asked)
    kinds = [block["type"] for block in message.content_blocks]
    assert kinds == ["server_tool_call", "server_tool_result", "text"]
    assert message.tool_calls == []
    chunks = [chunk async for chunk in model.astream("Find birds")]
    assert sum(chunks[1:], chunks[0]).content_blocks == message.content_blocks
    again = await model.ainvoke([("human", "Find birds"), message, ("human", "Thanks")])
    assert again.text == "Welcome."


@scenario("citations")
async def citations(lab: Lab) -> None:
    lab.says(_searched(lab), _searched(lab))
    model = lab.model(**lab.subject.search)
    chunks = [chunk async for chunk in model.astream("Find birds")]
    for message in (await model.ainvoke("Find birds"), sum(chunks[1:], chunks[0])):
        notes = [note for block in message.content_blocks for note in block.get("annotations") or ()]
        assert [(note["type"], note["url"], note["title"]) for note in notes] == [("citation", SOURCE["url"], "Birds")]
        assert message.text == TEXT


def _searched(lab: Lab) -> Reply:
    """What a search of the provider's answers."""
    note = {"type": "citation", **SOURCE, "cited_text": TEXT, "start_index": 0, "end_index": len(TEXT)}
    text = {"type": "text", "text": TEXT, "annotations": [note]}
    if "tool of the provider's" in lab.subject.lacks:
        return Reply(blocks=[text])
    call = {"type": "server_tool_call", "id": "ws_1", "name": lab.subject.searches_as, "args": {"query": "birds"}}
    result = {"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success", "output": [SOURCE]}
    return Reply(blocks=[call, result, text])


def _ran() -> Reply:
    """What a run of code at the provider answers."""
    call = {"type": "server_tool_call", "id": "ci_1", "name": "code_execution", "args": {"code": "print(1)"}}
    result = {"type": "server_tool_result", "tool_call_id": "ci_1", "status": "success", "output": "1"}
    return Reply(blocks=[call, result, {"type": "text", "text": "One."}])


@scenario("object by json_schema")
async def json_schema(lab: Lab) -> None:
    assert await lab.model().with_structured_output(Movie, method="json_schema").ainvoke(ASKED) == INCEPTION
    (question,) = lab.questions
    assert question.schema is not None
    assert set(question.schema["properties"]) == {"title", "year", "director"}


@scenario("object by function_calling")
async def function_calling(lab: Lab) -> None:
    assert await lab.model().with_structured_output(Movie, method="function_calling").ainvoke(ASKED) == INCEPTION
    (question,) = lab.questions
    assert [tool.name for tool in question.tools] == ["Movie"]


@scenario("object by json_mode")
async def json_mode(lab: Lab) -> None:
    assert await lab.model().with_structured_output(Movie, method="json_mode").ainvoke(ASKED) == INCEPTION
    (question,) = lab.questions
    assert question.schema is not None
    assert "properties" not in question.schema

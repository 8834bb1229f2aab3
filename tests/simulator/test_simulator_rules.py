"""What the simulator answers when nobody wrote a script."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest

from chatkit.codec import NamedTool, ToolSpec
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.simulator import Question, Reply, rules

PLACE = {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}
WEATHER = ToolSpec("get_weather", "Get the weather at a location.", PLACE)
POPULATION = ToolSpec("GetPopulation", "Get the current population in a given location", PLACE)
MULTIPLY = ToolSpec(
    "multiply",
    "Multiply two numbers.",
    {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}, "required": ["a", "b"]},
)


def ask(prompt: Any, model: str = "m", before: list[Any] | None = None, **fields: Any) -> Reply:
    return rules(Question(model, [*(before or []), HumanMessage(prompt)], **fields))


def args(reply: Reply) -> list[Any]:
    return [call["args"] for call in reply.content if call["type"] == "tool_call"]


@pytest.mark.parametrize(
    ("prompt", "part"),
    [
        ("Why do parrots talk?", "syrinx"),
        ("Why do parrots have colorful feathers?", "psittacofulvins"),
        ("How do airplanes fly?", "wings"),
        ("What is quantum computing?", "qubits"),
        ("What color is the sky?", "blue"),
        ("Hello", "Hi there"),
        ("what's your name", "simulator"),
    ],
)
def test_questions_that_it_knows(prompt: str, part: str) -> None:
    assert part in ask(prompt).text


def test_an_unknown_question_is_answered_honestly() -> None:
    assert ask("xyzzy").text == "You said: “xyzzy”. I am a simulator: I answer by rules, so this is all I can tell you."


def test_a_translation_as_on_the_page() -> None:
    system = SystemMessage("You are a helpful assistant that translates English to French.")
    assert ask("Translate: I love building applications.", before=[system]).text == "J'adore créer des applications."


@pytest.mark.parametrize(
    ("prompt", "model", "asked", "thinks"),
    [
        ("Hello", "m", None, False),
        ("Think hard: hello", "m", None, True),
        ("Solve it step by step", "m", None, True),
        ("Hello", "deep-thinker", None, True),
        ("Hello", "m", True, True),
        ("Think hard: hello", "m", False, False),
    ],
)
def test_reasoning_when_asked_for(prompt: str, model: str, asked: bool | None, thinks: bool) -> None:
    blocks = ask(prompt, model, reasoning=asked).content
    assert [block["type"] for block in blocks] == (["reasoning"] if thinks else []) + ["text"]


@pytest.mark.parametrize(
    ("prompt", "places"),
    [
        ("What's the weather like in Boston?", ["Boston"]),
        ("What's the weather in Boston and Tokyo?", ["Boston", "Tokyo"]),
        ("weather in SF and NYC", ["San Francisco, CA", "New York, NY"]),
        ("Do I need an umbrella in Rio de Janeiro?", ["Rio de Janeiro"]),
        ("Hello", []),
        ("How do airplanes fly?", []),
    ],
)
def test_a_fitting_tool_is_called_once_for_each_place(prompt: str, places: list[str]) -> None:
    assert args(ask(prompt, tools=[WEATHER])) == [{"location": place} for place in places]


def test_one_call_when_parallel_calls_are_off() -> None:
    assert args(ask("Weather in Boston and Tokyo?", tools=[WEATHER], parallel_tool_calls=False)) == [{"location": "Boston"}]


def test_the_tool_that_fits_is_chosen() -> None:
    reply = ask("what's bigger in 2024 LA or NYC", tools=[WEATHER, POPULATION])
    assert [(call["name"], call["args"]["location"]) for call in reply.content] == [
        ("GetPopulation", "Los Angeles, CA"),
        ("GetPopulation", "New York, NY"),
    ]


def test_numbers_become_arguments() -> None:
    assert args(ask("What is 3 times 12?", tools=[WEATHER, MULTIPLY])) == [{"a": 3, "b": 12}]


def test_forced_and_forbidden_calls() -> None:
    assert args(ask("Hello", tools=[WEATHER], tool_choice="any")) == [{"location": "Paris"}]
    assert args(ask("Weather in Rome?", tools=[WEATHER, MULTIPLY], tool_choice=NamedTool("multiply"))) == [{"a": 1, "b": 1}]
    assert args(ask("Weather in Rome?", tools=[WEATHER], tool_choice="none")) == []


def test_results_of_tools_are_used() -> None:
    call = {"name": "get_weather", "args": {"location": "Boston"}, "id": "1"}
    other = {**call, "args": {"location": "Tokyo"}, "id": "2"}
    talk = [HumanMessage("Weather in Boston and Tokyo?"), AIMessage("", tool_calls=[call, other])]
    results = [ToolMessage("sunny", tool_call_id="1"), ToolMessage("no such city", tool_call_id="2", status="error")]
    reply = rules(Question("m", [*talk, *results], tools=[WEATHER]))
    assert reply.text == "Here is what I found:\n- Boston: sunny\n- Tokyo: the tool failed (no such city)"
    assert rules(Question("m", [*talk, results[0]], tools=[WEATHER])).text == "Here is what I found: sunny"


def test_json_for_a_schema() -> None:
    schema = {
        "type": "object",
        "properties": {"title": {"type": "string"}, "year": {"type": "integer"}, "rating": {"type": "number"}},
        "required": ["title", "year", "rating"],
    }
    known = json.loads(ask("Provide details about the movie Inception", schema=schema).text)
    assert known == {"title": "Inception", "year": 2010, "rating": 8.8}
    unknown = json.loads(ask("Tell me about Casablanca from 1942, which I rate 9", schema=schema).text)
    assert unknown == {"title": "Casablanca", "year": 1942, "rating": 9}


def test_json_without_a_schema_has_the_keys_that_are_named() -> None:
    reply = ask("Return JSON with keys `title` and `year` about Inception", schema={})
    assert json.loads(reply.text) == {"title": "Inception", "year": 2010}
    assert json.loads(ask("Hello, JSON please", schema={}).text) == {"answer": "Hi there! How can I help today?"}


def test_a_search_is_cited() -> None:
    blocks = ask("What was a positive news story from today?", server_tools=["web_search_preview"]).content
    call, result, text = blocks
    assert (call["type"], call["name"], result["tool_call_id"]) == ("server_tool_call", "web_search_preview", call["id"])
    note = text["annotations"][0]
    assert text["text"][note["start_index"] : note["end_index"]] == note["cited_text"]
    assert note["url"] == result["output"][0]["url"]


def test_code_runs_only_when_there_is_something_to_compute() -> None:
    assert [block["type"] for block in ask("Hello", server_tools=["code_interpreter"]).content] == ["text"]
    call, result, _ = ask("Compute 2 plus 40", server_tools=["code_interpreter"]).content
    assert (call["args"]["code"], result["output"]) == ("print(sum([2, 40]))", "42")


def test_media_are_described() -> None:
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    reply = ask([{"type": "text", "text": "Look"}, image, {"type": "audio", "url": "https://x.example/a.mp3"}])
    assert reply.text == "I received an image (image/png, 3 bytes) and a sound at https://x.example/a.mp3."


def test_a_picture_is_a_real_one() -> None:
    text, image = ask("Create a picture of a cat").content
    data = base64.b64decode(image["base64"])
    assert (text["type"], image["mime_type"]) == ("text", "image/png")
    assert data.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10")
    at = data.index(b"IDAT")
    size = int.from_bytes(data[at - 4 : at], "big")
    pixels = zlib.decompress(data[at + 4 : at + 4 + size])
    assert len(pixels) == 16 * (1 + 16 * 3)
    assert int.from_bytes(data[at + 4 + size : at + 8 + size], "big") == zlib.crc32(data[at : at + 4 + size])
    assert ask("Describe the picture of Dorian Gray").content[0]["type"] == "text"

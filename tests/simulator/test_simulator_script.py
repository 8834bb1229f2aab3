"""Scripts: replies in turn, by predicate, and what happens when none is left."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chatkit import init_chat_model
from chatkit.errors import BadRequestError, InputTypeError, RateLimitError
from chatkit.messages import HumanMessage
from chatkit.simulator import Fault, Question, Reply, Script, rules
from chatkit.simulator.dialects.dialect import Refused


def ask(script: Script, prompt: str = "Hello", **fields: Any) -> Reply:
    return script(Question("m", [HumanMessage(prompt)], **fields))


def test_replies_come_in_turn() -> None:
    script = Script(["one", Reply("two"), lambda question: question.prompt.upper()])
    assert [ask(script).text for _ in range(3)] == ["one", "two", "HELLO"]
    assert script.left == 0


def test_pairs_answer_whenever_they_fit() -> None:
    script = Script(["first", ("WEATHER", "sunny"), (lambda question: question.stream, "streamed"), "second"])
    assert ask(script, "the weather?").text == "sunny"
    assert ask(script).text == "first"
    assert ask(script, stream=True).text == "streamed"
    assert ask(script).text == "second"
    assert ask(script, "Weather!").text == "sunny"


def test_a_fault_is_hit_as_often_as_it_says() -> None:
    script = Script([Fault(status=429, times=2), "at last"])
    replies = [ask(script) for _ in range(3)]
    assert [reply.fault.status if reply.fault else None for reply in replies] == [429, 429, None]


def test_an_empty_script_refuses_and_says_for_what() -> None:
    with pytest.raises(Refused, match="no reply left for 'Hello'"):
        ask(Script([]))
    assert ask(Script([], then=rules)).text == "Hi there! How can I help today?"


def test_only_replies_may_stand_in_a_script() -> None:
    with pytest.raises(InputTypeError, match="not int"):
        Script([1])  # type: ignore[list-item]


def test_many_threads_share_the_turns() -> None:
    script = Script([str(n) for n in range(200)])
    said: list[str] = []
    threads = [threading.Thread(target=lambda: [said.append(ask(script).text) for _ in range(25)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said, key=int) == [str(n) for n in range(200)]


def test_a_model_answers_what_its_script_says() -> None:
    model = init_chat_model("simulator:x", replies=["one", Fault(status=429), "two"], max_retries=0)
    assert model.invoke("a").text == "one"
    with pytest.raises(RateLimitError):
        model.invoke("b")
    assert model.invoke("c").text == "two"
    with pytest.raises(BadRequestError, match="no reply left for 'd'"):
        model.invoke("d")


def test_a_function_that_fails_is_reported_and_not_retried(caplog: pytest.LogCaptureFixture) -> None:
    model = init_chat_model("simulator:x", replies=lambda question: 1 / 0)
    with pytest.raises(BadRequestError, match="ZeroDivisionError"):
        model.invoke("a")
    assert len(model.simulator.requests) == 1
    assert "ZeroDivisionError" in caplog.text


def test_a_function_may_say_a_text_or_a_fault() -> None:
    model = init_chat_model("simulator:x", replies=lambda question: question.prompt.upper())
    assert model.invoke("abc").text == "ABC"
    with pytest.raises(RateLimitError):
        init_chat_model("simulator:x", replies=lambda question: Fault(status=429), max_retries=0).invoke("abc")

"""Every fault, over a socket and in the same process: the error's class, what had come, nothing that hangs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from chatkit import init_chat_model
from chatkit.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    NotFoundError,
    OverloadedError,
    RateLimitError,
    ServerError,
    StreamInterruptedError,
)
from chatkit.simulator import Fault, Server, simulate
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.fault import parse_fault
from chatkit.simulator.problem import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

ANSWER = "Hi there! How can I help today?"

BREAKS: list[tuple[str, type[ModelError], str | None]] = [
    ("429", RateLimitError, ""),
    ("500", ServerError, ""),
    ("502&body=html", ServerError, ""),
    ("401", AuthenticationError, ""),
    ("404", NotFoundError, ""),
    ("529", OverloadedError, ""),
    ("context_length&status=400", BadRequestError, ""),
    ("overloaded", OverloadedError, ""),
    ("error=after&after=2", OverloadedError, "Hi there!"),
    ("error=after&after=99&kind=server", ServerError, ANSWER),
    ("stall=headers", APITimeoutError, ""),
    ("stall=first", APITimeoutError, ""),
    ("stall=middle&after=3", APITimeoutError, "Hi there! How"),
    ("cut=0", APIConnectionError, ""),
    ("cut=700", StreamInterruptedError, "Hi"),
    ("unended", IncompleteStreamError, ANSWER),
    ("garble=json&after=1", InvalidResponseError, "Hi"),
    ("garble=utf8&after=1", InvalidResponseError, "Hi"),
    ("body=html", InvalidResponseError, ""),
    ("body=empty", IncompleteStreamError, ""),
]
"""Fault, the error of a stream, the text of its partial message."""

HARMLESS = ["slow=0.001", "split=1", "split=3&comments=2", "comments=1", "split=1&slow=0"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


@pytest.fixture(params=["socket", "process"])
def model(request: pytest.FixtureRequest, server: Server) -> Any:
    options = {"base_url": f"{server.url}/v1"} if request.param == "socket" else {}
    return init_chat_model("simulator:m", max_retries=0, timeout=0.3, **options)


@pytest.mark.parametrize(("fault", "error", "partial"), BREAKS, ids=[fault for fault, *_ in BREAKS])
def test_a_stream_breaks_as_it_should(model: Any, fault: str, error: type[ModelError], partial: str) -> None:
    with pytest.raises(ModelError) as caught:
        for _ in model.bind(model=f"m?fault={fault}").stream("Hello"):
            pass
    assert isinstance(caught.value, error)
    text = caught.value.partial.text if caught.value.partial is not None else ""
    assert text == partial


@pytest.mark.parametrize("fault", [fault for fault, *_ in BREAKS if fault not in ("unended", "cut=700")] + ["cut=300"])
def test_a_whole_answer_breaks_too(model: Any, fault: str) -> None:
    with pytest.raises(ModelError):
        model.bind(model=f"m?fault={fault}").invoke("Hello")


@pytest.mark.parametrize("fault", HARMLESS)
def test_what_only_annoys_changes_nothing(model: Any, fault: str) -> None:
    assert "".join(chunk.text for chunk in model.bind(model=f"m?fault={fault}").stream("Hello")) == ANSWER
    assert model.bind(model=f"m?fault={fault}").invoke("Hello").text == ANSWER


def test_characters_are_split_in_the_middle(model: Any) -> None:
    text = "".join(chunk.text for chunk in model.bind(model="m?fault=split=1").stream("世界"))
    assert "“世界”" in text


def test_errors_end_after_some_times_and_are_retried(server: Server) -> None:
    model = init_chat_model("simulator:m?fault=429&times=2&retry_after=0.05", base_url=f"{server.url}/v1")
    before, start = len(server.requests), time.monotonic()
    assert model.invoke("Hello").text == ANSWER
    assert len(server.requests) - before == 3
    assert time.monotonic() - start >= 0.1


def test_a_fault_in_a_header_wins(server: Server) -> None:
    body = {"model": "m?fault=500", "messages": [{"role": "user", "content": "Hello"}]}
    response = httpx.post(f"{server.url}/v1/chat/completions", json=body, headers={"x-chatkit-fault": "429&retry_after=1.5"})
    assert (response.status_code, response.headers["retry-after"]) == (429, "1.5")


def test_a_fault_for_all_requests() -> None:
    model = init_chat_model("simulator:m", fault=Fault(status=503), max_retries=0)
    with pytest.raises(OverloadedError):
        model.invoke("Hello")


def test_a_huge_event_is_really_sent(server: Server) -> None:
    body = {"model": "m?fault=huge=5000000", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    assert len(httpx.post(f"{server.url}/v1/chat/completions", json=body).content) > 5_000_000


def test_the_text_form_means_what_the_fields_say() -> None:
    assert parse_fault("429") == parse_fault("fault=429") == parse_fault("status=429") == Fault(status=429)
    assert parse_fault("overloaded") == Fault(kind="overloaded", error="before")
    assert parse_fault("cut=9&split=2&unended") == Fault(cut=9, split=2, unended=True)
    assert parse_fault("stall=middle&after=2&slow=0.5&times=3") == Fault(stall="middle", after=2, slow=0.5, times=3)


def test_a_problem_has_the_status_that_it_is_given() -> None:
    assert [problem("overloaded").status, problem("overloaded", status=503).status, problem(418, status=503).status] == [
        529,
        503,
        503,
    ]
    assert problem(424).kind == "model_error"


@pytest.mark.parametrize("text", ["x=1", "nonsense", "cut=many", "stall=never"])
def test_what_is_no_fault_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="is not understood"):
        parse_fault(text)

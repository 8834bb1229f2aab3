"""`Response`: status, headers and the steps of a body; how answers and errors become one."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from chatkit.simulator.dialects.dialect import Dialect, Frame, Limits
from chatkit.simulator.steps import Step, body_steps

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.simulator.fault import Fault
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["Maker", "Response", "Seen"]

JSON = "application/json"
_PAGES: dict[str, tuple[str, bytes]] = {
    "html": ("text/html; charset=utf-8", b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"),
    "text": ("text/plain; charset=utf-8", b"upstream connect error or disconnect/reset before headers"),
    "empty": (JSON, b""),
}


class Seen(Struct):
    """A request that a simulator has seen.

    Attributes:
        path: with the query.
        headers: lower-case names; the values of secret ones are stars.
        body: the JSON object, {} when it is none.
        status: of the answer.
        at: `time.monotonic()` when it came.
        closed_at: when the client went away before the end of the answer, or None.
        ended_at: when the answer was complete, or None.
    """

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int = 0
    at: float = field(default_factory=time.monotonic)
    closed_at: float | None = None
    ended_at: float | None = None


class Response(Struct):
    """What a request is answered.

    Attributes:
        steps: the body, and what else happens.
        seen: the record of the request; whoever sends the steps notes their end there.
        delay: seconds before the head; `math.inf`: it never comes.
        length: bytes of the body where that is known.
    """

    status: int
    headers: dict[str, str]
    steps: Iterable[Step]
    seen: Seen
    delay: float = 0.0
    length: int | None = None


class Maker(Struct, frozen=True):
    """Makes the response to one request, in one dialect.

    Attributes:
        question: what was asked; None when that could not be read.
        fault: what goes wrong on the way.
    """

    dialect: Dialect
    seen: Seen
    question: Question | None = None
    fault: Fault | None = None
    limits: Limits = Limits()

    def stream(self, question: Question, answer: Answer, first: float, every: float) -> Response:
        """An answer piece by piece: `first` seconds before the first, `every` seconds between two."""
        headers = {**self.dialect.headers(question, None, self.limits), "content-type": self.dialect.stream_type}
        frames = self.dialect.frames(question, answer)
        return self._faulty(Response(200, headers, (), self.seen), frames, first, every)

    def whole(self, question: Question, answer: Answer, seconds: float) -> Response:
        """An answer in one piece, after some seconds."""
        fault = self.fault
        body = self.dialect.error(fault.problem) if fault is not None and fault.error else self.dialect.whole(question, answer)
        headers = {**self.dialect.headers(question, None, self.limits), "content-type": JSON}
        response = Response(200, headers, (), self.seen, seconds, len(body))
        only_streams = replace(self, fault=fault and replace(fault, error=None, unended=False, comments=0))
        return only_streams._faulty(response, [Frame(body, "finish")])

    def problem(self, problem: Problem) -> Response:
        """An error status."""
        headers = {**self.dialect.headers(self.question, problem, self.limits), "content-type": JSON}
        if problem.retry_after is not None:
            headers["retry-after"] = f"{problem.retry_after:.3f}".rstrip("0").rstrip(".")
        body = self.dialect.error(problem)
        return self._faulty(Response(problem.status, headers, (), self.seen, length=len(body)), [Frame(body, "finish")])

    def _faulty(self, response: Response, frames: Iterable[Frame], first: float = 0.0, every: float = 0.0) -> Response:
        fault = self.fault
        if fault is not None:
            response.length = None  # what arrives may be more or less
            if fault.stall == "headers":
                response.delay = math.inf
            if fault.body:
                response.headers["content-type"], page = _PAGES[fault.body]
                frames = [Frame(page, "finish")]
        response.steps = body_steps(frames, self.dialect, self.question, fault, first, every)
        return response

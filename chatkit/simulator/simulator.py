"""`Simulator`: from a request to a response, for every dialect. The loopback server and the in-process model share it."""

from __future__ import annotations

import itertools
import math
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct, field

from chatkit.jsons import decode_object
from chatkit.secrets import scrub_headers
from chatkit.simulator.dialect import Frame, Limits, Refused
from chatkit.simulator.dialects import dialect_of
from chatkit.simulator.fault import Fault, parse_fault
from chatkit.simulator.problem import Problem, problem
from chatkit.simulator.reply import Reply, settle
from chatkit.simulator.rules import rules
from chatkit.simulator.script import Script
from chatkit.simulator.steps import Step, body_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.budget import Budget
    from chatkit.simulator.dialect import Dialect
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["Response", "Seen", "Simulator"]

_KEPT = 1000
_JSON = "application/json"
_PAGES: dict[str, tuple[str, bytes]] = {
    "html": ("text/html; charset=utf-8", b"<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"),
    "text": ("text/plain; charset=utf-8", b"upstream connect error or disconnect/reset before headers"),
    "empty": (_JSON, b""),
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


class Simulator:
    """Answers requests in the wire format of the API that their path belongs to.

    Args:
        replies: a `Script`, a list for one, or a function from a Question to a Reply. Without it the built-in rules.
        first: seconds before the first piece of every answer.
        every: seconds between the pieces of answers.
        limits: a hidden rate limit.
        fault: for every request that names none itself.

    Attributes:
        requests: the last 1,000 requests seen, as `Seen`.
    """

    def __init__(
        self,
        replies: Callable[[Question], Reply] | Sequence[Any] | None = None,
        *,
        first: float = 0.0,
        every: float = 0.0,
        limits: Budget | None = None,
        fault: Fault | None = None,
    ) -> None:
        self.requests: deque[Seen] = deque(maxlen=_KEPT)
        self._replies = rules if replies is None else replies if callable(replies) else Script(replies)
        self._first = first
        self._every = every
        self._limits = limits
        self._fault = fault
        self._hits: dict[Fault, itertools.count[int]] = {}
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Response:
        """The response to a request; `request.url` is path and query. What a client sends never raises here."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.url, scrub_headers(headers), decode_object(request.body) or {})
        self.requests.append(seen)
        dialect = dialect_of(request.url.partition("?")[0])
        if dialect is None:
            body = b'{"error":{"message":"the simulator has nothing at this path","type":"not_found","code":404}}'
            response = Response(404, {"content-type": _JSON}, [body], seen, length=len(body))
        else:
            try:
                response = self._answer(dialect, request, headers, seen)
            except Refused as refused:
                response = self._problem(dialect, refused.problem, None, Limits(), None, seen)
        seen.status = response.status
        return response

    def _answer(self, dialect: Dialect, request: Request, headers: dict[str, str], seen: Seen) -> Response:
        question, fault = _suffix(dialect.read(request))
        fault = self._due(parse_fault(headers["x-chatkit-fault"]) if "x-chatkit-fault" in headers else fault or self._fault)
        reply = Reply() if fault and fault.status else self._replies(question)
        fault = fault or reply.fault
        answer = settle(question, reply, dialect.call_prefix)
        limits, wait = self._limits.take(answer.usage["total_tokens"]) if self._limits else (Limits(), None)
        if wait is not None:
            return self._problem(dialect, problem("rate_limit", retry_after=wait), question, limits, None, seen)
        if fault and fault.status:
            return self._problem(dialect, fault.problem, question, limits, fault, seen)
        return self._success(dialect, question, reply, answer, limits, fault, seen)

    def _due(self, fault: Fault | None) -> Fault | None:
        """The fault, unless it has hit as often as it wants."""
        if fault is None or fault.times is None:
            return fault
        with self._lock:
            hits = next(self._hits.setdefault(fault, itertools.count()))
        return None if hits % (fault.times + 1) == fault.times else fault

    def _success(
        self,
        dialect: Dialect,
        question: Question,
        reply: Reply,
        answer: Answer,
        limits: Limits,
        fault: Fault | None,
        seen: Seen,
    ) -> Response:
        every = self._every if reply.every is None else reply.every
        first = reply.first or self._first
        headers = dialect.headers(question, None, limits)
        if question.stream:
            headers["content-type"] = dialect.stream_type
            return _with_fault(Response(200, headers, (), seen), dialect.frames(question, answer), dialect, fault, first, every)
        headers["content-type"] = _JSON
        error_inside = fault is not None and fault.error is not None
        body = dialect.error(fault.problem) if fault and error_inside else dialect.whole(question, answer)
        if fault and error_inside:
            fault = msgspec.structs.replace(fault, error=None)
        response = Response(200, headers, (), seen, delay=first + every * answer.usage["output_tokens"], length=len(body))
        return _with_fault(response, [Frame(body, "finish")], dialect, fault, 0.0, 0.0)

    def _problem(
        self, dialect: Dialect, problem: Problem, question: Question | None, limits: Limits, fault: Fault | None, seen: Seen
    ) -> Response:
        headers = {**dialect.headers(question, problem, limits), "content-type": _JSON}
        if problem.retry_after is not None:
            headers["retry-after"] = f"{problem.retry_after:.3f}".rstrip("0").rstrip(".")
        body = dialect.error(problem)
        response = Response(problem.status, headers, (), seen, length=len(body))
        return _with_fault(response, [Frame(body, "finish")], dialect, fault, 0.0, 0.0)


def _suffix(question: Question) -> tuple[Question, Fault | None]:
    """Take `?fault=...` off the model's name."""
    model, mark, text = question.model.partition("?")
    return (msgspec.structs.replace(question, model=model), parse_fault(text)) if mark else (question, None)


def _with_fault(
    response: Response, frames: Iterable[Frame], dialect: Dialect, fault: Fault | None, first: float, every: float
) -> Response:
    if fault is not None:
        response.length = None  # what arrives may be more or less
        if fault.stall == "headers":
            response.delay = math.inf
        if fault.body:
            response.headers["content-type"], page = _PAGES[fault.body]
            frames = [Frame(page, "finish")]
    response.steps = body_steps(frames, dialect, fault, first, every)
    return response

"""`Simulator`: from a request to a response, for every dialect. The loopback server and the in-process model share it."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chatkit.jsons import decode_object
from chatkit.secrets import masked
from chatkit.simulator.answers.rules import rules
from chatkit.simulator.dialects.by_path import dialect_of
from chatkit.simulator.dialects.dialect import Limits, Refused
from chatkit.simulator.fault import Fault, parse_fault
from chatkit.simulator.garble import marked
from chatkit.simulator.memory import Memory
from chatkit.simulator.problem import problem
from chatkit.simulator.reply import Reply, settle
from chatkit.simulator.response import JSON, Maker, Response, Seen
from chatkit.simulator.script import Script, as_reply

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatkit.codec import Request
    from chatkit.simulator.budget import Budget
    from chatkit.simulator.dialects.dialect import Dialect
    from chatkit.simulator.question import Question

__all__ = ["Simulator"]

log = logging.getLogger("chatkit.simulator")
_KEPT = 1000
_NOTHING_HERE = b'{"error":{"message":"the simulator has nothing at this path","type":"not_found","code":404}}'


class Simulator:
    """Answers requests in the wire format of the API that their path belongs to.

    Args:
        replies: a `Script`, a list for one, or a function from a Question to a Reply, str or Fault. Without it the
            built-in rules.
        first: seconds before the first piece of every answer.
        every: seconds between the pieces of answers.
        limits: a hidden rate limit.
        fault: for every request that names none itself.

    Attributes:
        requests: the last 1,000 requests seen, as `Seen`.
    """

    def __init__(
        self,
        replies: Callable[[Question], str | Reply | Fault] | Sequence[Any] | None = None,
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
        self._memory = Memory()
        self._hits: dict[Fault, itertools.count[int]] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process or on another machine starts with no requests seen; a lock cannot travel."""
        return {**self.__dict__, "requests": deque[Seen](maxlen=_KEPT), "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def respond(self, request: Request) -> Response:
        """The response to a request; `request.url` is path and query. What a client sends never raises here."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        seen = Seen(request.method, request.url, masked("headers", headers), decode_object(request.body) or {})
        self.requests.append(seen)
        dialect = dialect_of(request.url.partition("?")[0])
        if dialect is None:
            response = Response(404, {"content-type": JSON}, [_NOTHING_HERE], seen, length=len(_NOTHING_HERE))
        else:
            maker = Maker(dialect, seen)
            try:
                response = self._answer(maker, _read(dialect, request), headers.get("x-chatkit-fault"))
            except Refused as refused:
                response = maker.problem(refused.problem)
        seen.status = response.status
        return response

    def _answer(self, maker: Maker, question: Question, header: str | None) -> Response:
        question, fault = _without_suffix(self._memory.recall(question))
        fault = self._due(parse_fault(header) if header else fault or self._fault)
        asks = not (question.fetched or question.counting or (fault and fault.status))
        reply = self._reply(question) if asks else Reply()
        question = self._memory.cached(question) if asks and question.cache_marks else question
        fault = fault or reply.fault
        if fault and fault.garble == "utf8":
            reply = marked(reply, fault.after)
        if question.fetched:
            question, answer = self._memory.fetch(question)
        else:
            answer = settle(question, reply, maker.dialect.call_prefix)
        limits, wait = self._limits.take(answer.usage["total_tokens"]) if self._limits else (Limits(), None)
        maker = replace(maker, question=question, limits=limits, fault=fault)
        if wait is not None:
            return replace(maker, fault=None).problem(problem("rate_limit", retry_after=wait))
        if fault and fault.status:
            return maker.problem(fault.problem)
        self._memory.keep(question, answer)
        first, every = reply.first or self._first, self._every if reply.every is None else reply.every
        if question.stream:
            return maker.stream(question, answer, first, every)
        return maker.whole(question, answer, first + every * answer.usage["output_tokens"])

    def _reply(self, question: Question) -> Reply:
        try:
            return as_reply(self._replies, question)
        except Refused:
            raise
        except Exception as error:  # a script's own function: its author must see it, the client must not hang
            log.exception("the simulator's replies failed")
            raise Refused(problem("bad_request", f"the simulator's replies failed: {error!r}")) from error

    def _due(self, fault: Fault | None) -> Fault | None:
        """The fault, unless it has hit as often as it wants."""
        if fault is None or fault.times is None:
            return fault
        with self._lock:
            hits = next(self._hits.setdefault(fault, itertools.count()))
        return None if hits % (fault.times + 1) == fault.times else fault


def _read(dialect: Dialect, request: Request) -> Question:
    try:
        return dialect.read(request)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(problem("bad_request", f"the request is not of the form of {dialect.name}: {error!r}")) from error


def _without_suffix(question: Question) -> tuple[Question, Fault | None]:
    """Take `?fault=...` off the model's name."""
    model, mark, text = question.model.partition("?")
    return (replace(question, model=model), parse_fault(text)) if mark else (question, None)

"""Answers that are played in the same process, byte by byte as a test wants them, and what came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from chatkit import RetryPolicy
from chatkit.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.codec import Request
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel
    from chatkit.timeouts import Timeouts

__all__ = ["Answer", "Outcome", "Tape", "asked", "streamed"]

End = Literal["eof", "reset", "silence"]
"""How a body ends: as it should, by a connection that breaks, or never."""

TWICE = RetryPolicy(max_retries=1, initial_delay=0)


class Answer(NamedTuple):
    """A response: its body in pieces, and how that ends."""

    pieces: Sequence[bytes]
    end: End = "eof"
    status: int = 200


class Tape:
    """A transport that plays one answer for each request; the last one again and again.

    Attributes:
        requests: how many came.
        open: responses that nobody has closed.
    """

    def __init__(self, *answers: Answer) -> None:
        self._answers = answers
        self.requests = 0
        self.open = 0

    async def open_(self, request: Request, timeouts: Timeouts, wait: float | None) -> _Played:
        answer = self._answers[min(self.requests, len(self._answers) - 1)]
        self.requests += 1
        self.open += 1
        return _Played(self, answer)


class _Seam:
    """The tape as a model's transport."""

    def __init__(self, tape: Tape) -> None:
        self.open = tape.open_


class _Played:
    def __init__(self, tape: Tape, answer: Answer) -> None:
        self.status = answer.status
        self.headers = {"x-request-id": "req_1"}
        self._tape: Tape | None = tape
        self._pieces = iter(answer.pieces)
        self._end = answer.end

    async def receive(self, deadline: float | None) -> bytes:
        for piece in self._pieces:
            if piece:
                return piece
        if self._end == "reset":
            raise ConnectionResetError("cut")
        if self._end == "silence":
            assert deadline is not None, "nobody waits for ever"
            raise TimeoutError
        return b""

    def abandon(self) -> None:
        if self._tape is not None:
            self._tape.open -= 1
            self._tape = None

    async def aclose(self) -> None:
        self.abandon()


class Outcome(NamedTuple):
    """What came of a call.

    Attributes:
        texts: the pieces that the reader was given.
        message: the answer, or what there was of it.
        left_open: responses that were not closed.
    """

    texts: list[str]
    message: AIMessage | None
    error: ModelError | None
    requests: int
    left_open: int

    @property
    def text(self) -> str:
        return "".join(self.texts)


def playing(model: ChatModel, tape: Tape, **settings: Any) -> ChatModel:
    """The model, with the tape for a network."""
    model = model.bind(**settings) if settings else model._copy()
    seam: Any = _Seam(tape)
    model._transport = lambda: seam  # type: ignore[method-assign]
    return model


async def streamed(model: ChatModel, *answers: Answer, **settings: Any) -> Outcome:
    """The outcome of a stream. Anything but a ModelError is a bug, and is raised."""
    tape = Tape(*answers)
    stream = playing(model, tape, **settings).astream("x")
    texts: list[str] = []
    try:
        async for chunk in stream:
            texts.append(chunk.text)
    except ModelError as error:
        return Outcome(texts, error.partial, error, tape.requests, tape.open)
    return Outcome(texts, stream.message, None, tape.requests, tape.open)


async def asked(model: ChatModel, *answers: Answer, **settings: Any) -> Outcome:
    """The outcome of a call for a whole answer."""
    tape = Tape(*answers)
    try:
        message = await playing(model, tape, **settings).ainvoke("x")
    except ModelError as error:
        return Outcome([], error.partial, error, tape.requests, tape.open)
    return Outcome([message.text], message, None, tape.requests, tape.open)

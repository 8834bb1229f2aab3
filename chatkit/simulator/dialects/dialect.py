"""The form of a dialect: an API's wire, seen from the server's side. The mirror image of a provider's codec.

    provider:  Call --_encode--> Request        bytes --Parser--> events
    dialect:   Request --read--> Question       Answer --whole / frames--> bytes

A dialect is pure: it awaits nothing and knows neither sockets nor faults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

from chatkit.jsons import decode_object, encode

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

    from chatkit.codec import Request
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["Dialect", "Frame", "Limits", "Part", "Refused", "body_of", "sse"]

Part = Literal["start", "output", "finish", "end"]


class Frame(Struct, frozen=True):
    """The bytes of one event of a stream.

    Attributes:
        part: "start" before anything that a user sees, "output" what a user sees, "finish" usage and finish reason,
            "end" the marker (and only the marker) whose absence tells a client that the stream was cut. Where the
            finish reason is that marker (Gemini, Ollama), its frame is the "end".
    """

    data: bytes
    part: Part = "output"


class Limits(Struct, frozen=True):
    """A rate limit as a server reports it: how many a minute, how many are left, seconds until all are back."""

    requests: int | None = None
    requests_left: int = 0
    requests_reset: float = 0.0
    tokens: int | None = None
    tokens_left: int = 0
    tokens_reset: float = 0.0


class Refused(Exception):
    """Raised by `read` for a request that the API would refuse."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class Dialect(Protocol):
    """One API's wire.

    Attributes:
        name: e.g. "openai_chat".
        path: matches the whole path of a request, without the query.
        call_prefix: how ids of tool calls begin, e.g. "call_".
        stream_type: content type of a stream.
        comment: bytes that may stand between frames and mean nothing, b"" where the format has none.
    """

    name: str
    path: re.Pattern[str]
    call_prefix: str
    stream_type: str
    comment: bytes

    def read(self, request: Request) -> Question:
        """What a request asks (`request.url` is path and query). Raises Refused."""
        ...

    def whole(self, question: Question, answer: Answer) -> bytes:
        """The body of an answer that is not streamed."""
        ...

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        """The events of a streamed answer."""
        ...

    def error(self, problem: Problem) -> bytes:
        """The body of an answer with an error status."""
        ...

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        """The event that reports an error inside a stream, after `sent` others."""
        ...

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        """Headers of every answer: request id, rate limits in this API's words, what errors add."""
        ...


def body_of(request: Request) -> dict[str, Any]:
    """The JSON object that a request carries. Raises Refused."""
    from chatkit.simulator.problem import problem

    body = decode_object(request.body)
    if body is None:
        raise Refused(problem("bad_request", "the body of the request is not a JSON object"))
    return body


def sse(data: Any, event: str = "") -> bytes:
    """A server-sent event that carries JSON (or text as it is)."""
    text = data.encode() if isinstance(data, str) else encode(data)
    return (b"event: %s\n" % event.encode() if event else b"") + b"data: %s\n\n" % text

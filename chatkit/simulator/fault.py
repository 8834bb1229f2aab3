"""`Fault`: what goes wrong with an answer, on request."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import Problem, problem

__all__ = ["Fault", "parse_fault"]


class Fault(Struct, frozen=True, forbid_unknown_fields=True):
    """What goes wrong. Everything may be combined.

    As text (`x-chatkit-fault` header, `model?fault=...`) it is a query string: `status=429&retry_after=2&times=1`;
    a bare number is a status, any other bare word a kind of error before the output of a 200.

    Attributes:
        status: HTTP status of an error answer (429, 500, 401 ...).
        kind: which error (see `problem.KINDS`), with `status` or `error`; without it what fits the status.
        message: the error's message.
        retry_after: seconds for the retry-after header.
        error: an error inside a 200 answer, "before" any output or "after" `after` pieces of it.
        stall: nothing more comes: no "headers", no "first" event, or nothing in the "middle", after `after` pieces.
        cut: the connection is closed after so many bytes of the body.
        unended: the stream ends properly after its output, but without finish reason, usage and end marker.
        garble: after `after` pieces a frame that is not JSON ("json"), or a text that is not UTF-8 ("utf8").
        huge: after `after` pieces a frame that is larger by so many bytes.
        after: how many pieces of output come before `error`, `stall`, `garble` and `huge`.
        body: instead of the answer an "html" page, plain "text", or nothing ("empty").
        slow: seconds before every frame.
        split: at most so many bytes at a time.
        comments: so many comments before every frame.
        times: only the first so many requests with this fault are hit, then one is spared, and so on.
    """

    status: int | None = None
    kind: str | None = None
    message: str | None = None
    retry_after: float | None = None
    error: Literal["before", "after"] | None = None
    stall: Literal["headers", "first", "middle"] | None = None
    cut: int | None = None
    unended: bool = False
    garble: Literal["json", "utf8"] | None = None
    huge: int | None = None
    after: int = 1
    body: Literal["html", "text", "empty"] | None = None
    slow: float = 0.0
    split: int | None = None
    comments: int = 0
    times: int | None = None

    @property
    def problem(self) -> Problem:
        """The error that `status`, `error` and `kind` describe. Raises ValueError for an unknown kind."""
        kind = self.kind or self.status or "overloaded"
        return problem(kind, self.message, status=self.status, retry_after=self.retry_after)


def parse_fault(text: str) -> Fault:
    """A fault from its text form.

    Raises:
        Refused: the text is no fault; the answer says why.
    """
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(text.removeprefix("fault="), keep_blank_values=True):
        fields.update(_named(name) if value == "" else {name: value})
    try:
        fault = msgspec.convert(fields, Fault, strict=False)
        _ = fault.problem  # an unknown kind is refused here, not in the middle of an answer
    except (msgspec.ValidationError, ValueError) as error:
        raise Refused(problem("bad_request", f"the fault {text!r} is not understood: {error}")) from error
    return fault


def _named(word: str) -> dict[str, Any]:
    """What a bare word means."""
    if word.isdigit():
        return {"status": word}
    return {word: "true"} if word in Fault.__struct_fields__ else {"kind": word, "error": "before"}

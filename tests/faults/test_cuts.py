"""A stream that is cut after every byte: by a connection that breaks, by a proper end, by silence.

What is asserted of each: the error's type and stage, exactly the text that had come (as pieces and as `.partial`),
how many requests were sent (none again after output), that the response was closed, and that nothing is asked for
again once the answer is complete.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from chatkit.errors import APIConnectionError, APITimeoutError, IncompleteStreamError, ServerError, StreamInterruptedError
from chatkit.simulator.dialects.by_path import DIALECTS
from tests.faults.dialects import NAMES
from tests.faults.recordings import REPLIES, Recording, Shown, growing_texts, recording, shown
from tests.faults.tapes import TWICE, Answer, Outcome, asked, streamed

if TYPE_CHECKING:
    from tests.faults.conftest import Verdicts
    from tests.faults.tapes import End

pytestmark = pytest.mark.anyio

ENDS: list[End] = ["eof", "reset", "silence"]
BEFORE_OUTPUT = {"reset": APIConnectionError, "eof": IncompleteStreamError, "silence": APITimeoutError}
IN_OUTPUT = {"reset": StreamInterruptedError, "eof": IncompleteStreamError, "silence": APITimeoutError}


class Result(NamedTuple):
    error: type | None
    stage: str | None
    phase: str | None
    text: str
    shown: Shown | None
    requests: int
    left_open: int = 0


def result_of(outcome: Outcome) -> Result:
    error = outcome.error
    return Result(
        error=type(error) if error is not None else None,
        stage=error.stage if error is not None else None,
        phase=getattr(error, "phase", None),
        text=outcome.text,
        shown=shown(outcome.message) if outcome.message is not None else None,
        requests=outcome.requests,
        left_open=outcome.left_open,
    )


def expected(tape: Recording, cut: int, end: End, *, retried: bool) -> Result:
    """What a cut must lead to, by where it falls."""
    frames = tape.frames_in(cut, ended=end == "eof")
    if frames >= tape.done_from or (end != "silence" and tape.frames_in(cut, ended=True) >= tape.complete_from):
        return Result(None, None, None, tape.complete.text, tape.complete, 1)
    if frames >= tape.output_from:
        seen = tape.seen[frames]
        return Result(IN_OUTPUT[end], "output", "idle" if end == "silence" else None, seen.text, seen, 1)
    if retried:
        return Result(None, None, None, tape.complete.text, tape.complete, 2)
    seen = tape.seen[frames] if frames >= tape.started_from else None
    return Result(BEFORE_OUTPUT[end], "response", "first_event" if end == "silence" else None, "", seen, 1)


def test_no_dialect_is_left_out() -> None:
    streamed = {dialect.name for dialect in DIALECTS if not dialect.name.endswith("count")} - {"models"}
    assert sorted(NAMES) == sorted(streamed)


@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("dialect", NAMES)
def test_the_recordings_are_what_the_script_says(dialect: str, reply: str) -> None:
    """The oracle of this suite: no parser is asked what the text should be."""
    tape = recording(dialect, reply)
    texts = [""] if (dialect, reply) == ("cohere", "call") else growing_texts(reply)  # a text beside calls is its plan
    assert list(dict.fromkeys(seen.text for seen in tape.seen)) == texts
    calls = [(name, args) for name, args in REPLIES[reply].tool_calls]
    assert (tape.complete.text, tape.complete.calls, tape.complete.broken_calls) == (texts[-1], calls, [])
    assert tape.output_from < tape.complete_from <= len(tape.frames)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("dialect", NAMES)
async def test_a_cut_after_every_byte(dialect: str, reply: str, end: End, verdicts: Verdicts, anyio_backend: str) -> None:
    """Every byte of the texts by end and by break, every third of the rest, a sample under trio."""
    tape = recording(dialect, reply)
    step = 13 if anyio_backend == "trio" else 1 if reply == "text" and end != "silence" else 3
    for cut in range(ENDS.index(end) % step, len(tape.body) + 1, step):
        answer = Answer([tape.body[:cut]], end)
        found = await streamed(tape.model, answer, Answer([tape.body]), max_retries=0)
        verdicts.check((end, cut), found=result_of(found), expected=expected(tape, cut, end, retried=False))


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("dialect", NAMES)
async def test_only_what_nobody_has_seen_is_asked_for_again(
    dialect: str, end: End, verdicts: Verdicts, anyio_backend: str
) -> None:
    """Before the first output a cut goes unnoticed: one answer, two requests. After it there is one request."""
    tape = recording(dialect, "text")
    for cut in range(0, len(tape.body) + 1, 11):
        answer = Answer([tape.body[:cut]], end)
        found = await streamed(tape.model, answer, Answer([tape.body]), max_retries=TWICE)
        verdicts.check((end, cut), found=result_of(found), expected=expected(tape, cut, end, retried=True))


@pytest.mark.parametrize("dialect", NAMES)
async def test_a_whole_answer_that_is_cut(dialect: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """Never half an answer: an error, or all of it; and it is asked for again."""
    tape = recording(dialect, "call")
    bare = len(tape.whole.rstrip())
    for cut in range(0, len(tape.whole) + 1, 5):
        for end in ("eof", "reset"):
            answer = Answer([tape.whole[:cut]], end)
            found = await asked(tape.model, answer, Answer([tape.whole]), max_retries=TWICE)
            requests = 1 if cut >= bare else 2
            complete = Result(None, None, None, tape.complete.text, tape.complete, requests)
            verdicts.check((end, cut), found=result_of(found), expected=complete)


@pytest.mark.parametrize("dialect", NAMES)
async def test_an_error_body_that_is_cut(dialect: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """The status says what went wrong, whatever becomes of the text."""
    tape = recording(dialect, "text")
    body = tape.error_body("server")
    for cut in range(0, len(body) + 1, 3):
        for end in ENDS:
            found = await streamed(tape.model, Answer([body[:cut]], end, 500), max_retries=0)
            verdicts.check((end, cut), found=result_of(found), expected=Result(ServerError, "response", None, "", None, 1))

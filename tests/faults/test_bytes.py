"""What arrives in other pieces than it was sent, wrong bytes at every place, frames that are lost, doubled or swapped."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from chatkit.errors import IncompleteStreamError, InvalidResponseError, ModelError
from tests.faults.dialects import NAMES, WORDLESS
from tests.faults.recordings import recording, shown
from tests.faults.tapes import Answer, streamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.conftest import Verdicts
    from tests.faults.recordings import Recording
    from tests.faults.tapes import Outcome

pytestmark = pytest.mark.anyio

ERRORS = {"overloaded": "OverloadedError", "server": "ServerError", "rate_limit": "RateLimitError"}
CHECKED = ("bedrock_converse", "bedrock_invoke")
"""Dialects with checksums: no wrong byte goes unnoticed."""


def cuts_of(size: int) -> Iterator[list[int]]:
    """Ways to cut a body: in two at places all over it, in single bytes, at random."""
    yield from ([cut] for cut in range(1, size, 5))
    yield list(range(1, size))
    chance = random.Random(7)
    yield from (sorted(chance.sample(range(1, size), chance.randint(1, 30))) for _ in range(20))


@pytest.mark.parametrize("reply", ["text", "call"])
@pytest.mark.parametrize("dialect", NAMES)
async def test_pieces_of_any_size(dialect: str, reply: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """In the middle of characters, of frames, of line ends: the same answer, each text once."""
    tape = recording(dialect, reply)
    for cuts in list(cuts_of(len(tape.body)))[:: 1 if anyio_backend == "asyncio" else 20]:
        pieces = [tape.body[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        found = await streamed(tape.model, Answer(pieces), max_retries=0)
        told = (found.error, found.text, found.message and shown(found.message), found.requests, found.left_open)
        verdicts.check(cuts[:3], found=told, expected=(None, tape.complete.text, tape.complete, 1, 0))


def judged(tape: Recording, found: Outcome, intact: int) -> list[str]:
    """What is wrong with what came of a damaged stream, of which some frames at the beginning are intact."""
    wrong: list[str] = []
    if found.left_open or found.requests != 1:
        wrong.append(f"{found.left_open} responses left open, {found.requests} requests")
    if not found.text.startswith(tape.seen[intact].text):
        wrong.append(f"the text lost what came before the damage: {found.text!r}")
    if found.error is not None and found.message is not None and found.message.text != found.text:
        wrong.append(f"the partial message has another text than the reader got: {found.message.text!r}, {found.text!r}")
    if found.error is not None and intact >= tape.output_from and found.error.stage != "output":
        wrong.append(f"stage {found.error.stage}")
    return wrong


@pytest.mark.parametrize("flip", [0x01, 0x80])
@pytest.mark.parametrize("dialect", NAMES)
async def test_a_wrong_byte_at_every_place(dialect: str, flip: int, verdicts: Verdicts, anyio_backend: str) -> None:
    """An answer or a ModelError, never anything else; nothing is lost that came before it."""
    tape = recording(dialect, "text")
    for place in range(0, len(tape.body), 3 if anyio_backend == "asyncio" else 40):
        damaged = bytearray(tape.body)
        damaged[place] ^= flip
        found = await streamed(tape.model, Answer([bytes(damaged)]), max_retries=0)
        wrong = judged(tape, found, tape.frames_in(place, ended=False))
        if dialect in CHECKED and tape.frames_in(place, ended=False) < tape.complete_from:
            wrong += (
                [] if isinstance(found.error, InvalidResponseError | IncompleteStreamError) else [f"no error: {found.error!r}"]
            )
        verdicts.check(place, found=wrong, expected=[])


@pytest.mark.parametrize("reply", ["text", "call"])
@pytest.mark.parametrize("dialect", NAMES)
async def test_frames_lost_doubled_and_swapped(dialect: str, reply: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """A server that lies about the order of things gets an answer or a ModelError out of us, and no second request."""
    tape = recording(dialect, reply)
    frames = tape.frames
    for nth in range(len(frames)):
        lies = {
            "lost": [*frames[:nth], *frames[nth + 1 :]],
            "doubled": [*frames[: nth + 1], *frames[nth:]],
            "swapped": [*frames[:nth], *frames[nth : nth + 2][::-1], *frames[nth + 2 :]],
            "first": [frames[nth], *frames[:nth], *frames[nth + 1 :]],
            "last": [*frames[:nth], *frames[nth + 1 :], frames[nth]],
        }
        for lie, told in lies.items():
            found = await streamed(tape.model, Answer([b"".join(told)]), max_retries=0)
            intact = 0 if lie == "first" else min(nth, tape.done_from)
            verdicts.check((lie, nth), found=judged(tape, found, intact), expected=[])


@pytest.mark.parametrize("dialect", NAMES)
@pytest.mark.parametrize("kind", ERRORS)
async def test_an_error_told_after_every_frame(kind: str, dialect: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """Inside a 200: before the first output it is asked for again, after it the error is raised with what had come."""
    tape = recording(dialect, "call")
    name = "ServerError" if dialect in WORDLESS else ERRORS[kind]
    for count in range(len(tape.frames) + 1):
        found = await streamed(tape.model, Answer([tape.failing(count, kind)]), Answer([tape.body]), max_retries=1)
        told = (_name(found.error), found.text, found.message and shown(found.message), found.requests, found.left_open)
        seen = tape.seen[count]
        if count >= tape.done_from:
            expected = (None, tape.complete.text, tape.complete, 1, 0)
        elif count >= tape.output_from:
            expected = (name, seen.text, seen, 1, 0)
        else:
            expected = (None, tape.complete.text, tape.complete, 2, 0)
        verdicts.check(count, found=told, expected=expected)


def _name(error: ModelError | None) -> str | None:
    return None if error is None else type(error).__name__

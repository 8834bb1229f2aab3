"""From frames to what a server does, step by step, with the faults of the body put in on the way.

Each fault is a generator over the steps before it, so that any of them combine.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from chatkit.simulator.dialects.dialect import Frame
from chatkit.simulator.garble import garbled

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    from chatkit.simulator.dialects.dialect import Dialect
    from chatkit.simulator.fault import Fault
    from chatkit.simulator.question import Question

__all__ = ["ABORT", "Abort", "Step", "body_steps"]


class Abort:
    """Closes the connection in the middle of the body."""


ABORT: Final = Abort()
FOREVER: Final = math.inf

Step = bytes | float | Abort
"""Send bytes; wait so many seconds (`math.inf`: until the client goes away); close the connection."""

_FrameStep = Frame | float


def body_steps(
    frames: Iterable[Frame], dialect: Dialect, question: Question | None, fault: Fault | None, first: float, every: float
) -> Iterator[Step]:
    """The steps that send a body.

    Args:
        question: what was asked; None when that could not be read.
        first: seconds before the first output.
        every: seconds between outputs.
    """
    paced = _paced(frames, first, every)
    if fault is None:
        return _unpacked(paced)
    return _bytes_with(_frames_with(paced, dialect, question, fault), fault)


def _unpacked(steps: Iterable[_FrameStep]) -> Iterator[Step]:
    """Frames as bytes. No bytes at all would mean the end of the body, so none are sent."""
    for step in steps:
        if not isinstance(step, Frame):
            yield step
        elif step.data:
            yield step.data


def _paced(frames: Iterable[Frame], first: float, every: float) -> Iterator[_FrameStep]:
    pause = first
    for frame in frames:
        if frame.part == "output":
            if pause:
                yield pause
            pause = every
        yield frame


def _frames_with(steps: Iterator[_FrameStep], dialect: Dialect, question: Question | None, fault: Fault) -> Iterator[_FrameStep]:
    if fault.unended:
        steps = (step for step in steps if not isinstance(step, Frame) or step.part not in ("finish", "end"))
    if fault.error or fault.stall or fault.huge or fault.garble == "json":
        steps = _broken(steps, dialect, question, fault)
    if fault.slow or fault.comments:
        steps = _delayed(steps, dialect, fault)
    return steps


def _broken(steps: Iterator[_FrameStep], dialect: Dialect, question: Question | None, fault: Fault) -> Iterator[_FrameStep]:
    """What goes wrong at one place: before the first output, or after `after` of them."""
    if fault.stall == "first":
        yield FOREVER
    if fault.error == "before":
        yield Frame(dialect.error_frame(fault.problem, question, 0))
        return
    frame, sent = yield from _head(steps, fault.after)
    if fault.stall == "middle" and frame is not None:
        yield FOREVER
    if fault.error and frame is not None:
        yield Frame(dialect.error_frame(fault.problem, question, sent))
        return
    if frame is not None:
        yield from _breakage(frame, fault)
    yield from steps


def _head(steps: Iterator[_FrameStep], after: int) -> Generator[_FrameStep, None, tuple[Frame | None, int]]:
    """Passes on what comes before the place of a fault; returns the frame that stands there, and how many came before."""
    outputs = sent = 0
    for step in steps:
        if isinstance(step, Frame):
            if outputs >= after or step.part in ("finish", "end"):
                return step, sent
            outputs += step.part == "output"
            sent += 1
        yield step
    return None, sent


def _breakage(frame: Frame, fault: Fault) -> Iterator[_FrameStep]:
    middle = len(frame.data) // 2
    if fault.garble == "json":
        yield Frame(frame.data[:middle] + b'"}{,' + frame.data[middle:])
    elif fault.huge:
        yield Frame(frame.data[:middle])
        for size in _sizes(fault.huge):
            yield Frame(b"x" * size)
        yield Frame(frame.data[middle:])


def _sizes(total: int, most: int = 1 << 20) -> Iterator[int]:
    while total > 0:
        yield min(total, most)
        total -= most


def _delayed(steps: Iterator[_FrameStep], dialect: Dialect, fault: Fault) -> Iterator[_FrameStep]:
    for step in steps:
        if isinstance(step, Frame):
            if fault.slow:
                yield fault.slow
            for _ in range(fault.comments if dialect.comment else 0):
                yield Frame(dialect.comment)
        yield step


def _bytes_with(steps: Iterator[_FrameStep], fault: Fault) -> Iterator[Step]:
    sent = _unpacked(steps)
    if fault.garble == "utf8":
        sent = garbled(sent)
    if fault.split:
        sent = _split(sent, fault.split)
    if fault.cut is not None:
        sent = _cut(sent, fault.cut)
    return sent


def _split(steps: Iterator[Step], size: int) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, bytes):
            yield from (step[at : at + size] for at in range(0, len(step), size))
        else:
            yield step


def _cut(steps: Iterator[Step], left: int) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, bytes):
            if len(step) >= left:
                if left:
                    yield step[:left]
                break
            left -= len(step)
        yield step
    yield ABORT

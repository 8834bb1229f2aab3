"""Faults on real sockets: every dialect, every way to carry a request, both event loops.

The simulator's server misbehaves as the request asks it to. Of each case is asserted what `test_cuts` asserts, and
how the server saw it end: no connection stays open that was not given back.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import pytest

from chatkit import RetryPolicy, Timeouts
from chatkit.errors import ModelError
from chatkit.simulator import Reply, simulate
from tests.faults.dialects import FRAMINGS, NAMES, WORDLESS, model_of
from tests.faults.recordings import REPLIES, recording
from tests.faults.tapes import Outcome
from tests.faults.test_cuts import expected, result_of
from tests.net.clients import OVER_AIOHTTP, WAYS, settings, skip_if_missing
from tests.net.leaks import live

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.simulator.response import Seen
    from chatkit.simulator.server import Server
    from tests.faults.conftest import Verdicts

pytestmark = pytest.mark.anyio

TEXT = "one two three"


class Case(NamedTuple):
    """A fault, and what must come of it: the error's class (None for a whole answer), stage, text, requests."""

    fault: str
    error: str | None
    stage: str | None = None
    text: str = ""
    phase: str | None = None
    requests: int = 1


BREAKS = [
    Case("429&retry_after=9", "RateLimitError", "response"),
    Case("401", "AuthenticationError", "response"),
    Case("404", "NotFoundError", "response"),
    Case("500", "ServerError", "response"),
    Case("529", "OverloadedError", "response"),
    Case("503&body=html", "OverloadedError", "response"),
    Case("500&split=1", "ServerError", "response"),
    Case("500&cut=4", "ServerError", "response"),
    Case("context_length&status=400", "ContextLengthError", "response"),
    Case("overloaded", "OverloadedError", "response"),
    Case("error=after&after=2", "OverloadedError", "output", "one two"),
    Case("error=after&after=2&split=1", "OverloadedError", "output", "one two"),
    Case("error=after&after=1&kind=server", "ServerError", "output", "one"),
    Case("cut=0", "APIConnectionError", "response"),
    Case("cut=40", "APIConnectionError", "response"),
    Case("cut=40&split=1", "APIConnectionError", "response"),
    Case("unended", "IncompleteStreamError", "output", TEXT),
    Case("garble=json&after=1", "InvalidResponseError", "output", "one"),
    Case("garble=utf8&after=1", "InvalidResponseError", "output", "one"),
    Case("body=html", "InvalidResponseError", "response"),
    Case("body=empty", "IncompleteStreamError", "response"),
]
STALLS = [
    Case("stall=headers", "APITimeoutError", "request", "", "first_event"),
    Case("stall=first", "APITimeoutError", "response", "", "first_event"),
    Case("stall=middle&after=2", "APITimeoutError", "output", "one two", "idle"),
]
HARMLESS = [
    Case(fault, None, None, TEXT) for fault in ("slow=0.001", "split=1", "split=3&comments=2", "comments=1", "cut=1000000")
]
MENDED = [
    Case(f"{fault}&times=1", None, None, TEXT, requests=2)
    for fault in ("429&retry_after=0", "500", "529", "overloaded", "cut=0", "cut=40", "500&cut=4")
]
NOT_MENDED = [
    Case("401&times=1", "AuthenticationError", "response"),
    Case("error=after&after=2&times=1", "OverloadedError", "output", "one two"),
    Case("unended&times=1", "IncompleteStreamError", "output", TEXT),
]


@pytest.mark.parametrize("way", WAYS)
async def test_every_fault_of_every_dialect(way: str, verdicts: Verdicts, anyio_backend: str) -> None:
    skip_if_missing(way, anyio_backend)
    if (way, anyio_backend) == ("aiohttp", "trio"):
        pytest.skip("this is httpx again")
    async with settings(way) as how, simulate(lambda question: Reply(TEXT)) as server:
        before = live()
        plain = {**how, "max_retries": 0, "timeout": Timeouts(first_event=20, idle=20)}
        async with anyio.create_task_group() as group:
            impatient = {**plain, "timeout": Timeouts(first_event=1.0, idle=1.0)}
            group.start_soon(run_all, STALLS, way, server, verdicts, impatient)
            while len(server.requests) < len(STALLS) * len(dialects_over(way)):
                await anyio.sleep(0.01)
            await anyio.sleep(0.1)  # their clocks run while the others are busy
            await run_all(BREAKS + HARMLESS, way, server, verdicts, plain)
            await run_all(MENDED + NOT_MENDED, way, server, verdicts, {**plain, "max_retries": RetryPolicy(initial_delay=0.001)})
        await anyio.sleep(0.02)
        verdicts.check("tasks and async generators", found=live(), expected=before)


def dialects_over(way: str) -> list[str]:
    """All over httpx; over the others what a library could make a difference to."""
    return NAMES if way == "httpx" else FRAMINGS


def hits(case: Case, dialect: str, way: str) -> bool:
    """Whether a fault does what it says there."""
    if dialect == "bedrock_invoke" and "utf8" in case.fault:
        return False  # the texts travel in base64
    return not (way == OVER_AIOHTTP and "cut=" in case.fault)  # the adapter may lose what came right before the cut


async def run_all(cases: Sequence[Case], way: str, server: Server, verdicts: Verdicts, how: dict[str, Any]) -> None:
    """All cases in all dialects at the same time."""
    async with anyio.create_task_group() as group:
        for dialect in dialects_over(way):
            for case in (case for case in cases if hits(case, dialect, way)):
                group.start_soon(run, case, dialect, server, verdicts, how)


async def run(case: Case, dialect: str, server: Server, verdicts: Verdicts, how: dict[str, Any]) -> None:
    name = f"{dialect} {case.fault}"
    fault = f"{case.fault}&message={name.replace(' ', '-').replace('&', '-').replace('=', '-')}"  # each counts for itself
    model = model_of(dialect, server.url, default_headers={"x-chatkit-fault": fault}, **how)
    stream, error, texts = model.astream(f"[{name}]"), None, list[str]()
    try:
        async for chunk in stream:
            texts.append(chunk.text)
    except ModelError as raised:
        error = raised
    requests = [seen for seen in list(server.requests) if f"[{name}]" in str(seen.body)]
    found = Case(
        case.fault,
        type(error).__name__ if error is not None else None,
        error.stage if error is not None else None,
        "".join(texts),
        getattr(error, "phase", None),
        len(requests),
    )
    if dialect in WORDLESS and case.error == "OverloadedError" and not case.fault[0].isdigit():
        case = case._replace(error="ServerError")
    verdicts.check(f"{name} ({error!r})" if error is not None else name, found=found, expected=case)
    partial_text = error.partial.text if error is not None and error.partial is not None else ""
    verdicts.check(f"{name} (partial)", found=partial_text, expected=case.text if error is not None else "")
    if requests:
        verdicts.check(f"{name} (end)", found=await _unended(requests[-1], case), expected=None)


@pytest.mark.parametrize("way", [way for way in WAYS if way != OVER_AIOHTTP])
async def test_cuts_all_over_a_stream(way: str, verdicts: Verdicts, anyio_backend: str) -> None:
    """The bytes that `test_cuts` plays, cut on a real socket."""
    skip_if_missing(way, anyio_backend)
    if (way, anyio_backend) == ("aiohttp", "trio"):
        pytest.skip("this is httpx again")

    async def run_cut(dialect: str, cut: int, how: dict[str, Any]) -> None:
        tape = recording(dialect, "text")
        stream = model_of(dialect, server.url, default_headers={"x-chatkit-fault": f"cut={cut}"}, max_retries=0, **how).astream(
            "x"
        )
        texts, error, message = list[str](), None, None
        try:
            async for chunk in stream:
                texts.append(chunk.text)
            message = stream.message
        except ModelError as raised:
            error, message = raised, raised.partial
        found = result_of(Outcome(texts, message, error, 1, 0))
        verdicts.check((dialect, cut), found=found, expected=expected(tape, cut, "reset", retried=False))

    async with settings(way) as how, simulate(lambda question: REPLIES["text"]) as server:
        async with anyio.create_task_group() as group:
            for dialect in dialects_over(way):
                size = len(recording(dialect, "text").body)
                for cut in range(size // 20, size + 1, size // 9):
                    group.start_soon(run_cut, dialect, cut, {**how, "timeout": Timeouts(first_event=20, idle=20)})


async def _unended(seen: Seen, case: Case) -> str | None:
    """What the server still waits for; nothing when it has seen the end, or made it itself."""
    if "cut=" in case.fault:
        return None
    left = time.monotonic()
    while time.monotonic() < left + 3:
        if seen.closed_at is not None or (seen.ended_at is not None and "stall" not in case.fault):
            return None
        await anyio.sleep(0.002)
    return f"the connection is open: {seen}"


def test_the_list_is_complete() -> None:
    """A fault that the simulator learns must be added here."""
    from chatkit.simulator import Fault

    said = "&".join(case.fault for case in [*BREAKS, *STALLS, *HARMLESS, *MENDED])
    known = set(Fault.__struct_fields__) - {"status", "message", "kind", "huge"}
    assert known <= {"comments", *(part.partition("=")[0] for part in said.split("&"))}

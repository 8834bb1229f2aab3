"""The line in front of a budget: first come, first served, exactly; on a virtual clock, then in threads and on both loops."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.limits.budget import Bucket, Budget, Ticket
from chatkit.limits.line import Line

if TYPE_CHECKING:
    from collections.abc import Sequence

both_loops = pytest.mark.anyio


def one(amount: float = 1.0) -> Ticket:
    return Ticket({"requests": amount})


class Visitor:
    """One who comes at some time, wants so much, and may give up."""

    def __init__(self, comes: float, amount: float = 1.0, gives_up: float | None = None) -> None:
        self.comes, self.amount, self.gives_up = comes, amount, gives_up
        self.admitted: float | None = None

    def __repr__(self) -> str:
        return f"Visitor({self.comes}, {self.amount}, {self.gives_up})"


def run(rate: float, size: float, visitors: Sequence[Visitor], pause: tuple[float, float] | None = None) -> None:
    """Let them come, on a virtual clock; notes when each was admitted."""

    async def visit(visitor: Visitor, line: Line) -> None:
        await trio.sleep_until(visitor.comes)
        with trio.move_on_at(float("inf") if visitor.gives_up is None else visitor.gives_up):
            await line.aenter(one(visitor.amount))
            visitor.admitted = trio.current_time()

    async def main() -> None:
        line = Line(Budget({"requests": Bucket(rate, size, size)}, now=trio.current_time()), trio.current_time)
        async with trio.open_nursery() as nursery:
            for visitor in visitors:
                nursery.start_soon(visit, visitor, line)
            if pause is not None:
                await trio.sleep_until(pause[0])
                line.change(lambda budget, now: budget.pause(now + pause[1], one()))

    trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


def expected(rate: float, size: float, visitors: Sequence[Visitor]) -> list[float | None]:
    """The same by an independent model: events in order of time, one queue, one bucket."""
    level, now = size, 0.0
    queue: list[int] = []
    admitted: list[float | None] = [None] * len(visitors)
    events = [(v.comes, 0, n) for n, v in enumerate(visitors)]
    events += [(v.gives_up, 1, n) for n, v in enumerate(visitors) if v.gives_up is not None]
    for at, kind, number in [*sorted(events), (float("inf"), 2, -1)]:
        while queue:
            due = now + max(0.0, visitors[queue[0]].amount - level) / rate
            if due > at:
                break
            level, now = min(size, level + (due - now) * rate) - visitors[queue[0]].amount, due
            admitted[queue.pop(0)] = due
        if at == float("inf"):
            break
        level, now = min(size, level + (at - now) * rate), at
        if kind == 0:
            queue.append(number)
        elif number in queue:
            queue.remove(number)
    return admitted


@st.composite
def crowds(draw: st.DrawFn) -> tuple[float, float, list[Visitor]]:
    rate, size = draw(st.sampled_from([0.3, 1.0, 7.0, 500.0])), draw(st.sampled_from([1.0, 2.5, 10.0]))
    visitors, at = [], 0.0
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0.0, 0.01, 0.37, 3.0])) / rate
        amount = draw(st.sampled_from([1.0, 1.0, 0.5, size]))
        patience = draw(st.sampled_from([None, None, None, 0.0071, 0.73, 5.31]))
        # unequal times, so that nothing happens at the same moment by accident
        comes = at + number * 1e-5 / rate
        visitors.append(Visitor(comes, amount, None if patience is None else comes + (patience + number * 1e-4) / rate))
    return rate, size, visitors


@given(crowds())
@settings(max_examples=150, deadline=None)
def test_everybody_is_admitted_exactly_when_it_is_due(crowd: tuple[float, float, list[Visitor]]) -> None:
    """Rate, burst, order, and that those who gave up took nothing: compared with another model of the same."""
    rate, size, visitors = crowd
    run(rate, size, visitors)
    for visitor, due in zip(visitors, expected(rate, size, visitors), strict=True):
        assert visitor.admitted == (None if due is None else pytest.approx(max(due, visitor.comes), abs=1e-6 / rate))


@given(crowds())
@settings(max_examples=100, deadline=None)
def test_never_more_than_burst_and_rate_and_always_in_order(crowd: tuple[float, float, list[Visitor]]) -> None:
    rate, size, visitors = crowd
    run(rate, size, visitors)
    served = [v for v in visitors if v.admitted is not None]
    assert served == sorted(served, key=lambda v: (v.admitted, v.comes))
    for i, first in enumerate(served):
        total = 0.0
        for last in served[i:]:
            total += last.amount
            assert total <= size + rate * (last.admitted - first.admitted) + 1e-6  # type: ignore[operator]


@given(crowds(), st.floats(0, 5), st.floats(0.1, 5))
@settings(max_examples=100, deadline=None)
def test_a_pause_stops_everybody_and_no_one_is_lost(crowd: tuple[float, float, list[Visitor]], at: float, seconds: float) -> None:
    rate, size, visitors = crowd
    for visitor in visitors:
        visitor.gives_up = None
    at, seconds = at / rate, seconds / rate
    run(rate, size, visitors, (at, seconds))
    admitted = [v.admitted for v in visitors]
    assert admitted == sorted(admitted)  # type: ignore[type-var]
    assert not any(at < moment < at + seconds - 1e-9 for moment in admitted if moment is not None)


def test_a_long_line_takes_linear_time() -> None:
    """Those who give up in the middle of it too."""

    def seconds(number: int) -> float:
        visitors = [Visitor(0.0, gives_up=0.001 if n % 2 else None) for n in range(number)]
        gc.disable()  # else the line is measured together with all objects that other tests have left
        try:
            began = time.process_time()
            run(1e3, 1.0, visitors)
            took = time.process_time() - began
        finally:
            gc.enable()
        assert sum(v.admitted is not None for v in visitors) >= number / 2
        return took

    assert seconds(12_000) < 12 * max(seconds(2_000), 0.05)


# On real clocks.


def line_of(rate: float, size: float = 1.0, places: int | None = None) -> Line:
    return Line(Budget({"requests": Bucket(rate, size, size)}, places, time.monotonic()))


@both_loops
async def test_a_cancelled_waiter_leaves_its_turn_to_the_next() -> None:
    line, admitted = line_of(20), []

    async def visit(name: str, scope: anyio.CancelScope) -> None:
        with scope:
            await line.aenter(one())
            admitted.append(name)

    scopes = {name: anyio.CancelScope() for name in "abcdefg"}
    began = time.monotonic()
    async with anyio.create_task_group() as group:
        for name, scope in scopes.items():
            group.start_soon(visit, name, scope)
            await anyio.sleep(0)
        for name in "bdf":
            scopes[name].cancel()
    assert admitted == ["a", "c", "e", "g"]
    assert 0.14 < time.monotonic() - began < 0.3


@both_loops
async def test_one_that_comes_again_stands_in_front() -> None:
    line, admitted = line_of(20), []

    async def visit(name: str, first: bool) -> None:
        await line.aenter(one(), first)
        admitted.append(name)

    async with anyio.create_task_group() as group:
        for name in "abcd":
            group.start_soon(visit, name, False)
            await anyio.sleep(0)
        group.start_soon(visit, "again", True)
    assert admitted == ["a", "again", "b", "c", "d"]


@both_loops
async def test_a_place_that_is_given_back_wakes_the_next() -> None:
    line = Line(Budget({}, 1, time.monotonic()))
    tickets = [Ticket({}, place=True) for _ in range(3)]
    await line.aenter(tickets[0])

    async def leave(ticket: Ticket) -> None:
        await anyio.sleep(0.01)
        line.change(lambda budget, _: budget.settle(ticket, {}))

    async with anyio.create_task_group() as group:
        for before, ticket in itertools.pairwise(tickets):
            group.start_soon(leave, before)
            with anyio.fail_after(1):
                await line.aenter(ticket)


@both_loops
async def test_a_refund_lets_a_sleeper_through_early() -> None:
    line = line_of(0.1)
    await line.aenter(taken := one())

    async def refund() -> None:
        await anyio.sleep(0.02)
        line.change(lambda budget, _: budget.settle(taken, {"requests": 0.0}))

    async with anyio.create_task_group() as group:
        group.start_soon(refund)
        with anyio.fail_after(1):
            await line.aenter(one())


def test_threads_and_loops_share_one_line() -> None:
    """Four threads that block, two loops of asyncio and two of trio: 200 a second for all together, by the times that count."""
    rates: list[float] = []
    for _ in range(3):  # a stall of the whole machine is not the limiter's
        line, times = line_of(200), []

        def block(line: Line = line, times: Any = times) -> None:
            for _ in range(25):
                line.enter(ticket := one())
                times.append(ticket.at)

        async def tasks(line: Line = line, times: Any = times) -> None:
            async def visit() -> None:
                await line.aenter(ticket := one())
                times.append(ticket.at)

            async with anyio.create_task_group() as group:
                for _ in range(25):
                    group.start_soon(visit)

        threads = [threading.Thread(target=block) for _ in range(4)]
        threads += [threading.Thread(target=anyio.run, args=(tasks,), kwargs={"backend": b}) for b in ("asyncio", "trio") * 2]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert len(times) == 200
        rates.append(_rate(sorted(times)))
        if rates[-1] > 190:
            break
    assert 190 < rates[-1] < 200.2, rates


def test_a_waiting_thread_that_is_interrupted_takes_nothing() -> None:
    line = line_of(10)
    line.enter(one())
    failed = []

    def interrupted() -> None:
        import ctypes

        def later() -> None:
            time.sleep(0.02)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(KeyboardInterrupt))

        ident = threading.get_ident()
        threading.Thread(target=later).start()
        try:
            line.enter(one())
        except KeyboardInterrupt:
            failed.append(True)

    thread = threading.Thread(target=interrupted)
    thread.start()
    thread.join(5)
    assert failed == [True]
    began = time.monotonic()
    line.enter(one())
    assert time.monotonic() - began < 0.15


def test_a_loop_that_dies_with_its_waiters_does_not_block_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatkit.limits.line.OVERDUE", 0.05)
    line = line_of(20)

    async def visit() -> None:
        await line.aenter(one())
        await line.aenter(one())

    loop = asyncio.new_event_loop()
    task = loop.create_task(visit())
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()  # without cancelling: the first in line will never wake
    time.sleep(0.2)
    entered = threading.Event()
    threading.Thread(target=lambda: (line.enter(one()), entered.set()), daemon=True).start()
    assert entered.wait(2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "_log_destroy_pending", False, raising=False)
        task.get_coro().close()
    del task
    gc.collect()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_has_a_line_of_its_own() -> None:
    line = line_of(5)
    line.enter(one())
    thread = threading.Thread(target=lambda: line.enter(one()))
    thread.start()
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        line.enter(one())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    thread.join(2)
    assert (status, thread.is_alive()) == (0, False)


def test_a_finalizer_may_settle_while_the_line_is_being_changed() -> None:
    """Garbage collection can run anywhere, also in the middle of the line's own work."""
    line, done = line_of(1000), []

    class Dropped:
        def __del__(self) -> None:
            line.change(lambda budget, now: done.append(now))

    def change(budget: Budget, now: float) -> None:
        del (box := [Dropped()])[:]
        assert not box

    thread = threading.Thread(target=lambda: line.change(change), daemon=True)
    thread.start()
    thread.join(2)
    assert not thread.is_alive()
    assert len(done) == 1


def _rate(times: list[float]) -> float:
    return (len(times) - 1) / (times[-1] - times[0])


@both_loops
@pytest.mark.parametrize(("asked", "least", "seconds"), [(500, 495, 1.0), (7, 6.9, 1.2)])
async def test_the_rate_that_was_asked_for_is_the_rate_that_is_given(asked: float, least: float, seconds: float) -> None:
    """By the times that count, and whoever is let through wakes at its time: as late as bare sleeps do on the same loop."""
    rates: list[float] = []
    for _ in range(3):  # a stall of the whole machine is not the limiter's
        line, tickets, late, bare = line_of(asked), [one() for _ in range(int(asked * seconds))], [], []

        async def visit(ticket: Ticket, line: Line = line, late: Any = late) -> None:
            await line.aenter(ticket)
            late.append(time.monotonic() - ticket.at)

        async def sleep(until: float, bare: Any = bare) -> None:
            await anyio.sleep(max(0.0, until - time.monotonic()))
            bare.append(time.monotonic() - until)

        async with anyio.create_task_group() as group:
            began = time.monotonic()
            for nth, ticket in enumerate(tickets):
                group.start_soon(visit, ticket)
                group.start_soon(sleep, began + nth / asked)
        assert min(late) >= 0
        rates.append(_rate(sorted(ticket.at for ticket in tickets)))
        if rates[-1] >= least and statistics.median(late) < 0.002 + 3 * statistics.median(bare):
            break
    else:
        pytest.fail(f"{rates}, late by {statistics.median(late)} s, bare sleeps by {statistics.median(bare)} s")
    assert rates[-1] <= asked * 1.001, rates


async def _cost_of_bare_timers(seconds: float) -> float:
    """CPU seconds of a loop that does nothing but wake 500 times a second: what this machine takes for it now."""
    loop, end = asyncio.get_running_loop(), time.monotonic() + seconds
    began = time.process_time()
    while time.monotonic() < end:
        timer = loop.create_future()
        loop.call_later(0.002, timer.set_result, None)
        await timer
    return time.process_time() - began


@pytest.mark.asyncio
async def test_waiting_costs_next_to_nothing() -> None:
    """2,000 waiters at 500 a second: under 0.1 CPU seconds in 2 seconds, or what few bare timers cost on a slow machine."""
    line = line_of(500)
    tasks = [asyncio.ensure_future(line.aenter(one())) for _ in range(2000)]
    await asyncio.sleep(0.1)
    began = time.process_time()
    await asyncio.sleep(2.0)
    cost = time.process_time() - began
    assert sum(task.done() for task in tasks) > 900
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert cost < max(0.1, 4 * await _cost_of_bare_timers(2.0))

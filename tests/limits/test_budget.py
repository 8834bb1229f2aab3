"""The arithmetic of limits, on a clock of the test's own."""

from __future__ import annotations

import math

import pytest

from chatkit.limits.budget import Bucket, Budget, Ticket


def one(**amounts: float) -> Ticket:
    return Ticket(amounts or {"requests": 1.0})


def budget(rate: float = 1.0, size: float = 1.0, **more: Bucket) -> Budget:
    return Budget({"requests": Bucket(rate, size, size), **more})


def test_a_full_bucket_then_one_at_a_time() -> None:
    limits = budget(2.0, 3.0)
    dues = []
    for _ in range(6):
        ticket = one()
        dues.append(due := limits.due(ticket))
        limits.take(ticket, due)
    assert dues == [0, 0, 0, 0.5, 1.0, 1.5]


def test_every_bucket_must_have_enough() -> None:
    limits = budget(10.0, 10.0, tokens=Bucket(100.0, 100.0, 100.0))
    limits.take(one(requests=1, tokens=90), 0)
    assert limits.due(one(requests=1, tokens=10)) == 0
    assert limits.due(one(requests=1, tokens=60)) == 0.5
    assert limits.due(one(requests=1)) == 0


def test_what_never_fits_takes_a_full_bucket_and_leaves_a_debt() -> None:
    limits = budget(10.0, 10.0)
    limits.take(one(requests=5), 0)
    assert limits.due(one(requests=30)) == 0.5
    limits.take(one(requests=30), 0.5)
    assert limits.due(one(requests=1)) == pytest.approx(0.5 + 2.1)


def test_names_without_a_bucket_do_not_matter() -> None:
    limits = budget()
    ticket = one(requests=1, tokens=10**9)
    assert limits.due(ticket) == 0
    limits.take(ticket, 0)
    assert ticket.counts == {"requests": 1.0}


def test_places_are_taken_until_they_are_given_back() -> None:
    limits = Budget({}, places=2)
    tickets = [Ticket({}, place=True) for _ in range(2)]
    for ticket in tickets:
        limits.take(ticket, 0)
    assert limits.due(Ticket({}, place=True)) == math.inf
    assert limits.due(Ticket({})) == 0
    for _ in range(2):
        limits.settle(tickets[0], {})
    assert limits.due(Ticket({}, place=True)) == 0
    limits.take(Ticket({}, place=True), 0)
    assert limits.due(Ticket({}, place=True)) == math.inf


def test_tokens_are_settled_on_what_was_used() -> None:
    limits = Budget({"tokens": Bucket(10.0, 100.0, 100.0)})
    ticket = one(tokens=100)
    limits.take(ticket, 0)
    limits.settle(ticket, {"tokens": 30})
    assert limits.due(one(tokens=70)) == 0
    limits.settle(ticket, {"tokens": 30})
    assert limits.due(one(tokens=80)) == 1.0
    limits.settle(ticket, {"tokens": 50})
    assert limits.due(one(tokens=70)) == 2.0


def test_a_refund_fills_no_bucket_above_its_size() -> None:
    limits = budget(1.0, 2.0)
    ticket = one()
    limits.take(ticket, 0)
    limits.take(one(), 10)
    limits.settle(ticket, {"requests": 0})
    limits.settle(ticket, {"requests": 0})
    for _ in range(2):
        limits.take(one(), 10)
    assert limits.due(one()) == 11


def test_after_a_pause_there_is_no_burst() -> None:
    limits = budget(10.0, 50.0)
    limits.take(refused := one(), 0)
    limits.pause(3.0, refused)
    assert limits.due(one()) == 3.0
    limits.take(one(), 3.0)
    assert limits.due(one()) == pytest.approx(3.1)
    limits.pause(1.0, refused)
    assert limits.due(one()) == pytest.approx(3.1)


def test_a_learned_bucket_is_full() -> None:
    limits = Budget({})
    limits.learn("r", 10.0, 20.0)
    for _ in range(20):
        limits.take(one(r=1), 0)
    assert limits.due(one(r=1)) == pytest.approx(0.1)


def test_a_changed_rate_counts_at_once() -> None:
    limits = budget(100.0)
    limits.take(one(), 0)
    assert limits.due(one()) == pytest.approx(0.01)
    limits.learn("requests", 10.0, 1.0)
    assert limits.due(one()) == pytest.approx(0.1)
    limits.learn("requests", 10.0, 0.5)
    limits.take(one(), 10)
    assert limits.due(one()) == pytest.approx(10.1)


def said(remaining: float, amount: float = 1.0) -> Ticket:
    """A ticket after whose request the provider has so much left."""
    return Ticket({"r": amount}, remaining={"r": remaining})


def test_what_the_provider_has_left_counts_less_what_was_taken_since() -> None:
    limits = Budget({"r": Bucket(10.0, 100.0, 100.0)})
    limits.take(first := said(25), 0)
    for _ in range(20):
        limits.take(one(r=1), 0)
    limits.settle(first, {"r": 1})
    assert limits.due(one(r=5)) == 0
    assert limits.due(one(r=6)) == pytest.approx(0.1)


def test_what_has_come_back_since_an_old_answer_counts() -> None:
    limits = Budget({"r": Bucket(10.0, 100.0, 100.0)})
    limits.take(first := said(25), 0)
    for _ in range(20):
        limits.take(one(r=1), 0)
    limits.take(one(r=1), 1.0)
    limits.settle(first, {"r": 1})
    assert limits.due(one(r=14)) == 1.0
    assert limits.due(one(r=15)) == pytest.approx(1.1)


def test_what_the_provider_has_left_is_after_the_real_cost() -> None:
    """The provider counted the 30 tokens that were used, not the 80 that were reserved."""
    limits = Budget({"r": Bucket(10.0, 100.0, 100.0)})
    limits.take(ticket := said(40, 80), 0)
    limits.settle(ticket, {"r": 30})
    assert limits.due(one(r=40)) == 0
    assert limits.due(one(r=41)) == pytest.approx(0.1)


def test_a_provider_with_more_left_changes_nothing() -> None:
    limits = Budget({"r": Bucket(1.0, 2.0, 2.0)})
    limits.take(ticket := said(1000), 0)
    limits.settle(ticket, {})
    limits.take(one(r=1), 0)
    assert limits.due(one(r=1)) == 1.0


def test_what_was_taken_before_there_was_a_bucket_is_not_given_back_to_it() -> None:
    limits = Budget({})
    limits.take(ticket := said(3, 50), 0)
    limits.learn("r", 1.0, 60.0)
    limits.take(one(r=10), 0)
    limits.settle(ticket, {"r": 0})
    assert limits.due(one(r=50)) == 0
    assert limits.due(one(r=51)) == 1

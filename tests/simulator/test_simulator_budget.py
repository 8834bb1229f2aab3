"""Hidden rate limits, on a clock of the test's own."""

from __future__ import annotations

import httpx

from chatkit import init_chat_model
from chatkit.simulator import Budget, Reply, simulate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_requests_fill_again_with_time() -> None:
    clock = Clock()
    budget = Budget(60, burst=2.0, clock=clock)
    assert [budget.take(1)[1] for _ in range(3)] == [None, None, 1.0]
    clock.now = 0.5
    assert budget.take(1)[1] == 0.5
    clock.now = 1.0
    limits, wait = budget.take(1)
    assert wait is None
    assert (limits.requests, limits.requests_left, limits.requests_reset) == (60, 0, 2.0)


def test_tokens_are_counted_and_a_refused_request_costs_nothing() -> None:
    clock = Clock()
    budget = Budget(None, 600, burst=10.0, clock=clock)
    assert budget.take(70)[1] is None
    assert budget.take(50)[1] == 2.0
    assert budget.take(30)[1] is None
    limits, _ = budget.take(1)
    assert (limits.requests, limits.tokens, limits.tokens_left) == (None, 600, 0)


def test_no_more_than_burst_and_rate_is_ever_admitted() -> None:
    clock = Clock()
    budget = Budget(600, burst=3.0, clock=clock)
    admitted = 0
    for step in range(2000):
        clock.now = step * 0.01
        admitted += budget.take(1)[1] is None
    assert admitted == 30 + 10 * 19.99 // 1


def test_a_server_with_limits_says_so_and_a_model_waits() -> None:
    with simulate(lambda question: Reply("ok"), limits=Budget(600, burst=0.1)) as server:
        body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
        first, second = (httpx.post(f"{server.url}/v1/chat/completions", json=body) for _ in range(2))
        assert (first.status_code, first.headers["x-ratelimit-limit-requests"]) == (200, "600")
        assert second.status_code == 429
        assert 0 < float(second.headers["retry-after"]) <= 0.1
        model = init_chat_model("simulator:x", base_url=f"{server.url}/v1", max_retries=20)
        assert [model.invoke("x").text for _ in range(3)] == ["ok"] * 3

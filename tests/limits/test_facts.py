"""Rate-limit headers of providers."""

from __future__ import annotations

import pytest

from chatkit.limits.facts import Fact, facts_of

NOW = 1_764_000_000.0


def test_openai() -> None:
    headers = {
        "content-type": "application/json",
        "x-ratelimit-limit-requests": "600",
        "x-ratelimit-remaining-requests": "598",
        "x-ratelimit-reset-requests": "200ms",
        "x-ratelimit-limit-tokens": "30000",
        "x-ratelimit-remaining-tokens": "29000",
        "x-ratelimit-reset-tokens": "2s",
    }
    assert facts_of(headers) == {"requests": Fact(10.0, None, 598), "tokens": Fact(500.0, None, 29000)}


def test_anthropic_counts_input_and_output_by_themselves() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2025-11-24T16:00:01Z",
        "anthropic-ratelimit-tokens-limit": "8000",
        "anthropic-ratelimit-tokens-remaining": "8000",
        "anthropic-ratelimit-input-tokens-limit": "30000",
        "anthropic-ratelimit-input-tokens-remaining": "29000",
        "anthropic-ratelimit-input-tokens-reset": "2025-11-24T16:00:02Z",
        "anthropic-ratelimit-output-tokens-limit": "8000",
        "anthropic-ratelimit-output-tokens-remaining": "7000",
    }
    facts = facts_of(headers, NOW)
    assert set(facts) == {"requests", "input_tokens", "output_tokens"}
    assert facts["input_tokens"] == Fact(500.0, None, 29000)
    assert facts["output_tokens"] == Fact(8000 / 60, None, 7000)


def test_a_limit_of_a_day_is_told_by_how_slowly_it_comes_back() -> None:
    headers = {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-reset-requests": "2m59.56s",
    }
    fact = facts_of(headers)["requests"]
    assert fact.rate == pytest.approx(14400 / 86400, rel=0.01)
    assert (fact.size, fact.remaining) == (14400, 14370)


def test_mistral_has_short_names_and_a_limit_of_a_month() -> None:
    headers = {
        "x-ratelimit-limit-req-minute": "60",
        "x-ratelimit-remaining-req-minute": "59",
        "x-ratelimit-limit-tokens-month": "2592000",
        "x-ratelimit-remaining-tokens-month": "2000000",
        "x-ratelimit-tokens-query-cost": "284",
    }
    assert facts_of(headers) == {"requests": Fact(1.0, None, 59), "tokens_month": Fact(1.0, 2592000, 2000000)}


def test_windows_in_names() -> None:
    headers = {
        "x-ratelimit-limit-requests-day": "8640",
        "x-ratelimit-remaining-requests-day": "100",
        "x-ratelimit-limit-tokens-minute": "6000",
        "x-ratelimit-remaining-tokens-minute": "10",
        "x-ratelimit-limit-requests-second": "5",
    }
    facts = facts_of(headers)
    assert facts == {
        "requests_day": Fact(0.1, 8640, 100),
        "tokens": Fact(100.0, None, 10),
        "requests_second": Fact(5.0, None, None),
    }


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("12ms", 0.012),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("59.5", 59.5),
        (".5s", 0.5),
        ("2025-11-24T16:00:30+00:00", 30),
        ("2025-11-24T15:59:00Z", 0),
        (str(NOW + 45), 45),
        (str(int((NOW + 45) * 1000)), 45),
    ],
)
def test_how_resets_are_written(reset: str, seconds: float) -> None:
    """Seen through the rate of a limit that comes back slowly: 1 of 86400 in so many seconds."""
    headers = {
        "x-ratelimit-limit-requests": "1e9",
        "x-ratelimit-remaining-requests": "999999999",
        "x-ratelimit-reset-requests": reset,
    }
    rate = facts_of(headers, NOW)["requests"].rate
    assert rate == pytest.approx(1 / seconds if seconds else 1e9 / 60)


@pytest.mark.parametrize("reset", ["soon", "", "5x", "1m junk", "-3"])
def test_a_reset_that_cannot_be_read_is_ignored(reset: str) -> None:
    headers = {"x-ratelimit-limit-requests": "600", "x-ratelimit-remaining-requests": "5", "x-ratelimit-reset-requests": reset}
    assert facts_of(headers) == {"requests": Fact(10.0, None, 5)}


def test_other_and_broken_headers_say_nothing() -> None:
    assert facts_of({}) == {}
    assert (
        facts_of({"x-ratelimit-limit": "5", "x-ratelimit-limit-images": "5", "retry-after": "3", "ratelimit-policy": "x"}) == {}
    )
    assert facts_of({"x-ratelimit-limit-requests": "many"}) == {}
    assert facts_of({"x-ratelimit-limit-requests": "0", "x-ratelimit-remaining-requests": "0"}) == {"requests": Fact(remaining=0)}
    assert facts_of({"x-ratelimit-remaining-tokens": "7"}) == {"tokens": Fact(remaining=7)}

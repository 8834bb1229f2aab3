"""Counts the cases: one test runs thousands of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_counted = {"cases": 0}


class Verdicts:
    """Collects what is wrong with each case, so that a failure shows more than the first."""

    def __init__(self) -> None:
        self.cases = 0
        self._wrong: list[str] = []

    def check(self, case: object, *, found: object, expected: object) -> None:
        self.cases += 1
        if found != expected:
            self._wrong.append(f"{case}:\n    found    {found}\n    expected {expected}")

    def verdict(self) -> None:
        assert not self._wrong, f"{len(self._wrong)} of {self.cases} cases are wrong\n" + "\n".join(self._wrong[:8])


@pytest.fixture
def verdicts() -> Iterator[Verdicts]:
    collected = Verdicts()
    yield collected
    collected.verdict()
    _counted["cases"] += collected.cases


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, write: Callable[..., None] | None = None) -> None:
    if _counted["cases"]:
        terminalreporter.write_line(f"fault suite: {_counted['cases']} cases")

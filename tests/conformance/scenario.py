"""The list of scenarios, and what a provider may say instead of passing one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from tests.conformance.lab import Lab

__all__ = ["SCENARIOS", "Lack", "absent", "refused", "scenario", "unseen", "untested", "warned"]

Run = Callable[["Lab"], Awaitable[None]]

SCENARIOS: dict[str, Run] = {}
"""Scenarios by the names that the page shows."""


def scenario(name: str) -> Callable[[Run], Run]:
    """Put a function on the list."""

    def add(run: Run) -> Run:
        SCENARIOS[name] = run
        return run

    return add


class Lack(Struct, frozen=True):
    """What a provider does instead of passing a scenario. The tests hold it to that.

    Attributes:
        kind: "refused": a typed error before any request. "warned": a warning, and the request goes without it.
            "unseen": the request goes as usual, and the answer lacks it. "absent": the service has no such thing, so that
            there is nothing to ask for. "untested": the simulator does not speak the service's form of it.
        why: for the reader of the page.
    """

    kind: str
    why: str


def refused(why: str) -> Lack:
    return Lack("refused", why)


def warned(why: str) -> Lack:
    return Lack("warned", why)


def unseen(why: str) -> Lack:
    return Lack("unseen", why)


def absent(why: str) -> Lack:
    return Lack("absent", why)


def untested(why: str) -> Lack:
    return Lack("untested", why)

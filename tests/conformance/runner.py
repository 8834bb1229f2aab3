"""Runs one scenario against one provider and holds the provider to what it says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chatkit.errors import InputError, OutputParserError
from tests.conformance import content, failures, talk, tools
from tests.conformance.lab import Lab
from tests.conformance.scenario import SCENARIOS

if TYPE_CHECKING:
    from tests.conformance.scenario import Lack, Run
    from tests.conformance.subjects import Subject

__all__ = ["NAMES", "check"]

_LISTS = [module.__name__ for module in (talk, tools, content, failures)]
NAMES = sorted(SCENARIOS, key=lambda name: _LISTS.index(SCENARIOS[name].__module__))
"""The scenarios in the order of the page."""


async def check(subject: Subject, name: str) -> None:
    """Run a scenario; a provider that does not pass it must do just what its `lacks` say."""
    lack = subject.lacks.get(name)
    with Lab(subject) as lab:
        if lack is None:
            await SCENARIOS[name](lab)
        else:
            await _instead(lack, SCENARIOS[name], lab)


async def _instead(lack: Lack, run: Run, lab: Lab) -> None:
    match lack.kind:
        case "refused":
            with pytest.raises(InputError):
                await run(lab)
            assert lab.requests == [], "the error must come before any request"
        case "warned":
            with pytest.warns(UserWarning):
                await _fails_or_passes(run, lab)
        case "unseen":
            with pytest.raises(AssertionError):
                await run(lab)
        case _:
            pytest.skip(f"{lab.subject.name}: {lack.why}")


async def _fails_or_passes(run: Run, lab: Lab) -> None:
    """Without being forced the model may do what is wanted, or not."""
    try:
        await run(lab)
    except (AssertionError, OutputParserError):
        assert lab.requests

"""The same scenarios for every provider, over real sockets."""

from __future__ import annotations

import anyio
import pytest

from chatkit.registry import provider_class, provider_names
from tests.conformance.runner import NAMES, check
from tests.conformance.subjects import SUBJECTS, Subject, versioned

SMOKE = ("text", "stream", "tools", "429, tried again")
"""What the services are asked that are only an address and a key."""


def others() -> list[Subject]:
    """Providers whose class has no row of its own; some classes have two names."""
    known = {provider_class(subject.provider) for subject in SUBJECTS} | {provider_class("simulator")}
    return [Subject(name, name, "some-model", versioned) for name in provider_names() if provider_class(name) not in known]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
def test_a_scenario(subject: Subject, name: str) -> None:
    anyio.run(check, subject, name)


@pytest.mark.parametrize("name", SMOKE)
@pytest.mark.parametrize("subject", others(), ids=lambda subject: subject.name)
def test_the_other_services(subject: Subject, name: str) -> None:
    anyio.run(check, subject, name)


def test_lacks_name_scenarios() -> None:
    for subject in SUBJECTS:
        assert subject.lacks.keys() <= set(NAMES), subject.name
        for name, lack in subject.lacks.items():
            assert lack.why, (subject.name, name)

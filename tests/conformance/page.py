"""The page docs/providers/README.md, made of what the conformance tests prove."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conformance.runner import NAMES
from tests.conformance.subjects import SUBJECTS

if TYPE_CHECKING:
    from tests.conformance.subjects import Subject

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs/providers/README.md"

_CELLS = {"refused": "error", "warned": "warning", "unseen": "no", "absent": "–", "untested": "?"}
_HEAD = """\
# What every provider can do

<!-- Written by `python -m tests.conformance`; a test compares it with what the conformance tests prove. -->

The same {count} scenarios run against every provider here (`tests/conformance`), over a real socket, with the simulator
speaking the provider's wire format on the other side. A row tells what chatkit's class can do, not what each of the
service's models can: for that see [profiles](../profiles.md).

Every provider passes:

{all}


The rest differs. **yes**: passes. **error**: an `UnsupportedFeatureError` or `InputError` before any request.
**warning**: a `UserWarning`, and the request goes without it. **no**: the answer lacks it. **–**: the service has no such
thing, so that there is nothing to ask for. **?**: not tested.
"""
_FOOT = """\
## The others

These run through four of the scenarios (text, stream, tools, 429):

{others}
"""


def page(others: list[str]) -> str:
    """The text of the page.

    Args:
        others: names of the providers that have no row.
    """
    differing = [name for name in NAMES if any(name in subject.lacks for subject in SUBJECTS)]
    same = [name for name in NAMES if name not in differing]
    head = _HEAD.format(count=len(NAMES), all="\n".join(f"- {name}" for name in same))
    return "\n".join([head, *_table(differing), "", "## Why", "", *_reasons(), "", _foot(others)])


def _table(names: list[str]) -> list[str]:
    rows = [_row(["provider", *names]), _row(["---"] * (len(names) + 1))]
    return rows + [_row([_linked(subject), *(_cell(subject, name) for name in names)]) for subject in SUBJECTS]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _linked(subject: Subject) -> str:
    return f"[{subject.name}]({subject.page}.md)"


def _cell(subject: Subject, name: str) -> str:
    lack = subject.lacks.get(name)
    return "yes" if lack is None else _CELLS[lack.kind]


def _reasons() -> list[str]:
    """One line for every reason, with the providers that it holds for."""
    whose: dict[tuple[str, str], list[str]] = {}
    for subject in SUBJECTS:
        for name, lack in subject.lacks.items():
            whose.setdefault((name, lack.why), []).append(subject.name)
    ordered = sorted(whose, key=lambda key: NAMES.index(key[0]))
    return [f"- {name}: {why} ({'; '.join(whose[name, why])})." for name, why in ordered]


def _foot(others: list[str]) -> str:
    return _FOOT.format(others=textwrap.fill(", ".join(f"`{name}`" for name in others), 120))

"""The page of capabilities says what the tests prove."""

from __future__ import annotations

from tests.conformance.page import PAGE, page
from tests.conformance.subjects import SUBJECTS
from tests.conformance.test_conformance import others


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page([subject.provider for subject in others()]), "run `python -m tests.conformance`"


def test_every_row_leads_to_a_page() -> None:
    assert [subject.page for subject in SUBJECTS if not (PAGE.parent / f"{subject.page}.md").exists()] == []

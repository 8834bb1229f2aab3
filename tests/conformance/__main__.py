"""Write docs/providers/README.md: `python -m tests.conformance`."""

from __future__ import annotations

from tests.conformance.page import PAGE, page
from tests.conformance.test_conformance import others

PAGE.write_text(page([subject.provider for subject in others()]))

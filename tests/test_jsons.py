"""Reading of optional JSON."""

from __future__ import annotations

from chatkit.jsons import as_object


def test_as_object() -> None:
    given = {"a": 1}
    assert as_object(given) is given
    assert [as_object(value) for value in (None, [], "a", 3)] == [{}, {}, {}, {}]

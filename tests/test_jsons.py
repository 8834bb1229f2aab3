"""Reading of optional JSON."""

from __future__ import annotations

from chatkit.jsons import as_object, is_truncated


def test_as_object() -> None:
    given = {"a": 1}
    assert as_object(given) is given
    assert [as_object(value) for value in (None, [], "a", 3)] == [{}, {}, {}, {}]


def test_what_lacks_only_its_end_is_told_from_what_is_wrong() -> None:
    text = '{"a": [1, -2.5e3, true, null, "h\\u00e9 é🦜"], "b": {"c": {}}, "d": ""}'.encode()
    assert all(is_truncated(text[:cut]) for cut in range(len(text)))
    assert not any(map(is_truncated, [text, b"{]", b'{"a": x', b'{"a": "\xff"}', b"nonsense", b"[1,]"]))

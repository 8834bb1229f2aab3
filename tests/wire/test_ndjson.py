"""Newline-delimited JSON at every cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import InvalidResponseError
from chatkit.wire.ndjson import NDJSONDecoder


@given(st.lists(st.sampled_from([b'{"a":1}', b"", b"  ", '"é\u2028"'.encode(), b"[1,2]"]), max_size=8), st.data())
def test_any_cut_gives_the_same_lines(lines: list[bytes], data: st.DataObject) -> None:
    document = b"\r\n".join(lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(document)), max_size=6)))
    decoder, got, at = NDJSONDecoder(), list[bytes](), 0
    for cut in [*cuts, len(document)]:
        got += decoder.feed(document[at:cut])
        at = max(at, cut)
    got += decoder.close()
    assert got == [line.strip() for line in lines if line.strip()]


def test_a_line_that_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidResponseError, match="larger than 10 bytes"):
        NDJSONDecoder(max_bytes=10).feed(b"x" * 11)

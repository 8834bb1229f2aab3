"""Server-sent events: every line end, every cut, httpx-sse as the oracle."""

from __future__ import annotations

import random

import pytest
from httpx_sse._decoders import SSEDecoder as OracleDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.errors import InvalidResponseError
from chatkit.wire.sse import SSEDecoder

PIECES = [b"data: x", b"data:", b"data", b"data:  two", b"event: e", b"id: 7", b"id: a\0b", b"retry: 5", b"retry: x", b": note"]
PIECES += [b"", b"", "data: é\u2028ü".encode(), b"other: y", b"data: {}", b"event", b"data: a:b"]


def read(document: bytes, cuts: list[int] | None = None) -> list[tuple[bytes, str, str | None]]:
    decoder, events, at = SSEDecoder(), [], 0
    for cut in [*(cuts or []), len(document)]:
        events += decoder.feed(document[at:cut])
        at = max(at, cut)
    return [(e.data, e.event, e.id) for e in events]


def oracle(document: bytes) -> list[tuple[bytes, str, str | None]]:
    """What httpx-sse reads; it also gives events without data, which the standard drops."""
    decoder, events = OracleDecoder(), []
    text = document.decode().removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n")[:-1]:
        event = decoder.decode(line)
        if event is not None and event.data:
            events.append((event.data.encode(), "" if event.event == "message" else event.event, event.id or None))
    return events


def random_document(rng: random.Random) -> bytes:
    ends = [b"\n", b"\r\n", b"\r"]
    end = rng.choice(ends)
    lines = [rng.choice(PIECES) + (rng.choice(ends) if rng.random() < 0.2 else end) for _ in range(rng.randint(1, 14))]
    return (b"\xef\xbb\xbf" if rng.random() < 0.1 else b"") + b"".join(lines) + end + end


def test_ten_thousand_random_documents_agree_with_httpx_sse() -> None:
    """Events with text in them; each document also cut at random places."""
    rng = random.Random(7)
    for _ in range(10_000):
        document = random_document(rng)
        ours = read(document)
        assert [e for e in ours if e[0]] == oracle(document), document
        cuts = sorted(rng.sample(range(len(document) + 1), min(5, len(document))))
        assert read(document, cuts) == ours, (document, cuts)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from([b"\n", b"\r\n", b"\r"])), max_size=12))
def test_byte_by_byte_is_the_same_as_whole(lines: list[tuple[bytes, bytes]]) -> None:
    document = b"".join(a + b for a, b in lines) + b"\n\n"
    assert read(document, list(range(len(document)))) == read(document)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_each_line_end(end: bytes) -> None:
    document = end.join([b"event: a", b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])
    assert read(document) == [(b"1\n2", "a", None), (b"3", "", None)]


def test_a_bom_is_dropped_at_the_beginning_only() -> None:
    assert read(b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n") == [(b"1", "", None)]


def test_line_separators_of_unicode_do_not_end_lines() -> None:
    """httpx's aiter_lines cuts here and breaks the JSON."""
    body = 'data: {"a":"x\u2028y\u0085z"}\n\n'.encode()
    assert read(body) == [(body[6:-2], "", None)]


def test_the_end_of_the_stream_completes_an_open_event() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: last") == []
    assert [event.data for event in decoder.close()] == [b"last"]


@pytest.mark.parametrize("body", [b"data: " + b"x" * 2000, b"data: xx\n" * 500])
def test_an_event_that_is_too_large_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="larger than 1000 bytes"):
        SSEDecoder(max_bytes=1000).feed(body)


def test_a_large_event_in_small_pieces_takes_linear_time() -> None:
    """Each byte is looked at once: eight megabytes in pieces of 4 kB."""
    import time

    decoder, piece = SSEDecoder(), b"x" * 4096
    started = time.process_time()
    decoder.feed(b"data: ")
    for _ in range(2048):
        assert decoder.feed(piece) == []
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == 2048 * 4096
    assert time.process_time() - started < 1.0


def test_retry_and_ids_are_read() -> None:
    (event,) = SSEDecoder().feed(b"retry: 1500\nid: 9\nevent: e\ndata: x\n\n")
    assert (event.retry, event.id, event.event) == (1500, "9", "e")

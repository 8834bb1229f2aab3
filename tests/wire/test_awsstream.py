"""AWS event-stream framing: every kind of header, any cut, both checksums, all limits."""

from __future__ import annotations

import base64
import struct
import uuid
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import InvalidResponseError
from chatkit.wire.awsstream import MAX_HEADERS_BYTES, MAX_PAYLOAD_BYTES, EventStreamDecoder, encode_message

# Two messages of the real service (wire sheet bedrock_converse §5).
MESSAGE_START = base64.b64decode(
    "AAAAjgAAAFLukeFCCzpldmVudC10eXBlBwAMbWVzc2FnZVN0YXJ0DTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uDTptZXNzYWdlLXR5cGUH"
    "AAVldmVudHsicCI6ImFiY2RlZmdoaWprbG1ub3BxIiwicm9sZSI6ImFzc2lzdGFudCJ99FCslQ=="
)
MESSAGE_STOP = base64.b64decode(
    "AAAAnAAAAFFtuHQaCzpldmVudC10eXBlBwALbWVzc2FnZVN0b3ANOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcA"
    "BWV2ZW50eyJwIjoiYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXpBIiwic3RvcFJlYXNvbiI6ImVuZF90dXJuIn0w+k65"
)


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    """A message around a block of headers in any state."""
    lengths = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack(">I", crc32(lengths)) + headers + payload
    return message + struct.pack(">I", crc32(message))


def header(name: str, kind: int, value: bytes = b"") -> bytes:
    return bytes([len(name)]) + name.encode() + bytes([kind]) + value


def decoded(data: bytes) -> list[tuple[dict, bytes]]:
    decoder = EventStreamDecoder()
    messages = decoder.feed(data)
    assert decoder.close()
    return [(dict(message.headers), message.payload) for message in messages]


def test_messages_of_the_real_service_are_read() -> None:
    assert decoded(MESSAGE_START + MESSAGE_STOP) == [
        (
            {":event-type": "messageStart", ":content-type": "application/json", ":message-type": "event"},
            b'{"p":"abcdefghijklmnopq","role":"assistant"}',
        ),
        (
            {":event-type": "messageStop", ":content-type": "application/json", ":message-type": "event"},
            b'{"p":"abcdefghijklmnopqrstuvwxyzA","stopReason":"end_turn"}',
        ),
    ]


def test_writing_gives_the_bytes_of_the_real_service() -> None:
    headers = {":event-type": "messageStart", ":content-type": "application/json", ":message-type": "event"}
    assert encode_message(headers, b'{"p":"abcdefghijklmnopq","role":"assistant"}') == MESSAGE_START


KINDS = [
    (0, b"", True),
    (1, b"", False),
    (2, b"\xff", -1),
    (3, struct.pack(">h", -300), -300),
    (4, struct.pack(">i", 70000), 70000),
    (5, struct.pack(">q", -(2**40)), -(2**40)),
    (6, b"\x00\x03\x00\xff\x01", b"\x00\xff\x01"),
    (8, struct.pack(">q", 1767323045000), 1767323045000),
    (9, bytes(range(16)), uuid.UUID(bytes=bytes(range(16)))),
]


@pytest.mark.parametrize(("kind", "raw", "value"), KINDS)
def test_every_kind_of_header_is_read(kind: int, raw: bytes, value: object) -> None:
    data = framed(header("before", 7, b"\x00\x01x") + header("it", kind, raw) + header("after", 7, b"\x00\x01y"), b"payload")
    assert decoded(data) == [({"before": "x", "it": value, "after": "y"}, b"payload")]


def test_strings_are_utf_8() -> None:
    raw = "Zürich €".encode()
    assert decoded(framed(header("city", 7, struct.pack(">H", len(raw)) + raw))) == [({"city": "Zürich €"}, b"")]


def test_a_message_may_have_no_headers_and_no_payload() -> None:
    assert decoded(framed(b"")) == [({}, b"")]


@given(
    st.lists(
        st.tuples(st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=5), st.binary(max_size=300)),
        max_size=6,
    ),
    st.data(),
)
def test_what_is_written_is_read_back_at_any_cut(messages: list[tuple[dict[str, str], bytes]], data: st.DataObject) -> None:
    stream = b"".join(encode_message(*message) for message in messages)
    at = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=20)))
    decoder = EventStreamDecoder()
    got = []
    for start, end in zip([0, *at], [*at, len(stream)], strict=True):
        got += [(dict(message.headers), message.payload) for message in decoder.feed(stream[start:end])]
    assert got == messages
    assert decoder.close()


def test_byte_by_byte_a_message_comes_with_its_last_byte() -> None:
    decoder = EventStreamDecoder()
    counts = [len(decoder.feed(bytes([byte]))) for byte in MESSAGE_START + MESSAGE_STOP]
    assert [at for at, count in enumerate(counts, 1) if count] == [len(MESSAGE_START), len(MESSAGE_START) + len(MESSAGE_STOP)]


@pytest.mark.parametrize("size", [1, 11, 12, 50, len(MESSAGE_STOP) - 1])
def test_close_tells_a_stream_that_was_cut(size: int) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(MESSAGE_START + MESSAGE_STOP[:size])
    assert not decoder.close()


@given(st.integers(0, len(MESSAGE_START) * 8 - 1))
def test_no_bit_may_flip(bit: int) -> None:
    broken = bytearray(MESSAGE_START)
    broken[bit // 8] ^= 1 << bit % 8
    decoder = EventStreamDecoder()
    with pytest.raises(InvalidResponseError, match="broken"):
        decoder.feed(bytes(broken))


def test_messages_before_a_broken_one_are_handed_out_first() -> None:
    broken = MESSAGE_STOP[:-1] + b"\x00"
    decoder = EventStreamDecoder()
    assert len(decoder.feed(MESSAGE_START + broken)) == 1
    with pytest.raises(InvalidResponseError, match="checksum"):
        decoder.feed(MESSAGE_START)
    with pytest.raises(InvalidResponseError, match="checksum"):
        decoder.close()


def prelude(total: int, headers: int) -> bytes:
    lengths = struct.pack(">II", total, headers)
    return lengths + struct.pack(">I", crc32(lengths))


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (15, 0),
        (16, 1),
        (100, 90),
        (MAX_PAYLOAD_BYTES + 17, 0),
        (MAX_HEADERS_BYTES + 17, MAX_HEADERS_BYTES + 1),
        (2**32 - 1, 0),
    ],
)
def test_lengths_out_of_bounds_are_refused_before_anything_is_stored(total: int, headers: int) -> None:
    with pytest.raises(InvalidResponseError, match="out of bounds"):
        EventStreamDecoder().feed(prelude(total, headers))


def test_the_largest_message_is_read() -> None:
    payload = bytes(MAX_PAYLOAD_BYTES)
    assert decoded(framed(b"", payload))[0][1] == payload


@pytest.mark.parametrize(
    "block",
    [
        b"\x05ab",  # a name that is cut
        b"\x02ab",  # no type
        header("ab", 10),  # no such type
        header("ab", 7, b"\x00"),  # half a length
        header("ab", 7, b"\x00\x05abc"),  # a string that is cut
        header("ab", 7, b"\x00\x02\xff\xfe"),  # not UTF-8
        header("ab", 5, b"1234"),  # half an integer
        header("ab", 9, bytes(15)),  # a UUID that is cut
        header("ab", 0) + header("ab", 1),  # twice
    ],
)
def test_malformed_headers_are_refused(block: bytes) -> None:
    with pytest.raises(InvalidResponseError, match="header"):
        EventStreamDecoder().feed(framed(block))


def test_headers_too_long_to_be_written_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode_message({"n" * 256: ""}, b"")
    with pytest.raises(ValueError, match="does not fit"):
        encode_message({"n": "v" * 65536}, b"")

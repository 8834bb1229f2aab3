"""Sources of an answer as citations, at the right characters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects.gemini_case import MODEL, STOP, frame, stream, text, whole
from tests.providers.codec_case import read

WEB = {"web": {"uri": "https://a.example", "title": "A", "domain": "a.example"}}
STORE = {"retrievedContext": {"uri": "file://b", "title": "B", "text": "all of B", "fileSearchStore": "stores/1"}}
MAP = {"maps": {"uri": "https://maps.example", "title": "Café", "placeId": "p1"}}


def support(segment: dict[str, Any], *chunks: int, **more: Any) -> dict[str, Any]:
    return {"segment": segment, "groundingChunkIndices": list(chunks), **more}


def segment_of(answer: str, passage: str) -> dict[str, Any]:
    start = len(answer[: answer.index(passage)].encode())
    return {**({"startIndex": start} if start else {}), "endIndex": start + len(passage.encode()), "text": passage}


def blocks(*parts: dict[str, Any], **facts: Any) -> list[dict[str, Any]]:
    return read(MODEL, stream(*map(frame, parts), frame(**facts, **STOP))).content_blocks


def test_byte_offsets_become_character_offsets() -> None:
    answer = "☀ In Zürich it is warm. In Basel 🌧 it rains."
    passage = "In Basel 🌧 it rains."
    grounding = {"groundingChunks": [WEB], "groundingSupports": [support(segment_of(answer, passage), 0)]}
    (block,) = blocks(text(answer[:9]), text(answer[9:]), groundingMetadata=grounding)
    (citation,) = block["annotations"]
    assert citation == {
        "type": "citation",
        "url": "https://a.example",
        "title": "A",
        "start_index": answer.index(passage),
        "end_index": len(answer),
        "cited_text": passage,
        "extras": {"source": "web", "domain": "a.example"},
    }
    assert block["text"][citation["start_index"] : citation["end_index"]] == passage


@given(st.text(max_size=20), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_the_offsets_always_cut_out_the_passage(before: str, passage: str, after: str) -> None:
    answer = before + passage + after
    start = len(before.encode())
    segment = {"startIndex": start, "endIndex": start + len(passage.encode()), "text": passage}
    grounding = {"groundingChunks": [WEB], "groundingSupports": [support(segment, 0)]}
    block = read(MODEL, whole(frame(text(answer), groundingMetadata=grounding, **STOP))).content_blocks[0]
    assert (block["annotations"][0]["start_index"], block["annotations"][0]["end_index"]) == (len(before), len(before + passage))


def test_one_citation_for_each_passage_and_source() -> None:
    answer = "One. Two."
    grounding = {
        "webSearchQueries": ["q"],
        "groundingChunks": [WEB, STORE, MAP],
        "groundingSupports": [
            support(segment_of(answer, "One."), 0, 1, confidenceScores=[0.9, 0.5]),
            support(segment_of(answer, "Two."), 2),
        ],
    }
    message = read(MODEL, whole(frame(text(answer), groundingMetadata=grounding, **STOP)))
    found = message.content_blocks[0]["annotations"]
    assert [(note["url"], note["title"], note["start_index"]) for note in found] == [
        ("https://a.example", "A", 0),
        ("file://b", "B", 0),
        ("https://maps.example", "Café", 5),
    ]
    assert found[0]["extras"] == {"source": "web", "domain": "a.example", "confidence_score": 0.9}
    assert found[1]["extras"]["text"] == "all of B"
    assert found[2]["extras"] == {"source": "maps", "placeId": "p1"}
    assert message.response_metadata["grounding_metadata"] == grounding


def test_a_citation_stands_on_the_block_that_holds_its_passage() -> None:
    code = {"executableCode": {"language": "PYTHON", "code": "1", "id": "c"}}
    grounding = {"groundingChunks": [WEB], "groundingSupports": [support(segment_of("Then two.", "two."), 0)]}
    first, _, second = blocks(text("First one."), code, text("Then two."), groundingMetadata=grounding)
    assert "annotations" not in first
    assert second["annotations"][0]["start_index"] == 5


def test_a_passage_at_another_place_is_found_by_its_text() -> None:
    wrong = {"startIndex": 50, "endIndex": 54, "text": "two."}
    (block,) = blocks(text("One, two."), groundingMetadata={"groundingChunks": [WEB], "groundingSupports": [support(wrong, 0)]})
    assert block["annotations"][0]["start_index"] == 5


def test_a_passage_that_is_not_in_the_answer_has_no_place() -> None:
    lost = {"startIndex": 0, "endIndex": 3, "text": "elsewhere"}
    (block,) = blocks(text("Hi"), groundingMetadata={"groundingChunks": [WEB], "groundingSupports": [support(lost, 0)]})
    assert "start_index" not in block["annotations"][0]
    assert block["annotations"][0]["cited_text"] == "elsewhere"


def test_sources_that_are_not_told_leave_a_citation_without_address() -> None:
    grounding = {"groundingSupports": [support(segment_of("Hi", "Hi"), 0, 1, 2)]}
    (block,) = blocks(text("Hi"), groundingMetadata=grounding)
    assert block["annotations"] == [{"type": "citation", "start_index": 0, "end_index": 2, "cited_text": "Hi"}]


def test_sources_without_passages_are_metadata_only() -> None:
    message = read(MODEL, whole(frame(text("Hi"), groundingMetadata={"groundingChunks": [WEB]}, **STOP)))
    assert message.content_blocks == [{"type": "text", "text": "Hi"}]
    assert message.response_metadata["grounding_metadata"] == {"groundingChunks": [WEB]}


def test_empty_and_repeated_grounding_in_a_stream() -> None:
    grounding = {"groundingChunks": [WEB], "groundingSupports": [support(segment_of("Hi", "Hi"), 0)]}
    frames = [
        frame(text("H"), groundingMetadata={}),
        frame(text("i"), groundingMetadata={"webSearchQueries": ["q"]}),
        frame(groundingMetadata=grounding),
        frame(groundingMetadata=grounding, **STOP),
    ]
    message = read(MODEL, stream(*frames))
    assert len(message.content_blocks[0]["annotations"]) == 1
    assert message.response_metadata["grounding_metadata"] == {"webSearchQueries": ["q"], **grounding}


def test_recited_sources() -> None:
    whole_answer = {"uri": "https://c.example", "license": "mit"}
    passage = {"startIndex": 2, "endIndex": 4, "uri": "x", "title": "T"}
    (block,) = blocks(text("ébc"), citationMetadata={"citations": [{}, whole_answer, passage]})
    assert block["annotations"] == [
        {"type": "citation", "url": "https://c.example", "extras": {"license": "mit"}},
        {"type": "citation", "url": "x", "title": "T", "start_index": 1, "end_index": 3, "cited_text": "bc"},
    ]


def test_read_addresses_are_metadata() -> None:
    read_pages = {"urlMetadata": [{"retrievedUrl": "https://a.example", "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"}]}
    message = read(MODEL, whole(frame(text("Hi"), urlContextMetadata=read_pages, **STOP)))
    assert message.response_metadata["url_context_metadata"] == read_pages


@pytest.mark.parametrize(
    "grounding",
    [
        {"groundingSupports": None},
        {"groundingSupports": [None, {"segment": None}]},
        {"groundingChunks": [None], "groundingSupports": [support({}, 0)]},
        {"groundingSupports": [{"segment": {"startIndex": 9, "endIndex": 3}}]},
    ],
)
def test_half_told_grounding_breaks_nothing(grounding: dict[str, Any]) -> None:
    assert read(MODEL, whole(frame(text("Hi"), groundingMetadata=grounding, **STOP))).text == "Hi"

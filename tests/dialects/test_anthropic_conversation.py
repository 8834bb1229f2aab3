"""Messages of a conversation as the Messages API takes them."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.codec import Call
from chatkit.dialects.anthropic import BEDROCK, encode
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from tests.dialects.anthropic_case import MODEL, THINKING, WEB_SEARCH, stream_of, whole_of
from tests.providers.codec_case import read, sent

CACHE = {"type": "ephemeral", "ttl": "1h"}
PNG = base64.b64encode(b"\x89PNG").decode()


def turns(*messages) -> list[dict]:
    return sent(MODEL, messages)["messages"]


def only(block: dict) -> dict:
    """How one block of a user is sent."""
    (turn,) = turns(HumanMessage([block, "?"]))
    assert turn["content"][1] == {"type": "text", "text": "?"}
    return turn["content"][0]


# Turns.


def test_plain_text_stays_plain() -> None:
    body = sent(MODEL, [SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), HumanMessage("2+2?")])
    assert body["system"] == "Be brief."
    assert body["messages"] == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "2+2?"},
    ]


def test_neighbours_of_one_role_become_one_turn_with_results_first() -> None:
    calls = [{"name": "f", "args": {"a": 1}, "id": "t1"}, {"name": "g", "args": {}, "id": "t2"}]
    said = turns(
        HumanMessage("Hi"),
        AIMessage("", tool_calls=calls),
        HumanMessage("and quickly"),
        ToolMessage("one", tool_call_id="t1"),
        ToolMessage("no such file", tool_call_id="t2", status="error"),
    )
    assert said[1:] == [
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
                {"type": "tool_use", "id": "t2", "name": "g", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "t2", "content": "no such file", "is_error": True},
                {"type": "text", "text": "and quickly"},
            ],
        },
    ]


def test_blank_text_is_dropped_and_nothing_at_all_is_an_error() -> None:
    assert turns(HumanMessage("Hi"), AIMessage("\n\n"), HumanMessage(["", "there"])) == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "there"}]}
    ]
    with pytest.raises(InputError, match="blank"):
        turns(HumanMessage("  "))


def test_an_answer_to_be_continued_must_not_end_in_white_space() -> None:
    assert turns(HumanMessage("Hi"), AIMessage("The answer is \n"))[1]["content"] == "The answer is"
    assert turns(HumanMessage("Hi"), AIMessage("Yes. "), HumanMessage("?"))[1]["content"] == "Yes. "


def test_leading_system_messages_are_joined_and_keep_cache_marks() -> None:
    first = SystemMessage([{"type": "text", "text": "A", "cache_control": CACHE}])
    assert sent(MODEL, [first, SystemMessage("B"), HumanMessage("Hi")])["system"] == [
        {"type": "text", "text": "A", "cache_control": CACHE},
        {"type": "text", "text": "B"},
    ]


LATER = [SystemMessage("A"), HumanMessage("Hi"), SystemMessage("Spanish now."), HumanMessage("Go on")]


def test_a_later_system_message_moves_to_the_front_where_the_model_wants_it_there() -> None:
    with pytest.warns(UserWarning, match="beginning"):
        body = sent(MODEL, LATER)
    assert body["system"] == [{"type": "text", "text": "A"}, {"type": "text", "text": "Spanish now."}]
    assert [turn["role"] for turn in body["messages"]] == ["user"]


@pytest.mark.parametrize(
    ("model", "profile"),
    [("claude-opus-4-8", None), ("claude-sonnet-5", {}), ("house-model", {"mid_conversation_system_messages": True})],
)
def test_a_later_system_message_stays_where_the_model_hears_it(model, profile) -> None:
    fields = encode(Call(model, LATER, {}), BEDROCK, profile=profile).fields
    assert fields["system"] == "A"
    assert fields["messages"][1] == {"role": "system", "content": [{"type": "text", "text": "Spanish now."}]}


def test_changes_of_tools_stay_in_their_place() -> None:
    change = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "refund"}}
    body = sent(MODEL, [HumanMessage("Hi"), SystemMessage([change]), HumanMessage("Go on")])
    assert body["messages"][1] == {"role": "system", "content": [change]}


# What users send.


@pytest.mark.parametrize(
    ("block", "source"),
    [
        (
            {"type": "image", "base64": PNG, "mime_type": "image/png"},
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ),
        ({"type": "image", "url": "https://a.example/b.jpg"}, {"type": "url", "url": "https://a.example/b.jpg"}),
        ({"type": "image", "file_id": "file_1"}, {"type": "file", "file_id": "file_1"}),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ),
        (
            {"type": "file", "base64": PNG, "mime_type": "image/png"},
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ),
    ],
)
def test_images(block, source) -> None:
    assert only(block) == {"type": "image", "source": source}


@pytest.mark.parametrize(
    ("block", "source"),
    [
        (
            {"type": "file", "base64": "JVBERi0=", "mime_type": "application/pdf"},
            {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        ),
        ({"type": "file", "url": "https://a.example/b.pdf"}, {"type": "url", "url": "https://a.example/b.pdf"}),
        ({"type": "file", "file_id": "file_1"}, {"type": "file", "file_id": "file_1"}),
        (
            {"type": "text-plain", "text": "Grüße"},
            {"type": "text", "media_type": "text/plain", "data": "Grüße"},
        ),
        (
            {"type": "file", "base64": base64.b64encode("Grüße".encode()).decode(), "mime_type": "text/markdown"},
            {"type": "text", "media_type": "text/plain", "data": "Grüße"},
        ),
        (
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "a"}]}},
            {"type": "content", "content": [{"type": "text", "text": "a"}]},
        ),
    ],
)
def test_documents(block, source) -> None:
    assert only(block) == {"type": "document", "source": source}


def test_options_of_documents_stand_beside_them_or_under_extras() -> None:
    options = {"title": "T", "context": "C", "citations": {"enabled": True}, "cache_control": CACHE}
    block = {"type": "text-plain", "text": "a"}
    for given_ in ({**block, **options}, {**block, "extras": options}):
        assert only(given_) == {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "a"},
            **options,
        }
    assert only({"type": "file", "file_id": "f", "extras": {"filename": "a.pdf"}})["title"] == "a.pdf"


def test_the_api_s_own_blocks_pass_as_they_are() -> None:
    for block in (
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "text", "text": "x"}]},
        {"type": "container_upload", "file_id": "file_1"},
    ):
        assert only(block) == block
    native = {"type": "image", "source": {"type": "url", "url": "https://a.example"}, "cache_control": CACHE}
    assert only(native) == native


@pytest.mark.parametrize(
    "block",
    [
        {"type": "audio", "base64": "AAAA", "mime_type": "audio/wav"},
        {"type": "video", "url": "https://a.example/v.mp4"},
        {"type": "image", "base64": PNG, "mime_type": "image/tiff"},
        {"type": "image", "base64": PNG},
        {"type": "file", "base64": "AAAA", "mime_type": "application/zip"},
    ],
)
def test_what_the_api_does_not_take_is_refused_before_the_request(block) -> None:
    with pytest.raises(UnsupportedFeatureError):
        turns(HumanMessage([block]))


def test_bedrock_takes_only_bytes() -> None:
    image = HumanMessage([{"type": "image", "url": "https://a.example/b.jpg"}])
    with pytest.raises(UnsupportedFeatureError, match="base64"):
        encode(Call("m", [image], {}), BEDROCK)


def test_results_of_tools_may_hold_blocks_and_cache_marks() -> None:
    content = [
        {"type": "text", "text": "see"},
        {"type": "image", "base64": PNG, "mime_type": "image/png", "cache_control": CACHE},
    ]
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    assert turns(ToolMessage(content, tool_call_id="t1"))[0]["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "see"}, image], "cache_control": CACHE}
    ]
    marked = ToolMessage("x", tool_call_id="t1", additional_kwargs={"cache_control": CACHE})
    assert turns(marked)[0]["content"][0]["cache_control"] == CACHE
    assert turns(ToolMessage("", tool_call_id="t1"))[0]["content"] == [{"type": "tool_result", "tool_use_id": "t1"}]


def test_ids_of_calls_are_cleaned_alike_in_call_and_result() -> None:
    said = turns(
        AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "call|1.2"}]), ToolMessage("x", tool_call_id="call|1.2")
    )
    used, answered = said[0]["content"][0]["id"], said[1]["content"][0]["tool_use_id"]
    assert used == answered
    assert used.startswith("toolu_")
    assert used.replace("_", "").isalnum()


def test_the_name_of_a_toolset_is_echoed_in_the_result() -> None:
    use = {"type": "tool_use", "id": "t1", "name": "click", "input": {}, "toolset_name": "browser"}
    said = turns(HumanMessage("Hi"), read(MODEL, whole_of([use])), ToolMessage("done", tool_call_id="t1"))
    assert said[2]["content"][0]["toolset_name"] == "browser"


# What goes back.

TEXTS = st.text(min_size=1).filter(str.strip)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
BLOCKS = st.one_of(
    st.builds(lambda t: {"type": "text", "text": t}, TEXTS),
    st.builds(lambda t, s: {"type": "thinking", "thinking": t, "signature": s}, st.text(), TEXTS),
    st.builds(lambda d: {"type": "redacted_thinking", "data": d}, TEXTS),
    st.builds(lambda n, i: {"type": "tool_use", "name": n, "input": i}, TEXTS, st.dictionaries(st.text(), JSON, max_size=3)),
    st.sampled_from([*WEB_SEARCH, {"type": "mcp_tool_use", "id": "m1", "name": "ask", "server_name": "w", "input": {"q": 1}}]),
)


@given(st.lists(BLOCKS, min_size=1, max_size=5))
def test_an_answer_goes_back_word_for_word(blocks) -> None:
    content = [{**block, "id": f"toolu_{n}"} if block["type"] == "tool_use" else block for n, block in enumerate(blocks)]
    for body in (stream_of(content), whole_of(content)):
        back = turns(HumanMessage("Hi"), read(MODEL, body), HumanMessage("next"))[1]["content"]
        assert ([{"type": "text", "text": back}] if isinstance(back, str) else back) == content


@pytest.mark.parametrize(
    "location",
    [
        {"type": "char_location", "document_index": 0, "document_title": "D", "start_char_index": 1, "end_char_index": 5},
        {"type": "page_location", "document_index": 0, "document_title": None, "start_page_number": 1, "end_page_number": 2},
        {
            "type": "content_block_location",
            "document_index": 1,
            "document_title": "D",
            "start_block_index": 0,
            "end_block_index": 1,
        },
        {
            "type": "search_result_location",
            "source": "https://a.example",
            "title": "S",
            "search_result_index": 0,
            "start_block_index": 0,
            "end_block_index": 1,
        },
        {"type": "web_search_result_location", "url": "https://a.example", "title": "W", "encrypted_index": "Eo8B"},
        {"type": "hologram_location", "beam": 3},
    ],
)
def test_citations_of_every_kind_go_back_word_for_word(location) -> None:
    cited = location if location["type"].startswith("hologram") else {**location, "cited_text": "Herons"}
    message = read(MODEL, whole_of([{"type": "text", "text": "Yes.", "citations": [cited]}]))
    (annotation,) = message.content_blocks[0]["annotations"]
    assert annotation["type"] == ("citation" if cited is not location else "non_standard_annotation")
    assert annotation.get("cited_text") == cited.get("cited_text")
    assert annotation.get("title") == (location.get("title") or location.get("document_title"))
    assert turns(HumanMessage("Hi"), message, HumanMessage("?"))[1]["content"][0]["citations"] == [cited]


def test_a_paused_answer_goes_back_as_the_last_turn_and_becomes_one_with_what_follows() -> None:
    paused = read(MODEL, whole_of([THINKING, WEB_SEARCH[0]], stop_reason="pause_turn"))
    assert turns(HumanMessage("Hi"), paused)[-1] == {"role": "assistant", "content": [THINKING, WEB_SEARCH[0]]}
    rest = read(MODEL, stream_of(WEB_SEARCH[1:]))
    said = turns(HumanMessage("Hi"), paused, rest, HumanMessage("Thanks"))
    assert [turn["role"] for turn in said] == ["user", "assistant", "user"]
    assert said[1]["content"] == [THINKING, *WEB_SEARCH]


def test_of_another_vendor_s_answer_only_text_and_calls_go_back() -> None:
    message = read(MODEL, whole_of([THINKING, *WEB_SEARCH, {"type": "tool_use", "id": "t1", "name": "f", "input": {}}]))
    message.response_metadata["model_provider"] = "openai"
    assert turns(HumanMessage("Hi"), message, ToolMessage("x", tool_call_id="t1"))[1]["content"] == [
        {"type": "text", "text": "A heron."},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
    ]
    message.response_metadata["model_provider"] = "google_anthropic_vertex"  # the same models: signatures are good there too
    assert turns(HumanMessage("Hi"), message, HumanMessage("?"))[1]["content"][0] == THINKING


def test_thinking_without_a_signature_is_dropped() -> None:
    bare = AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}])
    assert turns(HumanMessage("Hi"), bare, HumanMessage("?"))[1]["content"] == "4"


def test_a_call_with_broken_arguments_goes_back_only_with_its_result() -> None:
    call = {"name": "f", "args": '{"a', "id": "t1", "error": "cut"}
    broken = AIMessage("Wait.", invalid_tool_calls=[call])
    assert turns(HumanMessage("Hi"), broken, HumanMessage("?"))[1]["content"] == "Wait."
    said = turns(HumanMessage("Hi"), broken, ToolMessage("bad JSON", tool_call_id="t1", status="error"))
    assert said[1]["content"][1] == {"type": "tool_use", "id": "t1", "name": "f", "input": {"INVALID_JSON": '{"a'}}


def test_answers_in_the_api_s_own_form_are_taken_too() -> None:
    content = [
        {**THINKING, "index": 0},
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}, "partial_json": "", "index": 1},
        {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
    ]
    said = turns(HumanMessage("Hi"), AIMessage(content), ToolMessage("x", tool_call_id="t1"))
    assert said[1]["content"] == [
        THINKING,
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {}},
        content[2],
    ]


def test_messages_are_not_changed_by_sending_them() -> None:
    message = read(MODEL, whole_of([THINKING, *WEB_SEARCH]))
    tool = ToolMessage([{"type": "text", "text": "x", "cache_control": CACHE}], tool_call_id="t1")
    before = (message.model_dump(), tool.model_dump())
    for _ in range(2):
        turns(HumanMessage("Hi"), message, tool)
    assert (message.model_dump(), tool.model_dump()) == before

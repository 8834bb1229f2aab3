"""To OpenAI's dicts and back."""

from __future__ import annotations

import pytest

from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import (
    AIMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
    convert_to_openai_messages,
)

CALL = {"name": "look", "args": {"at": "ä"}, "id": "1", "type": "tool_call"}
IMAGE = {"type": "image", "base64": "aGk=", "mime_type": "image/png"}
TALK = [
    SystemMessage("Be nice."),
    HumanMessage("Hi", name="ann"),
    HumanMessage([{"type": "text", "text": "See"}, IMAGE]),
    AIMessage("", tool_calls=[CALL]),
    ToolMessage("found", tool_call_id="1"),
    AIMessage("Done."),
]


def test_the_form() -> None:
    assert convert_to_openai_messages(TALK) == [
        {"role": "system", "content": "Be nice."},
        {"role": "user", "name": "ann", "content": "Hi"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "See"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}},
            ],
        },
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at":"ä"}'}}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "found"},
        {"role": "assistant", "content": "Done."},
    ]


def test_there_and_back() -> None:
    back = convert_to_messages(convert_to_openai_messages(TALK))
    assert [message.content_blocks for message in back] == [message.content_blocks for message in TALK]
    assert [message.type for message in back] == [message.type for message in TALK]
    assert convert_to_openai_messages(back) == convert_to_openai_messages(TALK)


def test_one_message_gives_one_dict() -> None:
    assert convert_to_openai_messages("Hi") == {"role": "user", "content": "Hi"}
    assert convert_to_openai_messages({"role": "ai", "content": "Hi"}) == {"role": "assistant", "content": "Hi"}
    assert convert_to_openai_messages([("developer", "Hi")]) == [{"role": "developer", "content": "Hi"}]


def test_text_as_blocks_and_ids() -> None:
    assert convert_to_openai_messages([HumanMessage("Hi", id="x"), AIMessage("")], text_format="block", include_id=True) == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}], "id": "x"},
        {"role": "assistant", "content": []},
    ]
    with pytest.raises(InputError, match="text_format"):
        convert_to_openai_messages("x", text_format="html")  # type: ignore[call-overload]


def test_texts_are_joined() -> None:
    two = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert [m["content"] for m in convert_to_openai_messages([HumanMessage(two), AIMessage(two)])] == ["a\nb", "ab"]


def test_other_vendors_formats_are_translated_and_reasoning_is_left_out() -> None:
    message = AIMessage(
        [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "Let me look."},
            {"type": "tool_use", "id": "1", "name": "look", "input": {"at": "ä"}},
        ]
    )
    wire = convert_to_openai_messages(message)
    assert wire["content"] == "Let me look."
    assert wire["tool_calls"][0]["function"]["name"] == "look"


def test_unknown_blocks_pass_or_are_refused() -> None:
    video = {"type": "video", "url": "https://example.com/a.mp4"}
    own = {"type": "hologram", "data": 1}
    wire = convert_to_openai_messages(HumanMessage([video, own]))
    assert wire["content"] == [video, own]
    with pytest.raises(UnsupportedFeatureError, match="video"):
        convert_to_openai_messages(HumanMessage([video]), pass_through_unknown_blocks=False)
    with pytest.raises(InputError, match="hologram"):
        convert_to_openai_messages(HumanMessage([own]), pass_through_unknown_blocks=False)


def test_a_call_with_broken_arguments_goes_as_text() -> None:
    message = AIMessage("", invalid_tool_calls=[{"name": "look", "args": '{"at', "id": "1", "error": "cut"}])
    assert convert_to_openai_messages(message)["tool_calls"][0]["function"]["arguments"] == '{"at'

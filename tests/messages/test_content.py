"""Content in its two forms: `content` as it is handiest, `content_blocks` always standard blocks (spec S38, S42-S45)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chatkit.chat_models import init_chat_model
from chatkit.errors import InputError
from chatkit.messages import AIMessage, HumanMessage, ToolMessage
from chatkit.simulator import Reply

if TYPE_CHECKING:
    from chatkit.model import ChatModel

CALL = {"type": "tool_call", "name": "look", "args": {"at": "it"}, "id": "1"}
TEXT = {"type": "text", "text": "Hi"}


def test_blocks_given_to_the_constructor() -> None:
    message = AIMessage(content_blocks=[TEXT, CALL])
    assert message.text == "Hi"
    assert message.tool_calls == [CALL]
    assert message.content_blocks == [TEXT, CALL]
    assert HumanMessage(content_blocks=[TEXT]).content == [TEXT]
    assert ToolMessage(content_blocks=[TEXT], tool_call_id="1").text == "Hi"
    with pytest.raises(InputError, match="either content or content_blocks"):
        HumanMessage("Hi", content_blocks=[TEXT])


def test_calls_are_shown_once_wherever_they_stand() -> None:
    assert AIMessage("Hi", tool_calls=[CALL]).content_blocks == [TEXT, CALL]
    assert AIMessage([TEXT, CALL], tool_calls=[CALL]).content_blocks == [TEXT, CALL]
    assert AIMessage("", tool_calls=[CALL]).content_blocks == [CALL]
    assert AIMessage("").content_blocks == []


def test_calls_of_openai_and_reasoning_of_compatible_servers_in_additional_kwargs() -> None:
    raw = {"id": "1", "type": "function", "function": {"name": "look", "arguments": '{"at":"it"}'}}
    broken = {**raw, "function": {"name": "look", "arguments": '{"at'}}
    assert AIMessage("", additional_kwargs={"tool_calls": [raw]}).tool_calls == [CALL]
    assert AIMessage("", additional_kwargs={"tool_calls": [broken]}).invalid_tool_calls[0]["args"] == '{"at'
    thinking = AIMessage("Hi", additional_kwargs={"reasoning_content": "hm"})
    assert thinking.content_blocks == [{"type": "reasoning", "reasoning": "hm"}, TEXT]


def answering(*blocks: dict[str, Any], **settings: Any) -> ChatModel:
    return init_chat_model("simulator:test", replies=lambda question: Reply(blocks=blocks), **settings)


def test_one_text_is_a_str_and_more_is_a_list() -> None:
    assert answering(TEXT).invoke("x").content == "Hi"
    assert answering(TEXT, CALL).invoke("x").content == "Hi"
    thought = answering({"type": "reasoning", "reasoning": "hm"}, TEXT).invoke("x")
    assert [block["type"] for block in thought.content] == ["reasoning", "text"]
    assert thought.text == "Hi"


def test_output_version_v1_is_always_a_list_streamed_and_not() -> None:
    model = answering(TEXT, CALL, output_version="v1")
    answer = model.invoke("x")
    assert answer.content == answer.content_blocks == [TEXT, CALL]
    chunks = list(model.stream("x"))
    assert all(isinstance(chunk.content, list) for chunk in chunks)
    total = sum(chunks)
    assert total.content == total.content_blocks == answer.content
    assert total.response_metadata["output_version"] == answer.response_metadata["output_version"] == "v1"
    assert "output_version" not in answering(TEXT).invoke("x").response_metadata
    assert model.invoke([("user", "x"), answer, ToolMessage("seen", tool_call_id="1")]).content == answer.content


@pytest.mark.parametrize(
    ("part", "block"),
    [
        ({"type": "input_text", "text": "Hi"}, TEXT),
        (
            {"type": "input_text", "text": "Hi", "prompt_cache_breakpoint": {"mode": "explicit"}},
            {**TEXT, "extras": {"prompt_cache_breakpoint": {"mode": "explicit"}}},
        ),
        ({"type": "output_text", "text": "Hi", "annotations": [], "logprobs": []}, TEXT),
        (
            {"type": "output_text", "text": "Hi", "annotations": [{"type": "url_citation", "url": "https://a.example"}]},
            {
                **TEXT,
                "annotations": [
                    {"type": "non_standard_annotation", "value": {"type": "url_citation", "url": "https://a.example"}}
                ],
            },
        ),
        (
            {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "low"},
            {"type": "image", "base64": "aGk=", "mime_type": "image/png", "extras": {"detail": "low"}},
        ),
        (
            {"type": "input_image", "file_id": "file-1", "detail": "auto"},
            {"type": "image", "file_id": "file-1", "extras": {"detail": "auto"}},
        ),
        (
            {"type": "input_file", "file_data": "data:application/pdf;base64,aGk=", "filename": "a.pdf"},
            {"type": "file", "base64": "aGk=", "mime_type": "application/pdf", "extras": {"filename": "a.pdf"}},
        ),
        ({"type": "input_file", "file_url": "https://a.example/a.pdf"}, {"type": "file", "url": "https://a.example/a.pdf"}),
        ({"type": "input_file", "file_id": "file-1"}, {"type": "file", "file_id": "file-1"}),
        (
            {"type": "input_file", "file_data": "aGk="},
            {"type": "non_standard", "value": {"type": "input_file", "file_data": "aGk="}},
        ),
    ],
)
def test_parts_of_the_responses_api_are_standard_blocks_too(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert HumanMessage([part]).content_blocks == [block]

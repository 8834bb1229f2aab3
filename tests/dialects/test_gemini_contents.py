"""Conversations as Gemini's `contents`."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.errors import InputError
from chatkit.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from tests.dialects.gemini_case import MODEL, MODEL_3, STOP, frame, stream, text
from tests.providers.codec_case import read, sent

SKIP = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
ASK = HumanMessage("Hi")
PNG = {"inlineData": {"mimeType": "image/png", "data": "aGVsbG8="}}


def contents(*messages: BaseMessage, model: Any = MODEL) -> list[dict[str, Any]]:
    return sent(model, messages)["contents"]


def parts(*blocks: Any) -> list[dict[str, Any]]:
    (content,) = contents(HumanMessage([*blocks]))
    return content["parts"]


def call(name: str, id: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "tool_call", "name": name, "args": {"x": 1}, "id": id, **more}


# Who says what.


def test_system_messages_stand_apart_wherever_they_come() -> None:
    body = sent(
        MODEL, [SystemMessage("Be brief."), ASK, SystemMessage([{"type": "text", "text": "Be kind."}]), AIMessage("Yes?")]
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Hi"}]},
        {"role": "model", "parts": [{"text": "Yes?"}]},
    ]


def test_a_conversation_of_system_messages_only_is_refused() -> None:
    with pytest.raises(InputError, match="message of the user"):
        contents(SystemMessage("Be brief."))


def test_empty_messages() -> None:
    assert contents(HumanMessage(""), AIMessage("")) == [{"role": "user", "parts": [{"text": ""}]}]


# What the user sends.


def test_base64_goes_inline_and_addresses_as_files() -> None:
    files = "https://generativelanguage.googleapis.com/v1beta/files/abc"
    assert parts(
        {"type": "text", "text": "Look"},
        {"type": "image", "base64": "aGVsbG8=", "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}},
        {"type": "image", "url": "https://x.example/a.jpg?size=2"},
        {"type": "file", "url": "gs://bucket/a.pdf"},
        {"type": "video", "url": "https://www.youtube.com/watch?v=1"},
        {"type": "video", "url": "https://youtu.be/1"},
        {"type": "image", "url": "https://x.example/a", "mime_type": "image/webp"},
        {"type": "file", "file_id": "files/abc"},
        {"type": "file", "file_id": files, "mime_type": "application/pdf"},
    ) == [
        {"text": "Look"},
        PNG,
        PNG,
        {"fileData": {"fileUri": "https://x.example/a.jpg?size=2", "mimeType": "image/jpeg"}},
        {"fileData": {"fileUri": "gs://bucket/a.pdf", "mimeType": "application/pdf"}},
        {"fileData": {"fileUri": "https://www.youtube.com/watch?v=1", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": "https://youtu.be/1", "mimeType": "video/mp4"}},
        {"fileData": {"fileUri": "https://x.example/a", "mimeType": "image/webp"}},
        {"fileData": {"fileUri": files}},
        {"fileData": {"fileUri": files, "mimeType": "application/pdf"}},
    ]


def test_an_address_that_does_not_tell_its_type_is_refused() -> None:
    with pytest.raises(InputError, match=r"add mime_type .* or send base64"):
        parts({"type": "image", "url": "https://youtube.com.evil.example/picture"})


@pytest.mark.parametrize("block", [{"type": "image", "base64": "aGVsbG8="}, {"type": "audio"}])
def test_media_without_type_or_source_are_refused(block: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="needs"):
        parts(block)


def test_sound_documents_and_video_with_its_settings() -> None:
    clip = {"startOffset": "2s", "fps": 1.0}
    assert parts(
        {"type": "input_audio", "input_audio": {"data": "YQ==", "format": "mp3"}},
        {"type": "text-plain", "text": "Once", "title": "Tale", "context": "for children"},
        {"type": "text-plain", "base64": "YQ=="},
        {"type": "video", "base64": "YQ==", "mime_type": "video/mp4", "extras": {"video_metadata": clip}},
        {"type": "media", "mime_type": "video/mp4", "file_uri": "gs://b/v", "video_metadata": clip},
        {"type": "media", "mime_type": "application/pdf", "data": "YQ=="},
        {"type": "image", "base64": "YQ==", "mime_type": "image/png", "extras": {"media_resolution": {"level": "LOW"}}},
    ) == [
        {"inlineData": {"mimeType": "audio/mp3", "data": "YQ=="}},
        {"text": "Tale\nfor children\nOnce"},
        {"inlineData": {"mimeType": "text/plain", "data": "YQ=="}},
        {"inlineData": {"mimeType": "video/mp4", "data": "YQ=="}, "videoMetadata": clip},
        {"fileData": {"fileUri": "gs://b/v", "mimeType": "video/mp4"}, "videoMetadata": clip},
        {"inlineData": {"mimeType": "application/pdf", "data": "YQ=="}},
        {"inlineData": {"mimeType": "image/png", "data": "YQ=="}, "mediaResolution": {"level": "LOW"}},
    ]


def test_parts_in_the_api_s_own_form_are_sent_as_they_are() -> None:
    own = {"inline_data": {"mime_type": "image/png", "data": "YQ=="}}
    assert parts(own, "and text") == [own, {"text": "and text"}]


# What the model said.

ANSWER = [
    text("Thinking.", thought=True),
    text("Let me see."),
    {"executableCode": {"language": "PYTHON", "code": "1"}, "thoughtSignature": "a"},
    {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "no"}},
    {"executableCode": {"language": "PYTHON", "code": "2", "id": "c2"}},
    {"codeExecutionResult": {"outcome": "OUTCOME_OK", "id": "c2"}},
    {"toolCall": {"id": "t", "toolType": "URL_CONTEXT", "args": {"urls": ["u"]}}, "thoughtSignature": "b"},
    {"toolResponse": {"id": "t", "toolType": "URL_CONTEXT", "response": {"ok": True}}, "thoughtSignature": "c"},
    {**PNG, "thoughtSignature": "d"},
    {"functionCall": {"name": "f", "args": {"x": [1, None]}}, "thoughtSignature": "e"},
    {"functionCall": {"id": "own", "name": "g", "args": {}}},
    {"hologram": {"depth": 3}},
    text("", thoughtSignature="f"),
]


def test_an_answer_goes_back_word_for_word() -> None:
    answer = read(MODEL, stream(*map(frame, ANSWER), frame(**STOP)))
    assert contents(ASK, answer)[1] == {"role": "model", "parts": ANSWER}
    assert contents(ASK, answer, model=MODEL_3)[1] == {"role": "model", "parts": ANSWER}


def test_pictures_that_were_only_thought_are_told_from_the_answer_and_go_back_so() -> None:
    answer = read(MODEL_3, stream(frame({**PNG, "thought": True, "thoughtSignature": "c2ln"}, PNG, **STOP)))
    assert [block.get("extras") for block in answer.content_blocks] == [{"signature": "c2ln", "thought": True}, None]
    assert contents(ASK, answer, model=MODEL_3)[1]["parts"] == [{**PNG, "thought": True, "thoughtSignature": "c2ln"}, PNG]


def test_another_vendor_s_answer_keeps_text_and_calls_only() -> None:
    answer = AIMessage(
        [
            {"type": "reasoning", "reasoning": "hm", "extras": {"signature": "theirs"}},
            {"type": "text", "text": "Wait.", "extras": {"signature": "theirs"}},
            {"type": "server_tool_call", "name": "web_search", "args": {}, "id": "s"},
            call("f", "toolu_1", extras={"signature": "theirs"}),
            call("g", "toolu_2"),
        ],
        response_metadata={"model_provider": "anthropic"},
    )
    calls = [{"functionCall": {"id": f"toolu_{n}", "name": name, "args": {"x": 1}}} for n, name in ((1, "f"), (2, "g"))]
    assert contents(ASK, answer)[1]["parts"] == [{"text": "Wait."}, *calls]
    signed = [{"text": "Wait."}, {**calls[0], "thoughtSignature": SKIP}, calls[1]]
    assert contents(ASK, answer, model=MODEL_3)[1]["parts"] == signed


@pytest.mark.parametrize(
    ("model", "signed"),
    [
        ("gemini-2.5-pro", False),
        ("gemini-2.0-flash", False),
        ("gemma-3-27b", False),
        ("gemini-3-pro-preview", True),
        ("models/gemini-3.5-flash", True),
        ("gemini-10-flash", True),
        ("gemini-flash-latest", True),
    ],
)
def test_which_models_want_their_first_call_signed(model: str, signed: bool) -> None:
    body = sent(MODEL.bind(model=model), [ASK, AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])])
    assert ("thoughtSignature" in body["contents"][1]["parts"][0]) is signed


def test_signatures_of_stored_langchain_messages_are_found() -> None:
    answer = AIMessage(
        "",
        tool_calls=[{"name": "f", "args": {}, "id": "1"}, {"name": "g", "args": {}, "id": "2"}],
        additional_kwargs={"__gemini_function_call_thought_signatures__": {"1": "sig"}},
    )
    first, second = contents(ASK, answer)[1]["parts"]
    assert first["thoughtSignature"] == "sig"
    assert "thoughtSignature" not in second


def test_a_call_with_broken_arguments_keeps_its_name() -> None:
    broken = AIMessage("", invalid_tool_calls=[{"name": "f", "args": "{oops", "id": "1", "error": None}])
    assert contents(ASK, broken)[1]["parts"] == [{"functionCall": {"id": "1", "name": "f", "args": {}}}]


# What tools said.


def results(*messages: ToolMessage, model: Any = MODEL, ids: tuple[str, ...] = ("1", "2")) -> list[dict[str, Any]]:
    calls = AIMessage("", tool_calls=[{"name": f"tool_{id}", "args": {}, "id": id} for id in ids])
    return contents(ASK, calls, *messages, model=model)[2:]


def response(content: dict[str, Any], at: int = 0) -> dict[str, Any]:
    return content["parts"][at]["functionResponse"]


def test_results_go_back_in_the_order_of_the_calls_as_one_content() -> None:
    (content,) = results(ToolMessage("two", tool_call_id="2"), ToolMessage("one", tool_call_id="1"))
    assert content == {
        "role": "user",
        "parts": [
            {"functionResponse": {"id": "1", "name": "tool_1", "response": {"output": "one"}}},
            {"functionResponse": {"id": "2", "name": "tool_2", "response": {"output": "two"}}},
        ],
    }


def test_ids_that_were_made_up_are_not_sent() -> None:
    answer = read(MODEL, stream(frame({"functionCall": {"name": "f", "args": {}}}, **STOP)))
    body = contents(ASK, answer, ToolMessage("ok", tool_call_id=answer.tool_calls[0]["id"]))
    assert body[2]["parts"] == [{"functionResponse": {"name": "f", "response": {"output": "ok"}}}]


@pytest.mark.parametrize(
    ("content", "status", "sent_response"),
    [
        ('{"a": [1]}', "success", {"a": [1]}),
        ("[1, 2]", "success", {"output": "[1, 2]"}),
        ("12", "success", {"output": "12"}),
        ("", "success", {"output": ""}),
        ([{"type": "text", "text": "a"}, "b"], "success", {"output": "ab"}),
        ([{"type": "text-plain", "text": "file"}], "success", {"output": "file"}),
        ('{"a": 1}', "error", {"error": '{"a": 1}'}),
    ],
)
def test_a_result_is_an_object(content: Any, status: Any, sent_response: dict[str, Any]) -> None:
    (found,) = results(ToolMessage(content, tool_call_id="1", status=status))
    assert response(found)["response"] == sent_response


def test_media_in_a_result_stand_inside_it_where_the_model_takes_them() -> None:
    picture = [{"type": "text", "text": "Here:"}, {"type": "image", "base64": "aGVsbG8=", "mime_type": "image/png"}]
    messages = [ToolMessage(picture, tool_call_id="1"), ToolMessage("ok", tool_call_id="2")]
    (inside,) = results(*messages, model=MODEL_3)
    assert response(inside) == {"id": "1", "name": "tool_1", "response": {"output": "Here:"}, "parts": [PNG]}
    responses, beside = results(*messages)
    assert [list(part) for part in responses["parts"]] == [["functionResponse"]] * 2
    assert "parts" not in response(responses)
    assert beside == {"role": "user", "parts": [PNG]}


def test_a_result_whose_call_is_unknown_needs_a_name() -> None:
    (content,) = contents(ToolMessage("ok", tool_call_id="x", name="f"))
    assert response(content)["name"] == "f"
    with pytest.raises(InputError, match=r"'x' follows no answer.*give the message a name"):
        contents(ToolMessage("ok", tool_call_id="x"))


def test_a_turn_of_the_user_after_results_is_a_content_of_its_own() -> None:
    calls = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
    body = contents(ASK, calls, ToolMessage("ok", tool_call_id="1"), HumanMessage("Well?"))
    assert [content["role"] for content in body] == ["user", "model", "user", "user"]

"""Conversations and parameters as chat completion requests (wire sheet: openai_chat §2-5; spec S91)."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chatkit.codec import Call, NamedTool, OutputSchema, ToolSpec
from chatkit.dialects.openai_chat import Quirks, encode_chat
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.coerce import to_messages
from tests.dialects.openai_chat_case import chunk, finish, message, sse, stream_of, tool_piece, whole

PNG = {"type": "image", "base64": "iVBOR", "mime_type": "image/png"}
WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}}, strict=True)


def body(conversation: Any, quirks: Quirks | None = None, *, stream: bool = False, **params: Any) -> dict[str, Any]:
    call = Call("m", to_messages(conversation), params, stream)
    return encode_chat(call, "openai", quirks or Quirks(), owner="ChatX")


def sent(*conversation: Any, **quirks: Any) -> list[dict[str, Any]]:
    return body(list(conversation), Quirks(**quirks))["messages"]


def back(answer: AIMessage, provider: str | None = "openai", **quirks: Any) -> dict[str, Any]:
    """An answer of `provider` in the next request."""
    answer.response_metadata["model_provider"] = provider
    return sent("Hi", answer, "And?", **quirks)[1]


def user_part(block: dict[str, Any] | str, **quirks: Any) -> Any:
    return sent(HumanMessage(["See:", block]), **quirks)[0]["content"][1]


# Messages.


def test_plain_conversation() -> None:
    said = [("system", "Be brief."), ("developer", "In verse."), HumanMessage("Hi", name="ann"), ("ai", "Ho"), ("user", "")]
    assert sent(*said) == [
        {"role": "system", "content": "Be brief."},
        {"role": "developer", "content": "In verse."},
        {"role": "user", "content": "Hi", "name": "ann"},
        {"role": "assistant", "content": "Ho"},
        {"role": "user", "content": ""},
    ]


def test_the_role_of_system_messages_is_the_services() -> None:
    assert sent(SystemMessage("Be brief."), system_role="developer")[0]["role"] == "developer"


def test_one_text_block_is_a_string_several_are_parts() -> None:
    assert sent(HumanMessage([{"type": "text", "text": "a"}]))[0]["content"] == "a"
    assert sent(HumanMessage(["a", "b"]))[0]["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert sent(HumanMessage([]))[0]["content"] == ""


def test_cache_control_stands_on_its_part() -> None:
    block = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    assert sent(SystemMessage([block]))[0]["content"] == [block]
    assert sent(SystemMessage([{"type": "text", "text": "a", "extras": {"cache_control": {"type": "ephemeral"}}}]))[0][
        "content"
    ] == [block]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (PNG, {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}}),
        (
            {"type": "image", "url": "https://a.example/a.png", "extras": {"detail": "low"}},
            {"type": "image_url", "image_url": {"url": "https://a.example/a.png", "detail": "low"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR", "detail": "high"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR", "detail": "high"}},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBOR"}},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}},
        ),
        (
            {"type": "audio", "base64": "UklG", "mime_type": "audio/x-wav"},
            {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}},
        ),
        (
            {"type": "audio", "base64": "SUQz", "mime_type": "audio/mpeg"},
            {"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3"}},
        ),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf", "extras": {"filename": "a.pdf"}},
            {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        ),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf"},
            {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        ),
        ({"type": "file", "file_id": "file-1"}, {"type": "file", "file": {"file_id": "file-1"}}),
        (
            {"type": "file", "base64": base64.b64encode(b"a,b\n1,2").decode(), "mime_type": "text/csv"},
            {"type": "text", "text": "a,b\n1,2"},
        ),
        (
            {"type": "text-plain", "text": "Long.", "title": "A book", "mime_type": "text/plain"},
            {"type": "text", "text": "A book\n\nLong."},
        ),
        ({"type": "mystery", "x": 1}, {"type": "mystery", "x": 1}),
        ({"type": "non_standard", "value": {"type": "mystery", "x": 1}}, {"type": "mystery", "x": 1}),
    ],
)
def test_content_parts(block: dict[str, Any], part: dict[str, Any]) -> None:
    assert user_part(block) == part


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "file_id": "file-1"},
        {"type": "audio", "url": "https://a.example/a.wav"},
        {"type": "file", "url": "https://a.example/a.pdf"},
        {"type": "video", "url": "https://a.example/a.mp4"},
        {"type": "text-plain", "url": "https://a.example/a.txt"},
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "tool_call", "name": "f", "args": {}, "id": "1"},
    ],
)
def test_what_the_api_does_not_take_is_refused_before_the_request(block: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedFeatureError, match="ChatX"):
        user_part(block)


def test_base64_needs_a_mime_type() -> None:
    with pytest.raises(InputError, match="mime_type"):
        user_part({"type": "image", "base64": "iVBOR"})


def test_results_of_tools() -> None:
    answer = AIMessage("", tool_calls=[{"name": "weather", "args": {"city": "Köln"}, "id": "1"}])
    said = sent("Hi", answer, ToolMessage("Sun", tool_call_id="1"))
    assert said[1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Köln"}'}}],
    }
    assert said[2] == {"role": "tool", "tool_call_id": "1", "content": "Sun"}


def test_media_of_tools_follow_the_last_result() -> None:
    said = sent("Hi", ToolMessage(["A map:", PNG], tool_call_id="1"), ToolMessage("Sun", tool_call_id="2"), "And?")
    assert [turn["role"] for turn in said] == ["user", "tool", "tool", "user", "user"]
    assert said[1]["content"] == "A map:\nThe result is in the next message."
    assert said[3]["content"] == [{"type": "text", "text": "Result of the tool call 1:"}, user_part(PNG)]
    assert sent(ToolMessage([PNG], tool_call_id="1"))[1]["content"][1] == user_part(PNG)


def test_media_stay_in_the_tool_message_where_the_service_takes_them() -> None:
    said = sent(ToolMessage(["A map:", PNG], tool_call_id="1"), tool_media=True)
    assert said == [{"role": "tool", "tool_call_id": "1", "content": [{"type": "text", "text": "A map:"}, user_part(PNG)]}]


# Answers go back.


def test_an_answer_goes_back_as_it_came() -> None:
    answer = message(
        sse(
            chunk({"content": "Let me "}),
            chunk({"content": "look."}),
            tool_piece(0, '{"a":1}', id="1", name="f"),
            finish("tool_calls"),
        )
    )
    assert back(answer) == {
        "role": "assistant",
        "content": "Let me look.",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
    }


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_reasoning_goes_back_in_its_field_and_to_its_vendor_only(field: str) -> None:
    body = whole({field: "hm", "content": "4"})
    assert back(message(body)) == {"role": "assistant", "content": "4", field: "hm"}
    assert back(message(body), provider="groq") == {"role": "assistant", "content": "4"}


def test_reasoning_details_go_back_unchanged() -> None:
    details = [
        {"type": "reasoning.summary", "summary": "hm", "format": "x", "index": 0},
        {"type": "reasoning.text", "text": "well", "signature": "sig", "format": "x", "index": 1},
        {"type": "reasoning.encrypted", "data": "AB", "id": "rs_1", "format": "x", "index": 0},
    ]
    assert (
        back(message(whole({"content": "4", "reasoning": "hmwell", "reasoning_details": details})))["reasoning_details"]
        == details
    )


def test_streamed_reasoning_details_go_back_merged() -> None:
    piece = {"type": "reasoning.text", "format": "x", "index": 0}
    answer = message(
        stream_of(
            *({"reasoning_details": [{**piece, "text": text}]} for text in ("a", "b", "c")),
            {"reasoning_details": [{**piece, "text": "", "signature": "sig"}]},
            {"content": "4"},
        )
    )
    assert back(answer)["reasoning_details"] == [{**piece, "text": "abc", "signature": "sig"}]


def test_reasoning_that_the_user_wrote() -> None:
    answer = AIMessage([{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "4"}])
    assert sent(answer)[0] == {"role": "assistant", "content": "4"}
    assert sent(answer, reasoning_field="reasoning_content")[0]["reasoning_content"] == "hm"


def test_services_that_want_reasoning_with_every_call() -> None:
    wants: dict[str, Any] = {"reasoning_field": "reasoning_content", "missing_reasoning": ""}
    call = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "1"}])
    assert sent(call, **wants)[0]["reasoning_content"] == ""
    assert "reasoning_content" not in sent(AIMessage("Hi"), **wants)[0]
    assert back(message(whole({"content": "", "reasoning_content": "hm", "tool_calls": [
        {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    ]})), **wants)["reasoning_content"] == "hm"  # fmt: skip


def test_thinking_parts_keep_their_place() -> None:
    parts = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True},
        {"type": "text", "text": "4"},
        {"type": "thinking", "thinking": [{"type": "text", "text": "well"}], "closed": True},
        {"type": "text", "text": "5"},
    ]
    assert back(message(whole({"content": parts})))["content"] == parts


def test_reasoning_parts_of_databricks_go_back_as_they_came() -> None:
    parts = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm.", "signature": "sig"}]},
        {"type": "text", "text": "Four"},
    ]
    assert back(message(whole({"content": parts})))["content"] == parts


def test_refusals_signatures_and_parsed_files_go_back() -> None:
    assert back(message(whole({"refusal": "No."}))) == {"role": "assistant", "content": None, "refusal": "No."}
    extra = {"google": {"thought_signature": "sig"}}
    assert back(message(whole({"content": "4", "extra_content": extra})))["extra_content"] == extra
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}, "extra_content": extra}
    assert back(message(whole({"tool_calls": [call]})))["tool_calls"] == [call]
    assert "extra_content" not in back(message(whole({"tool_calls": [call]})), provider="groq")["tool_calls"][0]
    parsed = {"type": "file", "file": {"hash": "h", "name": "a.pdf", "content": []}}
    assert back(message(whole({"content": "4", "annotations": [parsed]})))["annotations"] == [parsed]


def test_custom_calls_go_back_as_text() -> None:
    call = {"id": "1", "type": "custom", "custom": {"name": "sql", "input": 'SELECT "a"'}}
    assert back(message(whole({"tool_calls": [call]})))["tool_calls"] == [call]


def test_calls_that_are_no_json_go_back_as_they_came() -> None:
    answer = message(sse(tool_piece(0, '{"a": ', id="1", name="f"), finish("stop")))
    assert back(answer)["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"a": '}


def test_spoken_answers_go_back_by_their_id() -> None:
    answer = message(whole({"audio": {"id": "audio_1", "data": "QUJD", "transcript": "Hi"}}), audio_format="wav")
    assert back(answer) == {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}


def test_images_in_answers() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBOR"}}
    body = whole({"content": "Here:", "images": [image]})
    assert back(message(body), answer_images=True)["images"] == [image]
    with pytest.raises(UnsupportedFeatureError, match="user message"):
        back(message(body))
    assert back(message(body), "google_genai") == {"role": "assistant", "content": "Here:"}


def test_server_tools_do_not_go_back() -> None:
    tool = {"index": 0, "type": "search", "arguments": "{}", "output": "found"}
    assert back(message(whole({"executed_tools": [tool], "content": "4"}))) == {"role": "assistant", "content": "4"}


def test_ids_of_calls_may_be_rewritten() -> None:
    answer = AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "toolu_1"}])
    said = sent(answer, ToolMessage("x", tool_call_id="toolu_1"), tool_call_id=str.upper)
    assert (said[0]["tool_calls"][0]["id"], said[1]["tool_call_id"]) == ("TOOLU_1", "TOOLU_1")


# Parameters.


def test_parameters_go_under_their_own_names() -> None:
    sampled = body("Hi", temperature=0, top_p=0.5, stop=["x"], seed=1, logprobs=True, top_logprobs=2, n=2)
    assert {key: value for key, value in sampled.items() if key not in ("model", "messages")} == {
        "temperature": 0,
        "top_p": 0.5,
        "stop": ["x"],
        "seed": 1,
        "logprobs": True,
        "top_logprobs": 2,
        "n": 2,
    }


def test_names_that_services_change() -> None:
    changed = body("Hi", Quirks(max_tokens="max_completion_tokens", names={"seed": "random_seed"}), max_tokens=5, seed=1)
    assert (changed["max_completion_tokens"], changed["random_seed"]) == (5, 1)
    assert not changed.keys() & {"max_tokens", "seed"}


@pytest.mark.parametrize(
    ("params", "ask", "expected"),
    [
        ({}, True, {"include_usage": True}),
        ({"stream_options": {"include_obfuscation": False}}, True, {"include_usage": True, "include_obfuscation": False}),
        ({"stream_options": {"include_usage": False}}, True, {"include_usage": False}),
        ({"stream_usage": False}, True, None),
        ({}, False, None),
        ({"stream_usage": True}, False, {"include_usage": True}),
    ],
)
def test_streams_ask_for_usage(params: dict[str, Any], ask: bool, expected: dict[str, Any] | None) -> None:
    asked = body("Hi", Quirks(ask_usage=ask), stream=True, **params)
    assert asked["stream"] is True
    assert asked.get("stream_options") == expected
    assert "stream_usage" not in asked


def test_whole_answers_ask_for_nothing() -> None:
    assert not body("Hi", stream_options={"include_usage": True}).keys() & {"stream", "stream_options"}


def test_tools() -> None:
    built_in = {"type": "openrouter:web_search", "parameters": {}}
    fields = body("Hi", tools=[WEATHER, built_in], tool_choice="any", parallel_tool_calls=False)
    assert fields["tools"] == [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "description": "Tells the weather.",
                "parameters": WEATHER.parameters,
                "strict": True,
            },
        },
        built_in,
    ]
    assert (fields["tool_choice"], fields["parallel_tool_calls"]) == ("required", False)
    assert "strict" not in body("Hi", tools=[ToolSpec("f")])["tools"][0]["function"]


@pytest.mark.parametrize(
    ("choice", "quirks", "expected"),
    [
        ("auto", {}, "auto"),
        ("none", {}, "none"),
        ("any", {"any_tool": "any"}, "any"),
        (NamedTool("weather"), {}, {"type": "function", "function": {"name": "weather"}}),
        (NamedTool("sql"), {}, {"type": "custom", "custom": {"name": "sql"}}),
        ({"type": "allowed_tools"}, {}, {"type": "allowed_tools"}),
    ],
)
def test_tool_choice(choice: Any, quirks: dict[str, Any], expected: Any) -> None:
    custom = {"type": "custom", "name": "sql"}
    assert body("Hi", Quirks(**quirks), tools=[WEATHER, custom], tool_choice=choice)["tool_choice"] == expected


def test_a_named_tool_where_servers_read_no_names() -> None:
    fields = body("Hi", Quirks(named_tools=False), tools=[WEATHER, ToolSpec("now")], tool_choice=NamedTool("now"))
    assert [tool["function"]["name"] for tool in fields["tools"]] == ["now"]
    assert fields["tool_choice"] == "required"


def test_without_tools_nothing_is_said_of_them() -> None:
    assert body("Hi", tools=[], tool_choice="any", parallel_tool_calls=False).keys() == {"model", "messages"}


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "custom", "custom": {"name": "sql", "format": {"type": "text"}}},
        {"type": "custom", "name": "sql", "format": {"type": "text"}},
        ToolSpec("sql", extras={"type": "custom", "format": {"type": "text"}}),
    ],
)
def test_free_form_tools(tool: Any) -> None:
    assert body("Hi", tools=[tool])["tools"] == [{"type": "custom", "custom": {"name": "sql", "format": {"type": "text"}}}]


def test_grammars_of_free_form_tools() -> None:
    tool = {"type": "custom", "name": "x", "format": {"type": "grammar", "syntax": "lark", "definition": "start: A"}}
    grammar = {"syntax": "lark", "definition": "start: A"}
    assert body("Hi", tools=[tool])["tools"][0]["custom"]["format"] == {"type": "grammar", "grammar": grammar}


def test_response_format() -> None:
    schema = OutputSchema("answer", {"type": "object"}, "What it is.", strict=True)
    assert body("Hi", response_format=schema)["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": {"type": "object"}, "description": "What it is.", "strict": True},
    }
    assert body("Hi", response_format={"type": "json_object"})["response_format"] == {"type": "json_object"}


def test_reasoning_effort() -> None:
    efforts = Quirks(efforts={"none": {"thinking": {"type": "disabled"}}})
    assert body("Hi", efforts, reasoning_effort="low")["reasoning_effort"] == "low"
    off = body("Hi", efforts, reasoning_effort="none")
    assert (off["thinking"], "reasoning_effort" in off) == ({"type": "disabled"}, False)
    own = body("Hi", efforts, reasoning_effort="none", thinking={"type": "enabled"})
    assert own["thinking"] == {"type": "enabled"}

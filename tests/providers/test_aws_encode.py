"""What ChatBedrockConverse sends: messages in, JSON out."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit_aws import ChatBedrockConverse
from tests.providers.codec_case import request_of, sent

CLAUDE = "us.anthropic.claude-sonnet-4-6"
PNG = base64.b64encode(b"\x89PNG").decode()


def chat(model: str = CLAUDE, **kwargs: Any) -> ChatBedrockConverse:
    return ChatBedrockConverse(model, region_name="us-east-1", api_key="k", **kwargs)


def body_of(*messages: Any, model: str = CLAUDE, settings: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return sent(chat(model, **(settings or {})), messages or "Hi", **params)


def blocks_of(*content: Any) -> list[dict[str, Any]]:
    """What the blocks of a user's message become."""
    return body_of(HumanMessage(list(content)))["messages"][0]["content"]


def turn_of(message: AIMessage) -> list[dict[str, Any]]:
    """What an earlier answer becomes."""
    return body_of(HumanMessage("Hi"), message, HumanMessage("Go on"))["messages"][1]["content"]


def own(*content: Any, **fields: Any) -> AIMessage:
    return AIMessage(list(content), response_metadata={"model_provider": "bedrock_converse"}, **fields)


# The request as a whole.


def test_a_plain_question() -> None:
    request = request_of(chat(), "Hi", stream=False)
    assert request.url.endswith("/model/us.anthropic.claude-sonnet-4-6/converse")
    assert request.headers == {"content-type": "application/json", "accept": "application/json"}
    assert body_of() == {"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}


def test_parameters_go_where_converse_has_them() -> None:
    body = body_of(
        max_tokens=100,
        temperature=0.5,
        top_p=0.9,
        stop=["END"],
        top_k=20,
        guardrail_config={"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"},
        performance_config={"latency": "optimized"},
        service_tier="flex",
        request_metadata={"team": "parrots"},
        prompt_variables={"topic": {"text": "parrots"}},
        additional_model_request_fields={"anthropic_beta": ["context-1m-2025-08-07"]},
        additional_model_response_field_paths=["/usage"],
        output_config={"effort": "high"},
    )
    del body["messages"]
    assert body == {
        "inferenceConfig": {"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["END"]},
        "guardrailConfig": {"guardrailIdentifier": "g", "guardrailVersion": "1", "trace": "enabled"},
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
        "requestMetadata": {"team": "parrots"},
        "promptVariables": {"topic": {"text": "parrots"}},
        "additionalModelRequestFields": {"anthropic_beta": ["context-1m-2025-08-07"], "top_k": 20},
        "additionalModelResponseFieldPaths": ["/usage"],
        "outputConfig": {"effort": "high"},
    }


def test_langchains_names_are_known() -> None:
    model = chat(guardrails={"guardrailIdentifier": "g"}, stop_sequences=["x"], base_model_id="anthropic.claude-v2")
    assert sent(model)["guardrailConfig"] == {"guardrailIdentifier": "g"}
    assert model.base_model == "anthropic.claude-v2"


@pytest.mark.parametrize(
    ("model", "effort", "fields"),
    [
        ("anthropic.claude-sonnet-4-6", "high", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}),
        ("us.anthropic.claude-opus-4-6-v1", "minimal", {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}}),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "low", {"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", "none", {"thinking": {"type": "disabled"}}),
        ("anthropic.claude-sonnet-5", "none", {"thinking": {"type": "disabled"}}),
        ("us.amazon.nova-2-lite-v1:0", "medium", {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}),
        ("us.amazon.nova-2-lite-v1:0", "none", {"reasoningConfig": {"type": "disabled"}}),
        ("openai.gpt-oss-120b-1:0", "high", {"reasoning_effort": "high"}),
        ("qwen.qwen3-32b-v1:0", "high", {"reasoning_config": "high"}),
    ],
)
def test_reasoning_effort_in_each_familys_words(model: str, effort: str, fields: dict[str, Any]) -> None:
    assert body_of(model=model, reasoning_effort=effort)["additionalModelRequestFields"] == fields


def test_a_budget_for_thinking_leaves_room_for_the_answer() -> None:
    model = "anthropic.claude-haiku-4-5-20251001-v1:0"
    fields = body_of(model=model, reasoning_effort="high", max_tokens=4000)["additionalModelRequestFields"]
    assert fields == {"thinking": {"type": "enabled", "budget_tokens": 2000}}


def test_what_the_user_gives_adds_to_what_chatkit_makes() -> None:
    fields = body_of(
        reasoning_effort="high",
        thinking={"type": "adaptive", "display": "omitted"},
        additional_model_request_fields={"output_config": {"task_budget": {"total": 9}}},
    )["additionalModelRequestFields"]
    assert fields == {
        "thinking": {"type": "adaptive", "display": "omitted"},
        "output_config": {"effort": "high", "task_budget": {"total": 9}},
    }


def test_an_unknown_effort_is_an_error() -> None:
    with pytest.raises(InputError, match="'huge' is not one of none, minimal"):
        body_of(reasoning_effort="huge")


def test_top_k_of_nova_and_the_model_behind_an_arn() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/abc"
    body = body_of(model=arn, settings={"base_model": "amazon.nova-lite-v1:0"}, top_k=5)
    assert body["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 5}}


def test_parallel_calls_cannot_be_forbidden() -> None:
    with pytest.raises(UnsupportedFeatureError, match="parallel_tool_calls"):
        body_of(parallel_tool_calls=False)
    assert body_of(parallel_tool_calls=True) == body_of()


# Messages.


LATER = (SystemMessage("Be brief."), HumanMessage("Hi"), AIMessage("Hello"), SystemMessage("In French."))


def test_system_messages_stand_apart_wherever_they_come() -> None:
    with pytest.warns(UserWarning, match="only at the beginning"):
        body = body_of(*LATER)
    assert body["system"] == [{"text": "Be brief."}, {"text": "In French."}]
    assert [message["role"] for message in body["messages"]] == ["user", "assistant"]


@pytest.mark.parametrize("model", ["us.anthropic.claude-opus-4-8", "global.anthropic.claude-sonnet-5-20260801-v1:0"])
def test_later_system_messages_stay_where_the_model_hears_them(model: str) -> None:
    body = body_of(*LATER, model=model)
    assert body["system"] == [{"text": "Be brief."}]
    assert body["messages"][-1] == {"role": "system", "content": [{"text": "In French."}]}


def test_a_system_message_that_changes_the_tools_is_a_turn() -> None:
    change = {"toolAddition": {"tool": {"name": "f"}}}
    body = body_of(HumanMessage("Hi"), SystemMessage([change]), HumanMessage("Go on"))
    assert [message["role"] for message in body["messages"]] == ["user", "system", "user"]
    assert body["messages"][1]["content"] == [change]
    assert "system" not in body


def test_neighbours_of_one_role_become_one_message() -> None:
    calls = [{"name": "a", "args": {}, "id": "1"}, {"name": "b", "args": {"x": 1}, "id": "2"}]
    body = body_of(
        HumanMessage("One"),
        HumanMessage("Two"),
        AIMessage("", tool_calls=calls),
        ToolMessage("r1", tool_call_id="1"),
        ToolMessage("r2", tool_call_id="2", status="error"),
        HumanMessage("Three"),
    )
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "One"}, {"text": "Two"}]},
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "1", "name": "a", "input": {}}},
                {"toolUse": {"toolUseId": "2", "name": "b", "input": {"x": 1}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "1", "content": [{"text": "r1"}]}},
                {"toolResult": {"toolUseId": "2", "content": [{"text": "r2"}], "status": "error"}},
                {"text": "Three"},
            ],
        },
    ]


def test_blank_text_is_left_out_with_the_message_that_holds_nothing_else() -> None:
    body = body_of(HumanMessage("Hi"), AIMessage(" \n"), HumanMessage(["", "Still there?"]))
    assert body["messages"] == [{"role": "user", "content": [{"text": "Hi"}, {"text": "Still there?"}]}]


@pytest.mark.parametrize("message", [HumanMessage(" "), SystemMessage("Be brief.")])
def test_nothing_to_say_is_an_error_before_the_request(message: Any) -> None:
    with pytest.raises(InputError, match="nothing is left"):
        body_of(message)


def test_a_managed_prompt_brings_its_own_messages() -> None:
    body = body_of(HumanMessage(""), model="arn:aws:bedrock:us-east-1:1:prompt/P1:1", prompt_variables={"bird": {"text": "ara"}})
    assert body == {"promptVariables": {"bird": {"text": "ara"}}}


def test_how_a_guardrail_looks_at_a_stream_is_told_to_streams_only() -> None:
    config = {"guardrailIdentifier": "g", "guardrailVersion": "1", "streamProcessingMode": "async"}
    assert sent(chat(), stream=True, guardrail_config=config)["guardrailConfig"] == config
    del (without := dict(config))["streamProcessingMode"]
    assert sent(chat(), stream=False, guardrail_config=config)["guardrailConfig"] == without


def test_results_may_hold_media_and_converses_own_blocks() -> None:
    found = {"searchResult": {"source": "https://x.test", "title": "X", "content": [{"text": "t"}]}}
    content = [{"type": "text", "text": "Look"}, {"type": "image", "base64": PNG, "mime_type": "image/png"}, found]
    result = body_of(HumanMessage("Hi"), ToolMessage(content, tool_call_id="1"))["messages"][0]["content"][1]
    assert result["toolResult"]["content"] == [
        {"text": "Look"},
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        found,
    ]


# Media.


@pytest.mark.parametrize(
    ("block", "wire"),
    [
        (
            {"type": "image", "base64": PNG, "mime_type": "image/jpeg"},
            {"image": {"format": "jpeg", "source": {"bytes": PNG}}},
        ),
        (
            {"type": "image_url", "image_url": {"url": f"data:image/webp;base64,{PNG}"}},
            {"image": {"format": "webp", "source": {"bytes": PNG}}},
        ),
        (
            {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": PNG}},
            {"image": {"format": "gif", "source": {"bytes": PNG}}},
        ),
        (
            {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}},
            {"image": {"format": "png", "source": {"bytes": PNG}}},
        ),
        (
            {"type": "video", "base64": "AAAA", "mime_type": "video/3gpp"},
            {"video": {"format": "three_gp", "source": {"bytes": "AAAA"}}},
        ),
        (
            {"type": "video", "url": "s3://bucket/clip.MOV", "extras": {"bucket_owner": "1"}},
            {"video": {"format": "mov", "source": {"s3Location": {"uri": "s3://bucket/clip.MOV", "bucketOwner": "1"}}}},
        ),
        (
            {"type": "audio", "base64": "AAAA", "mime_type": "audio/mpeg"},
            {"audio": {"format": "mp3", "source": {"bytes": "AAAA"}}},
        ),
        (
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf", "extras": {"filename": "Q3 report.pdf"}},
            {"document": {"format": "pdf", "source": {"bytes": "JVBE"}, "name": "Q3 report-pdf"}},
        ),
        (
            {"type": "file", "base64": "IyBI", "mime_type": "text/x-rst; charset=utf-8"},
            {"document": {"format": "txt", "source": {"bytes": "IyBI"}, "name": "Document 1"}},
        ),
        (
            {"type": "text-plain", "text": "Zoë", "title": "Names", "context": "birds", "extras": {"citations": True}},
            {
                "document": {
                    "format": "txt",
                    "source": {"bytes": base64.b64encode("Zoë".encode()).decode()},
                    "name": "Names",
                    "context": "birds",
                    "citations": {"enabled": True},
                }
            },
        ),
    ],
)
def test_media(block: dict[str, Any], wire: dict[str, Any]) -> None:
    assert blocks_of(block) == [wire]


def test_documents_get_names_of_their_own() -> None:
    pdf = {"type": "file", "base64": "JVBE", "mime_type": "application/pdf"}
    named = {**pdf, "extras": {"name": "Plan"}}
    body = body_of(HumanMessage([pdf, named, pdf]), AIMessage("Seen."), HumanMessage([named]))
    documents = [block["document"]["name"] for message in body["messages"] for block in message["content"] if "document" in block]
    assert documents == ["Document 1", "Plan", "Document 2", "Plan 1"]


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ({"type": "image", "url": "https://x.test/a"}, "no web addresses"),
        ({"type": "file", "url": "https://x.test/a.pdf"}, "or an s3:// address"),
        ({"type": "file", "file_id": "f1", "mime_type": "application/pdf"}, "no file ids"),
        ({"type": "image", "base64": PNG}, "mime_type None"),
        ({"type": "image", "base64": PNG, "mime_type": "image/tiff"}, "'image/tiff'; give one of image/png"),
        ({"type": "file", "base64": PNG, "mime_type": "application/zip"}, "'application/zip'"),
    ],
)
def test_media_that_bedrock_does_not_take(block: dict[str, Any], why: str) -> None:
    with pytest.raises(UnsupportedFeatureError, match=why):
        blocks_of(block)


# Cache points.


def test_cache_points_in_content_system_and_tools() -> None:
    point = ChatBedrockConverse.create_cache_point()
    assert point == {"cachePoint": {"type": "default"}}
    body = body_of(
        SystemMessage(["Long", ChatBedrockConverse.create_cache_point(ttl="1h")]),
        HumanMessage(["Longer", point]),
        tools=[ToolSpec("a"), point, ToolSpec("b", extras={"cache_control": {"type": "ephemeral"}})],
    )
    assert body["system"] == [{"text": "Long"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    assert body["messages"][0]["content"] == [{"text": "Longer"}, point]
    assert [next(iter(tool)) for tool in body["toolConfig"]["tools"]] == ["toolSpec", "cachePoint", "toolSpec", "cachePoint"]


def test_cache_control_becomes_a_cache_point_after_its_block() -> None:
    hour = {"type": "ephemeral", "ttl": "1h"}
    assert blocks_of({"type": "text", "text": "Long", "cache_control": hour}, "Short") == [
        {"text": "Long"},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
        {"text": "Short"},
    ]
    whole = body_of(HumanMessage("Hi"), cache_control={"type": "ephemeral"})
    assert whole["messages"][0]["content"] == [{"text": "Hi"}, {"cachePoint": {"type": "default"}}]


# Tools.

WEATHER = ToolSpec("weather", "Tells the weather", {"type": "object", "properties": {"city": {"type": "string"}}})


def config(choice: Any = None, tools: list[Any] | None = None, model: str = CLAUDE, **more: Any) -> Any:
    params = {} if choice is None else {"tool_choice": choice}
    return body_of(model=model, tools=[WEATHER] if tools is None else tools, **params, **more).get("toolConfig")


def test_tools() -> None:
    search = {"systemTool": {"name": "nova_grounding"}}
    nothing = {"type": "object", "properties": {}}
    assert config(tools=[WEATHER, ToolSpec("now", strict=True), search])["tools"] == [
        {"toolSpec": {"name": "weather", "description": "Tells the weather", "inputSchema": {"json": WEATHER.parameters}}},
        {"toolSpec": {"name": "now", "inputSchema": {"json": {**nothing, "additionalProperties": False}}, "strict": True}},
        search,
    ]


@pytest.mark.parametrize(
    ("choice", "wire"),
    [
        (None, None),
        ("auto", None),
        ("any", {"any": {}}),
        (NamedTool("weather"), {"tool": {"name": "weather"}}),
        ({"auto": {}}, {"auto": {}}),
    ],
)
def test_tool_choice(choice: Any, wire: Any) -> None:
    assert config(choice).get("toolChoice") == wire


def test_models_that_cannot_be_told_which_tool() -> None:
    llama, mistral = "us.meta.llama4-maverick-17b-instruct-v1:0", "us.mistral.pixtral-large-2502-v1:0"
    assert "toolChoice" not in config("auto", model=llama)
    for choice in ("any", NamedTool("weather")):
        with pytest.raises(UnsupportedFeatureError, match="cannot be forced"):
            config(choice, model=llama)
    assert config("any", model=mistral)["toolChoice"] == {"any": {}}
    assert config(NamedTool("weather"), model=mistral)["toolChoice"] == {"any": {}}  # there is only this one
    with pytest.raises(UnsupportedFeatureError, match="supports_tool_choice_values"):
        config(NamedTool("weather"), [WEATHER, ToolSpec("now")], mistral)
    told = {"supports_tool_choice_values": ["auto", "tool"]}
    assert config(NamedTool("weather"), model=llama, settings=told)["toolChoice"] == {"tool": {"name": "weather"}}


def test_a_forced_call_gives_way_to_thinking() -> None:
    with pytest.warns(UserWarning, match="cannot be combined with thinking"):
        assert "toolChoice" not in config("any", reasoning_effort="high")
    assert config("any", reasoning_effort="none")["toolChoice"] == {"any": {}}


def test_none_leaves_the_tools_out() -> None:
    assert config("none") is None


def test_a_history_with_calls_always_has_tools() -> None:
    history = (
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[{"name": "weather", "args": {}, "id": "1"}, {"name": "weather", "args": {}, "id": "2"}]),
        ToolMessage("15", tool_call_id="1"),
        ToolMessage("16", tool_call_id="2"),
    )
    open_arguments = {"json": {"type": "object", "additionalProperties": True}}
    assert body_of(*history)["toolConfig"] == {"tools": [{"toolSpec": {"name": "weather", "inputSchema": open_arguments}}]}
    given = body_of(*history, tools=[WEATHER], tool_choice="none")["toolConfig"]
    assert given == {"tools": [{"toolSpec": config()["tools"][0]["toolSpec"]}]}


@pytest.mark.parametrize("id", ["toolu_01-x", "functions.get_temperature:0", "a" * 64])
def test_ids_that_bedrock_takes_stay(id: str) -> None:
    body = body_of(HumanMessage("Hi"), AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": id}]))
    assert body["messages"][1]["content"][0]["toolUse"]["toolUseId"] == id


@pytest.mark.parametrize("id", ["call_1|fc_2", "b" * 65, "ü"])
def test_other_ids_are_made_fit_alike_in_call_and_result(id: str) -> None:
    body = body_of(
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": id}]),
        ToolMessage("r", tool_call_id=id),
    )
    call = body["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    assert call == body["messages"][2]["content"][0]["toolResult"]["toolUseId"] != id
    assert len(call) <= 64
    assert call.isascii()


# Structured output.


def test_a_schema_goes_out_as_text() -> None:
    schema = OutputSchema("Bird", {"type": "object", "properties": {"name": {"type": "string"}}}, "A bird")
    assert body_of(response_format=schema, output_config={"effort": "low"})["outputConfig"] == {
        "effort": "low",
        "textFormat": {
            "type": "json_schema",
            "structure": {
                "jsonSchema": {
                    "schema": '{"type":"object","properties":{"name":{"type":"string"}},"additionalProperties":false}',
                    "name": "Bird",
                    "description": "A bird",
                }
            },
        },
    }


def test_other_response_formats() -> None:
    native = {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}
    assert body_of(response_format=native)["outputConfig"] == {"textFormat": native}
    openais = {"type": "json_schema", "json_schema": {"name": "Bird", "schema": {"type": "object", "properties": {}}}}
    written = body_of(response_format=openais)["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert written == {"name": "Bird", "schema": '{"type":"object","properties":{},"additionalProperties":false}'}
    with pytest.raises(UnsupportedFeatureError, match="no response format 'json_object'"):
        body_of(response_format={"type": "json_object"})


# Earlier answers.


def test_reasoning_goes_back_with_its_signature() -> None:
    redacted = {"reasoningContent": {"redactedContent": "cmVk"}}
    turn = own(
        {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "sig"}},
        {"type": "non_standard", "value": redacted},
        {"type": "reasoning", "reasoning": "A model without signatures thought this."},
        {"type": "tool_call", "name": "f", "args": {"x": 1}, "id": "1"},
    )
    assert turn_of(turn) == [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}},
        redacted,
        {"toolUse": {"toolUseId": "1", "name": "f", "input": {"x": 1}}},
    ]


def test_server_tools_stay_in_the_assistants_turn() -> None:
    call = {"type": "server_tool_call", "name": "nova_code_interpreter", "args": {"snippet": "1+1"}, "id": "s1"}
    result = {
        "type": "server_tool_result",
        "tool_call_id": "s1",
        "status": "success",
        "output": [{"json": {"stdOut": "2"}}],
        "extras": {"type": "nova_code_interpreter_result"},
    }
    assert turn_of(own(call, result)) == [
        {
            "toolUse": {
                "toolUseId": "s1",
                "name": "nova_code_interpreter",
                "input": {"snippet": "1+1"},
                "type": "server_tool_use",
            }
        },
        {
            "toolResult": {
                "toolUseId": "s1",
                "content": [{"json": {"stdOut": "2"}}],
                "status": "success",
                "type": "nova_code_interpreter_result",
            }
        },
    ]


def test_answers_of_others_lose_what_only_they_understand() -> None:
    turn = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "theirs"}},
            {"type": "non_standard", "value": {"type": "redacted_thinking", "data": "x"}},
            {"type": "server_tool_call", "name": "web_search", "args": {}, "id": "s"},
            {"type": "text", "text": "Yes.", "annotations": [{"type": "citation", "url": "https://x.test"}]},
            {"type": "tool_call", "name": "f", "args": {}, "id": "1", "extras": {"thought_signature": "x"}},
        ],
        response_metadata={"model_provider": "google_genai"},
    )
    assert turn_of(turn) == [{"text": "Yes."}, {"toolUse": {"toolUseId": "1", "name": "f", "input": {}}}]


def test_broken_calls_go_back_only_where_a_result_follows() -> None:
    bad = {"name": "f", "args": '{"x": ', "id": "1", "error": "cut"}
    turn = AIMessage("Let me see.", invalid_tool_calls=[bad])
    assert turn_of(turn) == [{"text": "Let me see."}]
    body = body_of(HumanMessage("Hi"), turn, ToolMessage("Not JSON", tool_call_id="1", status="error"))
    assert body["messages"][1]["content"][1] == {"toolUse": {"toolUseId": "1", "name": "f", "input": {"INVALID_JSON": '{"x": '}}}


def test_unknown_content_is_an_error_before_the_request() -> None:
    with pytest.raises(UnsupportedFeatureError, match="'server_tool_call_chunk'"):
        turn_of(own({"type": "server_tool_call_chunk", "args": "{", "id": "x"}))

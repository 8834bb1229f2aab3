"""The Responses dialect: earlier answers go back as they came (wire sheet: openai_responses §3, replay rules)."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.dialects.openai_responses.conversation import Speaker, input_items, since_last_response
from chatkit.errors import UnsupportedFeatureError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, messages_from_dict, messages_to_dict
from tests.dialects.openai_responses_case import message_of, sse, stream_of, text_item, whole_of
from tests.dialects.test_openai_responses_parse import (
    CALL,
    CITED,
    CODE,
    CUSTOM,
    EVERYTHING,
    IMAGE,
    MCP,
    PATCH,
    REASONING,
    REFUSAL,
    SEARCH,
    SHELL,
)

OPENAI = Speaker("ChatOpenAI", "openai")
BOTH = pytest.mark.parametrize("made", [whole_of, stream_of], ids=["whole", "stream"])


def items(message: Any, *, provider: str = "openai", stateless: bool = False) -> list[dict[str, Any]]:
    return input_items([message], Speaker("ChatOpenAI", provider), stateless=stateless)


def as_sent(item: dict[str, Any]) -> dict[str, Any]:
    """An output item as it goes back: text parts without the probabilities that nobody asked for."""
    if item["type"] == "image_generation_call":
        return {"type": item["type"], "id": item["id"]}
    if item["type"] != "message":
        return item
    parts = [{name: value for name, value in part.items() if name != "logprobs"} for part in item["content"]]
    return {**item, "content": parts}


@BOTH
def test_all_items_go_back_verbatim_and_in_order(made: Any) -> None:
    assert items(message_of(made(EVERYTHING))) == [as_sent(item) for item in EVERYTHING]


@BOTH
def test_they_also_go_back_after_a_stay_in_a_database(made: Any) -> None:
    (message,) = messages_from_dict(messages_to_dict([message_of(made(EVERYTHING))]))
    assert items(message) == [as_sent(item) for item in EVERYTHING]


@pytest.mark.parametrize(
    "annotation",
    [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3},
        {"type": "file_citation", "file_id": "file-1", "filename": "a.pdf", "index": 5},
        {
            "type": "container_file_citation",
            "container_id": "cntr_1",
            "file_id": "cfile_1",
            "filename": "a.csv",
            "start_index": 0,
            "end_index": 3,
        },
        {"type": "file_path", "file_id": "file-1", "index": 2},
        {"type": "of_tomorrow", "value": 1},
    ],
    ids=lambda annotation: annotation["type"],
)
def test_annotations_go_back(annotation: dict[str, Any]) -> None:
    item = text_item("Hi", annotations=[annotation])
    assert items(message_of(whole_of([item]))) == [as_sent(item)]


def test_parts_of_one_message_meet_again() -> None:
    parts = [{"type": "output_text", "text": text, "annotations": []} for text in ("one", "two")]
    item = {**text_item(""), "content": [*parts, {"type": "refusal", "refusal": "no"}]}
    assert items(message_of(stream_of([item]))) == [item]


def test_messages_of_one_answer_stay_apart() -> None:
    output = [text_item("Wait.", "msg_1", phase="commentary"), text_item("Done.", "msg_2", phase="final_answer")]
    assert items(message_of(whole_of(output))) == [as_sent(item) for item in output]


def test_arguments_go_back_as_the_model_wrote_them_unless_they_were_changed() -> None:
    message = message_of(whole_of([{**CALL, "arguments": '{"city": "Z\\u00fcrich"}'}]))
    assert items(message)[0]["arguments"] == '{"city": "Z\\u00fcrich"}'
    message.content[0]["args"] = {"city": "Bern"}  # type: ignore[index]
    assert items(message)[0]["arguments"] == '{"city":"Bern"}'


def test_a_broken_call_goes_back_as_it_was() -> None:
    item = {**CALL, "arguments": '{"city":"Zü', "status": "incomplete"}
    assert items(message_of(whole_of([item]))) == [item]


def test_without_storage_ids_of_messages_and_unreadable_reasoning_stay_out() -> None:
    plain = {"id": "rs_2", "type": "reasoning", "summary": []}
    sent = items(message_of(whole_of([REASONING, plain, CITED, CALL])), stateless=True)
    assert [item["type"] for item in sent] == ["reasoning", "message", "function_call"]
    assert sent[0] == REASONING
    assert "id" not in sent[1]
    assert sent[2] == CALL


def test_an_answer_that_was_not_stored_is_treated_so_later_too() -> None:
    sent = items(message_of(whole_of([{"id": "rs_2", "type": "reasoning", "summary": []}, CITED], store=False)))
    assert [item["type"] for item in sent] == ["message"]
    assert "id" not in sent[0]


def test_reasoning_text_of_open_models_goes_back_without_storage() -> None:
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Think"}]}
    assert items(message_of(whole_of([item])), stateless=True) == [item]


@BOTH
def test_reasoning_items_that_share_an_id_stay_apart(made: Any) -> None:
    output = [REASONING, {**REASONING, "encrypted_content": "gBBB=="}, CALL]
    assert items(message_of(made(output))) == output


def test_items_that_share_an_id_stay_apart_where_only_their_ends_are_said() -> None:
    output = [REASONING, {**REASONING, "encrypted_content": "gBBB=="}]
    ends = [{"type": "response.output_item.done", "output_index": at, "item": item} for at, item in enumerate(output)]
    assert items(message_of(sse(*ends, {"type": "response.completed", "response": {"status": "completed"}}))) == output


def test_an_image_goes_back_whole_where_nothing_is_stored() -> None:
    message = message_of(whole_of([IMAGE]))
    assert items(message, stateless=True) == [IMAGE]
    assert items(message) == [{"type": "image_generation_call", "id": "ig_1"}]


def test_an_image_that_nobody_drew_is_refused_and_another_vendors_left_out() -> None:
    image = {"type": "image", "base64": "aGU=", "mime_type": "image/png"}
    with pytest.raises(UnsupportedFeatureError, match="user message"):
        items(AIMessage(["Here:", image]))
    foreign = AIMessage(["Here:", image], response_metadata={"model_provider": "google_genai"})
    assert items(foreign) == [{"role": "assistant", "content": "Here:"}]


@pytest.mark.parametrize("provider", ["anthropic", "azure_openai"])
def test_answers_of_other_vendors_are_reduced_to_text_and_calls(provider: str) -> None:
    message = message_of(whole_of([REASONING, SEARCH, MCP, CODE, CITED, PATCH, REFUSAL, CALL]))
    assert items(message, provider=provider) == [
        {"role": "assistant", "content": "A heron — 鷺."},
        {"type": "function_call", "call_id": "call_1", "name": "weather", "arguments": '{"city":"Zürich"}'},
    ]


def test_answers_of_chat_completions_by_the_same_vendor_are_foreign_too() -> None:
    blocks = [
        {"type": "reasoning", "reasoning": "Hm", "extras": {"field": "reasoning"}},
        {"type": "text", "text": "Hi"},
        {"type": "non_standard", "value": {"type": "message_fields", "x": 1}},
    ]
    assert items(AIMessage(blocks, response_metadata={"model_provider": "openai"})) == [{"role": "assistant", "content": "Hi"}]


def test_an_answer_of_the_users_own_making() -> None:
    message = AIMessage("Hi", tool_calls=[{"name": "f", "args": {"a": "é"}, "id": "toolu_1"}])
    assert items(message) == [
        {"role": "assistant", "content": "Hi"},
        {"type": "function_call", "call_id": "toolu_1", "name": "f", "arguments": '{"a":"é"}'},
    ]


def test_items_of_the_users_own_making() -> None:
    item = {"type": "item_reference", "id": "msg_1"}
    assert items(AIMessage([item])) == [item]
    assert items(HumanMessage([item])) == [item]


# Answers to calls.


def answered(output: dict[str, Any], message: ToolMessage) -> dict[str, Any]:
    return input_items([message_of(whole_of([output])), message], OPENAI)[-1]


@pytest.mark.parametrize(
    ("output", "message", "sent"),
    [
        (CALL, ToolMessage("22", tool_call_id="call_1"), {"type": "function_call_output", "call_id": "call_1", "output": "22"}),
        (
            CUSTOM,
            ToolMessage("ok", tool_call_id="call_2"),
            {"type": "custom_tool_call_output", "call_id": "call_2", "output": "ok"},
        ),
        (
            PATCH,
            ToolMessage("no such file", tool_call_id="call_4", status="error"),
            {"type": "apply_patch_call_output", "call_id": "call_4", "status": "failed", "output": "no such file"},
        ),
        (
            {**SHELL, "environment": {"type": "local"}},
            ToolMessage("a", tool_call_id="call_3"),
            {
                "type": "shell_call_output",
                "call_id": "call_3",
                "output": [{"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
            },
        ),
        (
            {**SHELL, "environment": {"type": "local"}},
            ToolMessage([{"stdout": "", "stderr": "", "outcome": {"type": "timeout"}}], tool_call_id="call_3"),
            {
                "type": "shell_call_output",
                "call_id": "call_3",
                "output": [{"stdout": "", "stderr": "", "outcome": {"type": "timeout"}}],
            },
        ),
        (
            {"id": "lsh_1", "type": "local_shell_call", "call_id": "call_5", "action": {"type": "exec"}},
            ToolMessage("a", tool_call_id="call_5"),
            {"type": "local_shell_call_output", "id": "call_5", "output": "a"},
        ),
        (
            {"id": "cu_1", "type": "computer_call", "call_id": "call_6", "action": {"type": "screenshot"}},
            ToolMessage(
                [{"type": "image", "base64": "aGU=", "mime_type": "image/png"}],
                tool_call_id="call_6",
                additional_kwargs={"acknowledged_safety_checks": [{"id": "sc_1"}]},
            ),
            {
                "type": "computer_call_output",
                "call_id": "call_6",
                "output": {"type": "computer_screenshot", "image_url": "data:image/png;base64,aGU="},
                "acknowledged_safety_checks": [{"id": "sc_1"}],
            },
        ),
        (
            CALL,
            ToolMessage("22", tool_call_id="call_1", additional_kwargs={"type": "custom_tool_call_output"}),
            {"type": "custom_tool_call_output", "call_id": "call_1", "output": "22"},
        ),
        (
            {**CALL, "caller": {"type": "program", "caller_id": "call_9"}},
            ToolMessage("22", tool_call_id="call_1"),
            {
                "type": "function_call_output",
                "call_id": "call_1",
                "output": "22",
                "caller": {"type": "program", "caller_id": "call_9"},
            },
        ),
    ],
    ids=[
        "function",
        "custom",
        "patch",
        "shell",
        "shell in its own form",
        "local shell",
        "computer",
        "by its own word",
        "program",
    ],
)
def test_a_result_fits_the_kind_of_its_call(output: dict[str, Any], message: ToolMessage, sent: dict[str, Any]) -> None:
    assert answered(output, message) == sent


def test_results_with_images_and_files() -> None:
    message = ToolMessage(
        [
            {"type": "text", "text": "see"},
            {"type": "image", "url": "https://a.example/a.png"},
            {"type": "file", "base64": "JVBE", "mime_type": "application/pdf"},
        ],
        tool_call_id="call_1",
    )
    assert answered(CALL, message)["output"] == [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "image_url": "https://a.example/a.png"},
        {"type": "input_file", "file_data": "data:application/pdf;base64,JVBE", "filename": "document.pdf"},
    ]


def test_an_approval_stands_in_a_message_of_the_user() -> None:
    approval = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
    assert items(HumanMessage([approval])) == [approval]
    assert items(HumanMessage(["Go on.", approval])) == [{"role": "user", "content": "Go on."}, approval]


def test_an_output_in_the_apis_own_form() -> None:
    output = {"type": "tool_search_output", "call_id": "call_7", "execution": "client", "tools": []}
    assert items(ToolMessage([output], tool_call_id="call_7")) == [output]


# Going on from an answer that the server has.


def test_only_what_is_new_follows_a_stored_answer() -> None:
    first, second = message_of(whole_of([CITED])), message_of(whole_of([CALL], id="resp_2"))
    result = ToolMessage("22", tool_call_id="call_1")
    conversation = [SystemMessage("s"), HumanMessage("a"), first, HumanMessage("b"), second, result]
    assert since_last_response(conversation, "openai") == ("resp_2", [result])


def test_answers_that_the_server_has_not_are_passed_over() -> None:
    stored = message_of(whole_of([CITED]))
    unstored = message_of(whole_of([CITED], id="resp_2", store=False))
    foreign = AIMessage("x", response_metadata={"model_provider": "anthropic", "id": "msg_1"})
    conversation = [HumanMessage("a"), stored, HumanMessage("b"), unstored, foreign, AIMessage("mine"), HumanMessage("c")]
    assert since_last_response(conversation, "openai") == ("resp_1", conversation[2:])
    assert since_last_response(conversation[3:], "openai") == (None, conversation[3:])

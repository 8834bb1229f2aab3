"""The Responses dialect: answers to messages. What comes whole and what comes in pieces must be the same message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatkit.errors import (
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    InvalidResponseError,
    ModelError,
    RateLimitError,
    ServerError,
)
from chatkit.events import ErrorEvent, Finish, ServerToolCallChunk, Start, TextDelta, ToolCallChunk, Usage
from tests.dialects.openai_responses_case import events_of, message_of, response, stream_of, text_item, whole_of
from tests.providers.codec_case import cuts

CITED = text_item(
    "A heron — 鷺.",
    annotations=[{"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 7}],
    phase="final_answer",
)
REASONING = {
    "id": "rs_1",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "**Two** and"}, {"type": "summary_text", "text": "two make four"}],
    "encrypted_content": "gAAA==",
}
CALL = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "weather",
    "arguments": '{"city":"Zürich"}',
}
CUSTOM = {
    "id": "ctc_1",
    "type": "custom_tool_call",
    "status": "completed",
    "call_id": "call_2",
    "name": "sql",
    "input": 'SELECT "a"\n-- é',
}
SEARCH = {
    "id": "ws_1",
    "type": "web_search_call",
    "status": "completed",
    "action": {"type": "search", "query": "heron", "sources": None},
}
FILES = {
    "id": "fs_1",
    "type": "file_search_call",
    "status": "completed",
    "queries": ["heron"],
    "results": [{"file_id": "file-1", "score": 0.5}],
}
CODE = {
    "id": "ci_1",
    "type": "code_interpreter_call",
    "status": "completed",
    "code": 'print("4")\n',
    "container_id": "cntr_1",
    "outputs": [{"type": "logs", "logs": "4\n"}],
}
MCP = {
    "id": "mcp_1",
    "type": "mcp_call",
    "status": "completed",
    "server_label": "birds",
    "name": "find",
    "arguments": '{"q":"heron"}',
    "output": "found",
    "error": None,
}
IMAGE = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "result": "aGVyb24=",
    "output_format": "webp",
    "revised_prompt": "A heron",
}
SHELL = {
    "id": "sh_1",
    "type": "shell_call",
    "status": "completed",
    "call_id": "call_3",
    "action": {"commands": ["ls"], "timeout_ms": None},
}
SHELL_OUTPUT = {
    "id": "sho_1",
    "type": "shell_call_output",
    "status": "completed",
    "call_id": "call_3",
    "output": [{"stdout": "a\n", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}],
}
TOOL_SEARCH = {
    "id": "tsc_1",
    "type": "tool_search_call",
    "status": "completed",
    "execution": "server",
    "call_id": None,
    "arguments": {"paths": ["x"]},
}
TOOLS_FOUND = {
    "id": "tso_1",
    "type": "tool_search_output",
    "status": "completed",
    "execution": "server",
    "call_id": None,
    "tools": [{"name": "x"}],
}
REFUSAL = {
    "id": "msg_2",
    "type": "message",
    "status": "completed",
    "role": "assistant",
    "content": [{"type": "refusal", "refusal": "I cannot do that."}],
}
PATCH = {
    "id": "apc_1",
    "type": "apply_patch_call",
    "status": "completed",
    "call_id": "call_4",
    "operation": {"type": "delete_file", "path": "a.txt"},
}
EVERYTHING: list[dict[str, Any]] = [
    REASONING,
    SEARCH,
    FILES,
    CODE,
    MCP,
    IMAGE,
    SHELL,
    SHELL_OUTPUT,
    TOOL_SEARCH,
    TOOLS_FOUND,
    CITED,
    REFUSAL,
    PATCH,
    CALL,
    CUSTOM,
]
BOTH = pytest.mark.parametrize("made", [whole_of, stream_of], ids=["whole", "stream"])


def same(left: Any, right: Any) -> bool:
    return left.model_dump() == right.model_dump()


@pytest.mark.parametrize("item", EVERYTHING, ids=lambda item: item["type"])
def test_an_item_is_the_same_whole_and_streamed(item: dict[str, Any]) -> None:
    assert same(message_of(whole_of([item])), message_of(stream_of([item])))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_the_cut_of_the_bytes_does_not_matter(data: st.DataObject) -> None:
    output = data.draw(st.lists(st.sampled_from(EVERYTHING), min_size=1, max_size=4, unique_by=lambda item: item["id"]))
    body = stream_of(output, names=data.draw(st.booleans()))
    assert same(message_of(whole_of(output)), message_of(body, data.draw(cuts(body))))


def test_byte_by_byte() -> None:
    body = stream_of(EVERYTHING)
    assert same(message_of(body), message_of(body, range(len(body))))


@BOTH
def test_text_with_citation(made: Any) -> None:
    message = message_of(made([CITED]))
    assert message.text == "A heron — 鷺."
    assert message.content == [
        {
            "type": "text",
            "text": "A heron — 鷺.",
            "annotations": [{"type": "citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 7}],
            "extras": {"item_id": "msg_1", "phase": "final_answer"},
        }
    ]


@BOTH
def test_reasoning_has_a_block_for_every_summary_and_keeps_what_goes_back(made: Any) -> None:
    assert message_of(made([REASONING, CITED])).content_blocks[:2] == [
        {"type": "reasoning", "reasoning": "**Two** and", "id": "rs_1", "extras": {"encrypted_content": "gAAA=="}},
        {"type": "reasoning", "reasoning": "two make four", "id": "rs_1"},
    ]


@BOTH
def test_reasoning_without_text_is_kept(made: Any) -> None:
    blocks = message_of(made([{"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA=="}])).content_blocks
    assert blocks == [{"type": "reasoning", "reasoning": "", "id": "rs_1", "extras": {"encrypted_content": "gAAA=="}}]


@BOTH
def test_reasoning_text_of_open_models(made: Any) -> None:
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Think hard"}]}
    blocks = message_of(made([item])).content_blocks
    assert blocks == [{"type": "reasoning", "reasoning": "Think hard", "id": "rs_1", "extras": {"part": "reasoning_text"}}]


@BOTH
def test_function_call(made: Any) -> None:
    message = message_of(made([CALL]))
    assert message.tool_calls == [{"type": "tool_call", "name": "weather", "args": {"city": "Zürich"}, "id": "call_1"}]
    assert message.content_blocks[0]["extras"] == {"item_id": "fc_1"}


@BOTH
def test_arguments_are_kept_as_they_were_written(made: Any) -> None:
    message = message_of(made([{**CALL, "arguments": '{"city": "Z\\u00fcrich"}'}]))
    assert message.tool_calls[0]["args"] == {"city": "Zürich"}
    assert message.content_blocks[0]["extras"]["arguments"] == '{"city": "Z\\u00fcrich"}'


@BOTH
def test_a_custom_tool_has_one_argument(made: Any) -> None:
    message = message_of(made([CUSTOM]))
    assert message.tool_calls == [{"type": "tool_call", "name": "sql", "args": {"__arg1": 'SELECT "a"\n-- é'}, "id": "call_2"}]


@BOTH
def test_a_call_cut_by_the_token_limit_is_invalid(made: Any) -> None:
    cut = {**CALL, "arguments": '{"city":"Zü', "status": "incomplete"}
    message = message_of(made([cut], status="incomplete", incomplete_details={"reason": "max_output_tokens"}))
    assert message.tool_calls == []
    assert message.invalid_tool_calls[0]["args"] == '{"city":"Zü'
    assert message.response_metadata["finish_reason"] == "max_output_tokens"
    assert message.response_metadata["status"] == "incomplete"


@BOTH
def test_web_search(made: Any) -> None:
    """Spec D42: the blocks that the page prints."""
    call, result = message_of(made([SEARCH])).content_blocks
    assert {key: call[key] for key in ("type", "name", "args", "id")} == {
        "type": "server_tool_call",
        "name": "web_search",
        "args": {"type": "search", "query": "heron"},
        "id": "ws_1",
    }
    assert result == {"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success"}


@BOTH
@pytest.mark.parametrize(
    ("item", "name", "args", "output"),
    [
        (FILES, "file_search", {"queries": ["heron"]}, [{"file_id": "file-1", "score": 0.5}]),
        (CODE, "code_interpreter", {"code": 'print("4")\n'}, [{"type": "logs", "logs": "4\n"}]),
        (MCP, "mcp:find", {"q": "heron"}, "found"),
    ],
    ids=["files", "code", "mcp"],
)
def test_server_tools(made: Any, item: dict[str, Any], name: str, args: dict[str, Any], output: Any) -> None:
    call, result = message_of(made([item])).content_blocks
    assert (call["name"], call["args"], call["id"]) == (name, args, item["id"])
    assert (result["tool_call_id"], result["status"], result["output"]) == (item["id"], "success", output)
    assert call["extras"] == {"item": item}


@BOTH
def test_a_failed_server_tool(made: Any) -> None:
    error = {"type": "http_error", "code": 500, "message": "down"}
    result = message_of(made([{**MCP, "status": "failed", "output": None, "error": error}])).content_blocks[1]
    assert (result["status"], result["output"]) == ("error", error)


@BOTH
def test_sources_of_a_search_are_its_result(made: Any) -> None:
    action = {"type": "search", "query": "heron", "sources": [{"type": "url", "url": "https://a.example"}]}
    call, result = message_of(made([{**SEARCH, "action": action}])).content_blocks
    assert call["args"] == {"type": "search", "query": "heron"}
    assert result["output"] == [{"type": "url", "url": "https://a.example"}]


@BOTH
def test_results_that_are_items_of_their_own_find_their_calls(made: Any) -> None:
    blocks = message_of(made([SHELL, SHELL_OUTPUT, TOOL_SEARCH, TOOLS_FOUND])).content_blocks
    assert [(block["type"], block.get("id"), block.get("tool_call_id")) for block in blocks] == [
        ("server_tool_call", "call_3", None),
        ("server_tool_result", "sho_1", "call_3"),
        ("server_tool_call", "tsc_1", None),
        ("server_tool_result", "tso_1", "tsc_1"),
    ]
    assert blocks[0]["args"] == {"commands": ["ls"]}
    assert blocks[3]["output"] == [{"name": "x"}]


@BOTH
def test_an_image(made: Any) -> None:
    call, image, result = message_of(made([IMAGE])).content_blocks
    assert call["name"] == "image_generation"
    assert "result" not in call["extras"]["item"]
    assert image == {
        "type": "image",
        "base64": "aGVyb24=",
        "mime_type": "image/webp",
        "id": "ig_1",
        "extras": {"revised_prompt": "A heron"},
    }
    assert result["tool_call_id"] == "ig_1"


@BOTH
@pytest.mark.parametrize(
    "item",
    [
        PATCH,
        {
            "id": "lsh_1",
            "type": "local_shell_call",
            "status": "completed",
            "call_id": "c",
            "action": {"type": "exec", "command": ["ls"]},
        },
        {"id": "cu_1", "type": "computer_call", "status": "completed", "call_id": "c", "action": {"type": "screenshot"}},
        {**TOOL_SEARCH, "execution": "client", "call_id": "c"},
        {**SHELL, "environment": {"type": "local"}},
        {"id": "mcpr_1", "type": "mcp_approval_request", "name": "find", "arguments": "{}", "server_label": "birds"},
        {"id": "mcpl_1", "type": "mcp_list_tools", "server_label": "birds", "tools": []},
        {"id": "cmp_1", "type": "compaction", "encrypted_content": "gAAA=="},
        {"id": "new_1", "type": "something_of_tomorrow", "value": 1},
    ],
    ids=lambda item: item["type"],
)
def test_what_the_caller_must_do_and_what_is_unknown_stays_as_it_is(made: Any, item: dict[str, Any]) -> None:
    message = message_of(made([item]))
    assert message.content == [{"type": "non_standard", "value": item}]
    assert message.tool_calls == []


@BOTH
def test_a_refusal(made: Any) -> None:
    message = message_of(made([REFUSAL]))
    assert message.text == ""
    assert message.content == [
        {"type": "non_standard", "value": {"type": "refusal", "refusal": "I cannot do that.", "item_id": "msg_2"}}
    ]
    assert message.response_metadata["finish_reason"] == "completed"


@BOTH
def test_search_of_xai_comes_as_a_custom_tool_call(made: Any) -> None:
    item = {**CUSTOM, "name": "x_keyword_search", "input": '{"query":"heron"}'}
    call = message_of(made([item])).content_blocks[0]
    assert (call["type"], call["name"], call["args"]) == ("server_tool_call", "x_search", {"query": "heron"})
    assert message_of(made([item]), declared={"x_keyword_search"}).tool_calls[0]["name"] == "x_keyword_search"


@BOTH
@pytest.mark.parametrize(
    ("item", "name"),
    [
        ({**CUSTOM, "name": "view_x_video"}, "view_x_video"),
        ({"id": "vi_1", "type": "view_image_call", "status": "completed", "arguments": "{}"}, "view_image"),
        ({"id": "ce_1", "type": "code_execution_call", "status": "completed", "arguments": "{}"}, "code_execution"),
        ({"id": "or_1", "type": "openrouter:datetime", "status": "completed", "datetime": "2026-01-01"}, "datetime"),
        ({"id": "or_2", "type": "openrouter:web_search", "status": "completed", "action": {"query": "heron"}}, "web_search"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_tools_that_other_services_run_are_calls_and_results(made: Any, item: dict[str, Any], name: str) -> None:
    message = message_of(made([item]))
    call, result = message.content_blocks
    assert (call["type"], call["name"], call["extras"]["item"]) == ("server_tool_call", name, item)
    assert (result["type"], result["tool_call_id"]) == ("server_tool_result", item["id"])
    assert message.tool_calls == []


@BOTH
def test_what_openrouters_tools_gave_back(made: Any) -> None:
    time = {"id": "or_1", "type": "openrouter:datetime", "status": "completed", "datetime": "2026-01-01"}
    found = {
        "id": "or_2",
        "type": "openrouter:web_search",
        "status": "completed",
        "action": {"query": "heron", "sources": [{"type": "url", "url": "https://a.example"}]},
    }
    first, second, call, third = message_of(made([time, found])).content_blocks
    assert (first["args"], second["output"], call["args"]) == ({}, "2026-01-01", {"query": "heron"})
    assert third["output"] == [{"type": "url", "url": "https://a.example"}]


@BOTH
@pytest.mark.parametrize(
    ("result", "source"),
    [("https://a.example/1.png", {"url": "https://a.example/1.png"}), ("data:image/jpeg;base64,aGk=", {"base64": "aGk="})],
)
def test_an_image_that_a_gateway_gives_by_address(made: Any, result: str, source: dict[str, str]) -> None:
    item = {"id": "or_1", "type": "openrouter:image_generation", "status": "completed", "result": result}
    call, image, _ = message_of(made([item])).content_blocks
    assert (call["name"], image["type"]) == ("image_generation", "image")
    assert image.items() >= source.items()


@BOTH
def test_a_shell_without_environment_is_the_callers_who_declared_one(made: Any) -> None:
    assert message_of(made([SHELL]), declared={"shell"}).content == [{"type": "non_standard", "value": SHELL}]
    assert message_of(made([SHELL])).content_blocks[0]["name"] == "shell"
    inside = {**SHELL, "environment": {"type": "container_reference", "container_id": "cntr_1"}}
    assert message_of(made([inside]), declared={"shell"}).content_blocks[0]["name"] == "shell"


@pytest.mark.parametrize(
    "item",
    [
        {"type": ["message"]},
        {"type": "message", "id": "msg_1", "content": 1},
        {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": 1, "annotations": 1}]},
        {"type": "reasoning", "id": "rs_1", "summary": 1, "content": [{"type": "reasoning_text", "text": []}]},
        {"type": "function_call", "call_id": {}, "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "c", "name": ["x"], "input": 1},
    ],
)
def test_fields_of_a_wrong_type_do_not_end_an_answer(item: dict[str, Any]) -> None:
    message = message_of(whole_of([item, CITED]))
    assert message.text == CITED["content"][0]["text"]
    assert message.content_blocks


@BOTH
def test_usage_and_metadata(made: Any) -> None:
    message = message_of(made([CITED], content_filters=[{"blocked": False}]))
    assert message.usage_metadata == {
        "input_tokens": 120,
        "output_tokens": 42,
        "total_tokens": 162,
        "input_token_details": {"cache_read": 100, "cache_creation": 5},
        "output_token_details": {"reasoning": 30},
    }
    assert message.id == "resp_1"
    assert message.response_metadata == {
        "model_name": "gpt-5-2025-08-07",
        "model_provider": "openai",
        "finish_reason": "completed",
        "id": "resp_1",
        "object": "response",
        "created_at": 1767000000,
        "status": "completed",
        "store": True,
        "service_tier": "default",
        "content_filters": [{"blocked": False}],
    }


@BOTH
def test_token_probabilities(made: Any) -> None:
    item = text_item("Hi")
    item["content"][0]["logprobs"] = [{"token": "Hi", "logprob": -0.1, "top_logprobs": []}]
    assert message_of(made([item])).response_metadata["logprobs"] == {"content": item["content"][0]["logprobs"]}


def test_a_background_answer_that_has_just_begun() -> None:
    message = message_of(whole_of([], status="queued", usage=None, background=True))
    assert (message.text, message.id, message.response_metadata["status"]) == ("", "resp_1", "queued")


def test_the_start_comes_first_and_the_end_last() -> None:
    events = events_of(stream_of([CITED]))
    assert type(events[0]) is Start
    assert [type(event) for event in events[-2:]] == [Usage, Finish]


def test_pieces_are_told_as_they_come() -> None:
    events = events_of(stream_of([MCP, CALL, CITED]))
    assert [event.args for event in events if type(event) is ServerToolCallChunk] == ["", '{"q"', ':"he', 'ron"', "}", ""]
    assert [event.args for event in events if type(event) is ToolCallChunk] == ["", '{"ci', 'ty":', '"Zür', 'ich"', "}", ""]
    assert [event.text for event in events if type(event) is TextDelta] == ["A he", "ron ", "— 鷺.", ""]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "slow down", "param": None}, RateLimitError),
        ({"type": "error", "error": {"type": "server_error", "code": "server_error", "message": "broken"}}, ServerError),
        ({"error": {"message": "upstream broke", "code": 502}}, ServerError),
        (
            {
                "type": "response.failed",
                "response": response([], status="failed", error={"code": "server_error", "message": "broken"}),
            },
            ServerError,
        ),
        (
            {
                "type": "response.failed",
                "response": response([], status="failed", error={"code": "context_length_exceeded", "message": "long"}),
            },
            ContextLengthError,
        ),
    ],
    ids=["flat", "nested", "gateway", "failed", "context"],
)
def test_an_error_inside_the_stream(body: dict[str, Any], error: type[Exception]) -> None:
    begun = stream_of([CITED]).split(b"event: response.completed")[0]
    events = events_of(begun + b"data: " + json.dumps(body).encode() + b"\n\n")
    failure = next(event for event in events if type(event) is ErrorEvent)
    assert type(failure.error) is error
    assert "".join(event.text for event in events if type(event) is TextDelta) == "A heron — 鷺."


@pytest.mark.parametrize(
    ("code", "error", "retryable"),
    [
        ("invalid_prompt", BadRequestError, False),
        ("invalid_image_url", BadRequestError, False),
        ("bio_policy", ContentFilterError, False),
        ("vector_store_timeout", ServerError, True),
        ("rate_limit_exceeded", RateLimitError, True),
    ],
)
def test_why_a_response_failed(code: str, error: type[ModelError], retryable: bool) -> None:
    with pytest.raises(error) as caught:
        message_of(whole_of([], status="failed", error={"code": code, "message": "no"}))
    assert type(caught.value) is error
    assert caught.value.retryable is retryable


def test_a_whole_answer_that_failed() -> None:
    with pytest.raises(ServerError, match="broken"):
        message_of(whole_of([], status="failed", error={"code": "server_error", "message": "broken"}))
    with pytest.raises(RateLimitError):
        message_of(b'{"error":{"code":"rate_limit_exceeded","message":"slow down"}}')


@pytest.mark.parametrize("body", [b'{"detail":1}', b'data: {"type": "resp\n\n', b"data: 1\n\n", b"{]", b"[]"])
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(InvalidResponseError):
        message_of(body)

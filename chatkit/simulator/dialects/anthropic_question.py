"""What a request of the Messages API asks, and what that API would refuse (wire sheet: anthropic §1-§4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool, ToolSpec
from chatkit.jsons import as_object, dumps, is_list, is_object
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.foreign import standard_block
from chatkit.simulator.dialects.dialect import Refused, body_of
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.codec import Request
    from chatkit.messages import BaseMessage

__all__ = ["VERTEX_PATH", "question_of"]

VERTEX_PATH = re.compile(r"(?:/[\w.\-]+)*/publishers/anthropic/models/(?P<model>[^/:]+):(?P<method>rawPredict|streamRawPredict)")

_SERVER_TOOLS = re.compile(r"(web_search|web_fetch|code_execution|tool_search_tool_regex|tool_search_tool_bm25|advisor)_\d{8}")
_ON_THE_CLIENT: dict[str, dict[str, Any]] = {
    "bash": {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]},
    "text_editor": {"type": "object", "properties": {"command": {"type": "string"}, "path": {"type": "string"}}},
    "computer": {"type": "object", "properties": {"action": {"type": "string"}}, "required": ["action"]},
    "memory": {"type": "object", "properties": {"command": {"type": "string"}, "path": {"type": "string"}}},
}


def question_of(request: Request) -> Question:
    """What a request asks. Raises Refused."""
    body = body_of(request)
    vertex = VERTEX_PATH.fullmatch(request.url.partition("?")[0])
    _check_head(request, body, on_vertex=vertex is not None)
    thread = as_object(body.get("thread"))
    previous = thread.get("previous_message_id")
    thinking, choice = as_object(body.get("thinking")).get("type"), as_object(body.get("tool_choice"))
    if thinking in ("enabled", "adaptive") and choice.get("type") in ("any", "tool"):
        raise _refused("Thinking may not be enabled when tool_choice forces tool use.")
    return Question(
        model=vertex["model"] if vertex else body["model"],
        messages=[*_system(body.get("system")), *_messages(body["messages"], continues=previous is not None)],
        stream=body.get("stream") is True,
        tools=[tool for given in body.get("tools") or () if (tool := _tool(given)) is not None],
        server_tools=[name for given in body.get("tools") or () if (name := _server_tool(given)) is not None],
        tool_choice=_choice(choice),
        parallel_tool_calls=choice.get("disable_parallel_tool_use") is not True,
        schema=_schema(as_object(body.get("output_config")).get("format") or body.get("output_format")),
        reasoning=None if thinking is None else thinking != "disabled",
        stop=body.get("stop_sequences") or [],
        max_tokens=body["max_tokens"],
        cache_marks=_marks(body, continues=previous is not None),
        previous=previous,
        threaded=previous is not None,
        kept=bool(thread),
        answer_prefix="msg_",
        body=body,
    )


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _check_head(request: Request, body: dict[str, Any], *, on_vertex: bool) -> None:
    headers = {name.lower() for name in request.headers}
    if not on_vertex and "anthropic-version" not in headers:
        raise _refused("anthropic-version: header is required")
    if on_vertex and "anthropic_version" not in body:
        raise _refused("anthropic_version: Field required")
    if not on_vertex and (not isinstance(body.get("model"), str) or not body["model"]):
        raise _refused("model: Field required")
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        raise _refused("max_tokens: Field required")
    if not is_list(body.get("messages")) or not body["messages"]:
        raise _refused("messages: at least one message is required")


# Messages.


def _system(value: Any) -> list[BaseMessage]:
    return [SystemMessage(_blocks(value, "system"))] if value else []


def _messages(turns: list[Any], *, continues: bool) -> Iterator[BaseMessage]:
    """The turns; one that `continues` may begin with results of calls that are on the server."""
    waiting: set[str] = set()  # calls whose results must come next
    for nth, turn in enumerate(turns):
        if not is_object(turn) or turn.get("role") not in ("user", "assistant", "system"):
            raise _refused(f"messages.{nth}: Input does not match the expected shape.")
        blocks = _blocks(turn.get("content"), f"messages.{nth}")
        if turn["role"] == "assistant":
            waiting = {block["id"] for block in blocks if block["type"] == "tool_use"}
            yield AIMessage([standard_block(block) for block in blocks])
        elif turn["role"] == "system":
            yield SystemMessage(blocks)
        else:
            if nth or not continues:
                _check_results(blocks, waiting, nth)
            waiting = set()
            yield from _user(blocks)


def _marks(body: dict[str, Any], *, continues: bool) -> list[int]:
    """After how many messages `cache_control` stands; in the body itself it marks all of them."""
    turns, first = body["messages"], 1 if body.get("system") else 0
    ends = [nth for nth, turn in enumerate(turns, 1) if _is_marked(turn.get("content"))]
    ends += [len(turns)] if body.get("cache_control") and len(turns) not in ends else []
    marks = [first + len(list(_messages(turns[:end], continues=continues))) for end in ends]
    return [1, *marks] if _is_marked(body.get("system")) else marks


def _is_marked(blocks: Any) -> bool:
    return is_list(blocks) and any(block.get("cache_control") for block in blocks)


def _blocks(content: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    if not is_list(content) or not all(is_object(block) and isinstance(block.get("type"), str) for block in content):
        raise _refused(f"{where}.content: Input should be a string or a list of blocks")
    if any(block["type"] == "text" and not str(block.get("text") or "").strip() for block in content):
        raise _refused(f"{where}: text content blocks must contain non-whitespace text")
    return content


def _check_results(blocks: list[dict[str, Any]], waiting: set[str], nth: int) -> None:
    given = {block.get("tool_use_id") for block in blocks if block["type"] == "tool_result"}
    for missing in waiting - given:
        raise _refused(f"messages.{nth}: `tool_use` ids were found without `tool_result` blocks immediately after: {missing}")
    for unknown in given - waiting:
        raise _refused(f"messages.{nth}: unexpected `tool_use_id` found in `tool_result` blocks: {unknown}")


def _user(blocks: list[dict[str, Any]]) -> Iterator[BaseMessage]:
    for block in blocks:
        if block["type"] == "tool_result":
            status = "error" if block.get("is_error") else "success"
            yield ToolMessage(block.get("content") or "", tool_call_id=block["tool_use_id"], status=status)
    said = [block for block in blocks if block["type"] != "tool_result"]
    if said:
        yield HumanMessage(said)


# Tools.


def _tool(given: dict[str, Any]) -> ToolSpec | None:
    """A tool that the caller runs: one of its own, or one of those that the API defines for it."""
    if given.get("type") in (None, "custom"):
        if not isinstance(given.get("name"), str) or as_object(given.get("input_schema")).get("type") != "object":
            raise _refused(f"tools: {dumps(given)[:80]} needs a name and an input_schema of type object")
        return ToolSpec(given["name"], given.get("description") or "", given["input_schema"])
    kind = next((kind for kind in _ON_THE_CLIENT if str(given["type"]).startswith(f"{kind}_")), None)
    return ToolSpec(given.get("name") or kind, "", _ON_THE_CLIENT[kind]) if kind else None


def _server_tool(given: dict[str, Any]) -> str | None:
    match = _SERVER_TOOLS.fullmatch(given.get("type") or "")
    return match[1] if match else None


def _schema(format: Any) -> dict[str, Any] | None:
    if format is None:
        return None
    if as_object(format).get("type") != "json_schema" or not is_object(format.get("schema")):
        raise _refused("output_config.format: Input should be a json_schema with a schema")
    return format["schema"]


def _choice(given: dict[str, Any]) -> Any:
    if given.get("type") == "tool":
        return NamedTool(given["name"])
    return given.get("type") or "auto"

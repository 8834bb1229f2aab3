"""What a request of Converse asks, and what Bedrock would refuse (wire sheet: bedrock_converse §1, §3)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatkit.codec import NamedTool, ToolSpec
from chatkit.jsons import as_object, decode_object, dumps, is_list, is_object
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.simulator.dialects.dialect import Refused, body_of
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.codec import Request
    from chatkit.messages import BaseMessage

__all__ = ["PATH", "question_of"]

PATH = re.compile(r"(?:/[\w.\-]+)*/model/(?P<model>[^/]+)/(?P<action>converse|converse-stream)")


def question_of(request: Request) -> Question:
    """What a request asks. Raises Refused."""
    match = PATH.fullmatch(request.url.partition("?")[0])
    body = body_of(request)
    turns = body.get("messages")
    if match is None or not is_list(turns) or not turns:
        raise _refused("A conversation must start with a user message. Try again with a conversation that has one.")
    config, inference = as_object(body.get("toolConfig")), as_object(body.get("inferenceConfig"))
    _check_turns(turns, has_tools=bool(config.get("tools")))
    return Question(
        model=unquote(match["model"]),
        messages=[*_system(body.get("system")), *_messages(turns)],
        stream=match["action"] == "converse-stream",
        tools=[_tool(given["toolSpec"]) for given in config.get("tools") or () if "toolSpec" in given],
        server_tools=[given["systemTool"]["name"] for given in config.get("tools") or () if "systemTool" in given],
        tool_choice=_choice(as_object(config.get("toolChoice"))),
        schema=_schema(body),
        reasoning=_reasoning(as_object(body.get("additionalModelRequestFields"))),
        stop=inference.get("stopSequences") or [],
        max_tokens=inference.get("maxTokens"),
        cache_marks=_marks(body),
        body=body,
    )


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


# What is refused.


def _check_turns(turns: list[Any], *, has_tools: bool) -> None:
    waiting: set[str] = set()  # calls whose results must come next
    before = None
    for nth, turn in enumerate(turns):
        blocks = _blocks(turn, nth)
        if turn["role"] == before or (nth == 0 and turn["role"] != "user"):
            raise _refused("A conversation must alternate between user and assistant roles.")
        before = turn["role"]
        calls = {block["toolUse"]["toolUseId"] for block in blocks if _is_callers(block.get("toolUse"))}
        results = {block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block and before == "user"}
        if (calls or results) and not has_tools:
            raise _refused("The toolConfig field must be defined when using toolUse and toolResult content blocks.")
        if waiting != results:
            raise _refused(
                f"Expected toolResult blocks at messages.{nth}.content for the following Ids: {sorted(waiting ^ results)}"
            )
        waiting = calls


def _is_callers(call: Any) -> bool:
    return is_object(call) and call.get("type") != "server_tool_use"


def _blocks(turn: Any, nth: int) -> list[dict[str, Any]]:
    content = as_object(turn).get("content")
    if as_object(turn).get("role") not in ("user", "assistant", "system") or not is_list(content) or not content:
        raise _refused(f"messages.{nth} needs a role and a list of content blocks")
    for block in content:
        if len(block) != 1:
            raise _refused(f"messages.{nth}: a content block must have exactly one member, not {sorted(block)}")
        if "text" in block and not block["text"].strip():
            raise _refused("The text field in the ContentBlock object is blank. Add text to the text field, and try again.")
    return content


# Messages.


def _system(blocks: Any) -> list[BaseMessage]:
    said = _standard(blocks or [])
    return [SystemMessage(said)] if said else []


def _messages(turns: list[dict[str, Any]]) -> Iterator[BaseMessage]:
    for turn in turns:
        if turn["role"] == "assistant":
            yield AIMessage(_standard(turn["content"]))
            continue
        if turn["role"] == "system":
            yield from _system(turn["content"])
            continue
        for block in turn["content"]:
            if result := block.get("toolResult"):
                said = [_result_text(item) for item in result.get("content") or ()]
                yield ToolMessage(said, tool_call_id=result["toolUseId"], status=result.get("status") or "success")
        said = _standard([block for block in turn["content"] if "toolResult" not in block])
        if said:
            yield HumanMessage(said)


def _marks(body: dict[str, Any]) -> list[int]:
    """After how many messages a `cachePoint` stands."""
    system: list[dict[str, Any]] = body.get("system") or []
    turns: list[dict[str, Any]] = body["messages"]
    first = len(list(_system(system)))
    ends = [nth for nth, turn in enumerate(turns, 1) if any("cachePoint" in block for block in turn["content"])]
    marks = [first + len(list(_messages(turns[:end]))) for end in ends]
    return [first, *marks] if any("cachePoint" in block for block in system) else marks


def _result_text(item: dict[str, Any]) -> dict[str, Any]:
    return (
        _text(dumps(item["json"])) if "json" in item else next(iter(_standard([item])), {"type": "non_standard", "value": item})
    )


def _standard(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks that have a standard form."""
    return [read(block[name]) for block in blocks for name, read in _READERS.items() if name in block]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _guarded(said: dict[str, Any]) -> dict[str, Any]:
    return _text(as_object(said.get("text")).get("text") or "")


def _cited(said: dict[str, Any]) -> dict[str, Any]:
    return _text("".join(piece["text"] for piece in said.get("content") or ()))


def _call(call: dict[str, Any]) -> dict[str, Any]:
    kind = "tool_call" if _is_callers(call) else "server_tool_call"
    return {"type": kind, "id": call["toolUseId"], "name": call["name"], "args": call.get("input") or {}}


def _reasoned(said: dict[str, Any]) -> dict[str, Any]:
    return {"type": "reasoning", "reasoning": as_object(said.get("reasoningText")).get("text") or ""}


_TEXTS = {"txt": "text/plain", "md": "text/markdown", "html": "text/html", "csv": "text/csv"}


def _media(kind: str, prefix: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def read(said: dict[str, Any]) -> dict[str, Any]:
        source = as_object(said["source"])
        mime = _TEXTS.get(said["format"]) or prefix + said["format"]
        if location := source.get("s3Location"):
            return {"type": kind, "url": location["uri"], "mime_type": mime}
        data = source.get("bytes") or base64.b64encode(str(source.get("text") or "").encode()).decode()
        try:
            base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise _refused(f"The {kind} is not base64: {error}") from error
        return {"type": kind, "base64": data, "mime_type": mime}

    return read


_READERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "text": _text,
    "guardContent": _guarded,
    "citationsContent": _cited,
    "toolUse": _call,
    "reasoningContent": _reasoned,
    "image": _media("image", "image/"),
    "video": _media("video", "video/"),
    "audio": _media("audio", "audio/"),
    "document": _media("file", "application/"),
}


# Tools and the rest.


def _tool(given: dict[str, Any]) -> ToolSpec:
    schema = as_object(given.get("inputSchema")).get("json")
    if not isinstance(given.get("name"), str) or as_object(schema).get("type") != "object":
        raise _refused("toolConfig.tools: a toolSpec needs a name and an inputSchema.json of type object")
    return ToolSpec(given["name"], given.get("description") or "", as_object(schema))


def _choice(given: dict[str, Any]) -> Any:
    if tool := given.get("tool"):
        return NamedTool(tool["name"])
    return "any" if "any" in given else "auto"


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """The schema comes as JSON text."""
    wanted = as_object(as_object(body.get("outputConfig")).get("textFormat"))
    if not wanted:
        return None
    text = as_object(as_object(wanted.get("structure")).get("jsonSchema")).get("schema")
    schema = decode_object(text) if isinstance(text, str) else None
    if schema is None:
        raise _refused("outputConfig.textFormat.structure.jsonSchema.schema must be a JSON Schema as text")
    return schema


def _reasoning(fields: dict[str, Any]) -> bool | None:
    switch = fields.get("thinking") or fields.get("reasoningConfig")
    if switch:
        return as_object(switch).get("type") != "disabled"
    return True if fields.get("reasoning_effort") or fields.get("reasoning_config") else None

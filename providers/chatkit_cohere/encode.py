"""From a call to the body of `POST /v2/chat` (wire sheet: cohere, "Request")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.dialects.documents import document_text
from chatkit.dialects.history import is_own, refuse_media, replayable
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import dumps
from chatkit.messages import AIMessage, ToolMessage
from chatkit.messages.blocks import DATA_BLOCK_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.codec import Call
    from chatkit.messages import BaseMessage

__all__ = ["request_fields"]

_NAMES = {
    "temperature": "temperature",
    "max_tokens": "max_tokens",
    "top_p": "p",
    "top_k": "k",
    "seed": "seed",
    "stop": "stop_sequences",
    "frequency_penalty": "frequency_penalty",
    "presence_penalty": "presence_penalty",
    "documents": "documents",
    "citation_options": "citation_options",
    "safety_mode": "safety_mode",
    "logprobs": "logprobs",
    "priority": "priority",
}
_CHOICES = {"any": "REQUIRED", "none": "NONE", "auto": None}


def request_fields(call: Call, provider: str) -> dict[str, Any]:
    """The fields of the request body; those that are None are not sent."""
    params = call.params
    return {
        "model": call.model,
        "messages": [_message(message, provider) for message in call.messages],
        "stream": call.stream,
        **{wire: params[name] for name, wire in _NAMES.items() if name in params},
        **_tools(params),
        "thinking": _thinking(params),
        "response_format": _response_format(params.get("response_format")),
    }


def _tools(params: dict[str, Any]) -> dict[str, Any]:
    """Cohere cannot force one tool among many, so a forced tool is the only one that is sent."""
    tools: list[ToolSpec | dict[str, Any]] = params.get("tools", [])
    choice = params.get("tool_choice", "auto")
    if isinstance(choice, NamedTool):
        tools = [tool for tool in tools if isinstance(tool, ToolSpec) and tool.name == choice.name]
        choice = "any"
    strict = params.get("strict_tools") or any(isinstance(tool, ToolSpec) and tool.strict for tool in tools)
    return {
        "tools": [_tool(tool) if isinstance(tool, ToolSpec) else tool for tool in tools] or None,
        "tool_choice": _CHOICES[choice] if isinstance(choice, str) else choice,
        "strict_tools": True if strict else params.get("strict_tools"),
    }


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}}


def _thinking(params: dict[str, Any]) -> dict[str, Any] | None:
    if "thinking" in params:
        return params["thinking"]
    effort = params.get("reasoning_effort")
    return None if effort is None else {"type": "disabled" if effort == "none" else "enabled"}


def _response_format(wanted: OutputSchema | dict[str, Any] | None) -> dict[str, Any] | None:
    if isinstance(wanted, OutputSchema):
        return {"type": "json_object", "json_schema": wanted.schema}
    if wanted is not None and wanted.get("type") == "json_schema" and "schema" in wanted.get("json_schema", ()):
        return {"type": "json_object", "json_schema": wanted["json_schema"]["schema"]}
    return wanted


def _message(message: BaseMessage, provider: str) -> dict[str, Any]:
    if isinstance(message, AIMessage):
        return _assistant(message, provider)
    content = message.content if isinstance(message.content, str) else [_part(block) for block in message.content_blocks]
    if isinstance(message, ToolMessage):
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": content}
    return {"role": message.role, "content": content}


def _assistant(message: AIMessage, provider: str) -> dict[str, Any]:
    """A turn with calls says its text as `tool_plan`: text beside calls is how other vendors write a plan."""
    blocks = replayable(message, provider)
    for block in blocks:
        if block["type"] in DATA_BLOCK_TYPES:
            refuse_media(block, "ChatCohere", own=is_own(message, provider))
    calls = [_call(block) for block in blocks if block["type"] in ("tool_call", "invalid_tool_call")]
    plan = "".join(block["value"].get("tool_plan") or "" for block in blocks if _is_plan(block))
    said = [block for block in blocks if block["type"] in ("text", "reasoning") or _is_other(block)]
    if calls and not plan:
        plan = "".join(block["text"] for block in said if block["type"] == "text")
        said = [block for block in said if block["type"] != "text"]
    out: dict[str, Any] = {"role": "assistant"}
    if said or not calls:
        out["content"] = _brief([_part(block) for block in said])
    if calls:
        out["tool_calls"] = calls
    if plan:
        out["tool_plan"] = plan
    return out


def _is_plan(block: dict[str, Any]) -> bool:
    return block["type"] == "non_standard" and block["value"].get("type") == "tool_plan"


def _is_other(block: dict[str, Any]) -> bool:
    return block["type"] == "non_standard" and not _is_plan(block)


def _brief(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """Parts that are only text can be sent as one string."""
    if all(part["type"] == "text" for part in parts):
        return "".join(part["text"] for part in parts)
    return parts


def _call(block: dict[str, Any]) -> dict[str, Any]:
    arguments = dumps(block["args"]) if block["type"] == "tool_call" else block["args"] or "{}"
    return {"id": block["id"], "type": "function", "function": {"name": block["name"], "arguments": arguments}}


def _part(block: dict[str, Any]) -> dict[str, Any]:
    make = _PARTS.get(block["type"])
    if make is None:
        raise UnsupportedFeatureError(
            f"ChatCohere: Cohere takes text, images and documents, not {block['type']!r} blocks; leave it out or pass its text"
        )
    return make(block)


def _text(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": block.get("text") or ""}


def _document(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": document_text(block, "ChatCohere")}


def _reasoning(block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "thinking", "thinking": block.get("reasoning") or ""}


def _image(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("base64"):
        url = f"data:{block.get('mime_type') or 'image/png'};base64,{block['base64']}"
    elif block.get("url"):
        url = block["url"]
    else:
        raise UnsupportedFeatureError("ChatCohere: Cohere keeps no files; pass the image as url or base64")
    extras: dict[str, Any] = block.get("extras") or {}
    detail = {"detail": extras["detail"]} if "detail" in extras else {}
    return {"type": "image_url", "image_url": {"url": url, **detail}}


def _value(block: dict[str, Any]) -> dict[str, Any]:
    return block["value"]


_PARTS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "text-plain": _document,
    "reasoning": _reasoning,
    "image": _image,
    "non_standard": _value,
}

"""From a call to the body of `POST /api/chat` (wire sheet: ollama, "Request")."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from chatkit.codec import OutputSchema, ToolSpec
from chatkit.dialects.documents import document_text
from chatkit.dialects.history import is_own, replayable
from chatkit.dialects.openai_chat import only_the_named_tool
from chatkit.errors import UnsupportedFeatureError
from chatkit.messages import AIMessage, ToolMessage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.codec import Call
    from chatkit.messages import BaseMessage

__all__ = ["request_fields"]

_TOP_LEVEL = ("keep_alive", "logprobs", "top_logprobs", "truncate", "shift")
_OPTIONS = (
    *("temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "stop", "num_ctx"),
    *("repeat_penalty", "repeat_last_n", "presence_penalty", "frequency_penalty"),
    *("num_keep", "num_gpu", "num_thread", "num_batch", "main_gpu", "use_mmap"),
)
_EFFORT: dict[str, bool | str] = {"none": False, "minimal": "low", "xhigh": "high"}


def request_fields(call: Call, provider: str) -> dict[str, Any]:
    """The fields of the request body; those that are None are not sent."""
    params = call.params
    return {
        "model": call.model,
        "messages": list(_messages(call.messages, provider)),
        "stream": call.stream,
        "tools": _tools(params) or None,
        "think": _think(params),
        "format": _format(params),
        "options": _options(params) or None,
        **{name: params[name] for name in _TOP_LEVEL if name in params},
    }


def _options(params: dict[str, Any]) -> dict[str, Any]:
    options = {name: params[name] for name in _OPTIONS if name in params}
    if "max_tokens" in params:
        options["num_predict"] = params["max_tokens"]
    return {**options, **params.get("options", {})}


def _think(params: dict[str, Any]) -> bool | str | None:
    if "reasoning" in params:
        return params["reasoning"]
    effort = params.get("reasoning_effort")
    return _EFFORT.get(effort, effort) if effort is not None else None


def _format(params: dict[str, Any]) -> str | dict[str, Any] | None:
    if "format" in params:
        return params["format"]
    wanted = params.get("response_format")
    if isinstance(wanted, OutputSchema):
        return wanted.schema
    if wanted is None or wanted.get("type") == "text":
        return None
    if wanted.get("type") == "json_object":
        return "json"
    if wanted.get("type") == "json_schema" and "json_schema" in wanted:
        return wanted["json_schema"]["schema"]
    return wanted


def _tools(params: dict[str, Any]) -> list[dict[str, Any]]:
    """The tools; Ollama has no `tool_choice`, so "none" sends no tools, a named tool goes alone, and no call is forced."""
    choice = params.get("tool_choice", "auto")
    if choice == "none":
        return []
    if choice != "auto" and params.get("tools"):
        warnings.warn(
            "ChatOllama: Ollama cannot be told to call a tool, so the model may answer without; ask for the call in the prompt",
            stacklevel=2,
        )
    params = only_the_named_tool(params)
    return [_tool(tool) if isinstance(tool, ToolSpec) else tool for tool in params.get("tools", ())]


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters}}


def _messages(messages: list[BaseMessage], provider: str) -> Iterable[dict[str, Any]]:
    names: dict[str | None, str] = {}
    for message in messages:
        if isinstance(message, AIMessage):
            names.update((call["id"], call["name"]) for call in message.tool_calls)
            yield _assistant(message, provider)
        elif isinstance(message, ToolMessage):
            name = message.name or names.get(message.tool_call_id)
            about = {"tool_name": name} if name else {}
            yield {"role": "tool", **_content(message.content_blocks, "\n"), **about, "tool_call_id": message.tool_call_id}
        else:
            yield {"role": message.role, **_content(message.content_blocks, "\n")}


def _assistant(message: AIMessage, provider: str) -> dict[str, Any]:
    blocks = replayable(message, provider)
    shown = [block for block in blocks if block["type"] not in ("reasoning", "tool_call", "invalid_tool_call")]
    if not is_own(message, provider):  # another vendor's media are left out where Ollama takes none
        shown = [block for block in shown if block["type"] == "text" or (block["type"] == "image" and block.get("base64"))]
    thinking = "".join(block.get("reasoning") or "" for block in blocks if block["type"] == "reasoning")
    calls = [block for block in blocks if block["type"] in ("tool_call", "invalid_tool_call") and block.get("name")]
    out = {"role": "assistant", **_content(shown, "")}
    if thinking:
        out["thinking"] = thinking
    if calls:
        out["tool_calls"] = [_call(at, block) for at, block in enumerate(calls)]
    return out


def _call(at: int, block: dict[str, Any]) -> dict[str, Any]:
    """A call; arguments must be an object here, so those that are none are left out, their result tells the model."""
    args: dict[str, Any] = block["args"] if block["type"] == "tool_call" else {}
    function: dict[str, Any] = {"index": at, "name": block["name"], "arguments": args}
    return {"id": block["id"], "function": function} if block.get("id") else {"function": function}


def _content(blocks: list[dict[str, Any]], separator: str) -> dict[str, Any]:
    """`content` is always a string; images stand beside it."""
    texts = [_text(block) for block in blocks if block["type"] in ("text", "text-plain")]
    images = [_image(block) for block in blocks if block["type"] not in ("text", "text-plain")]
    content: dict[str, Any] = {"content": separator.join(texts)}
    if images:
        content["images"] = images
    return content


def _text(block: dict[str, Any]) -> str:
    return document_text(block, "ChatOllama") if block["type"] == "text-plain" else block.get("text") or ""


def _image(block: dict[str, Any]) -> str:
    if block["type"] == "image" and block.get("base64"):
        return block["base64"]
    if block["type"] == "image":
        raise UnsupportedFeatureError("ChatOllama: Ollama fetches no images; download it and pass it as base64")
    raise UnsupportedFeatureError(
        f"ChatOllama: Ollama takes text and images, not {block['type']!r} blocks; leave it out or pass its text"
    )

"""Tools that the provider runs itself: from their output items to calls and results (wire sheet §5, §9; spec S85, S195).

One item tells both the call and its result, except those of the shell and of tool search, whose results are items of
their own. Every call keeps its item in `extras["item"]`, which goes back unchanged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.dialects.openai_responses import free_text
from chatkit.events import Event, Media, ServerToolCallChunk, ServerToolResult
from chatkit.jsons import as_object, dumps, is_list, is_object
from chatkit.messages.foreign import split_data_url

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from chatkit.dialects.openai_responses.slots import Slot

__all__ = ["end_call", "end_result", "is_server_call", "is_server_result", "open_call"]


class _Tool(Struct, frozen=True):
    """How one kind of item is read.

    Attributes:
        name: the tool's name.
        args: what stands for the arguments where the item has none by that name.
        output: the fields that may hold the result.
        has_result: the item tells the result too.
    """

    name: str
    args: Callable[[dict[str, Any]], dict[str, Any]]
    output: tuple[str, ...] = ()
    has_result: bool = True


def _fields(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {name: item[name] for name in names if item.get(name) is not None}


def _action(item: dict[str, Any]) -> dict[str, Any]:
    action = item.get("action")
    return {key: value for key, value in action.items() if value is not None and key != "sources"} if is_object(action) else {}


_TOOLS: dict[Any, _Tool] = {
    "web_search_call": _Tool("web_search", _action, ("results",)),
    "x_search_call": _Tool("x_search", _fields("query"), ("results",)),
    "file_search_call": _Tool("file_search", _fields("queries"), ("results",)),
    "code_interpreter_call": _Tool("code_interpreter", _fields("code"), ("outputs",)),
    "image_generation_call": _Tool("image_generation", _fields("revised_prompt")),
    "mcp_call": _Tool("mcp", _fields(), ("output", "error")),
    "shell_call": _Tool("shell", _action, has_result=False),
    "tool_search_call": _Tool("tool_search", _fields(), has_result=False),
    "code_execution_call": _Tool("code_execution", _fields("code"), ("outputs", "output")),
    "view_image_call": _Tool("view_image", _fields()),
    "view_x_video_call": _Tool("view_x_video", _fields()),
}
_X_SEARCH = dict.fromkeys(("x_keyword_search", "x_semantic_search", "x_user_search", "x_thread_fetch"), "x_search")
_OF_XAI = {**_X_SEARCH, "view_image": "view_image", "view_x_video": "view_x_video"}
"""What xAI runs itself, though it reports it as calls of custom tools: their names, and the names of the tools."""
_OPENROUTER = "openrouter:"
"""Stands before the names of the tools that OpenRouter runs, whatever model is asked."""


def _tool_of(item: dict[str, Any], declared: Collection[str] = ()) -> _Tool | None:
    kind, name = str(item.get("type")), str(item.get("name"))
    if kind == "custom_tool_call":
        return _Tool(_OF_XAI[name], _fields()) if name in _OF_XAI and name not in declared else None
    if kind.startswith(_OPENROUTER):
        return _Tool(kind.removeprefix(_OPENROUTER), _action, ("results", "output", "content", "datetime"))
    return _TOOLS.get(kind)


def is_server_call(item: dict[str, Any], declared: Collection[str]) -> bool:
    """Whether the provider runs this call itself.

    Args:
        item: the output item.
        declared: names of the tools that the caller's side runs; xAI reports its own search as calls of custom tools.
    """
    kind: Any = item.get("type")
    if kind == "tool_search_call":
        return item.get("execution") != "client"
    if kind == "shell_call":
        environment = item.get("environment")
        return as_object(environment).get("type") != "local" and not (environment is None and "shell" in declared)
    return _tool_of(item, declared) is not None


def is_server_result(item: dict[str, Any]) -> bool:
    """Whether this item is the result of such a call."""
    return item.get("type") == "shell_call_output" or (
        item.get("type") == "tool_search_output" and item.get("execution") != "client"
    )


def open_call(item: dict[str, Any], slot: Slot) -> list[Event]:
    """A call begins: its name, so that whoever watches can be told what is going on."""
    slot.server, slot.call_id = True, _call_id(item)
    begun = free_text.begin("code", slot) if isinstance(item.get("code"), str) else ""
    return [ServerToolCallChunk(begun, slot.index, slot.call_id, _name(_known(item), item))]


def end_call(item: dict[str, Any], slot: Slot, *, fill: bool) -> list[Event]:
    """A call, and its result where the item holds it.

    Args:
        fill: False when a resumed stream missed the pieces of the arguments.
    """
    tool = _known(item)
    id = slot.call_id or _call_id(item)
    drawn = tool.name == "image_generation" and isinstance(item.get("result"), str)
    told = drawn and item["type"] == "image_generation_call"  # by the image's block; other items stay whole
    kept = {key: value for key, value in item.items() if key != "result"} if told else item
    events: list[Event] = [ServerToolCallChunk(_args(item, tool, slot, fill), slot.index, id, _name(tool, item), {"item": kept})]
    if drawn:
        events.append(Media(_image(item), slot.index))
    if tool.has_result:
        events.append(ServerToolResult(id, _status(item), _output(item, tool), index=slot.index))
    return events


def end_result(item: dict[str, Any], slot: Slot, call_id: str | None) -> list[Event]:
    """A result that is an item of its own.

    Args:
        call_id: the call that it answers, where the item does not say.
    """
    output = item.get("output") if item["type"] == "shell_call_output" else item.get("tools")
    return [ServerToolResult(item.get("call_id") or call_id, _status(item), output, item.get("id"), slot.index, {"item": item})]


def _known(item: dict[str, Any]) -> _Tool:
    tool = _tool_of(item)
    assert tool is not None  # `is_server_call` said so
    return tool


def _name(tool: _Tool, item: dict[str, Any]) -> str:
    """The tool's name; one of a remote MCP server is "mcp:" and its name there."""
    return f"mcp:{item['name']}" if tool.name == "mcp" and item.get("name") else tool.name


def _call_id(item: dict[str, Any]) -> str | None:
    """What results refer to: the shell's to `call_id`, all others to the id of the item."""
    return (item.get("call_id") if item["type"] == "shell_call" else None) or item.get("id")


def _args(item: dict[str, Any], tool: _Tool, slot: Slot, fill: bool) -> str:
    if slot.quoted or (not fill and isinstance(item.get("code"), str)):
        return free_text.rest("code", item.get("code") or "", slot, fill=fill)
    given = item.get("arguments") or item.get("input")
    if slot.joined or (not fill and isinstance(given, str)):
        return ""
    return given if isinstance(given, str) else dumps(given if is_object(given) else tool.args(item))


def _status(item: dict[str, Any]) -> Any:
    return "error" if item.get("status") in ("failed", "incomplete") or item.get("error") else "success"


def _output(item: dict[str, Any], tool: _Tool) -> Any:
    action = item.get("action")
    if is_object(action) and is_list(action.get("sources")):
        return action["sources"]
    return next((item[name] for name in tool.output if item.get(name) is not None), None)


def _image(item: dict[str, Any]) -> dict[str, Any]:
    result: str = item["result"]
    data = split_data_url(result)
    source = {"url": result} if result.startswith("https://") else {"base64": data[1] if data else result}
    return {
        "type": "image",
        **source,
        "mime_type": data[0] if data else f"image/{item.get('output_format') or 'png'}",
        "id": item.get("id"),
        "extras": {
            name: item[name] for name in ("revised_prompt", "size", "quality", "background") if item.get(name) is not None
        },
    }

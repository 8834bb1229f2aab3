"""Tools of a Model Context Protocol server (extra `mcp`). The session's objects are read by the names that the protocol
has on the wire, so that versions 1 and 2 of the `mcp` package both work."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from chatkit.tools.errors import ToolException
from chatkit.tools.structured import StructuredTool

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["tools_from_mcp"]


async def tools_from_mcp(session: Any, **fields: Any) -> list[StructuredTool]:
    """The tools of an MCP server.

        async with stdio_client(parameters) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            model = model.bind_tools(await tools_from_mcp(session))

    Args:
        session: an open `mcp.ClientSession` (or `mcp.Client` of version 2). The tools work as long as it is open, in its
            event loop.
        fields: for every tool, see `BaseTool`.

    A result's content becomes content blocks, its structured content the artifact. A result that says isError becomes
    a ToolException with the server's text, which makes an error message for the model.
    """
    page = _wire(await session.list_tools())
    found: list[dict[str, Any]] = page["tools"]
    while page.get("nextCursor"):
        page = _wire(await _next_page(session, page["nextCursor"]))
        found += page["tools"]
    return [_tool(session, tool, fields) for tool in found]


def _wire(thing: Any) -> dict[str, Any]:
    return thing.model_dump(by_alias=True, mode="json")


def _next_page(session: Any, cursor: str) -> Any:
    import inspect

    if "cursor" in inspect.signature(session.list_tools).parameters:
        return session.list_tools(cursor=cursor)
    return session.list_tools(params=importlib.import_module("mcp.types").PaginatedRequestParams(cursor=cursor))


def _tool(session: Any, tool: dict[str, Any], fields: dict[str, Any]) -> StructuredTool:
    name: str = tool["name"]

    async def call(**arguments: Any) -> tuple[Any, Any]:
        result = _wire(await session.call_tool(name, arguments))
        blocks = [_block(item) for item in result["content"]]
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        if result.get("isError"):
            raise ToolException("\n".join(texts) or f"the tool {name!r} failed and gave no reason")
        content: Any = "\n".join(texts) if len(texts) == len(blocks) else blocks
        return content, result.get("structuredContent")

    given: dict[str, Any] = {
        "name": name,
        "description": tool.get("description") or "",
        "coroutine": call,
        "args_schema": {"properties": {}, **tool["inputSchema"], "title": name},
        "response_format": "content_and_artifact",
        "handle_tool_error": True,
    }
    return StructuredTool(**{**given, **fields})


def _text(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": item["text"]}


def _media(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": item["type"], "base64": item["data"], "mime_type": item["mimeType"]}


def _link(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": f"{item['name']}: {item['uri']}"}


def _resource(item: dict[str, Any]) -> dict[str, Any]:
    resource = item["resource"]
    if "text" in resource:
        return _text(resource)
    return {"type": "file", "base64": resource["blob"], "mime_type": resource.get("mimeType") or "application/octet-stream"}


_BLOCKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "text": _text,
    "image": _media,
    "audio": _media,
    "resource_link": _link,
    "resource": _resource,
}


def _block(item: dict[str, Any]) -> dict[str, Any]:
    read = _BLOCKS.get(item["type"])
    return read(item) if read is not None else {"type": "text", "text": str(item)}

"""Tools of a Model Context Protocol server. Works with the session of the `mcp` package (extra `mcp`), which is not
imported: whatever has `list_tools` and `call_tool` will do."""

from __future__ import annotations

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
        session: an initialised `mcp.ClientSession`. The tools work as long as it is open, in its event loop.
        fields: for every tool, see `BaseTool`.

    A result's content becomes content blocks, its structured content the artifact. A result that says isError becomes
    a ToolException with the server's text, which makes an error message for the model.
    """
    page = await session.list_tools()
    found = list(page.tools)
    while getattr(page, "nextCursor", None):
        page = await session.list_tools(page.nextCursor)
        found += page.tools
    return [_tool(session, tool, fields) for tool in found]


def _tool(session: Any, tool: Any, fields: dict[str, Any]) -> StructuredTool:
    async def call(**arguments: Any) -> tuple[Any, Any]:
        result = await session.call_tool(tool.name, arguments)
        blocks = [_block(item) for item in result.content]
        texts = [block["text"] for block in blocks if block["type"] == "text"]
        if result.isError:
            raise ToolException("\n".join(texts) or f"the tool {tool.name!r} failed and gave no reason")
        content: Any = "\n".join(texts) if len(texts) == len(blocks) else blocks
        return content, getattr(result, "structuredContent", None)

    return StructuredTool(
        **{
            "name": tool.name,
            "description": tool.description or "",
            "coroutine": call,
            "args_schema": _schema(tool),
            "response_format": "content_and_artifact",
            "handle_tool_error": True,
            **fields,
        }
    )


def _schema(tool: Any) -> dict[str, Any]:
    return {"properties": {}, **tool.inputSchema, "title": tool.name}


def _text(item: Any) -> dict[str, Any]:
    return {"type": "text", "text": item.text}


def _media(item: Any) -> dict[str, Any]:
    return {"type": item.type, "base64": item.data, "mime_type": item.mimeType}


def _link(item: Any) -> dict[str, Any]:
    return {"type": "text", "text": f"{item.name}: {item.uri}"}


def _resource(item: Any) -> dict[str, Any]:
    resource = item.resource
    if hasattr(resource, "text"):
        return {"type": "text", "text": resource.text}
    return {"type": "file", "base64": resource.blob, "mime_type": resource.mimeType or "application/octet-stream"}


_BLOCKS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "text": _text,
    "image": _media,
    "audio": _media,
    "resource_link": _link,
    "resource": _resource,
}


def _block(item: Any) -> dict[str, Any]:
    read = _BLOCKS.get(item.type)
    return read(item) if read is not None else {"type": "text", "text": str(item)}

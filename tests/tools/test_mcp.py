"""Tools of an MCP server, with a session that looks like the `mcp` package's."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit.tools import tools_from_mcp

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string", "title": "City"}},
    "required": ["city"],
    "title": "args",
}


class Wire:
    """A model of the `mcp` package, as far as it matters: it can be dumped by the names of the protocol."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self, *, by_alias: bool, mode: str) -> dict[str, Any]:
        assert by_alias
        assert mode == "json"
        return self.fields


class Session:
    """Two pages of tools; answers by the tool's name."""

    def __init__(self, **results: Any) -> None:
        self.results = results
        self.calls: list[Any] = []

    async def list_tools(self, cursor: str | None = None) -> Any:
        name, following = ("weather", "page 2") if cursor is None else ("other", None)
        return Wire(tools=[{"name": name, "description": f"{name} tool", "inputSchema": SCHEMA}], nextCursor=following)

    async def call_tool(self, name: str, arguments: dict[str, Any]) -> Any:
        self.calls.append((name, arguments))
        return self.results[name]


def result(*content: Any, error: bool = False, structured: Any = None) -> Any:
    return Wire(content=list(content), isError=error, structuredContent=structured)


TEXT = {"type": "text", "text": "sunny"}
CALL: dict[str, Any] = {"type": "tool_call", "name": "weather", "args": {"city": "Rome"}, "id": "call_1"}
pytestmark = pytest.mark.anyio


async def test_all_pages_are_read() -> None:
    weather, other = await tools_from_mcp(Session())
    assert (weather.name, weather.description, other.name) == ("weather", "weather tool", "other")
    assert weather.tool_call_schema == {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


async def test_a_call() -> None:
    session = Session(weather=result(TEXT, {"type": "text", "text": "warm"}, structured={"degrees": 20}))
    weather, _ = await tools_from_mcp(session)
    message = await weather.ainvoke(CALL)
    assert (message.content, message.artifact, message.status) == ("sunny\nwarm", {"degrees": 20}, "success")
    assert session.calls == [("weather", {"city": "Rome"})]


async def test_an_error_of_the_server() -> None:
    weather, _ = await tools_from_mcp(Session(weather=result({"type": "text", "text": "no such city"}, error=True)))
    message = await weather.ainvoke(CALL)
    assert (message.content, message.status) == ("no such city", "error")


async def test_other_content() -> None:
    content = [
        TEXT,
        {"type": "image", "data": "aGk=", "mimeType": "image/png"},
        {"type": "audio", "data": "aGk=", "mimeType": "audio/wav"},
        {"type": "resource_link", "name": "map", "uri": "https://x/map"},
        {"type": "resource", "resource": {"text": "A text."}},
        {"type": "resource", "resource": {"blob": "aGk=", "mimeType": "application/pdf"}},
        {"type": "new"},
    ]
    weather, _ = await tools_from_mcp(Session(weather=result(*content)))
    assert (await weather.ainvoke(CALL)).content == [
        {"type": "text", "text": "sunny"},
        {"type": "image", "base64": "aGk=", "mime_type": "image/png"},
        {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
        {"type": "text", "text": "map: https://x/map"},
        {"type": "text", "text": "A text."},
        {"type": "file", "base64": "aGk=", "mime_type": "application/pdf"},
        {"type": "text", "text": "{'type': 'new'}"},
    ]


async def test_options_for_every_tool() -> None:
    weather, other = await tools_from_mcp(Session(), return_direct=True)
    assert weather.return_direct
    assert other.return_direct

"""Tool calling: what the snippets print and send (spec D21-D28)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.chat_models import init_chat_model
from chatkit.messages import AIMessage
from chatkit.simulator import Reply, simulated_environment
from chatkit.tools import tool
from tests.page import tool_calling

if TYPE_CHECKING:
    import pytest

    from chatkit.simulator import Server


@tool
def tool_1(text: str) -> str:
    """The page's first tool."""
    return text


def test_binding_user_tools(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    tool_calling.binding_user_tools(model)
    assert capsys.readouterr().out == "Tool: get_weather\nArgs: {'location': 'Boston'}\n"


def test_tool_execution_loop(model: Any, get_weather: Any, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    tool_calling.tool_execution_loop(model, get_weather)
    assert capsys.readouterr().out == "Here is what I found: It's sunny in Boston.\n"
    asked, called, result = server.requests[-1].body["messages"]
    assert asked == {"role": "user", "content": "What's the weather in Boston?"}
    assert result == {"role": "tool", "tool_call_id": called["tool_calls"][0]["id"], "content": "It's sunny in Boston."}


def test_forcing_tool_calls(model: Any, server: Server) -> None:
    for snippet, choice in (
        (tool_calling.force_any_tool, "required"),
        (tool_calling.force_specific_tool, {"type": "function", "function": {"name": "tool_1"}}),
    ):
        answer = snippet(model, tool_1).invoke("Hello")
        assert server.requests[-1].body["tool_choice"] == choice
        assert [call["name"] for call in answer.tool_calls] == ["tool_1"]


def test_parallel_tool_calls(model: Any, get_weather: Any, capsys: pytest.CaptureFixture[str]) -> None:
    results = tool_calling.parallel_tool_calls(model, get_weather)
    out = capsys.readouterr().out
    assert out.startswith("[{'name': 'get_weather', 'args': {'location': 'Boston'}, 'id': 'call_")
    assert "{'name': 'get_weather', 'args': {'location': 'Tokyo'}, 'id': 'call_" in out
    assert [result.content for result in results] == ["It's sunny in Boston.", "It's sunny in Tokyo."]
    assert len({result.tool_call_id for result in results}) == 2


def test_no_parallel_tool_calls(model: Any, get_weather: Any, server: Server) -> None:
    tool_calling.no_parallel_tool_calls(model, get_weather)
    one = model.bind_tools([get_weather], parallel_tool_calls=False).invoke("What's the weather in Boston and Tokyo?")
    assert server.requests[-1].body["parallel_tool_calls"] is False
    assert len(one.tool_calls) == 1


PRINTED = """\
Tool: get_weather
ID: call_SvMlU1TVIZugrFLckFE2ceRE
Args: {"locat
Args: ion": "
Args: Boston"
Args: }
Tool: get_weather
ID: call_QMZdy6qInx13oWKE7KhuhOLR
Args: {"locat
Args: ion": "
Args: Tokyo"}
"""


def test_streaming_tool_calls(get_weather: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """The order is the page's; where the arguments are cut is the server's business."""
    calls = [
        {"name": "get_weather", "args": '{"location": "Boston"}', "id": "call_SvMlU1TVIZugrFLckFE2ceRE"},
        {"name": "get_weather", "args": '{"location": "Tokyo"}', "id": "call_QMZdy6qInx13oWKE7KhuhOLR"},
    ]
    with simulated_environment([Reply(tool_calls=calls, piece=7)]):
        tool_calling.streaming_tool_calls(init_chat_model("gpt-4.1").bind_tools([get_weather]))
    assert capsys.readouterr().out == PRINTED


def test_accumulate_tool_calls(model: Any, get_weather: Any, capsys: pytest.CaptureFixture[str]) -> None:
    gathered = tool_calling.accumulate_tool_calls(model.bind_tools([get_weather]))
    lines = capsys.readouterr().out.splitlines()
    assert "'args': {}" in lines[0], "arguments are shown as far as they came"
    assert "'args': {'location': 'Boston'}" in lines[-1]
    assert isinstance(gathered, AIMessage)
    assert [call["args"] for call in gathered.tool_calls] == [{"location": "Boston"}]

"""Conversations as text."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit.errors import InputError
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage, get_buffer_string

TALK = [
    SystemMessage("Be nice."),
    HumanMessage([{"type": "text", "text": "Hi <you>"}, {"type": "image", "url": "https://example.com/a.png?b&c"}]),
    AIMessage("See:", tool_calls=[{"name": "look", "args": {"at": "a"}, "id": "1"}]),
    ToolMessage("found", tool_call_id="1"),
]


def test_lines() -> None:
    assert get_buffer_string(TALK) == (
        'System: Be nice.\nHuman: Hi <you>\nAI: See: [{"name":"look","args":{"at":"a"},"id":"1","type":"tool_call"}]\nTool: found'
    )
    assert get_buffer_string(["Hi", ("ai", "Ho")], "User", "Bot", message_separator=" | ") == "User: Hi | Bot: Ho"


def test_xml_is_well_formed_and_complete() -> None:
    root = ElementTree.fromstring(f"<talk>{get_buffer_string(TALK, format='xml')}</talk>")
    assert [message.get("type") for message in root] == ["system", "human", "ai", "tool"]
    assert root[1].text == "Hi <you>"
    assert root[1][0].attrib == {"url": "https://example.com/a.png?b&c"}
    assert (root[2][0].get("name"), root[2][0].text) == ("look", '{"at":"a"}')


def test_reasoning_and_server_tools_in_xml() -> None:
    blocks = [
        {"type": "reasoning", "reasoning": "hm"},
        {"type": "server_tool_call", "id": "s", "name": "web_search", "args": {"query": "x"}},
        {"type": "server_tool_result", "tool_call_id": "s", "status": "success", "output": [1]},
        {"type": "non_standard", "value": {"secret": 1}},
    ]
    assert get_buffer_string([AIMessage(blocks)], format="xml") == (
        '<message type="ai"><reasoning>hm</reasoning><server_tool_call id="s" name="web_search">{"query":"x"}</server_tool_call>'
        '<server_tool_result id="s" status="success">[1]</server_tool_result></message>'
    )


@given(st.lists(st.text(st.characters(min_codepoint=32, blacklist_categories=["Cs", "Cc"])), max_size=4))
def test_no_text_breaks_out_of_its_element(texts: list[str]) -> None:
    root = ElementTree.fromstring(f"<talk>{get_buffer_string(texts, format='xml')}</talk>")
    assert [message.text or "" for message in root] == texts


def test_unknown_format() -> None:
    with pytest.raises(InputError, match="format"):
        get_buffer_string([], format="html")  # type: ignore[arg-type]

"""A conversation as the API takes it: system text apart, turns of user and assistant by turns (wire sheet: anthropic §3)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, cast

from chatkit.dialects.anthropic.assistant_blocks import assistant_blocks, clean_id
from chatkit.dialects.anthropic.user_blocks import options_of, user_blocks
from chatkit.errors import InputError
from chatkit.messages import AIMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from chatkit.dialects.anthropic.route import Route
    from chatkit.messages import BaseMessage

__all__ = ["System", "Turn", "conversation"]

Turn = dict[str, Any]
System = str | list[dict[str, Any]] | None

_TOOL_CHANGES = frozenset({"tool_addition", "tool_removal"})


def conversation(messages: list[BaseMessage], route: Route, *, later_system: bool = False) -> tuple[System, list[Turn]]:
    """`system` and `messages` of a request.

    Neighbours of the same role become one turn, results of tools stand first in theirs, blank text is dropped and so
    is white space at the end of an answer that is to be continued.

    Args:
        messages: the conversation.
        route: says which sources of images and documents this home takes.
        later_system: the model takes system messages in the middle; otherwise they are moved to the front (spec S92).

    Raises:
        InputError: nothing is left to be sent.
        UnsupportedFeatureError: a block that the API does not take.
    """
    answered = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    system: list[dict[str, Any]] = []
    turns: list[Turn] = []
    for message in messages:
        if isinstance(message, SystemMessage):
            blocks = user_blocks(message.content_blocks, route)
            if turns and (later_system or any(block["type"] in _TOOL_CHANGES for block in blocks)):
                _add(turns, "system", blocks)
            else:
                _warn_moved(turns)
                system += blocks
        elif isinstance(message, AIMessage):
            _add(turns, "assistant", assistant_blocks(message, answered))
        elif isinstance(message, ToolMessage):
            _add(turns, "user", [_tool_result(message, route)])
        else:
            _add(turns, "user", user_blocks(message.content_blocks, route))
    return _plain(system) or None, _finished(turns)


def _warn_moved(turns: list[Turn]) -> None:
    if turns:
        warnings.warn(
            "this model takes system messages only at the beginning of the conversation; a later one was moved there",
            UserWarning,
            stacklevel=3,
        )


def _add(turns: list[Turn], role: str, blocks: list[dict[str, Any]]) -> None:
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": list(blocks)})


def _tool_result(message: ToolMessage, route: Route) -> dict[str, Any]:
    blocks = user_blocks(message.content_blocks, route)
    marks = [block.pop("cache_control") for block in blocks if "cache_control" in block]
    result: dict[str, Any] = {"type": "tool_result", "tool_use_id": clean_id(message.tool_call_id)}
    if blocks:
        result["content"] = _plain(blocks)
    if message.status == "error":
        result["is_error"] = True
    if marks:  # only the result as a whole can be a cache breakpoint
        result["cache_control"] = marks[-1]
    return {**result, **options_of(message.additional_kwargs, "cache_control")}


def _plain(blocks: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    """A single block of nothing but text as a str."""
    only = blocks[0] if len(blocks) == 1 else {}
    return cast("str", only["text"]) if only.keys() == {"type", "text"} else blocks


def _finished(turns: list[Turn]) -> list[Turn]:
    _strip_end(turns)
    if not turns:
        raise InputError("nothing is left to send to the model: every message is empty or blank")
    _echo_toolsets(turns)
    for turn in turns:
        if turn["role"] == "user":
            turn["content"].sort(key=_results_first)
        if turn["role"] != "system":
            turn["content"] = _plain(turn["content"])
    return turns


def _results_first(block: dict[str, Any]) -> bool:
    return block.get("type") != "tool_result"


def _strip_end(turns: list[Turn]) -> None:
    """The API refuses an answer to be continued that ends in white space."""
    if not turns or turns[-1]["role"] != "assistant":
        return
    last = turns[-1]["content"][-1]
    if last.get("type") == "text":
        last["text"] = last["text"].rstrip()


def _echo_toolsets(turns: list[Turn]) -> None:
    """A call of a toolset carries its name, and so must the result."""
    blocks = [block for turn in turns for block in turn["content"]]
    calls = [block for block in blocks if block.get("type") == "tool_use" and block.get("toolset_name")]
    toolsets = {call["id"]: call["toolset_name"] for call in calls}
    for block in blocks if toolsets else ():
        if block.get("type") == "tool_result" and block.get("tool_use_id") in toolsets:
            block.setdefault("toolset_name", toolsets[block["tool_use_id"]])

"""Tool calls as a user, a server or a conversation of OpenAI's writes them: checked, in the one form that messages hold."""

from __future__ import annotations

from typing import Any

from chatkit.errors import InputTypeError
from chatkit.jsons import is_object
from chatkit.parts import tool_call_block

__all__ = ["CALL_TYPES", "calls_in", "checked_call", "checked_invalid_call", "openai_call", "openai_calls"]

CALL_TYPES = ("tool_call", "invalid_tool_call")


def calls_in(name: str, value: Any) -> list[Any]:
    """The items of what was given as a message's `name`; None has none.

    Raises:
        InputTypeError: it is not a list.
    """
    if is_object(value) or isinstance(value, str | bytes) or not hasattr(value or (), "__iter__"):
        raise InputTypeError(f"{name} must be a list of dicts, not {type(value).__name__}")
    return list(value or ())


def checked_call(call: Any) -> dict[str, Any]:
    """A tool call as `AIMessage.tool_calls` holds it.

    Raises:
        InputTypeError: it lacks something, or its arguments are not a dict.
    """
    if not is_object(call):
        raise InputTypeError(f"a tool call must be a dict with name, args and id, not {type(call).__name__}")
    missing = [key for key in ("name", "args", "id") if key not in call]
    if missing:
        raise InputTypeError(f"the tool call {call.get('name') or ''!r} lacks {missing}; give name, args and id")
    if not is_object(call["args"]):
        raise InputTypeError(f"args of the tool call {call['name']!r} must be a dict, not {type(call['args']).__name__}")
    known = {key: value for key, value in call.items() if key not in ("type", "index", "extras")}
    return {**known, "type": "tool_call"}  # printed as everybody prints calls: the name first


def checked_invalid_call(call: Any) -> dict[str, Any]:
    """An invalid call as `AIMessage.invalid_tool_calls` holds it.

    Raises:
        InputTypeError: it is not a dict.
    """
    if not is_object(call):
        raise InputTypeError(f"an invalid tool call must be a dict with name, args, id and error, not {type(call).__name__}")
    return {"type": "invalid_tool_call", **call}


def openai_calls(calls: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Calls in OpenAI's own form (`function.arguments` as JSON text), split into good and bad ones."""
    found = [openai_call(call) for call in calls_in("tool_calls", calls)]
    good = [checked_call(call) for call in found if call["type"] == "tool_call"]
    return good, [call for call in found if call["type"] != "tool_call"]


def openai_call(call: Any) -> dict[str, Any]:
    """A call in OpenAI's own form as a block; the text of a free-form (`custom`) one is its argument `__arg1`."""
    custom = call.get("custom") if is_object(call) else None
    if is_object(custom):
        args = {"__arg1": custom.get("input") or ""}
        return {"type": "tool_call", "name": custom.get("name"), "args": args, "id": call.get("id"), "extras": {"type": "custom"}}
    function = call.get("function") if is_object(call) else None
    if not is_object(function) or not isinstance(function.get("arguments") or "", str):
        raise InputTypeError("a tool call in OpenAI's form needs {'id': ..., 'function': {'name': ..., 'arguments': '<JSON>'}}")
    return tool_call_block(function.get("name"), function.get("arguments") or "", call.get("id"))

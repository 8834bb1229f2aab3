"""What the caller's side answers to calls: output items (wire sheet: openai_responses §3, tool items).

A ToolMessage becomes the output item that fits the kind of its call. Where that says too little, a dict of the API's
own (`{"type": "computer_call_output", ...}`) in a message's content is sent as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.openai_responses.parts import text_or_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.messages import ToolMessage

__all__ = ["answer_item"]


def answer_item(message: ToolMessage, calls: Mapping[str, dict[str, Any]], owner: str) -> dict[str, Any]:
    """The output item for a tool's result.

    Args:
        calls: the items of the calls that came before, by call id. `additional_kwargs["type"]` of the message says the
            kind as well ("custom_tool_call_output").
        owner: the model's class, for error messages.

    Raises:
        UnsupportedFeatureError: the result holds audio or video.
    """
    said = message.additional_kwargs.get("type")
    call = calls.get(message.tool_call_id, {})
    kind = said.removesuffix("_output") if isinstance(said, str) else call.get("type", "")
    item = _ANSWERS.get(kind, _function)(message, owner)
    # A call that a program of the model's made is answered to that program.
    return {**item, "caller": call["caller"]} if call.get("caller") else item


def _function(message: ToolMessage, owner: str) -> dict[str, Any]:
    output = text_or_parts(message.content_blocks, owner)
    return {"type": "function_call_output", "call_id": message.tool_call_id, "output": output}


def _custom(message: ToolMessage, owner: str) -> dict[str, Any]:
    return {**_function(message, owner), "type": "custom_tool_call_output"}


def _computer(message: ToolMessage, owner: str) -> dict[str, Any]:
    output = text_or_parts(message.content_blocks, owner)
    screenshot: dict[str, Any] = {"type": "computer_screenshot"}
    for part in output if isinstance(output, list) else ():
        screenshot.update((key, part[key]) for key in ("image_url", "file_id") if key in part)
    checks = message.additional_kwargs.get("acknowledged_safety_checks")
    item = {"type": "computer_call_output", "call_id": message.tool_call_id, "output": screenshot}
    return item if checks is None else {**item, "acknowledged_safety_checks": checks}


def _local_shell(message: ToolMessage, _owner: str) -> dict[str, Any]:
    return {"type": "local_shell_call_output", "id": message.tool_call_id, "output": message.text}


def _shell(message: ToolMessage, _owner: str) -> dict[str, Any]:
    """Text is standard output; dicts in the API's own form (`stdout`, `stderr`, `outcome`) are taken over."""
    output = [block["value"] for block in message.content_blocks if block["type"] == "non_standard"]
    outcome = {"type": "exit", "exit_code": 0 if message.status == "success" else 1}
    output = output or [{"stdout": message.text, "stderr": "", "outcome": outcome}]
    return {"type": "shell_call_output", "call_id": message.tool_call_id, "output": output}


def _patch(message: ToolMessage, _owner: str) -> dict[str, Any]:
    status = "completed" if message.status == "success" else "failed"
    return {"type": "apply_patch_call_output", "call_id": message.tool_call_id, "status": status, "output": message.text}


_ANSWERS: dict[str, Callable[[ToolMessage, str], dict[str, Any]]] = {
    "custom_tool_call": _custom,
    "computer_call": _computer,
    "local_shell_call": _local_shell,
    "shell_call": _shell,
    "apply_patch_call": _patch,
}

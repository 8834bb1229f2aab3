"""The `input` of a Responses request as messages, checked as that API checks it (wire sheet: openai_responses §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.errors import InputError
from chatkit.jsons import decode_object, is_list, is_object
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.messages.foreign import split_data_url
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.messages import BaseMessage

__all__ = ["check_items", "listed_input", "messages_of"]

_PREFIXES = {"message": "msg", "reasoning": "rs", "function_call": "fc", "custom_tool_call": "ctc"}
_ANSWERS = {"function_call": "function_call_output", "custom_tool_call": "custom_tool_call_output"}


def messages_of(items: list[dict[str, Any]]) -> list[BaseMessage]:
    """The conversation; items of one turn of the assistant are one message. Raises Refused."""
    messages: list[BaseMessage] = []
    said: list[dict[str, Any]] = []  # by the assistant, since somebody else spoke
    for nth, item in enumerate(items):
        blocks = _said(item, nth)
        if blocks is not None:
            said += blocks
            continue
        if said:
            messages.append(AIMessage(said))
            said = []
        messages.append(_heard(item, nth))
    return [*messages, AIMessage(said)] if said else messages


def listed_input(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The input of a request as items that say everything."""
    given: Any = body.get("input") or []
    return [_full(item) for item in ([{"role": "user", "content": given}] if isinstance(given, str) else given)]


def _full(item: dict[str, Any]) -> dict[str, Any]:
    content = item.get("content")
    if isinstance(content, str):
        own: dict[str, Any] = (
            {"type": "output_text", "annotations": []} if item.get("role") == "assistant" else {"type": "input_text"}
        )
        item = {**item, "content": [{**own, "text": content}]}
    return {"type": "message", "status": "completed", **item} if item.get("type", "message") == "message" else item


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


# What is refused.


def check_items(items: list[dict[str, Any]], *, stored: bool, continues: bool) -> None:
    """Refuse what the API would refuse.

    Args:
        stored: the server keeps answers.
        continues: earlier items are on the server, and not in the request.
    """
    for nth, item in enumerate(items):
        kind = item.get("type") or "message"
        prefix, id = _PREFIXES.get(kind), item.get("id")
        if prefix and id is not None and not str(id).startswith(prefix):
            raise _refused(f"Invalid 'input[{nth}].id': '{id}'. Expected an ID that begins with '{prefix}'.")
        if kind == "message" and "name" in item:
            raise _refused(f"Unknown parameter: 'input[{nth}].name'.")
        if kind == "reasoning":
            _check_reasoning(items, nth, stored=stored)
    _check_calls(items, continues=continues)


def _check_reasoning(items: list[dict[str, Any]], nth: int, *, stored: bool) -> None:
    item = items[nth]
    if not stored and not item.get("encrypted_content"):
        raise _refused(
            f"Item with id '{item.get('id')}' not found. Items are not persisted when `store` is set to false. "
            "Try again with `store` set to true, or remove this item from your input."
        )
    following = items[nth + 1] if nth + 1 < len(items) else {"role": "user"}
    if following.get("role", "assistant") != "assistant" or str(following.get("type")).endswith("_output"):
        raise _refused(f"Item '{item.get('id')}' of type 'reasoning' was provided without its required following item.")


def _check_calls(items: list[dict[str, Any]], *, continues: bool) -> None:
    calls = {item.get("call_id"): item["type"] for item in items if item.get("type") in _ANSWERS}
    answers = {item.get("call_id"): item["type"] for item in items if item.get("type") in _ANSWERS.values()}
    for id, kind in calls.items():
        if answers.get(id) != _ANSWERS[kind]:
            raise _refused(f"No tool output found for {kind.replace('_', ' ')} {id}.")
    for id in answers.keys() - calls.keys() if not continues else ():
        raise _refused(f"No tool call found for function call output with call_id {id}.")


# What the assistant said.


def _said(item: dict[str, Any], nth: int) -> list[dict[str, Any]] | None:
    """The blocks of an item that the model made; None for one that comes from outside."""
    kind = item.get("type") or "message"
    if kind == "message":
        return _answered(item.get("content"), nth) if item.get("role") == "assistant" else None
    if kind.endswith("_output"):
        return None
    read = _SAID.get(kind)
    return [{"type": "non_standard", "value": item} if read is None else read(item)]


def _answered(content: Any, nth: int) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if not is_list(content) or not all(part.get("type") in ("output_text", "refusal") for part in content):
        raise _refused(f"Invalid value in 'input[{nth}].content': supported values are: 'output_text' and 'refusal'.")
    return [{"type": "text", "text": part.get("text") or part.get("refusal") or ""} for part in content]


def _reasoned(item: dict[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [*(item.get("summary") or ()), *(item.get("content") or ())]
    return {"type": "reasoning", "reasoning": "\n".join(part["text"] for part in parts)}


def _function(item: dict[str, Any]) -> dict[str, Any]:
    args = decode_object(item["arguments"])
    if args is None:
        raise _refused(f"Invalid value: the arguments of {item['name']!r} are not a JSON object.")
    return {"type": "tool_call", "id": item["call_id"], "name": item["name"], "args": args}


def _custom(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tool_call", "id": item["call_id"], "name": item["name"], "args": {"input": item["input"]}}


_SAID: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "reasoning": _reasoned,
    "function_call": _function,
    "custom_tool_call": _custom,
}


# What others said.


def _heard(item: dict[str, Any], nth: int) -> BaseMessage:
    kind = item.get("type") or "message"
    if kind.endswith("_output"):
        output = item.get("output")
        content = [_part(part, nth) for part in output] if is_list(output) else output
        return ToolMessage(content if isinstance(content, str | list) else "", tool_call_id=item.get("call_id") or item["id"])
    make = {"user": HumanMessage, "system": SystemMessage, "developer": SystemMessage}.get(item.get("role") or "")
    if make is None:
        raise _refused(f"Invalid value: '{item.get('role')}'. Supported values are: 'assistant', 'system', 'developer', 'user'.")
    content = item.get("content")
    if not isinstance(content, str) and not is_list(content):
        raise _refused(f"Invalid type for 'input[{nth}].content': expected a string or an array of parts.")
    return make(content if isinstance(content, str) else [_part(part, nth) for part in content])


def _part(part: Any, nth: int) -> dict[str, Any]:
    read = _PARTS.get(part.get("type")) if is_object(part) else None
    if read is None:
        raise _refused(f"Invalid value in 'input[{nth}].content': supported values are: {', '.join(map(repr, _PARTS))}.")
    return read(part)


def _text(part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "text", "text": part["text"]}


def _image(part: dict[str, Any]) -> dict[str, Any]:
    return {"type": "image", **_source(part.get("image_url"), part.get("file_id"))}


def _file(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("file_data") and not part.get("filename"):
        raise _refused("Missing required parameter: 'filename' beside 'file_data'.")
    return {"type": "file", **_source(part.get("file_data") or part.get("file_url"), part.get("file_id"))}


def _screenshot(part: dict[str, Any]) -> dict[str, Any]:
    return _image(part)


def _source(url: Any, file_id: Any) -> dict[str, Any]:
    if isinstance(file_id, str):
        return {"file_id": file_id}
    if not isinstance(url, str):
        raise _refused("Invalid type: images and files are given as a URL, a data URL or a file id.")
    try:
        data = split_data_url(url)
    except InputError as error:
        raise _refused(f"Invalid data URL: {error}") from error
    return {"url": url} if data is None else {"base64": data[1], "mime_type": data[0]}


_PARTS: dict[Any, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "input_text": _text,
    "input_image": _image,
    "input_file": _file,
    "computer_screenshot": _screenshot,
}

"""The `contents` of a generateContent request as messages, checked as that API checks them (wire sheet: google_genai §2)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, dumps, is_list, is_object
from chatkit.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.messages import BaseMessage

__all__ = ["merged", "messages_of"]

_DATA = (
    "functionCall",
    "functionResponse",
    "inlineData",
    "fileData",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
)
_MEDIA = ("image", "audio", "video")


def merged(contents: list[Any]) -> list[Any]:
    """The contents, those of the model that follow each other as one: so the official client sends back a stream."""
    found: list[Any] = []
    for content in contents:
        both = [as_object(found[-1]), as_object(content)] if found else []
        if both and all(said.get("role") == "model" and is_list(said.get("parts")) for said in both):
            found[-1] = {**both[0], "parts": [part for said in both for part in said["parts"]]}
        else:
            found.append(content)
    return found


def messages_of(body: dict[str, Any]) -> list[BaseMessage]:
    """The conversation, system instruction first. Raises Refused."""
    system = body.get("systemInstruction")
    messages: list[BaseMessage] = []
    if system is not None:
        parts = [{"text": system}] if isinstance(system, str) else _parts(as_object(system), 0)
        messages.append(SystemMessage([_block(part, "", 0) for part in parts]))
    waiting: list[dict[str, Any]] = []  # calls whose results must come next
    for nth, content in enumerate(body["contents"]):
        if content.get("role") not in ("user", "model", None):
            raise _refused("Please use a valid role: user, model.")
        parts = _parts(content, nth)
        if content.get("role") == "model":
            blocks = [_block(part, f"call_{nth}", at) for at, part in enumerate(parts)]
            waiting = [block for block in blocks if block["type"] == "tool_call"]
            messages.append(AIMessage(blocks))
        else:
            messages += _said(parts, waiting)
            waiting = []
    return messages


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _parts(content: dict[str, Any], nth: int) -> list[dict[str, Any]]:
    """The parts of a content; one alone may stand without a list."""
    parts = content.get("parts")
    parts = [parts] if is_object(parts) else parts
    if not is_list(parts) or not parts:
        raise _refused(f"* GenerateContentRequest.contents[{nth}].parts: contents.parts must not be empty.")
    for at, part in enumerate(parts):
        if "text" not in part and not any(name in part for name in _DATA):
            where = f"GenerateContentRequest.contents[{nth}].parts[{at}].data"
            raise _refused(f"* {where}: required oneof field 'data' must have one initialized field")
    return parts


def _said(parts: list[dict[str, Any]], calls: list[dict[str, Any]]) -> Iterator[BaseMessage]:
    """What the user's side says: results of calls, and the rest."""
    results = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if results and not calls:
        raise _refused("Please ensure that function response turn comes immediately after a function call turn.")
    if len(results) != len(calls):
        raise _refused(
            "Please ensure that the number of function response parts is equal to the number of function call parts "
            "of the function call turn."
        )
    left = list(calls)
    for result in results:
        call = next((call for call in left if _answers(result, call)), None)
        if call is None:
            raise _refused(f"the function response {result.get('name')!r} answers no function call of the turn before")
        left.remove(call)
        yield _result(result, call["id"])
    said = [_block(part, "", at) for at, part in enumerate(parts) if "functionResponse" not in part]
    if said:
        yield HumanMessage(said)


def _answers(result: dict[str, Any], call: dict[str, Any]) -> bool:
    return result.get("name") == call["name"] and result.get("id") in (None, call["id"])


def _result(result: dict[str, Any], id: str) -> ToolMessage:
    response = result.get("response")
    if not is_object(response):
        raise _refused(
            "Invalid value at 'contents.parts.function_response.response' (type.googleapis.com/google.protobuf.Struct)"
        )
    failed = set(response) == {"error"}
    value = next(iter(response.values())) if len(response) == 1 and set(response) <= {"output", "result", "error"} else response
    media = [_block(part, "", at) for at, part in enumerate(result.get("parts") or ())]
    text = {"type": "text", "text": value if isinstance(value, str) else dumps(value)}
    return ToolMessage([text, *media], tool_call_id=id, name=result["name"], status="error" if failed else "success")


def _block(part: dict[str, Any], call_id: str, at: int) -> dict[str, Any]:
    """A part as a standard block."""
    if "functionCall" in part:
        call = part["functionCall"]
        return {
            "type": "tool_call",
            "name": call["name"],
            "args": call.get("args") or {},
            "id": call.get("id") or f"{call_id}_{at}",
        }
    name = next((name for name in _READERS if name in part), None)
    return {"type": "non_standard", "value": part} if name is None else _READERS[name](part)


def _text(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("thought"):
        return {"type": "reasoning", "reasoning": part["text"]}
    return {"type": "text", "text": part["text"]}


def _inline(part: dict[str, Any]) -> dict[str, Any]:
    data = part["inlineData"]
    try:
        base64.b64decode(data["data"].translate({45: 43, 95: 47}), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused("Invalid value at 'contents.parts.inline_data.data' (TYPE_BYTES), Base64 decoding failed") from error
    return {"type": _kind(data["mimeType"]), "base64": data["data"], "mime_type": data["mimeType"]}


def _file(part: dict[str, Any]) -> dict[str, Any]:
    data = part["fileData"]
    mime = data.get("mimeType") or "application/octet-stream"
    return {"type": _kind(mime), "url": data["fileUri"], "mime_type": mime}


def _kind(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in _MEDIA else "file"


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {"text": _text, "inlineData": _inline, "fileData": _file}

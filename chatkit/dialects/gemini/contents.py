"""Messages as `contents` and `systemInstruction` (wire sheet: google_genai §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.ids import wire_id
from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.dialects.gemini.parts_out import part_of
from chatkit.dialects.history import is_own, replayable
from chatkit.errors import InputError
from chatkit.jsons import decode_object, is_object
from chatkit.messages import AIMessage, SystemMessage, ToolMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chatkit.messages import BaseMessage

__all__ = ["contents_of", "system_instruction"]

NO_SIGNATURE = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""The documented stand-in, base64 of "skip_thought_signature_validator", for calls that Gemini did not make itself."""

_LANGCHAIN_SIGNATURES = "__gemini_function_call_thought_signatures__"
"""Where LangChain's messages keep the signatures of calls (spec S87)."""

_TEXTS = ("text", "text-plain")


def system_instruction(messages: Iterable[BaseMessage]) -> dict[str, Any] | None:
    """What all system messages say, wherever they stand: `contents` has no place for them."""
    blocks = [block for message in messages if isinstance(message, SystemMessage) for block in message.content_blocks]
    return {"parts": _parts(blocks)} if blocks else None


def contents_of(messages: Sequence[BaseMessage], model: str, provider: str) -> list[dict[str, Any]]:
    """The conversation without system messages.

    Raises:
        InputError: there is nothing but system messages; a result whose call is unknown.
    """
    contents: list[dict[str, Any]] = []
    results = _Results(model)
    for message in messages:
        if isinstance(message, ToolMessage):
            results.add(message)
            continue
        contents += results.take()
        if isinstance(message, AIMessage):
            contents += _answer(message, model, provider)
            results.expect(message.tool_calls)
        elif not isinstance(message, SystemMessage):
            contents.append({"role": "user", "parts": _parts(message.content_blocks) or [{"text": ""}]})
    contents += results.take()
    if not contents:
        raise InputError("Gemini needs a message of the user beside the system message")
    return contents


def _parts(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [part for block in blocks if (part := part_of(block)) is not None]


def _answer(message: AIMessage, model: str, provider: str) -> list[dict[str, Any]]:
    """An earlier answer of the model's."""
    signatures = message.additional_kwargs.get(_LANGCHAIN_SIGNATURES)
    blocks = replayable(message, provider)
    if is_object(signatures) and is_own(message, provider):
        blocks = [_signed(block, signatures) for block in blocks]
    parts = _parts(blocks)
    if is_gemini_3(model):
        _sign_first_call(parts)
    return [{"role": "model", "parts": parts}] if parts else []


def _signed(block: dict[str, Any], signatures: dict[str, Any]) -> dict[str, Any]:
    signature = signatures.get(block.get("id") or "") if block["type"] == "tool_call" else None
    return block if signature is None else {**block, "extras": {"signature": signature, **(block.get("extras") or {})}}


def _sign_first_call(parts: list[dict[str, Any]]) -> None:
    """The first call of a turn must be signed; it is not when the call is another vendor's or the user's."""
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first.setdefault("thoughtSignature", NO_SIGNATURE)


class _Results:
    """The results that follow one answer; they go back in the order of its calls, as one content."""

    def __init__(self, model: str) -> None:
        self._takes_media = is_gemini_3(model)
        self._names: dict[str, str] = {}
        self._places: dict[str, int] = {}
        self._results: list[ToolMessage] = []

    def expect(self, calls: Sequence[Any]) -> None:
        """Results of these calls may follow."""
        self._places = {call["id"]: place for place, call in enumerate(calls)}
        self._names.update((call["id"], call["name"]) for call in calls)

    def add(self, result: ToolMessage) -> None:
        self._results.append(result)

    def take(self) -> list[dict[str, Any]]:
        """The results so far, and beside them the media that they hold where the model takes none in a result."""
        results = sorted(self._results, key=lambda result: self._places.get(result.tool_call_id, len(self._places)))
        self._results = []
        responses: list[dict[str, Any]] = []
        beside: list[dict[str, Any]] = []
        for result in results:
            response, media = self._response(result)
            if media and self._takes_media:
                response["parts"] = media
            else:
                beside += media
            responses.append({"functionResponse": response})
        return [{"role": "user", "parts": parts} for parts in (responses, beside) if parts]

    def _response(self, result: ToolMessage) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The response, and the parts that are no text."""
        name = self._names.get(result.tool_call_id) or result.name
        if name is None:
            raise InputError(
                f"the tool message with tool_call_id {result.tool_call_id!r} follows no answer with such a call, and Gemini must "
                "know the tool's name: keep the answer in the conversation, or give the message a name"
            )
        blocks = result.content_blocks
        text = "".join(block["text"] for block in blocks if block["type"] in _TEXTS and block.get("text"))
        id = wire_id(result.tool_call_id)
        response = {**({"id": id} if id else {}), "name": name, "response": _object(text, result.status)}
        return response, _parts(block for block in blocks if block["type"] not in _TEXTS)


def _object(text: str, status: str) -> dict[str, Any]:
    """A result must be an object: one that is JSON goes as it is, any other text under a name."""
    if status == "error":
        return {"error": text}
    value = decode_object(text)
    return {"output": text} if value is None else value

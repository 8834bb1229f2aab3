"""The blocks of an answer as a message of OpenAI chat completions, whole and in pieces (wire sheet: openai_chat §6-8)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, dumps
from chatkit.simulator.answers.sound import sound, wav
from chatkit.simulator.dialects.openai_chat_relatives import is_mistral, thought_of
from chatkit.simulator.dialects.openai_common import CREATED
from chatkit.simulator.pieces import count_tokens
from chatkit.simulator.reply import Answer, args_object, args_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator.question import Question

__all__ = ["MessageWriter"]


class MessageWriter:
    """Writes the message of one answer."""

    def __init__(self, question: Question, answer: Answer) -> None:
        self._question = question
        self._answer = answer
        tools: list[dict[str, Any]] = question.body.get("tools") or []
        self._customs = {tool["custom"]["name"] for tool in tools if tool.get("type") == "custom"}  # they take plain text
        self._speaks = "audio" in (question.body.get("modalities") or ())

    @property
    def no_text(self) -> Any:
        """What stands for the content where there is no text: null with calls and with sound."""
        only_calls = not self._answer.text and bool(self._answer.of_type("tool_call"))
        return None if only_calls or self._speaks else ""

    def message(self) -> dict[str, Any]:
        """The whole message."""
        answer = self._answer
        notes = [_annotation(note) for block in answer.of_type("text") for note in block.get("annotations") or ()]
        message: dict[str, Any] = {"role": "assistant", "content": self.no_text, "refusal": None, "annotations": notes}
        if answer.text:
            message |= {"audio": self._sound(answer.text)} if self._speaks else {"content": answer.text}
        if thought := "".join(block["reasoning"] for block in answer.of_type("reasoning")):
            message |= thought_of(self._question, thought, before=message["content"])
        if executed := _executed(answer):
            message["executed_tools"] = executed
        if calls := [self._call(block) for block in answer.of_type("tool_call")]:
            message["tool_calls"] = calls
        for block in answer.of_type("image", "audio", "non_standard"):
            message |= _other(block)
        return message

    def deltas(self) -> Iterator[dict[str, Any]]:
        """What the chunks say, one after the other."""
        executed = _executed(self._answer)
        calls = 0
        for block in self._answer.blocks:
            match block["type"]:
                case "server_tool_call" if executed:
                    yield {"executed_tools": executed}
                    executed = []
                case "reasoning":
                    yield from (thought_of(self._question, piece) for piece in self._answer.text_pieces(block["reasoning"]))
                case "text":
                    yield from self._text_deltas(block)
                case "tool_call":
                    yield from self._call_deltas(block, calls)
                    calls += 1
                case "image" | "audio" | "non_standard":
                    yield _other(block)
                case _:
                    pass

    def _text_deltas(self, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
        pieces = self._answer.text_pieces(block["text"])
        if self._speaks:
            whole = self._sound(block["text"])
            yield from ({"audio": {"id": whole["id"], "transcript": piece}} for piece in pieces)
            yield {"audio": {"id": whole["id"], "data": whole["data"]}}
            yield {"audio": {"id": whole["id"], "expires_at": whole["expires_at"]}}
        else:
            yield from ({"content": piece} for piece in pieces)
        if notes := block.get("annotations"):
            yield {"annotations": [_annotation(note) for note in notes]}

    def _call_deltas(self, block: dict[str, Any], index: int) -> Iterator[dict[str, Any]]:
        whole = self._call(block)
        if is_mistral(self._question.model):
            yield {"tool_calls": [{"index": index, **whole}]}
            return
        kind = whole["type"]
        field, pieces = (
            ("arguments", self._answer.args_pieces(block)) if kind == "function" else ("input", [whole[kind]["input"]])
        )
        yield {"tool_calls": [{"index": index, "id": whole["id"], "type": kind, kind: {"name": block["name"], field: ""}}]}
        for piece in pieces:
            yield {"tool_calls": [{"index": index, kind: {field: piece}}]}

    def _call(self, block: dict[str, Any]) -> dict[str, Any]:
        name = block["name"]
        if name in self._customs:
            return {"id": block["id"], "type": "custom", "custom": {"name": name, "input": args_object(block).get("input", "")}}
        return {"id": block["id"], "type": "function", "function": {"name": name, "arguments": args_text(block)}}

    def _sound(self, text: str) -> dict[str, Any]:
        """A text as sound: raw samples for `pcm16`, else a WAV file, the only kind that the simulator makes."""
        samples = sound(count_tokens(text))
        raw = as_object(self._question.body.get("audio")).get("format") == "pcm16"
        data = base64.b64encode(samples if raw else wav(samples)).decode()
        return {"id": self._question.name("audio_"), "data": data, "transcript": text, "expires_at": CREATED + 3600}


def _other(block: dict[str, Any]) -> dict[str, Any]:
    """Images as OpenRouter sends them, sound; a `non_standard` block's value is fields of the message (refusal ...)."""
    match block["type"]:
        case "non_standard":
            return {key: value for key, value in block["value"].items() if key != "type"}
        case "audio":
            told = {"transcript": "", **as_object(block.get("extras"))}
            return {
                "audio": {"id": block.get("id") or "audio_simulated", "data": block.get("base64"), "expires_at": CREATED, **told}
            }
        case _:
            url = block.get("url") or f"data:{block.get('mime_type')};base64,{block.get('base64')}"
            return {"images": [{"type": "image_url", "image_url": {"url": url}}]}


def _annotation(note: dict[str, Any]) -> dict[str, Any]:
    return {"type": "url_citation", "url_citation": {key: note.get(key) for key in ("start_index", "end_index", "url", "title")}}


def _executed(answer: Answer) -> list[dict[str, Any]]:
    results = {block["tool_call_id"]: block.get("output") for block in answer.of_type("server_tool_result")}
    return [_executed_tool(nth, block, results.get(block["id"])) for nth, block in enumerate(answer.of_type("server_tool_call"))]


def _executed_tool(nth: int, block: dict[str, Any], output: Any) -> dict[str, Any]:
    shown = output if isinstance(output, str) else dumps(output)
    return {"index": nth, "type": block["name"], "name": block["name"], "arguments": args_text(block), "output": shown}

"""The blocks of an answer as output items of the Responses API (wire sheet: openai_responses §5)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.jsons import as_object, is_list
from chatkit.simulator.dialects.openai_responses_question import asks_for, custom_names
from chatkit.simulator.logprobs import logprobs_of
from chatkit.simulator.reply import args_object, args_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["ItemWriter"]


class ItemWriter:
    """Writes the items of one answer, as they are when they are complete."""

    def __init__(self, question: Question, answer: Answer) -> None:
        self._question = question
        self._answer = answer
        self._customs = custom_names(question.body)
        self._results = {block["tool_call_id"]: block for block in answer.of_type("server_tool_result")}
        self._searched = {block["name"] for block in answer.of_type("server_tool_call")}

    def items(self) -> list[dict[str, Any]]:
        """All items. The result of a tool of the provider's stands in the item of its call."""
        return [
            _WRITERS[block["type"]](self, nth, block)
            for nth, block in enumerate(self._answer.blocks)
            if block["type"] in _WRITERS
        ]

    def logprobs(self, text: str) -> list[dict[str, Any]]:
        """The token probabilities of a text, where they were asked for."""
        wanted = self._question.logprobs
        return [] if wanted is None else logprobs_of([text], wanted, self._answer.piece)

    def text(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        text = block["text"]
        notes = [self._annotation(note) for note in block.get("annotations") or ()]
        return self._message(nth, {"type": "output_text", "annotations": notes, "logprobs": self.logprobs(text), "text": text})

    def _message(self, nth: int, part: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self._question.name("msg_", nth),
            "type": "message",
            "status": "incomplete" if self._answer.finish == "length" else "completed",
            "role": "assistant",
            "content": [part],
        }

    def _annotation(self, note: dict[str, Any]) -> dict[str, Any]:
        if "file_search" in self._searched:
            return {"type": "file_citation", "file_id": "file-simulated", "filename": note.get("title"), "index": 0}
        return {"type": "url_citation", **{key: note.get(key) for key in ("start_index", "end_index", "url", "title")}}

    def reasoning(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        """Models think unseen: a summary is told, and what goes back is sent, only to those who ask for it."""
        question = self._question
        item: dict[str, Any] = {"id": question.name("rs_", nth), "type": "reasoning", "summary": []}
        if as_object(question.body.get("reasoning")).get("summary") and block.get("reasoning"):
            item["summary"] = [{"type": "summary_text", "text": block["reasoning"]}]
        if asks_for(question.body, "reasoning.encrypted_content"):
            item["encrypted_content"] = base64.b64encode(question.name("thought ", nth).encode()).decode()
        return {**item, **as_object(block.get("extras"))}

    def call(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        name = block["name"]
        head: dict[str, Any] = {"status": "completed", "call_id": block["id"], "name": name}
        if name in self._customs:
            text = args_object(block).get("input", "")
            return {"id": self._question.name("ctc_", nth), "type": "custom_tool_call", **head, "input": text}
        return {"id": self._question.name("fc_", nth), "type": "function_call", **head, "arguments": args_text(block)}

    def server_call(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        result = self._results.get(block["id"], {})
        head = {"id": block["id"], "type": _kind(block["name"])}
        status = "failed" if result.get("status") == "error" else "completed"
        return {**head, "status": status, **_CALLS[head["type"]](self, block, result.get("output"))}

    def web_search(self, block: dict[str, Any], output: Any) -> dict[str, Any]:
        action = {"type": "search", **args_object(block)}
        if asks_for(self._question.body, "web_search_call.action.sources"):
            action["sources"] = [{"type": "url", "url": found["url"]} for found in _found(output)]
        return {"action": action}

    def file_search(self, block: dict[str, Any], output: Any) -> dict[str, Any]:
        told = asks_for(self._question.body, "file_search_call.results")
        found = [{"file_id": "file-simulated", "filename": hit.get("title"), "text": hit.get("text")} for hit in _found(output)]
        return {"queries": [args_object(block).get("query")], "results": found if told else None}

    def code(self, block: dict[str, Any], output: Any) -> dict[str, Any]:
        told = asks_for(self._question.body, "code_interpreter_call.outputs")
        outputs = [{"type": "logs", "logs": str(output)}] if told else None
        return {"container_id": "cntr_simulated", "code": args_object(block).get("code", ""), "outputs": outputs}

    def mcp(self, block: dict[str, Any], output: Any) -> dict[str, Any]:
        name = block["name"].removeprefix("mcp:")
        return {"server_label": "simulator", "name": name, "arguments": args_text(block), "output": output, "error": None}

    def image(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        format = str(block.get("mime_type") or "image/png").partition("/")[2]
        head = {"id": self._question.name("ig_", nth), "type": "image_generation_call", "status": "completed"}
        return {**head, "output_format": format, "size": "1024x1024", "quality": "low", "result": block.get("base64")}

    def verbatim(self, nth: int, block: dict[str, Any]) -> dict[str, Any]:
        value: dict[str, Any] = block["value"]
        if value.get("type") == "refusal":
            return self._message(nth, value)
        return {"id": self._question.name("it_", nth), **value}


def _kind(name: str) -> str:
    known = ("web_search", "file_search", "code_interpreter")
    return next((f"{start}_call" for start in known if name.startswith(start)), "mcp_call")


def _found(output: Any) -> list[dict[str, Any]]:
    return output if is_list(output) else []


_WRITERS: dict[str, Callable[[ItemWriter, int, dict[str, Any]], dict[str, Any]]] = {
    "text": ItemWriter.text,
    "reasoning": ItemWriter.reasoning,
    "tool_call": ItemWriter.call,
    "server_tool_call": ItemWriter.server_call,
    "image": ItemWriter.image,
    "non_standard": ItemWriter.verbatim,
}
_CALLS: dict[str, Callable[[ItemWriter, dict[str, Any], Any], dict[str, Any]]] = {
    "web_search_call": ItemWriter.web_search,
    "file_search_call": ItemWriter.file_search,
    "code_interpreter_call": ItemWriter.code,
    "mcp_call": ItemWriter.mcp,
}

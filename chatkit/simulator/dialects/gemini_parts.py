"""The blocks of an answer as parts of Gemini's, whole and in pieces (wire sheet: google_genai §2, §5, §8)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.jsons import as_object, dumps, is_list, is_object
from chatkit.simulator.answers.sound import RATE, sound
from chatkit.simulator.pieces import count_tokens
from chatkit.simulator.reply import Answer, args_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.simulator.question import Question

__all__ = ["grounding_of", "part_of", "pieces_of"]

_TYPES = {
    "google_search": "GOOGLE_SEARCH_WEB",
    "url_context": "URL_CONTEXT",
    "file_search": "FILE_SEARCH",
    "google_maps": "GOOGLE_MAPS",
}


def part_of(block: dict[str, Any], question: Question) -> dict[str, Any] | None:
    """The part for a block; None for one that this API does not show."""
    plain, asking = _PLAIN.get(block["type"]), _ASKING.get(block["type"])
    part = plain(block) if plain else asking(block, question) if asking else None
    signature = as_object(block.get("extras")).get("signature")
    return {**part, "thoughtSignature": signature} if part is not None and signature else part


def pieces_of(block: dict[str, Any], question: Question, answer: Answer) -> Iterator[dict[str, Any]]:
    """The parts that a stream makes of a block: text in words, all else whole, arguments piecemeal when that was asked."""
    whole = part_of(block, question)
    if whole is None:
        return
    if "text" in whole:
        *pieces, last = answer.text_pieces(whole["text"]) or [""]
        kind = {"thought": True} if "thought" in whole else {}
        yield from ({"text": piece, **kind} for piece in pieces)
        yield {**whole, "text": last}
    elif "functionCall" in whole and _streams_arguments(question):
        yield from _call_pieces(whole, answer)
    else:
        yield whole


# Whole.


def _text(block: dict[str, Any], question: Question) -> dict[str, Any]:
    """A text: as sound for those who want that, the bare word for those who want one of an enum."""
    config, text = as_object(question.body.get("generationConfig")), block["text"]
    if config.get("responseModalities") == ["AUDIO"]:
        data = base64.b64encode(sound(count_tokens(text))).decode()
        return {"inlineData": {"mimeType": f"audio/L16;codec=pcm;rate={RATE}", "data": data}}
    return {"text": text.strip('"') if config.get("responseMimeType") == "text/x.enum" else text}


def _thought(block: dict[str, Any]) -> dict[str, Any]:
    return {"text": block.get("reasoning") or "", "thought": True}


def _call(block: dict[str, Any], question: Question) -> dict[str, Any]:
    """A call; only the newer models give ids."""
    id = {"id": block["id"]} if is_gemini_3(question.model) else {}
    return {"functionCall": {**id, "name": block["name"], "args": args_object(block)}}


def _media(block: dict[str, Any]) -> dict[str, Any]:
    if block.get("base64"):
        return {"inlineData": {"mimeType": block.get("mime_type"), "data": block["base64"]}}
    return {"fileData": {"mimeType": block.get("mime_type"), "fileUri": block.get("url")}}


def _server_call(block: dict[str, Any], question: Question) -> dict[str, Any] | None:
    if block["name"] == "code_execution":
        return {"executableCode": {"id": block["id"], "language": "PYTHON", **args_object(block)}}
    if not _shows_invocations(question):
        return None
    return {"toolCall": {"id": block["id"], "toolType": _TYPES.get(block["name"], block["name"]), "args": args_object(block)}}


def _server_result(block: dict[str, Any], question: Question) -> dict[str, Any] | None:
    output = block.get("output")
    if "code_execution" in question.server_tools and not is_list(output):
        outcome = "OUTCOME_OK" if block.get("status", "success") == "success" else "OUTCOME_FAILED"
        return {"codeExecutionResult": {"id": block["tool_call_id"], "outcome": outcome, "output": str(output or "")}}
    if not _shows_invocations(question):
        return None
    kind = next((_TYPES[name] for name in question.server_tools if name in _TYPES), "TOOL_TYPE_UNSPECIFIED")
    response = output if is_object(output) else {"results": output}
    return {"toolResponse": {"id": block["tool_call_id"], "toolType": kind, "response": response}}


def _shows_invocations(question: Question) -> bool:
    return bool(as_object(question.body.get("toolConfig")).get("includeServerSideToolInvocations"))


_PLAIN: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "reasoning": _thought,
    "image": _media,
    "audio": _media,
    "video": _media,
    "file": _media,
    "non_standard": lambda block: block["value"],
}
_ASKING: dict[str, Callable[[dict[str, Any], Question], dict[str, Any] | None]] = {
    "text": _text,
    "tool_call": _call,
    "server_tool_call": _server_call,
    "server_tool_result": _server_result,
}
"""Blocks whose form depends on the question."""


# Sources.


def grounding_of(answer: Answer) -> dict[str, Any]:
    """The citations of all text blocks as `groundingMetadata`; positions are in UTF-8 bytes."""
    chunks: list[dict[str, Any]] = []
    supports: list[dict[str, Any]] = []
    for block in answer.of_type("text"):
        for note in block.get("annotations") or ():
            chunk = {"web": {"uri": note.get("url"), "title": note.get("title")}}
            if chunk not in chunks:
                chunks.append(chunk)
            supports.append({"segment": _segment(block["text"], note), "groundingChunkIndices": [chunks.index(chunk)]})
    calls = answer.of_type("server_tool_call")
    queries = [query for call in calls if (query := args_object(call).get("query"))] if chunks else []
    found = {"webSearchQueries": queries, "groundingChunks": chunks, "groundingSupports": supports}
    return {name: value for name, value in found.items() if value}


def _segment(text: str, note: dict[str, Any]) -> dict[str, Any]:
    start, end = note.get("start_index") or 0, note.get("end_index", len(text))
    first, last = len(text[:start].encode()), len(text[:end].encode())
    return {**({"startIndex": first} if first else {}), "endIndex": last, "text": text[start:end]}


# Arguments in pieces.


def _streams_arguments(question: Question) -> bool:
    config = as_object(as_object(question.body.get("toolConfig")).get("functionCallingConfig"))
    return bool(config.get("streamFunctionCallArguments"))


def _call_pieces(whole: dict[str, Any], answer: Answer) -> Iterator[dict[str, Any]]:
    call = whole["functionCall"]
    leaves = list(_leaves(call["args"], "$"))
    if any(value in ({}, []) for _, value in leaves):  # there are no pieces for those
        yield whole
        return
    yield {**whole, "functionCall": {**{name: value for name, value in call.items() if name != "args"}, "willContinue": True}}
    for path, value in leaves:
        for piece in _value_pieces(value, answer):
            yield {"functionCall": {"partialArgs": [{"jsonPath": path, **piece}], "willContinue": True}}
    yield {"functionCall": {}}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if is_object(value) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if key.isidentifier() else f"{path}[{dumps(key)}]")
    elif is_list(value) and value:
        for at, inner in enumerate(value):
            yield from _leaves(inner, f"{path}[{at}]")
    elif path != "$":
        yield path, value


def _value_pieces(value: Any, answer: Answer) -> Iterator[dict[str, Any]]:
    match value:
        case str():
            yield from ({"stringValue": piece, "willContinue": True} for piece in answer.text_pieces(value))
            yield {"stringValue": ""}
        case bool():
            yield {"boolValue": value}
        case int() | float():
            yield {"numberValue": value}
        case _:
            yield {"nullValue": "NULL_VALUE"}

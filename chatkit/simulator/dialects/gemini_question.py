"""What a generateContent request asks, and what that API would refuse (wire sheet: google_genai §1-§3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from chatkit.codec import NamedTool, ToolSpec
from chatkit.dialects.gemini.models import is_gemini_3
from chatkit.jsons import as_object, is_list, is_object
from chatkit.simulator.dialects.dialect import Refused, body_of
from chatkit.simulator.dialects.gemini_messages import merged, messages_of
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from chatkit.codec import Request

__all__ = ["PATH", "question_of"]

PATH = re.compile(
    r"(?:/[^/?]+)*/(?:models|tunedModels|endpoints)/(?P<model>[^/:?]+):(?P<method>generateContent|streamGenerateContent)"
)
"""Any version, the Gemini API's addresses and Vertex AI's."""

_OPAQUE = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema", "labels"})
_FIELDS = frozenset(
    {
        *("contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent"),
        *("labels", "serviceTier", "modelArmorConfig", "model"),
    }
)
_SERVER_TOOLS = {
    "googleSearch": "google_search",
    "googleSearchRetrieval": "google_search",
    "codeExecution": "code_execution",
    "urlContext": "url_context",
    "fileSearch": "file_search",
    "googleMaps": "google_maps",
}
_ANYTHING: dict[str, Any] = {"type": "object", "properties": {}}


def question_of(request: Request) -> Question:
    """What a request asks. Raises Refused."""
    path, _, query = request.url.partition("?")
    match = PATH.fullmatch(path)
    assert match is not None, "the path was matched before"
    model, stream = unquote(match["model"]), match["method"] == "streamGenerateContent"
    if stream and parse_qs(query).get("alt") != ["sse"]:
        raise _refused("the simulator streams server-sent events only: add alt=sse to the query")
    body = _camel(body_of(request))
    if is_list(body.get("contents")):
        body["contents"] = merged(body["contents"])
    _check(body, model)
    config, calling = (
        as_object(body.get("generationConfig")),
        as_object(as_object(body.get("toolConfig")).get("functionCallingConfig")),
    )
    tools: list[dict[str, Any]] = body.get("tools") or []
    if not isinstance(config.get("candidateCount") or 1, int):
        raise _refused("Invalid value at 'generation_config.candidate_count' (TYPE_INT32)")
    return Question(
        model=model,
        messages=messages_of(body),
        stream=stream,
        tools=[_tool(given) for tool in tools for given in tool.get("functionDeclarations") or ()],
        server_tools=[name for tool in tools for field, name in _SERVER_TOOLS.items() if field in tool],
        tool_choice=_choice(calling),
        schema=_schema(config),
        reasoning=_reasoning(as_object(config.get("thinkingConfig"))),
        logprobs=(config.get("logprobs") or 0) if config.get("responseLogprobs") else None,
        stop=config.get("stopSequences") or [],
        max_tokens=config.get("maxOutputTokens"),
        body=body,
    )


def _refused(message: str) -> Refused:
    return Refused(problem("bad_request", message))


def _camel(value: Any) -> Any:
    """The API takes names in both spellings; what only passes through keeps its own."""
    if is_list(value):
        return [_camel(item) for item in value]
    if not is_object(value):
        return value
    named = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): inner for name, inner in value.items()}
    return {name: inner if name in _OPAQUE else _camel(inner) for name, inner in named.items() if inner is not None}


def _check(body: dict[str, Any], model: str) -> None:
    for name in body.keys() - _FIELDS:
        raise _refused(f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.')
    if not is_list(body.get("contents")) or not body["contents"]:
        raise _refused("* GenerateContentRequest.contents: contents is not specified")
    thinking = as_object(as_object(body.get("generationConfig")).get("thinkingConfig"))
    if "thinkingBudget" in thinking and "thinkingLevel" in thinking:
        raise _refused("You can only set one of thinking budget and thinking level.")
    tools: list[Any] = body.get("tools") or []
    config = as_object(body.get("toolConfig"))
    kinds = {"functionDeclarations" in tool for tool in tools}
    if kinds == {True, False} and not (is_gemini_3(model) and config.get("includeServerSideToolInvocations")):
        raise _refused("Built-in tools and function calling cannot be combined in the same request.")
    if body.get("cachedContent") and (tools or config or "systemInstruction" in body):
        raise _refused(
            "CachedContent can not be used with GenerateContent request setting system_instruction, tools or tool_config."
        )
    if is_gemini_3(model):
        _check_signatures(body["contents"])


def _check_signatures(contents: list[Any]) -> None:
    """The first call of every step since the user last spoke must be signed."""
    for content in reversed(contents):
        parts: list[Any] = content.get("parts") or []
        if content.get("role") != "model":
            if any("text" in part for part in parts):
                return
            continue
        first = next((part for part in parts if "functionCall" in part), {"thoughtSignature": ""})
        if "thoughtSignature" not in first:
            raise _refused("Function call is missing a thought_signature in functionCall parts.")


def _tool(given: dict[str, Any]) -> ToolSpec:
    schema = given.get("parametersJsonSchema") or _plain_schema(given.get("parameters")) or _ANYTHING
    return ToolSpec(given["name"], given.get("description") or "", schema)


def _choice(calling: dict[str, Any]) -> Any:
    names: list[str] = calling.get("allowedFunctionNames") or []
    choice = {"NONE": "none", "ANY": "any"}.get(calling.get("mode") or "AUTO", "auto")
    return NamedTool(names[0]) if choice == "any" and len(names) == 1 else choice


def _schema(config: dict[str, Any]) -> dict[str, Any] | None:
    if config.get("responseMimeType") not in ("application/json", "text/x.enum"):
        return None
    return config.get("responseJsonSchema") or _plain_schema(config.get("responseSchema")) or {}


def _plain_schema(schema: Any) -> Any:
    """The API's own kind of schema as a JSON Schema: its types are written in capitals."""
    if is_list(schema):
        return [_plain_schema(item) for item in schema]
    if not is_object(schema):
        return schema
    types = {"type": schema["type"].lower()} if isinstance(schema.get("type"), str) else {}
    return {**{name: _plain_schema(inner) for name, inner in schema.items()}, **types}


def _reasoning(thinking: dict[str, Any]) -> bool | None:
    return True if thinking.get("includeThoughts") else False if thinking.get("thinkingBudget") == 0 else None

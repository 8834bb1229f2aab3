"""The body of a request (wire sheet: openai_responses §2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chatkit.dialects.openai_responses.conversation import Speaker, input_items, since_last_response
from chatkit.dialects.openai_responses.parse import ResponsesParser
from chatkit.dialects.openai_responses.tools import callers_tools, text_format, tool_choice, tool_dicts
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from chatkit.codec import Call

__all__ = ["countable", "encode_responses", "parser_for", "resume_query"]

_TRANSLATED = frozenset(
    {
        "include",
        "logprobs",
        "max_tokens",
        "previous_response_id",
        "reasoning",
        "reasoning_effort",
        "response_format",
        "resume_response_id",
        "starting_after",
        "stream_options",
        "stream_usage",
        "text",
        "tool_choice",
        "tools",
        "verbosity",
    }
)
_ABSENT: dict[str, Any] = {
    "audio": None,
    "frequency_penalty": 0,
    "logit_bias": {},
    "modalities": ["text"],
    "n": 1,
    "prediction": None,
    "presence_penalty": 0,
    "seed": None,
    "stop": [],
    "web_search_options": None,
}
"""Parameters of Chat Completions that this API has not, and the value at which leaving them out changes nothing."""

_COUNTED = (
    *("model", "input", "instructions", "conversation", "previous_response_id", "tools", "tool_choice"),
    *("parallel_tool_calls", "reasoning", "text", "truncation"),
)
_NOT_REASONING = re.compile(r"(^|/)(gpt-3|gpt-4|chatgpt-4|gpt-5[\w.]*-chat)")
_ENCRYPTED = "reasoning.encrypted_content"


def encode_responses(call: Call, speaker: Speaker, *, use_previous: bool = False) -> dict[str, Any]:
    """The fields of the request body.

    Args:
        call: the question. Parameters that have no neutral form are sent under their own names.
        speaker: the model that is asked.
        use_previous: go on from the last answer that the server still has, and send only what came after it.

    Raises:
        UnsupportedFeatureError: a parameter or a content block that the API does not take.
    """
    params = call.params
    _refuse(params, speaker.owner)
    body: dict[str, Any] = {"model": call.model, **_input(call, speaker, use_previous)}
    if params.get("max_tokens") is not None:
        body["max_output_tokens"] = params["max_tokens"]
    body.update(_reasoning(params), **_text(params), **_tools(params, stream=call.stream), **_include(call))
    body.update((name, value) for name, value in params.items() if name not in _TRANSLATED and name not in _ABSENT)
    return {**body, **_stream(params)} if call.stream else body


def countable(fields: dict[str, Any]) -> dict[str, Any]:
    """What of a body the endpoint that counts tokens takes (wire sheet §1)."""
    return {name: fields[name] for name in _COUNTED if name in fields}


def _stream(params: dict[str, Any]) -> dict[str, Any]:
    """Streams always report usage here; there is nothing to ask for."""
    given: dict[str, Any] = params.get("stream_options") or {}
    options = {name: value for name, value in given.items() if name != "include_usage"}
    return {"stream": True, "stream_options": options} if options else {"stream": True}


def _refuse(params: dict[str, Any], owner: str) -> None:
    for name, neutral in _ABSENT.items():
        if params.get(name) not in (None, neutral):
            raise UnsupportedFeatureError(
                f"{owner}: the Responses API has no parameter {name!r}; leave it out, or set use_responses_api=False"
            )


def _input(call: Call, speaker: Speaker, use_previous: bool) -> dict[str, Any]:
    previous, messages = call.params.get("previous_response_id"), call.messages
    if use_previous and previous is None:
        previous, messages = since_last_response(messages, speaker.provider)
    earlier = call.messages[: len(call.messages) - len(messages)]
    items = input_items(messages, speaker, stateless=call.params.get("store") is False, earlier=earlier)
    return {"input": items} if previous is None else {"input": items, "previous_response_id": previous}


def _reasoning(params: dict[str, Any]) -> dict[str, Any]:
    reasoning = dict(params.get("reasoning") or {})
    if params.get("reasoning_effort") is not None:
        reasoning["effort"] = params["reasoning_effort"]
    return {"reasoning": reasoning} if reasoning else {}


def _text(params: dict[str, Any]) -> dict[str, Any]:
    text = dict(params.get("text") or {})
    if params.get("response_format") is not None:
        text["format"] = text_format(params["response_format"])
    if params.get("verbosity") is not None:
        text["verbosity"] = params["verbosity"]
    return {"text": text} if text else {}


def _tools(params: dict[str, Any], *, stream: bool) -> dict[str, Any]:
    tools = tool_dicts(params.get("tools") or (), stream=stream)
    fields: dict[str, Any] = {"tools": tools} if tools else {}
    if params.get("tool_choice") is not None:
        fields["tool_choice"] = tool_choice(params["tool_choice"], tools)
    return fields


def _include(call: Call) -> dict[str, Any]:
    """What the answer shall contain beyond the usual: without storage, the reasoning in a form that can go back."""
    include: list[str] = list(call.params.get("include") or [])
    if call.params.get("store") is False and not _NOT_REASONING.search(call.model):
        include.append(_ENCRYPTED)
    if call.params.get("logprobs") or call.params.get("top_logprobs"):
        include.append("message.output_text.logprobs")
    return {"include": list(dict.fromkeys(include))} if include else {}


def resume_query(call: Call) -> tuple[str, dict[str, Any]] | None:
    """(path, query) to fetch an earlier answer with GET, None for a new question (wire sheet §1)."""
    id = call.params.get("resume_response_id")
    if id is None:
        return None
    return f"/responses/{quote(id, safe='')}", {
        "stream": "true" if call.stream else "false",
        "starting_after": call.params.get("starting_after"),
    }


def parser_for(call: Call) -> ResponsesParser:
    """The parser that fits a request."""
    params = call.params
    tools = params.get("tools") or ()
    drawn = any(is_object(tool) and tool.get("type") == "image_generation" and tool.get("partial_images") for tool in tools)
    resume = params.get("resume_response_id")
    return ResponsesParser(
        declared=callers_tools(tools),
        partial_images=drawn,
        resumed=resume if params.get("starting_after") is not None else None,
        numbered=bool(params.get("background") or resume),
    )

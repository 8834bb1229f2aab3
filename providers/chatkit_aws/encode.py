"""From a call to the body of Converse and ConverseStream (wire sheet: bedrock_converse §3)."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from chatkit.codec import OutputSchema
from chatkit.dialects.anthropic.models import hears_later_system
from chatkit.dialects.anthropic.schema import closed
from chatkit.dialects.history import replayable
from chatkit.errors import InputError, UnsupportedFeatureError
from chatkit.jsons import dumps, is_object
from chatkit.merge import merge_into
from chatkit.messages import AIMessage, ToolMessage
from chatkit_aws.blocks_out import BlockWriter, cache_point
from chatkit_aws.families import Family, family_of
from chatkit_aws.tools import tool_config

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.codec import Call
    from chatkit.messages import BaseMessage

__all__ = ["converse_fields"]

_INFERENCE = {"max_tokens": "maxTokens", "temperature": "temperature", "top_p": "topP", "stop": "stopSequences"}
_AS_GIVEN = {
    "additional_model_response_field_paths": "additionalModelResponseFieldPaths",
    "performance_config": "performanceConfig",
    "request_metadata": "requestMetadata",
    "prompt_variables": "promptVariables",
}


_TOOL_CHANGES = frozenset({"toolAddition", "toolRemoval"})


def converse_fields(
    call: Call, *, provider: str, owner: str, base_model: str | None = None, tool_choices: Sequence[str] | None = None
) -> dict[str, Any]:
    """The fields of the request body; those that are None are not sent.

    Args:
        provider: whose answers go back whole.
        owner: name of the class that asks, for errors.
        base_model: the model behind an ARN, which decides how `top_k`, `reasoning_effort` and `tool_choice` are said.
        tool_choices: what this model can be told of "auto", "any" and "tool", when it is not what its family can.

    Raises:
        InputError: nothing is left to be sent.
        UnsupportedFeatureError: something that Converse, or this model, cannot do.
    """
    params = call.params
    if params.get("parallel_tool_calls") is False:
        raise UnsupportedFeatureError(f"{owner}: Converse cannot forbid parallel tool calls; leave parallel_tool_calls out")
    family = family_of(base_model or call.model)
    more = _more_fields(params, family)
    answered = frozenset(message.tool_call_id for message in call.messages if isinstance(message, ToolMessage))
    writer = BlockWriter(owner, answered)
    front, turns = _apart(call.messages, later_system=hears_later_system(base_model or call.model, None))
    messages = _messages(turns, writer, provider)
    if not messages and ":prompt/" not in call.model:  # a prompt of Prompt Management has messages of its own
        raise InputError(f"{owner}: nothing is left to send to the model: every message is empty, blank or a system message")
    if "cache_control" in params and messages:
        messages[-1]["content"].append(cache_point(params["cache_control"]))
    tier = params.get("service_tier")
    return {
        "messages": messages or None,
        "system": [block for message in front for block in writer.content(message.content_blocks)] or None,
        "inferenceConfig": {word: params[name] for name, word in _INFERENCE.items() if name in params} or None,
        "toolConfig": tool_config(_unforced(params, more), messages, tool_choices or family.tool_choices, owner),
        "additionalModelRequestFields": more or None,
        "outputConfig": _output_config(params, owner),
        "serviceTier": {"type": tier} if tier else None,
        "guardrailConfig": _guardrail(params.get("guardrail_config"), call.stream),
        **{word: params[name] for name, word in _AS_GIVEN.items() if name in params},
    }


def _apart(messages: list[BaseMessage], *, later_system: bool) -> tuple[list[BaseMessage], list[BaseMessage]]:
    """The system messages for `system`, and the turns of the conversation.

    A later one is a turn of its own where the model hears it there, or where it changes the tools; else it is moved.
    """
    front: list[BaseMessage] = []
    turns: list[BaseMessage] = []
    for message in messages:
        if message.type != "system" or (turns and (later_system or _changes_tools(message))):
            turns.append(message)
            continue
        if turns:
            warnings.warn(
                "this model takes system messages only at the beginning of the conversation; a later one was moved there",
                stacklevel=2,
            )
        front.append(message)
    return front, turns


def _changes_tools(message: BaseMessage) -> bool:
    return any(block["type"] == "non_standard" and _TOOL_CHANGES & block["value"].keys() for block in message.content_blocks)


def _messages(messages: list[BaseMessage], writer: BlockWriter, provider: str) -> list[dict[str, Any]]:
    """Roles must alternate, and all results of a turn stand in one message: neighbours of one role become one."""
    out: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if isinstance(message, AIMessage) else "system" if message.type == "system" else "user"
        content = _content(message, writer, provider)
        if out and out[-1]["role"] == role:
            out[-1]["content"] += content
        elif content:
            out.append({"role": role, "content": content})
    return out


def _content(message: BaseMessage, writer: BlockWriter, provider: str) -> list[dict[str, Any]]:
    if isinstance(message, AIMessage):
        return writer.content(replayable(message, provider))
    if isinstance(message, ToolMessage):
        return [writer.tool_result(message.tool_call_id, message.status, message.content_blocks)]
    return writer.content(message.content_blocks)


def _more_fields(params: dict[str, Any], family: Family) -> dict[str, Any]:
    """The model's own fields: what chatkit's parameters become for its family, then what the user gave."""
    fields: dict[str, Any] = {}
    if "reasoning_effort" in params:
        fields.update(family.reasoning(params["reasoning_effort"], params.get("max_tokens")))
    if "thinking" in params:
        fields["thinking"] = params["thinking"]
    if "top_k" in params:
        merge_into(fields, family.rank(params["top_k"]))
    merge_into(fields, params.get("additional_model_request_fields") or {})
    return fields


def _unforced(params: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """A forced call and Claude's thinking exclude each other: the force is dropped with a warning (spec S159)."""
    thinking = more.get("thinking")
    thinks = is_object(thinking) and thinking.get("type") != "disabled"
    if not thinks or params.get("tool_choice", "auto") in ("auto", "none"):
        return params
    warnings.warn("tool_choice that forces a call cannot be combined with thinking; the model chooses", stacklevel=2)
    return {**params, "tool_choice": "auto"}


def _guardrail(config: dict[str, Any] | None, stream: bool) -> dict[str, Any] | None:
    """Only a stream has a mode in which the guardrail looks at it."""
    return config if stream or not config else {name: value for name, value in config.items() if name != "streamProcessingMode"}


def _output_config(params: dict[str, Any], owner: str) -> dict[str, Any] | None:
    wanted = params.get("response_format")
    given: dict[str, Any] = params.get("output_config") or {}
    if wanted is None:
        return given or None
    return {**given, "textFormat": _text_format(wanted, owner)}


def _text_format(wanted: OutputSchema | dict[str, Any], owner: str) -> dict[str, Any]:
    """A schema goes out closed, as JSON text. A dict is Converse's own `textFormat`, or OpenAI's with a schema."""
    if not isinstance(wanted, OutputSchema) and is_object(wanted.get("json_schema")):
        given = wanted["json_schema"]
        wanted = OutputSchema(given.get("name") or "answer", given["schema"], given.get("description") or "")
    if isinstance(wanted, OutputSchema):
        schema = {"schema": dumps(closed(wanted.schema)), "name": wanted.name}
        if wanted.description:
            schema["description"] = wanted.description
        return {"type": "json_schema", "structure": {"jsonSchema": schema}}
    if not is_object(wanted.get("structure")):
        raise UnsupportedFeatureError(
            f"{owner}: Converse has no response format {wanted.get('type')!r}; give a JSON Schema, or ask for JSON in the prompt"
        )
    return wanted

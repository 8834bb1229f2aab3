"""From a model's message to the object that was asked for, or to an error that says why there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.errors import OutputParserError
from chatkit.fold import CUT_REASONS
from chatkit.jsons import decode, excerpt, is_object
from chatkit.schema.pydantic_types import Misfit

if TYPE_CHECKING:
    from chatkit.messages import AIMessage
    from chatkit.schema.shapes import Shape

__all__ = ["Reader", "json_in", "refusal_of"]

_FENCE = re.compile(r"```[ \t]*(?:json|JSON)?[ \t]*\r?\n?(.*?)```", re.DOTALL)


class Reader:
    """Reads answers of one shape.

    Args:
        shape: what was asked for.
        as_call: the answer comes as a call of a tool with the shape's name; otherwise as JSON text.
        other_tools: the model may call other tools instead; then there is no answer (None).
    """

    def __init__(self, shape: Shape, *, as_call: bool, other_tools: bool = False) -> None:
        self.shape = shape
        self.as_call = as_call
        self.other_tools = other_tools

    def read(self, message: AIMessage) -> Any:
        """The object.

        Raises:
            OutputParserError: the model refused, or its answer does not fit; `raw` is the message.
        """
        refusal = refusal_of(message)
        if refusal is not None:
            raise _error(message, f"the model refused to answer: {refusal}")
        if self.other_tools and any(call["name"] != self.shape.name for call in message.tool_calls):
            return None
        value = self._call(message) if self.as_call else self._text(message)
        try:
            return self.shape.decode(value)
        except Misfit as misfit:
            why = f"the answer does not fit {self.shape.name}: {'; '.join(misfit.errors)}"
            raise _error(message, why, output=value) from (misfit.__cause__ or misfit)

    def _call(self, message: AIMessage) -> Any:
        for call in message.tool_calls:
            if call["name"] == self.shape.name:
                return call["args"]
        for bad in message.invalid_tool_calls:
            raise _error(message, f"the arguments of {self.shape.name} cannot be read: {bad['error']}", output=bad["args"])
        value = json_in(message.text)
        if is_object(value):
            return value  # some models write the arguments instead of calling
        raise _error(message, f"the model did not call {self.shape.name}; it said {excerpt(message.text)}")

    def _text(self, message: AIMessage) -> Any:
        value = json_in(message.text)
        if isinstance(value, msgspec.DecodeError):
            raise _error(message, f"the answer is not JSON ({value}); it begins {excerpt(message.text)}") from value
        return value


def json_in(text: str) -> Any:
    """The JSON value that a text is, or that stands in it between ``` fences; the error when there is none."""
    try:
        return decode(text)
    except msgspec.DecodeError as error:
        problem = error
    for fenced in _FENCE.findall(text):
        try:
            return decode(fenced)
        except msgspec.DecodeError as error:
            problem = error
    return problem


def refusal_of(message: AIMessage) -> str | None:
    """What the model said instead of answering, where the provider marks it as refusal (spec S169)."""
    said = message.additional_kwargs.get("refusal")
    if isinstance(said, str) and said:
        return said
    for block in message.content_blocks:
        value = block.get("value")
        if block["type"] == "non_standard" and is_object(value) and value.get("type") == "refusal":
            return str(value.get("refusal") or "no reason given")
    return None


def _error(message: AIMessage, why: str, output: Any = None) -> OutputParserError:
    reason = message.response_metadata.get("finish_reason")
    if reason in CUT_REASONS:
        why += f" (finish reason {reason!r}: the answer was cut at the token limit; raise max_tokens)"
    elif reason in _BLOCKED:
        why += f" (finish reason {reason!r}: the provider stopped the answer)"
    return OutputParserError(why, raw=message, llm_output=message.text or (output if isinstance(output, str) else None))


_BLOCKED = frozenset(
    {"refusal", "content_filter", "SAFETY", "RECITATION", "PROHIBITED_CONTENT", "BLOCKLIST", "guardrail_intervened"}
)

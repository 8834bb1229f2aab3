"""Which of the caller's tools a prompt asks for, and with which arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import NamedTool
from chatkit.jsons import is_object
from chatkit.simulator.answers import mentions
from chatkit.simulator.answers.guess import guess_value
from chatkit.simulator.answers.knowledge import SYNONYMS
from chatkit.simulator.answers.strings import PLACE_WORDS

if TYPE_CHECKING:
    from chatkit.codec import ToolSpec
    from chatkit.simulator.question import Question

__all__ = ["calls_for", "is_forced"]

_EMPTY = """
    get set the a an of at in for to and or is are it its this that with from by on tool function fetch return given
    what which current new my your one 1 2 user be can use used when
"""
_EMPTY_WORDS = frozenset(_EMPTY.split())


def is_forced(question: Question) -> bool:
    """Whether a tool must be called."""
    return bool(question.tools) and question.tool_choice not in ("auto", "none")


def calls_for(question: Question) -> list[tuple[str, dict[str, Any]]]:
    """The calls that the question asks for, as (name, args); none when no tool fits and none is forced."""
    calls = [(tool.name, args) for tool in _wanted(question) for args in _arguments(tool, question)]
    return calls if question.parallel_tool_calls else calls[:1]


def _wanted(question: Question) -> list[ToolSpec]:
    if question.tool_choice == "none":
        return []
    if isinstance(question.tool_choice, NamedTool):
        return [tool for tool in question.tools if tool.name == question.tool_choice.name]
    fitting = [tool for tool in question.tools if _fits(tool, question.prompt)]
    return fitting or (question.tools[:1] if question.tool_choice == "any" else [])


def _fits(tool: ToolSpec, prompt: str) -> bool:
    """Whether the prompt has a word of the tool's name, or two of its description."""
    said = mentions.stems(prompt) - _EMPTY_WORDS
    named = mentions.stems(tool.name) - _EMPTY_WORDS
    meant = {meaning for meaning in named for synonym in SYNONYMS.get(meaning, ()) if synonym in mentions.words(prompt)}
    return bool(said & named or meant) or len(said & (mentions.stems(tool.description) - _EMPTY_WORDS)) >= 2


def _arguments(tool: ToolSpec, question: Question) -> list[dict[str, Any]]:
    """Arguments of one call, or of one call for each place that the prompt names."""
    places = mentions.places(question.prompt)
    asked = _place_properties(tool.parameters)
    if len(asked) == 1 and len(places) > 1:
        facts = [{asked[0]: place} for place in places]
    else:
        facts = [dict(zip(asked, places, strict=False))]
    return [guess_value(question.prompt, question.prompt, tool.parameters, known) for known in facts]


def _place_properties(parameters: dict[str, Any]) -> list[str]:
    properties = parameters.get("properties")
    return [name for name in properties if mentions.stems(name) & PLACE_WORDS] if is_object(properties) else []

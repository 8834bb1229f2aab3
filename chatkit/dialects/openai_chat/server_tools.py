"""Tools that a service runs itself: Groq's `executed_tools`, Perplexity's `reasoning_steps`.

Wire sheet: openai_compatible §4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.events import ReasoningDelta, ServerToolCall, ServerToolResult
from chatkit.jsons import decode_object, is_list, is_object

if TYPE_CHECKING:
    from chatkit.events import Event

__all__ = ["ServerTools"]

_STEP_INPUT = {"web_search": "search_keywords", "execute_python": "code"}
"""The field of a Perplexity step that is the tool's input; the rest of the step is its output."""


class ServerTools:
    """The tools that ran in one answer. A tool is shown once, though it may come with and later without its output."""

    def __init__(self) -> None:
        self._called: set[str] = set()
        self._answered: set[str] = set()
        self._steps = 0

    def read(self, delta: dict[str, Any]) -> list[Event]:
        """Events of a delta or message."""
        events: list[Event] = []
        executed, steps = delta.get("executed_tools"), delta.get("reasoning_steps")
        for at, tool in enumerate(executed if is_list(executed) else ()):
            events += self._executed(at, tool) if is_object(tool) else ()
        for step in steps if is_list(steps) else ():
            events += self._step(step) if is_object(step) else ()
        return events

    def _executed(self, at: int, tool: dict[str, Any]) -> list[Event]:
        arguments = tool.get("arguments")
        args = decode_object(arguments) if isinstance(arguments, str) else arguments
        output = {key: tool[key] for key in ("output", "search_results", "code_results") if tool.get(key)}
        id = f"executed_{tool.get('index', at)}"
        return self._pair(id, str(tool.get("type") or "tool"), args if is_object(args) else {"input": arguments}, output)

    def _step(self, step: dict[str, Any]) -> list[Event]:
        name, thought = str(step.get("type") or "tool"), step.get("thought")
        events: list[Event] = [ReasoningDelta(thought, 0, extras={"field": "reasoning_steps"})] if thought else []
        inner = step.get(name)
        if not is_object(inner):
            return events
        self._steps += 1
        key = _STEP_INPUT.get(name)
        args = {key: inner[key]} if key and key in inner else {}
        output = {name: value for name, value in inner.items() if name not in args}
        return events + self._pair(f"step_{self._steps}", name, args, output)

    def _pair(self, id: str, name: str, args: dict[str, Any], output: dict[str, Any]) -> list[Event]:
        events: list[Event] = []
        if id not in self._called:
            self._called.add(id)
            events.append(ServerToolCall(name, args, id, id))
        if output and id not in self._answered:
            self._answered.add(id)
            events.append(ServerToolResult(id, "success", output, index=id))
        return events

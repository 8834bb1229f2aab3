"""What a feed hears of the calls inside a step, as events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from chatkit.callbacks.base import BaseCallbackHandler, StreamingCallbackHandler
from chatkit.runs import current_run

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chatkit.feeds.events import StreamEvent
    from chatkit.feeds.filters import Filters
    from chatkit.net.channel import Channel

__all__ = ["Teller"]

Waiting: TypeAlias = "Coroutine[Any, Any, None] | None"


class _Told:
    """A run that was told of, until it ends."""

    __slots__ = ("input", "name", "nested", "parents", "wanted")

    def __init__(self, name: str, parents: list[str], wanted: bool, input: dict[str, Any], *, nested: bool) -> None:
        self.name = name
        self.parents = parents
        self.wanted = wanted
        self.input = input  # shown again with the end of what is nested, and when a tool fails
        self.nested = nested


class Teller(StreamingCallbackHandler, BaseCallbackHandler):
    """A handler that makes events of what it hears. Its methods give something to await only when the reader is behind."""

    def __init__(self, channel: Channel[StreamEvent], filters: Filters, input: Any) -> None:
        self._channel = channel
        self._filters = filters
        self._input = input
        outer = current_run.get()
        self._outer = [*outer.parent_ids, str(outer.id)] if outer is not None else []
        self._runs: dict[Any, _Told] = {}

    def _start(self, kind: str, input: Any, run: dict[str, Any]) -> Waiting:
        parent = self._runs.get(run["parent_run_id"])
        parents = [*parent.parents, str(run["parent_run_id"])] if parent else self._outer
        name = run.get("name") or kind
        shown = {"input": self._input if parent is None else input}
        told = _Told(name, parents, self._filters.want(kind, name, run["tags"]), shown, nested=parent is not None)
        self._runs[run["run_id"]] = told
        return self._tell(f"{kind}_start", dict(shown), run)

    def _end(self, word: str, data: dict[str, Any], run: dict[str, Any]) -> Waiting:
        told = self._runs.pop(run["run_id"], None)
        if told is None:
            return None
        shown = told.input if told.nested or word == "tool_error" else {}
        return self._send(told, word, {**data, **shown}, run)

    def _tell(self, word: str, data: Any, run: dict[str, Any], name: str | None = None) -> Waiting:
        told = self._runs.get(run["run_id"])
        return None if told is None else self._send(told, word, data, run, name)

    def _send(self, told: _Told, word: str, data: Any, run: dict[str, Any], name: str | None = None) -> Waiting:
        if not told.wanted:
            return None
        return self._channel.send(
            {
                "event": f"on_{word}",
                "name": name or told.name,
                "run_id": str(run["run_id"]),
                "parent_ids": told.parents,
                "tags": run["tags"],
                "metadata": run["metadata"],
                "data": data,
            }
        )

    def on_chat_model_start(self, serialized: Any, messages: Any, **run: Any) -> Waiting:
        return self._start("chat_model", {"messages": messages}, run)

    def on_llm_new_token(self, token: str, *, chunk: Any = None, **run: Any) -> Waiting:
        return self._tell("chat_model_stream", {"chunk": chunk}, run)

    def on_llm_end(self, response: Any, **run: Any) -> Waiting:
        return self._end("chat_model_end", {"output": response.generations[0][0].message}, run)

    def on_llm_error(self, error: BaseException, *, response: Any, **run: Any) -> Waiting:
        return self._end("chat_model_error", {"error": error, "output": response.generations[0][0].message}, run)

    def on_chain_start(self, serialized: Any, inputs: Any, **run: Any) -> Waiting:
        return self._start("chain", inputs, run)

    def on_chain_stream(self, chunk: Any, **run: Any) -> Waiting:
        return self._tell("chain_stream", {"chunk": chunk}, run)

    def on_chain_end(self, outputs: Any, **run: Any) -> Waiting:
        return self._end("chain_end", {"output": outputs}, run)

    def on_chain_error(self, error: BaseException, **run: Any) -> Waiting:
        return self._end("chain_error", {"error": error}, run)

    def on_tool_start(self, serialized: Any, input_str: str, **run: Any) -> Waiting:
        return self._start("tool", run.get("inputs", input_str), run)

    def on_tool_end(self, output: Any, **run: Any) -> Waiting:
        return self._end("tool_end", {"output": output}, run)

    def on_tool_error(self, error: BaseException, **run: Any) -> Waiting:
        return self._end("tool_error", {"error": error, "tool_call_id": run.get("tool_call_id")}, run)

    def on_custom_event(self, name: str, data: Any, **run: Any) -> Waiting:
        return self._tell("custom_event", data, run, name)

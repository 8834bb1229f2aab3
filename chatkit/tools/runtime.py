"""`ToolRuntime`: what a tool may know of the call that runs it (spec S135, N15)."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

from msgspec import Struct, structs

__all__ = ["ToolRuntime", "completed"]

Context = TypeVar("Context")
State = TypeVar("State")


class ToolRuntime(Struct, Generic[Context, State]):
    """Put into a parameter of this type, `def search(query: str, runtime: ToolRuntime)`; the model does not see it.

    Attributes:
        tool_call_id: of the call that is answered, None when the tool was invoked with plain arguments.
        config: the RunnableConfig of the run.
        state: in `run_tools` {"messages": the conversation so far}, otherwise empty.
        context, store: what the application put in, `inject={"runtime": ToolRuntime(context=...)}`.
    """

    tool_call_id: str | None = None
    config: Any = None
    state: Any = None
    context: Any = None
    store: Any = None


def completed(given: Any, **facts: Any) -> Any:
    """The runtime that the application gave, or a new one, with the facts that it leaves open."""
    own = isinstance(given, ToolRuntime)
    if not own and hasattr(given, "tool_call_id"):
        return given  # of another library
    # What is neither is nothing, or was written by a model.
    runtime = cast("ToolRuntime[Any, Any]", given if own else ToolRuntime())
    return structs.replace(runtime, **{name: value for name, value in facts.items() if getattr(runtime, name) is None})

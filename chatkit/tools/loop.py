"""The state of a run of `run_tools`: the conversation, the turns, and how calls are answered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal, cast

from msgspec import Struct

from chatkit.errors import ChatKitError, InputError, InputTypeError
from chatkit.jsons import is_list, is_object
from chatkit.messages import AIMessage, BaseMessage, ToolMessage, UsageMetadata, add_usage
from chatkit.messages.coerce import convert_to_messages, to_messages
from chatkit.schema.functions import name_of, read_function
from chatkit.schema.tool_dicts import is_built_in
from chatkit.tools.errors import ToolException, ToolInputError
from chatkit.tools.results import content_of
from chatkit.tools.runtime import completed
from chatkit.tools.structured import StructuredTool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chatkit.model import ChatModel

__all__ = ["OnError", "ToolLoop", "ToolRun", "TurnLimitError"]

log = logging.getLogger("chatkit.tools")
OnError = Literal["message", "raise"]


class ToolRun(Struct):
    """What a run of the loop gave.

    Attributes:
        messages: the whole conversation: the input, the model's messages, the results of tools, the answer.
        turns: how often the model was asked.
        usage: tokens of all turns together.
    """

    messages: list[BaseMessage]
    turns: int = 0
    usage: UsageMetadata | None = None

    @property
    def message(self) -> BaseMessage:
        """The answer: the model's last message, or the ToolMessage of a `return_direct` tool."""
        return self.messages[-1]

    @property
    def text(self) -> str:
        """Text of the answer."""
        return self.message.text


class TurnLimitError(ChatKitError):
    """The model still called tools after `max_turns`; the last calls were not run. `run` holds what happened so far."""

    def __init__(self, message: str, run: ToolRun) -> None:
        super().__init__(message)
        self.run = run

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.run)


class ToolLoop:
    """The state of a run, and the two steps of a turn: `model()` to be asked, `take(answer)`."""

    def __init__(
        self,
        model: ChatModel,
        messages: Any,
        tools: Sequence[Any],
        max_turns: int,
        tool_choice: Any,
        on_error: OnError,
        inject: Mapping[str, Any] | None,
        config: Any,
        kwargs: dict[str, Any],
    ) -> None:
        if max_turns < 1:
            raise InputError(f"max_turns must be at least 1, not {max_turns}")
        if on_error not in ("message", "raise"):
            raise InputError(f"on_error must be 'message' or 'raise', not {on_error!r}")
        runnable = [_runnable_tool(tool) for tool in tools]
        self.tools: dict[str, Any] = {tool.name: tool for tool in runnable if not is_object(tool)}
        self.run = ToolRun(list(to_messages(messages)))
        self.done = False
        self.config = config
        self._max_turns = max_turns
        self._on_error = on_error
        self._inject = inject or {}
        self._check_inject()
        self._models = [model.bind_tools(runnable, tool_choice=choice, **kwargs) for choice in (tool_choice, None)]

    def _check_inject(self) -> None:
        kinds = [(name, kind, tool.name) for tool in self.tools.values() for name, kind in _injected(tool).items()]
        wanted = {name: tool for name, kind, tool in kinds if kind == "argument"}
        unknown = sorted(set(self._inject) - set(wanted) - {name for name, kind, _ in kinds if kind == "runtime"})
        if unknown:
            raise InputError(f"no tool has the injected arguments {unknown}; mark them with Annotated[T, InjectedToolArg]")
        optional = {name for tool in self.tools.values() for name in getattr(tool, "optional", ())}
        missing = sorted(set(wanted) - set(self._inject) - optional)
        if missing:
            raise InputError(f"the tool {wanted[missing[0]]!r} needs inject={{{missing[0]!r}: ...}}")

    def model(self) -> ChatModel:
        """The model that is to be asked now."""
        return self._models[0 if self.run.turns == 0 else 1]

    async def take(self, message: AIMessage) -> list[BaseMessage]:
        """Add the model's message, and the results of its calls, which are also returned."""
        run = self.run
        run.messages.append(message)
        run.turns += 1
        run.usage = add_usage(run.usage, message.usage_metadata)
        calls = cast("list[dict[str, Any]]", [*message.tool_calls, *message.invalid_tool_calls])
        if not calls:
            self.done = True
            return []
        if run.turns >= self._max_turns:
            names = ", ".join(sorted({str(call["name"]) for call in calls}))
            raise TurnLimitError(f"after {run.turns} turns (max_turns) the model still calls tools: {names}", run)
        results = await self._answers(calls)
        run.messages += results
        self.done = any(self._is_direct(result) for result in results)
        return results

    def _is_direct(self, result: BaseMessage) -> bool:
        tool = self.tools.get(result.name or "")
        return isinstance(result, ToolMessage) and result.status == "success" and bool(getattr(tool, "return_direct", False))

    async def _answers(self, calls: list[dict[str, Any]]) -> list[BaseMessage]:
        import anyio

        answers: list[list[BaseMessage]] = [[] for _ in calls]
        failed: list[Exception] = []

        async def answer(at: int, call: dict[str, Any]) -> None:
            try:
                answers[at] = await self._answer(call)
            except Exception as error:
                failed.append(error)
                group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            for at, call in enumerate(calls):
                group.start_soon(answer, at, call)
        if failed:
            raise failed[0]
        return [message for messages in answers for message in messages]

    async def _answer(self, call: dict[str, Any]) -> list[BaseMessage]:
        tool = self.tools.get(call["name"])
        if tool is None:
            return [_failed(call, f"There is no tool {call['name']!r}. The tools are: {', '.join(self.tools) or 'none'}.")]
        if call["type"] == "invalid_tool_call":
            return [_failed(call, f"The arguments cannot be read ({call['error']}). Call the tool again with a JSON object.")]
        try:
            result = await tool.ainvoke({**call, "args": self._args(tool, call["args"])}, self.config)
        except (ToolInputError, ToolException) as error:
            if self._on_error == "raise" and isinstance(error, ToolException):
                raise
            return [_failed(call, str(error))]
        except Exception as error:
            if self._on_error == "raise":
                raise
            log.warning("tool %s failed; the model is told", call["name"], exc_info=error)
            return [_failed(call, f"The tool failed: {type(error).__name__}: {error}")]
        return _messages(result, call)

    def _args(self, tool: Any, args: dict[str, Any]) -> dict[str, Any]:
        injected = _injected(tool)
        own = {name: value for name, value in args.items() if name not in injected}
        given = {name: self._inject[name] for name in injected if name in self._inject}
        state = {"messages": list(self.run.messages)}
        runtimes = {name: completed(given.get(name), state=state) for name, kind in injected.items() if kind == "runtime"}
        return {**own, **given, **runtimes}


def _injected(tool: Any) -> Mapping[str, str]:
    return getattr(tool, "injected", {})


def _messages(result: Any, call: dict[str, Any]) -> list[BaseMessage]:
    results: list[Any] = result if is_list(result) else [result]
    if all(isinstance(item, BaseMessage) or hasattr(item, "tool_call_id") for item in results):
        return convert_to_messages(results)  # tools of other libraries give messages of their own
    return [ToolMessage(content_of(result), name=call["name"], tool_call_id=call["id"])]


def _failed(call: dict[str, Any], text: str) -> ToolMessage:
    return ToolMessage(text, name=call["name"], tool_call_id=call["id"] or "", status="error")


def _runnable_tool(tool: Any) -> Any:
    if is_object(tool) and is_built_in(tool):
        return tool
    if hasattr(tool, "name") and hasattr(tool, "ainvoke"):
        return tool
    if callable(tool) and not isinstance(tool, type):
        return _function_tool(tool)
    raise InputTypeError(f"run_tools cannot run {tool!r}; give tools and functions, or the provider's built-in tools as dicts")


def _function_tool(function: Any) -> StructuredTool:
    """A plain function; unlike `@tool` it needs no docstring, and one it has is read for its arguments."""
    import inspect

    kind = "coroutine" if inspect.iscoroutinefunction(function) else "func"
    description = read_function(function).doc.description
    return StructuredTool(**{"name": name_of(function), "description": description, "parse_docstring": True, kind: function})

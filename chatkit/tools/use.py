"""One use of a tool: reads the input, tells the callbacks, makes the result or the error."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from chatkit.callbacks.dispatch import fire, fire_soon, fire_sync
from chatkit.errors import InputError
from chatkit.jsons import is_object
from chatkit.runs import child_config, entered, open_run
from chatkit.schema.pydantic_types import Misfit
from chatkit.tools.errors import ToolException, ToolInputError
from chatkit.tools.results import is_finished, split_artifact, tool_message

if TYPE_CHECKING:
    from chatkit.tools.base import BaseTool

__all__ = ["Use"]


class Use:
    """One use of a tool.

    Args:
        tool: the tool.
        input: a tool call, a dict of arguments, or one argument as str.
        config: a RunnableConfig dict.
        tool_call_id: for arguments that are given as dict.
    """

    _HANDLERS: ClassVar[tuple[tuple[type[Exception], str], ...]] = (
        (ToolInputError, "handle_validation_error"),
        (ToolException, "handle_tool_error"),
    )

    def __init__(self, tool: BaseTool, input: Any, config: Any, tool_call_id: str | None = None) -> None:
        self.tool = tool
        self.config = config
        self.call_id = tool_call_id
        self.args = input
        if is_object(input) and input.get("type") == "tool_call" and "args" in input:
            self.call_id, self.args = input.get("id"), input["args"]
            if self.call_id is None:
                raise InputError(f"the call of tool {tool.name!r} has no id, so that its result could not be matched")
        self.run = open_run("tool", tool.name, config, own=tool.callbacks, tags=tool.tags, metadata=tool.metadata)

    def perform(self) -> Any:
        """Run the tool, for sync code."""
        if self.run is not None:
            shown = self._shown()
            fire_sync(self.run, "on_tool_start", self._described(), str(shown), **self._facts(inputs=shown))
        try:
            with entered(self.run):
                output = self._settled(self.tool._run)
        except Exception as error:
            fire_sync(self.run, "on_tool_error", error, **self._facts())
            raise
        fire_sync(self.run, "on_tool_end", output, **self._facts())
        return output

    async def aperform(self) -> Any:
        """Run the tool, for async code."""
        if self.run is not None:
            shown = self._shown()
            await fire(self.run, "on_tool_start", self._described(), str(shown), **self._facts(inputs=shown))
        try:
            with entered(self.run):
                output = await self._asettled(self.tool._arun)
        except Exception as error:
            await fire(self.run, "on_tool_error", error, **self._facts())
            raise
        except BaseException as error:
            fire_soon(self.run, "on_tool_error", error, **self._facts())  # cancelled: nothing can be awaited any more
            raise
        await fire(self.run, "on_tool_end", output, **self._facts())
        return output

    def _settled(self, function: Any) -> Any:
        try:
            return self._result(function(**self._arguments()))
        except (ToolException, ToolInputError) as error:
            return self._failure(error)

    async def _asettled(self, function: Any) -> Any:
        try:
            return self._result(await function(**self._arguments()))
        except (ToolException, ToolInputError) as error:
            return self._failure(error)

    def _arguments(self) -> dict[str, Any]:
        arguments = self.tool._arguments
        config = self.config if self.run is None else child_config(self.run)
        try:
            values, dropped = arguments.read(self.args, call_id=self.call_id, config=config)
        except Misfit as misfit:
            raise ToolInputError(self.tool.name, misfit.errors) from (misfit.__cause__ or misfit)
        if dropped:
            warnings.warn(f"tool {self.tool.name!r} has no arguments {dropped}; they are dropped", stacklevel=4)
        return values

    def _result(self, result: Any, status: Literal["success", "error"] = "success") -> Any:
        if is_finished(result):
            return result
        content, artifact = split_artifact(result, self.tool.response_format if status == "success" else "content")
        if self.call_id is None or is_finished(content):
            return content
        return tool_message(content, name=self.tool.name, tool_call_id=self.call_id, artifact=artifact, status=status)

    def _failure(self, error: ToolException | ToolInputError) -> Any:
        """The result that an error becomes; raises the error when the tool does not handle it."""
        if isinstance(error, ToolInputError) and error.tool != self.tool.name:
            raise error  # of another tool, which this one uses
        handler: Any = next(getattr(self.tool, name) for kind, name in self._HANDLERS if isinstance(error, kind))
        if not handler:
            raise error
        text = str(error) if handler is True else handler if isinstance(handler, str) else handler(error)
        return self._result(text, "error")

    def _described(self) -> dict[str, Any]:
        return {"name": self.tool.name, "description": self.tool.description}

    def _facts(self, **more: Any) -> dict[str, Any]:
        return {"name": self.tool.name, "tool_call_id": self.call_id, **more}

    def _shown(self) -> Any:
        """The arguments as handlers see them: what the application put in is not for logs."""
        if not is_object(self.args):
            return self.args
        return {name: value for name, value in self.args.items() if name not in self.tool.injected}

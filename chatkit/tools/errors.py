"""Errors of tools."""

from __future__ import annotations

from chatkit.errors import ChatKitError, InputError

__all__ = ["ToolException", "ToolInputError"]


class ToolException(ChatKitError):
    """Raised by a tool to tell the model that it failed; see `handle_tool_error`."""

    def __str__(self) -> str:
        return super().__str__() or "Tool execution error"


class ToolInputError(InputError):
    """The arguments of a call do not fit the tool. The text is written for the model, which can call again.

    Attributes:
        tool: name of the tool.
        errors: each error with its place, e.g. "cast[0].role: is required but missing".
    """

    def __init__(self, tool: str, errors: list[str]) -> None:
        super().__init__(f"The arguments do not fit the tool {tool!r}: {'; '.join(errors)}")
        self.tool = tool
        self.errors = errors

    def __reduce__(self) -> tuple[type[ToolInputError], tuple[str, list[str]]]:
        return type(self), (self.tool, self.errors)

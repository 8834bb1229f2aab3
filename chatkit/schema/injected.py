"""Marks for parameters that the application fills in and the model never sees (spec S133, S134)."""

from __future__ import annotations

__all__ = ["InjectedToolArg", "InjectedToolCallId"]


class InjectedToolArg:
    """`Annotated[T, InjectedToolArg]`: the caller passes this argument, it is not in the schema that the model gets."""


class InjectedToolCallId(InjectedToolArg):
    """`Annotated[str, InjectedToolCallId]`: the id of the tool call that is being answered."""

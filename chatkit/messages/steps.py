"""Lets helpers be steps: called without messages they give a step that waits for them (spec S52)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, overload

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatkit.messages.base import BaseMessage
    from chatkit.verbs import Runnable

__all__ = ["also_a_step"]

P = ParamSpec("P")


class _Helper(Protocol[P]):
    @overload
    def __call__(self, messages: None = None, *args: P.args, **options: P.kwargs) -> Runnable[list[BaseMessage]]: ...
    @overload
    def __call__(self, messages: Any, *args: P.args, **options: P.kwargs) -> list[BaseMessage]: ...


def also_a_step(helper: Callable[Concatenate[Any, P], list[BaseMessage]]) -> _Helper[P]:
    """The helper; without messages it gives a step: `trim_messages(max_tokens=500) | model`."""

    @functools.wraps(helper)
    def either(messages: Any = None, *args: Any, **options: Any) -> Any:
        if messages is not None:
            return helper(messages, *args, **options)
        from chatkit.steps import RunnableLambda

        return RunnableLambda(functools.partial(helper, **options), name=helper.__name__)

    return either

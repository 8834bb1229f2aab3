"""A handler that writes down what it hears."""

from __future__ import annotations

from typing import Any

from chatkit.callbacks import AsyncCallbackHandler, BaseCallbackHandler, StreamingCallbackHandler

__all__ = ["AsyncListener", "Heard", "Listener", "StreamingListener"]

HOOKS = [name for name in vars(BaseCallbackHandler) if name.startswith("on_")]


class Heard:
    """One call of a hook."""

    def __init__(self, hook: str, args: tuple[Any, ...], facts: dict[str, Any]) -> None:
        self.hook = hook
        self.args = args
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        return self.facts[name]

    def __repr__(self) -> str:
        return f"{self.hook}{self.args!r}"


class Listener(BaseCallbackHandler):
    """Attributes: heard, all calls in order."""

    def __init__(self, *hooks: str) -> None:
        self.heard: list[Heard] = []
        for hook in hooks or HOOKS:
            setattr(self, hook, self._writer(hook))

    def _writer(self, hook: str) -> Any:
        def write(*args: Any, **facts: Any) -> None:
            self.heard.append(Heard(hook, args, facts))

        return write

    @property
    def hooks(self) -> list[str]:
        return [heard.hook for heard in self.heard]

    def of(self, hook: str) -> list[Heard]:
        return [heard for heard in self.heard if heard.hook == hook]


class AsyncListener(Listener, AsyncCallbackHandler):
    """The same with coroutines."""

    def _writer(self, hook: str) -> Any:
        async def write(*args: Any, **facts: Any) -> None:
            self.heard.append(Heard(hook, args, facts))

        return write


class StreamingListener(StreamingCallbackHandler, Listener):
    """The same, and it asks for streaming."""

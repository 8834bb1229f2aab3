"""`stream_events(version="v3")` for sync code: the same events and views, read through the background loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from chatkit.net.iterate import iterate
from chatkit.net.portal import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.feeds.blocks import BlockStream
    from chatkit.messages import AIMessage

__all__ = ["SyncBlockStream"]


class _View:
    """Pieces when iterated; the whole by `get()`, and by `str()`."""

    def __init__(self, view: Callable[[], Any]) -> None:
        self._view = view

    def __iter__(self) -> Iterator[Any]:
        return iterate(self._view)

    def get(self) -> Any:
        """The whole, when the answer is complete."""
        return run(lambda: self._view().get())

    def __str__(self) -> str:
        return str(self.get())


class SyncBlockStream:
    """Content-block events of one answer, for sync code.

    Attributes:
        text, reasoning, tool_calls: views; iterate them, or `.get()` the whole.
        namespace, node: where in a graph this is; always nowhere, LangChain's streams have them.
    """

    namespace: ClassVar[list[str]] = []
    node: ClassVar[str | None] = None

    def __init__(self, open: Callable[[], BlockStream]) -> None:
        self._open = open
        self._stream: BlockStream | None = None
        self.text = _View(lambda: self._get().text)
        self.reasoning = _View(lambda: self._get().reasoning)
        self.tool_calls = _View(lambda: self._get().tool_calls)

    def _get(self) -> BlockStream:
        """The stream, made on the loop where it is read. It outlives each single view."""
        if self._stream is None:
            self._stream = self._open()
            self._stream._source.owned = True
        return self._stream

    @property
    def output(self) -> AIMessage:
        """The message, when it is complete."""
        return run(lambda: self._get().output.get())

    @property
    def message_id(self) -> str | None:
        """The message's id, as soon as something has come."""
        return self._stream.message_id if self._stream is not None else None

    @property
    def done(self) -> bool:
        """The answer has ended."""
        return self._stream is not None and self._stream.done

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iterate(self._get)

    def close(self) -> None:
        """Close the request."""
        run(lambda: self._get().aclose())

    def __enter__(self) -> SyncBlockStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

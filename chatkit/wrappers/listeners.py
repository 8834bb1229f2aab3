"""`with_listeners`: functions that are told when a call starts, ends and fails (spec S228)."""

from __future__ import annotations

import inspect
import time
import uuid
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

from chatkit.config import merge_configs
from chatkit.logs import log
from chatkit.net.leaving import Leaving, aclose
from chatkit.steps.pieces import total
from chatkit.wrappers.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from chatkit.verbs import Runnable

__all__ = ["RunRecord", "RunnableWithListeners"]


class RunRecord(Struct):
    """A call, as listeners see it.

    Attributes:
        id: also the run_id that callback handlers see.
        outputs: the output; of a stream, its pieces put together.
        error: the repr of what was raised.
        start_time, end_time: seconds since the epoch.
    """

    id: uuid.UUID
    name: str
    inputs: Any
    start_time: float
    outputs: Any = None
    error: str | None = None
    end_time: float | None = None


Listener: TypeAlias = "Callable[[RunRecord], Any]"


class RunnableWithListeners(Wrapper):
    """Tells functions, sync or async, what becomes of its own calls; made by `with_listeners`. One that fails is logged."""

    def __init__(
        self,
        bound: Runnable[Any],
        on_start: Listener | None = None,
        on_end: Listener | None = None,
        on_error: Listener | None = None,
    ) -> None:
        self.bound = bound
        self.on_start = on_start
        self.on_end = on_end
        self.on_error = on_error

    def _inner(self) -> Sequence[Runnable[Any]]:
        return [self.bound]

    def _around(self, inner: Sequence[Runnable[Any]]) -> RunnableWithListeners:
        return RunnableWithListeners(inner[0], self.on_start, self.on_end, self.on_error)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`bound.ainvoke`."""
        call = _Call(self, input, config)
        await call.start()
        try:
            output = await self.bound.ainvoke(input, call.config, **kwargs)
        except Exception as error:
            await call.fail(error)
            raise
        await call.end(output)
        return output

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> _HeardStream:
        """`bound.astream`."""
        call = _Call(self, input, config)
        return _HeardStream(call, lambda: self.bound.astream(input, call.config, **kwargs))


class _Call:
    def __init__(self, owner: RunnableWithListeners, input: Any, config: Any) -> None:
        self._owner = owner
        self.config = merge_configs({"run_id": uuid.uuid4()}, config)
        name = self.config.get("run_name") or getattr(owner.bound, "name", None) or type(owner.bound).__name__
        self._record = RunRecord(self.config["run_id"], name, input, time.time())

    async def start(self) -> None:
        await _call(self._owner.on_start, self._record)

    async def end(self, output: Any) -> None:
        self._record.outputs, self._record.end_time = output, time.time()
        await _call(self._owner.on_end, self._record)

    async def fail(self, error: Exception) -> None:
        self._record.error, self._record.end_time = repr(error), time.time()
        await _call(self._owner.on_error, self._record)


async def _call(listener: Listener | None, record: RunRecord) -> None:
    try:
        result = listener(record) if listener is not None else None
        if inspect.isawaitable(result):
            await result
    except Exception as error:
        log.warning("listener %r failed: %r", listener, error)


class _HeardStream(Leaving[Any]):
    def __init__(self, call: _Call, opened: Callable[[], AsyncIterator[Any]]) -> None:
        self._call = call
        self._opened = opened
        self._source: Any = None
        self._cursor: Any = None
        self._pieces: list[Any] = []

    async def _next(self) -> Any:
        if self._cursor is None:
            await self._call.start()
            self._source = self._opened()
            self._cursor = aiter(self._source)
        try:
            piece = await anext(self._cursor)
        except StopAsyncIteration:
            await self._call.end(total(self._pieces))
            raise
        except Exception as error:
            await self._call.fail(error)
            raise
        self._pieces.append(piece)
        return piece

    async def _close(self) -> None:
        await aclose(self._source)

    def _abandon(self) -> None:
        self._source = self._cursor = None

"""The output of a step while it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.callbacks.chain import ended, failed, started
from chatkit.callbacks.dispatch import fire, fire_soon, listeners
from chatkit.callbacks.results import reader_left
from chatkit.net.leaving import Leaving, aclose
from chatkit.net.loops import attempt, current_loop, finish_soon
from chatkit.runs import entered
from chatkit.steps.pieces import total

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Awaitable, Callable

    from chatkit.runs import Run

__all__ = ["StepStream"]


class StepStream(Leaving[Any]):
    """The pieces of a step's output. Leaving the loop stops the step and what runs inside it.

    Args:
        run: the step's run; the code of the step is executed inside it, the reader's code is not.
        input: what handlers are told.
        start: begins the work, and gives the pieces.
    """

    def __init__(self, run: Run | None, input: Any, start: Callable[[], Awaitable[AsyncIterable[Any]]]) -> None:
        self._run = run
        self._input = input
        self._start = start
        self._pieces: Any = None
        self._cursor: Any = None
        self._loop: Any = None
        self._told = False
        self._kept: list[Any] | None = [] if run is not None and listeners(run.handlers, "on_chain_end") else None

    async def _next(self) -> Any:
        if self._loop is None:
            self._loop = current_loop()
            await started(self._run, self._input)
        try:
            with entered(self._run):
                if self._cursor is None:
                    self._pieces = await self._start()
                    self._cursor = aiter(self._pieces)
                piece = await anext(self._cursor)
        except StopAsyncIteration:
            self._told = True
            await ended(self._run, total(self._kept or ()))
            raise
        except BaseException as error:
            self._told = True
            await failed(self._run, error)
            raise
        if self._kept is not None:
            self._kept.append(piece)
        if self._run is not None:
            await fire(self._run, "on_chain_stream", piece, name=self._run.name)
        return piece

    async def _close(self) -> None:
        self._cursor = None
        try:
            await aclose(self._pieces)
        finally:
            if self._loop is not None and not self._told:
                await failed(self._run, reader_left())

    def _abandon(self) -> None:
        pieces, self._pieces, self._cursor = self._pieces, None, None
        if self._loop is None or self._told:
            return
        if hasattr(pieces, "ag_frame"):  # an async generator can be closed only by its loop
            finish_soon(self._loop, lambda: attempt(pieces.aclose()))
        if self._run is not None:
            fire_soon(self._run, "on_chain_error", reader_left(), name=self._run.name, loop=self._loop)

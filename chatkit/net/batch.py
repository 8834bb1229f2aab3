"""Many inputs at once: workers that pull jobs, and an iterator that takes what they finish.

The workers live in a task of their own, not in the reader's, so that no cancel scope is open between two results
(PEP 789). The reader's object holds the crew, the crew does not hold the reader's object: when that is dropped, the
crew stops.
"""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from chatkit.batch import Tally
from chatkit.net.iterate import iterate
from chatkit.net.leaving import Leaving, aclose
from chatkit.net.loops import call_on, current_loop, finish, in_background

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from anyio.abc import TaskGroup

    from chatkit.batch import Job, Jobs, Progress

__all__ = ["Completed", "in_order", "pairs"]

Output = TypeVar("Output")


class _Crew(Generic[Output]):
    """At most `jobs.concurrency` workers. The results that nobody has taken yet are at most as many again."""

    def __init__(self, ask: Callable[[Any, Any], Awaitable[Output]], jobs: Jobs, return_exceptions: bool) -> None:
        self._ask = ask
        self._jobs = jobs
        self._return_exceptions = return_exceptions
        self._hands = 0
        self._results: deque[tuple[int, Output]] = deque()
        self._failure: BaseException | None = None
        self._over: anyio.Event | None = None
        self.stopped = False

    def _start(self) -> anyio.Event:
        over = self._over = anyio.Event()
        self._loop = current_loop()
        self._scope = anyio.CancelScope()
        self._room = anyio.Semaphore(2 * self._jobs.concurrency, fast_acquire=True)
        self._pulling = anyio.Lock(fast_acquire=True)
        self._news: anyio.Event | None = None
        in_background(self._run)
        return over

    # The reader's side.

    async def next(self) -> tuple[int, Output]:
        """The next result."""
        over = self._over or self._start()
        while not self._results:
            if over.is_set():
                raise self._failure or StopAsyncIteration
            self._news = self._news or anyio.Event()
            await self._news.wait()
            self._news = None
        self._room.release()
        return self._results.popleft()

    def stop(self) -> None:
        """Start nothing more, and cancel what runs. Works from any thread."""
        if self.stopped:
            return
        self.stopped = True
        if self._over is not None and not self._over.is_set():
            call_on(self._loop, self._scope.cancel)

    async def aclose(self) -> None:
        """Stop, and wait until everything has cleaned up."""
        self.stop()
        self._results.clear()
        if self._over is None:
            self._start()  # a source that was never read is closed too
        if self._over is not None:
            await self._over.wait()

    # The workers' side.

    async def _run(self) -> None:
        try:
            with self._scope:
                if not self.stopped:
                    async with anyio.create_task_group() as group:
                        self._hire(group)
        except BaseException as error:
            self._failure = error
            raise
        finally:
            if self._jobs.async_source is not None:
                with contextlib.suppress(Exception):  # the inputs' own clean-up must not hide how the batch ended
                    await finish(aclose(self._jobs.async_source))
            if self._over is not None:
                self._over.set()
            if self._news is not None:
                self._news.set()

    def _hire(self, group: TaskGroup) -> None:
        if self._hands < self._jobs.concurrency:
            self._hands += 1
            group.start_soon(self._work, group)

    async def _work(self, group: TaskGroup) -> None:
        try:
            while (job := await self._pull()) is not None:
                self._hire(group)
                self._results.append((job.index, await self._output(job)))
                if self._news is not None:
                    self._news.set()
                    await checkpoint()  # the reader waits: a model that never does must not keep the loop
        except BaseException as error:
            if not self.stopped:  # the first to fail; a call that cancelled itself counts as failed
                self.stopped, self._failure = True, error
            self._scope.cancel()
            if isinstance(error, anyio.get_cancelled_exc_class()):
                raise

    async def _pull(self) -> Job | None:
        """The next job, as soon as the reader has made room for its result."""
        await self._room.acquire()
        jobs = self._jobs
        try:
            if self.stopped:
                return None
            if jobs.source is not None:
                return jobs.job(next(jobs.source))
            async with self._pulling:
                return None if self.stopped or jobs.async_source is None else jobs.job(await anext(jobs.async_source))
        except (StopIteration, StopAsyncIteration):
            jobs.source = jobs.async_source = None
            return None

    async def _output(self, job: Job) -> Any:
        try:
            return await self._ask(job.input, job.config)
        except Exception as error:
            if self._return_exceptions:
                return error
            error.add_note(f"(input {job.index} of the batch)")
            raise


class Completed(Leaving[tuple[int, Output]]):
    """`(index, output)` of every input of a batch, as they are done; made by `abatch_as_completed`.

    Leaving the loop in any way, or dropping this object, stops the batch: no further call starts, running ones are
    cancelled. The end of an `async with` block, and `aclose`, also wait until every call has cleaned up.
    """

    _stoppable = True

    def __init__(
        self,
        ask: Callable[[Any, Any], Awaitable[Output]],
        jobs: Jobs,
        return_exceptions: bool = False,
        tally: Tally[Output] | None = None,
    ) -> None:
        self.jobs = jobs
        self._crew: _Crew[Output] = _Crew(ask, jobs, return_exceptions)
        self._tally = tally

    async def _next(self) -> tuple[int, Output]:
        index, output = await self._crew.next()
        if self._tally is not None:
            self._tally.count(output)
        return index, output

    def _abandon(self) -> None:
        self._crew.stop()

    async def _close(self) -> None:
        await self._crew.aclose()


async def in_order(completed: Completed[Output]) -> list[Output]:
    """All outputs of a batch, in the order of its inputs."""
    async with completed:
        outputs = {index: output async for index, output in completed}
    return [outputs[index] for index in range(len(outputs))]


def pairs(completed: Completed[Output], on_progress: Callable[[Progress], Any] | None) -> Iterator[tuple[int, Output]]:
    """A batch for a caller that cannot await; `on_progress` is called in the caller's thread."""
    jobs = completed.jobs
    results = iterate(lambda: completed, ahead=jobs.concurrency)
    return results if on_progress is None else _counted(results, Tally(jobs.total, on_progress))


def _counted(results: Iterator[tuple[int, Output]], tally: Tally[Output]) -> Iterator[tuple[int, Output]]:
    for index, output in results:
        tally.count(output)
        yield index, output

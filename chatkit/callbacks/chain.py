"""The run of a step: what its handlers are told, and that calls inside belong to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chatkit.callbacks.dispatch import fire, fire_soon, fire_sync
from chatkit.runs import entered

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chatkit.runs import Run

__all__ = ["ended", "failed", "perform", "perform_sync", "started"]

T = TypeVar("T")


async def perform(run: Run | None, input: Any, work: Callable[[], Awaitable[T]]) -> T:
    """What `work` gives, inside the run."""
    await started(run, input)
    try:
        with entered(run):
            output = await work()
    except BaseException as error:
        await failed(run, error)
        raise
    await ended(run, output)
    return output


def perform_sync(run: Run | None, input: Any, work: Callable[[], T]) -> T:
    """The same for sync code, in the caller's thread."""
    if run is None:
        return work()
    fire_sync(run, "on_chain_start", {"name": run.name}, input, name=run.name)
    try:
        with entered(run):
            output = work()
    except BaseException as error:
        fire_sync(run, "on_chain_error", error, name=run.name)
        raise
    fire_sync(run, "on_chain_end", output, name=run.name)
    return output


async def started(run: Run | None, input: Any) -> None:
    """Tell that the step begins."""
    if run is not None:
        await fire(run, "on_chain_start", {"name": run.name}, input, name=run.name)


async def ended(run: Run | None, output: Any) -> None:
    """Tell that the step is done."""
    if run is not None:
        await fire(run, "on_chain_end", output, name=run.name)


async def failed(run: Run | None, error: BaseException) -> None:
    """Tell that the step failed; after a cancellation nothing is awaited any more."""
    if run is None:
        return
    if isinstance(error, Exception):
        await fire(run, "on_chain_error", error, name=run.name)
    else:
        fire_soon(run, "on_chain_error", error, name=run.name)

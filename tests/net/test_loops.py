"""Clean-ups that are cancelled while they run."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from chatkit.net.loops import finish, guarded

pytestmark = pytest.mark.anyio


async def test_a_cancelled_clean_up_is_finished_and_ends_with_its_scope(anyio_backend: str) -> None:
    """The scope takes its own cancellation back: the task goes on behind it."""
    done: list[str] = []

    async def clean_up() -> None:
        await anyio.sleep(0.02)
        done.append("cleaned up")

    async def work() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await finish(clean_up())
            await anyio.sleep(0)
        done.append("went on")

    async with anyio.create_task_group() as group:
        group.start_soon(work)
    assert done == ["cleaned up", "went on"]
    assert not group.cancel_scope.cancel_called


async def test_a_timeout_while_cleaning_up_is_a_timeout(anyio_backend: str) -> None:
    done: list[str] = []

    async def clean_up() -> None:
        await anyio.sleep(0.05)
        done.append("cleaned up")

    with pytest.raises(TimeoutError):
        with anyio.fail_after(0.01):
            await finish(clean_up())
            await anyio.sleep(0)
    assert done == ["cleaned up"]


def test_asyncios_own_cancellation_passes_through() -> None:
    done: list[str] = []

    async def clean_up() -> None:
        await asyncio.sleep(0.02)
        done.append("cleaned up")

    async def main() -> None:
        task = asyncio.ensure_future(finish(clean_up()))
        await asyncio.sleep(0)
        for _ in range(3):
            task.cancel("by hand")
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task
        assert done == ["cleaned up"]

    asyncio.run(main())


async def test_guarded_work_is_cancelled_once(anyio_backend: str) -> None:
    cancels: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep(10)
        except BaseException:
            cancels.append("cancelled")
            with anyio.CancelScope(shield=True):
                await anyio.sleep(0.02)
            raise

    with anyio.move_on_after(0.01) as scope:
        await guarded(work(), lambda _: None)
    assert scope.cancelled_caught
    assert cancels == ["cancelled"]
    with pytest.raises(TimeoutError):
        await guarded(work(), lambda _: None, 0.01)

"""Several exchanges for one question: the first that has output is read, the others are closed.

To its reader a race is an exchange like any other. Every attempt runs in a task of its own until the first output,
so that no cancel scope or task group is open between two pieces (PEP 789); from then on the reader pulls the winner.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Protocol

import anyio

from chatkit.net.loops import call_on, current_loop, finish, in_background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.events import Event
    from chatkit.messages.ai import AIMessage
    from chatkit.net.exchange import Exchange
    from chatkit.net.plan import Plan

__all__ = ["Race", "Starter"]


class Starter(Protocol):
    """Who decides when another attempt is made."""

    def patience(self) -> float | None:
        """Seconds to wait for the first output before another attempt is made; None: for ever."""
        ...

    def another(self) -> Exchange | None:
        """One more attempt, or None when there may be none."""
        ...

    def won(self, exchange: Exchange, seconds: float) -> None:
        """The first output came, so many seconds after the first request; the exchange is the one that gave it."""
        ...


class Race:
    """Attempts at one call.

    Attributes:
        winner: the exchange that gave the first output; before there is one, the first that was started.
    """

    def __init__(self, first: Exchange, starter: Starter) -> None:
        self.winner = first
        self.plan: Plan = first.plan
        self.id = first.id
        self._starter = starter
        self._exchanges = [first]
        self._waiting = 0
        self._decided = False
        self._over = False
        self._batch: list[Event] | None = None
        self._errors: list[BaseException] = []
        self._news: anyio.Event | None = None
        self._loop: Any = None

    # What a reader does, as with an exchange.

    async def batch(self) -> list[Event] | None:
        """The next events, at least one; None at the end. Errors as the winner's; the first error when all attempts fail."""
        if self.closed:
            return None
        if self._decided:
            return await self.winner.batch()
        try:
            return await self._first_batch()
        except GeneratorExit:  # the coroutine itself is dropped
            self.abandon()
            raise
        except BaseException as error:
            await self.fail(error)
            raise

    async def collect(self) -> AIMessage:
        """Read to the end and give the whole message."""
        while await self.batch() is not None:
            pass
        return self.message

    async def aclose(self) -> None:
        """Stop all attempts and keep what came."""
        self._stop()
        await finish(self._end(None, self._exchanges))

    async def fail(self, error: BaseException) -> None:
        """Stop all attempts, because the reader cannot go on."""
        self._stop()
        await finish(self._end(error, self._exchanges))

    def abandon(self) -> None:
        """Stop all attempts, from code that cannot await."""
        self._stop()
        for exchange in self._exchanges:
            exchange.abandon()
            if self._loop is not None:
                call_on(self._loop, exchange.stop_opening)

    def _stop(self) -> None:
        self._over = True
        if self._news is not None and self._loop is not None:
            call_on(self._loop, self._news.set)

    def __getattr__(self, name: str) -> Any:
        """`message`, `usage`, `events`, `interrupted` ...: the winner's."""
        return getattr(self.winner, name)

    @property
    def message(self) -> AIMessage:
        """The message as far as it came."""
        return self.winner.message

    @property
    def closed(self) -> bool:
        """Nothing more can be read."""
        return self._over or (self._decided and self.winner.closed)

    # The race.

    async def _first_batch(self) -> list[Event] | None:
        self._loop, started = current_loop(), time.monotonic()
        self._start(self.winner)
        patience = self._starter.patience()
        while not self._decided and not self._over:
            news = self._news = anyio.Event()
            with anyio.move_on_after(patience):
                await news.wait()
            if not news.is_set():
                patience = self._one_more()
        if self._over:
            return None
        if self._batch is None:
            raise self._first_error()
        self._starter.won(self.winner, time.monotonic() - started)
        await finish(self._end(None, [exchange for exchange in self._exchanges if exchange is not self.winner]))
        return self._batch

    async def _end(self, error: BaseException | None, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            await (exchange.aclose() if error is None else exchange.fail(error))

    def _first_error(self) -> BaseException:
        """Not kept, since an error that is raised refers back to here by its traceback."""
        errors, self._errors = self._errors, []
        return errors[0]

    def _one_more(self) -> float | None:
        """Make another attempt if there may be one; gives the patience from then on."""
        rival = self._starter.another()
        if rival is None:
            return None
        rival.id = self.id
        self._exchanges.append(rival)
        self._start(rival)
        return self._starter.patience()

    def _start(self, exchange: Exchange) -> None:
        self._waiting += 1
        in_background(lambda: self._ask(exchange))

    async def _ask(self, exchange: Exchange) -> None:
        """One attempt, up to its first output. An attempt that fails leaves the others running."""
        try:
            batch = await exchange.batch()
            if batch is not None and not self._decided:
                self.winner, self._batch, self._decided = exchange, batch, True
        except Exception as error:
            self._errors.append(error)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._decided = True
            if self._decided and self._news is not None:
                self._news.set()

"""One budget for many processes and machines, kept by a Redis server (`pip install 'chatkit-sdk[redis]'`)."""

from __future__ import annotations

import contextlib
import inspect
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import anyio

from chatkit.errors import InputError, InputTypeError, LimiterUnavailableError
from chatkit.jsons import dumps
from chatkit.limits.budget import Budget, Ticket
from chatkit.limits.limiter import Limiter, given_buckets, places_of, positive
from chatkit.limits.line import Line
from chatkit.limits.redis_script import SCRIPT
from chatkit.logs import log

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

__all__ = ["RedisRateLimiter"]

HORIZON = 0.1
"""Seconds ahead that a time is reserved. Who would wait longer comes again, so that a pause finds few reservations."""
AGAIN = 0.05
"""Seconds after which one looks again whether a place has fallen free."""
LONGEST_SLEEP = 1.0
"""Seconds after which one asks again at the latest: others may have given something back."""
KEPT = 90_000
"""Seconds that the server remembers a budget that nobody uses: a little more than a day, for daily limits."""
PATIENCE = 2.0
"""Seconds to wait for an answer of the server."""

Away = Literal["raise", "open", "closed"]


class RedisRateLimiter(Limiter):
    """`RateLimiter` whose budget all processes with the same server and key share.

    Every step is one round trip, and the server's clock counts. In a process first come is first served; among processes
    whoever asks first. It can be pickled (when made with a URL), and works in threads and on any event loop.

    Args:
        redis: URL ("redis://localhost:6379/0"), or a `redis.Redis`.
        key: name of the budget on the server.
        requests_per_minute, tokens_per_minute, max_concurrency, burst, adaptive: as for `RateLimiter`. All processes
            must say the same.
        when_away: what happens to calls while the server cannot be reached: "raise" LimiterUnavailableError, "open" (they
            are made without a limit, and a warning is logged), or "closed" (they wait until it is back).
        lease: seconds after which a place of `max_concurrency` falls free by itself, for processes that died. Must be
            longer than the longest call.

    Raises:
        InputError: a wrong number, or redis-py is not installed.
    """

    def __init__(
        self,
        redis: Any,
        key: str = "chatkit",
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        max_concurrency: int | None = None,
        burst: float | None = None,
        *,
        adaptive: bool = True,
        when_away: Away = "raise",
        lease: float = 900.0,
    ) -> None:
        places = places_of(max_concurrency)
        super().__init__(
            given_buckets(requests_per_minute, tokens_per_minute, burst), places=places, burst=burst, adaptive=adaptive
        )
        if when_away not in ("raise", "open", "closed"):
            raise InputError(f"when_away must be 'raise', 'open' or 'closed', not {when_away!r}")
        self._redis = redis
        self._key = key
        self._when_away = when_away
        self._lease = positive(lease, "lease")
        self._connect()

    def _connect(self) -> None:
        self._script = _client(self._redis).register_script(SCRIPT)
        self._line = Line(Budget({}, 1, time.monotonic()))  # only the first in this process asks the server
        self._keys = [f"{{{self._key}}}:budget", f"{{{self._key}}}:places"]
        self._away = False

    # Entering.

    def acquire(self, *, blocking: bool = True, tokens: float = 0) -> bool:
        ticket = self.plain_ticket(tokens)
        if not blocking:
            return self._reserve(ticket, 0.0).taken
        turn = Ticket({}, place=True)
        self._line.enter(turn)
        try:
            while not (reserved := self._reserve(ticket, HORIZON)).taken:
                time.sleep(reserved.seconds)
        finally:
            self._next(turn)
        with self._given_back_on_failure(ticket):
            time.sleep(max(0.0, reserved.due - time.monotonic()))
        return True

    async def aacquire(self, *, blocking: bool = True, tokens: float = 0) -> bool:
        ticket = self.plain_ticket(tokens)
        if not blocking:
            return (await self._in_thread(ticket, 0.0)).taken
        await self.aenter(ticket)
        return True

    async def aenter(self, ticket: Ticket, first: bool = False) -> None:
        turn = Ticket({}, place=True)
        await self._line.aenter(turn, first)
        try:
            while not (reserved := await self._in_thread(ticket, HORIZON)).taken:  # noqa: ASYNC110 (the event is far away)
                await anyio.sleep(reserved.seconds)
        finally:
            self._next(turn)
        with self._given_back_on_failure(ticket):
            await anyio.sleep(max(0.0, reserved.due - time.monotonic()))

    def _next(self, turn: Ticket) -> None:
        """The next in line of this process may ask the server."""
        self._line.change(lambda budget, _: budget.settle(turn, {}))

    @contextlib.contextmanager
    def _given_back_on_failure(self, ticket: Ticket) -> Generator[None]:
        try:
            yield
        except BaseException:
            self.settle_soon(ticket, dict.fromkeys(ticket.amounts, 0.0))
            raise

    async def _in_thread(self, ticket: Ticket, horizon: float) -> _Reserved:
        """`_reserve` beside the event loop. A cancelled caller does not wait for the server; what it still gets goes back."""
        lock = threading.Lock()
        taken = gone = False

        def ask() -> _Reserved:
            nonlocal taken
            reserved = self._reserve(ticket, horizon)
            with lock:
                taken, orphan = reserved.taken, gone
            if orphan and reserved.taken:
                self._settle(ticket, dict.fromkeys(ticket.amounts, 0.0))
            return reserved

        try:
            return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True)
        except BaseException:
            with lock:
                gone, late = True, taken
            if late:
                self.settle_soon(ticket, dict.fromkeys(ticket.amounts, 0.0))
            raise

    def _reserve(self, ticket: Ticket, horizon: float) -> _Reserved:
        """Ask the server for a ticket that is due within so many seconds."""
        given: dict[str, Any] = {
            "amounts": ticket.amounts,
            "buckets": {name: [bucket.rate, bucket.size] for name, bucket in self._given.items()},
            "horizon": horizon,
        }
        if ticket.place:
            ticket.id = ticket.id or uuid.uuid4().hex
            given |= {"place": ticket.id, "places": self._places, "lease": self._lease, "again": AGAIN + HORIZON / 2}
        answer = self._ask("take", given)
        if answer is None:
            return _Reserved(self._when_away == "open", 0.0 if self._when_away == "open" else LONGEST_SLEEP)
        seconds, now = float(answer[1]), float(answer[2])
        if not int(answer[0]):
            return _Reserved(False, min(max(seconds - HORIZON / 2, 0.0), LONGEST_SLEEP))
        ticket.at = now + seconds
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in answer[3::2]]
        ticket.counts = dict(zip(names, map(float, answer[4::2]), strict=True))
        for name in ticket.amounts.keys() - ticket.counts.keys():
            self._rates.pop(name, None)  # the server has forgotten it: to be told again
        return _Reserved(True, seconds, time.monotonic() + seconds)

    # Afterwards.

    async def settle(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        await anyio.to_thread.run_sync(self._settle, ticket, used)

    def settle_soon(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        with contextlib.suppress(RuntimeError):  # at the interpreter's end no thread can be started; the lease ends by itself
            threading.Thread(target=self._settle, args=(ticket, used), name="chatkit-redis", daemon=True).start()

    def _settle(self, ticket: Ticket, used: Mapping[str, float]) -> None:
        settled = {
            name: [ticket.amounts[name] - used.get(name, ticket.amounts[name]), count, ticket.remaining.get(name, False)]
            for name, count in ticket.counts.items()
        }
        if ticket.place or any(back or remaining is not False for back, _, remaining in settled.values()):
            self._tell("settle", {"settled": settled, "at": ticket.at, "place": ticket.place and ticket.id})

    async def pause(self, ticket: Ticket, seconds: float) -> None:
        await anyio.to_thread.run_sync(self._tell, "pause", {"seconds": seconds, "amounts": ticket.amounts})

    async def _learn(self, name: str, rate: float, size: float) -> None:
        await anyio.to_thread.run_sync(self._tell, "learn", {"name": name, "rate": rate, "size": size})

    # The server.

    def _tell(self, step: str, given: dict[str, Any]) -> None:
        """A step that no call waits for: it must not fail one."""
        try:
            self._ask(step, given)
        except LimiterUnavailableError as error:
            log.debug("%s was not told: %s", step, error)

    def _ask(self, step: str, given: dict[str, Any]) -> list[Any] | None:
        """The server's answer; None when it is away and calls are to go on or to wait.

        Raises:
            LimiterUnavailableError: it is away, and `when_away` is "raise".
        """
        from redis.exceptions import RedisError

        try:
            answer = self._script(keys=self._keys, args=[step, dumps({"keep": KEPT, **given})])
        except (RedisError, OSError) as error:
            if self._when_away == "raise":
                raise LimiterUnavailableError(
                    f"the Redis server of the rate limiter {self._key!r} cannot be asked: {error}"
                ) from error
            if not self._away:
                log.warning(
                    "the Redis server of the rate limiter %r is away (%s): calls %s",
                    self._key,
                    error,
                    _MEANWHILE[self._when_away],
                )
            self._away = True
            return None
        self._away = False
        return answer

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_script", "_line", "_away")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._connect()

    def __repr__(self) -> str:
        shown = {name: round(bucket.rate * 60, 3) for name, bucket in self._given.items()}
        return f"RedisRateLimiter(key={self._key!r}, {shown}, max_concurrency={self._places}, burst={self._burst:g})"


class _Reserved(NamedTuple):
    """What the server said.

    Attributes:
        taken: there is a ticket.
        seconds: until it is due, or until one should ask again.
        due: when that is on this process's clock; the way from the thread to its waiter takes nothing from it.
    """

    taken: bool
    seconds: float
    due: float = 0.0


_MEANWHILE = {"open": "are made without a limit", "closed": "wait"}


def _client(redis: Any) -> Any:
    """A redis-py client for what a user gives."""
    if isinstance(redis, str):
        try:
            from redis import Redis
            from redis.backoff import NoBackoff
            from redis.retry import Retry
        except ImportError as error:
            raise InputError("RedisRateLimiter needs redis-py: pip install 'chatkit-sdk[redis]'") from error
        options: dict[str, Any] = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "retry": Retry(NoBackoff(), 1)}
        return cast("Any", Redis).from_url(redis, **options)
    if not hasattr(redis, "register_script") or inspect.iscoroutinefunction(getattr(redis, "execute_command", None)):
        raise InputTypeError(
            f"RedisRateLimiter needs a URL or a redis.Redis, not {type(redis).__module__}.{type(redis).__name__}. It is asked "
            "from threads, so it works on any event loop"
        )
    return redis

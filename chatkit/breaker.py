"""`CircuitBreaker`: an endpoint that keeps failing is left alone for a while, and calls to it fail at once.

closed     calls pass; failures are counted
open       calls fail with CircuitOpenError until the cool-down is over
half-open  a few calls pass as probes: one that fails opens the circuit again, one that succeeds closes it
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from chatkit.errors import (
    APIConnectionError,
    CircuitOpenError,
    InputError,
    InputTypeError,
    InvalidResponseError,
    ModelError,
    OverloadedError,
    ServerError,
    StreamError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.net.exchange import Exchange

__all__ = ["CircuitBreaker", "check_breaker"]

FAILURES = (OverloadedError, ServerError, APIConnectionError, StreamError, InvalidResponseError)
_SLICES = 10
"""A window is counted in so many slices; the oldest is forgotten as a whole."""


class CircuitBreaker:
    """Shared by as many models, tasks, threads and loops as you like: `init_chat_model(..., circuit_breaker=breaker)`.

    It keeps a circuit for each endpoint, that is for each pair of base URL and model name.

    Args:
        failures: the circuit opens when so many attempts failed within `window` ...
        share: ... and they are at least this share of all attempts in it (0 to 1).
        window: seconds that are looked back.
        cooldown: seconds until the first probe; longer where the provider's retry-after says so.
        probes: calls that may be under way at the same time while nobody knows whether the endpoint is well.
        errors: what counts as a failure of the endpoint. Refusals such as 400, 401 or 429 do not: they show that it
            answers.
        on_change: called with `(endpoint, state)` when a circuit opens, half-opens or closes. It must not raise.
        clock: gives seconds; for tests.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        share: float = 0.5,
        window: float = 60.0,
        cooldown: float = 30.0,
        probes: int = 1,
        errors: tuple[type[ModelError], ...] = FAILURES,
        on_change: Callable[[str, str], Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if failures < 1 or probes < 1 or not 0 <= share <= 1 or window <= 0 or cooldown <= 0:
            raise InputError("CircuitBreaker: failures and probes from 1, share from 0 to 1, window and cooldown above 0")
        self.failures = failures
        self.share = share
        self.window = window
        self.cooldown = cooldown
        self.probes = probes
        self.errors = errors
        self.on_change = on_change
        self.clock = clock
        self._lock = threading.Lock()
        self._circuits: dict[str, _Circuit] = {}

    def state(self, endpoint: str) -> str:
        """ "closed", "open" or "half-open" of an endpoint, written "<base URL> <model name>"."""
        with self._lock:
            circuit = self._circuits.get(endpoint)
            return "closed" if circuit is None else circuit.state_at(self.clock())

    @property
    def states(self) -> dict[str, str]:
        """The state of every endpoint that was called."""
        return {endpoint: self.state(endpoint) for endpoint in list(self._circuits)}

    def observer(self, base_url: str, model: str) -> BrokenCall:
        """The observer of one call."""
        endpoint = f"{base_url} {model}"
        with self._lock:
            circuit = self._circuits.setdefault(endpoint, _Circuit(self))
        return BrokenCall(self, circuit, endpoint)

    def changed(self, endpoint: str, circuit: _Circuit, act: Callable[[float], None]) -> None:
        """Do something with a circuit, and tell when that changes its state."""
        with self._lock:
            now = self.clock()
            before = circuit.told
            try:
                act(now)
            finally:
                after = circuit.told = circuit.state_at(now)
        if before != after and self.on_change is not None:
            self.on_change(endpoint, after)

    def __getstate__(self) -> dict[str, Any]:
        """A copy in another process starts with closed circuits."""
        return {**self.__dict__, "_lock": None, "_circuits": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


class _Circuit:
    """The state of one endpoint. Its breaker's lock is held around every call."""

    def __init__(self, breaker: CircuitBreaker) -> None:
        self._settings = breaker
        self._slices: list[tuple[int, list[int]]] = []  # (number of the slice, [attempts, failures])
        self._open_until: float | None = None
        self._probing = 0
        self._alive = False
        self.told = "closed"
        self.last = "nothing"

    def state_at(self, now: float) -> str:
        if self._open_until is None:
            return "closed"
        return "open" if now < self._open_until else "half-open"

    def enter(self, now: float) -> float | None:
        """Let a call pass (None), or say after how many seconds another may try."""
        if self._open_until is None:
            return None
        if now < self._open_until:
            return self._open_until - now
        if self._probing >= self._settings.probes and not self._alive:
            return 1.0
        self._probing += 1
        return None

    def answered(self) -> None:
        """The head of an answer came from a half-open endpoint: others need not wait for the end of the probe."""
        self._alive = True

    def leave(self) -> None:
        """A call that says nothing about the endpoint is over."""
        self._probing = max(0, self._probing - 1)

    def succeeded(self, now: float) -> None:
        self.leave()
        if self._open_until is None:
            self._count(now, 0)
        elif now >= self._open_until:
            self._open_until, self._slices = None, []

    def failed(self, now: float, error: ModelError) -> None:
        self.leave()
        self.last = f"{type(error).__name__}: {error.provider_message}"
        if self._open_until is None:
            self._count(now, 1)
            attempts = sum(counts[0] for _, counts in self._slices)
            failures = sum(counts[1] for _, counts in self._slices)
            if failures < self._settings.failures or failures < self._settings.share * attempts:
                return
        elif now < self._open_until:
            return  # a call that had begun before
        self._open_until = now + max(self._settings.cooldown, error.retry_after or 0.0)
        self._probing, self._alive = 0, False

    def _count(self, now: float, failures: int) -> None:
        number = int(now / self._settings.window * _SLICES)
        self._slices = [(at, counts) for at, counts in self._slices if at > number - _SLICES]
        if not self._slices or self._slices[-1][0] != number:
            self._slices.append((number, [0, 0]))
        counts = self._slices[-1][1]
        counts[0] += 1
        counts[1] += failures


class BrokenCall:
    """Observes an exchange (chatkit.net.plan.Observer) for a breaker. Every attempt counts."""

    def __init__(self, breaker: CircuitBreaker, circuit: _Circuit, endpoint: str) -> None:
        self._breaker = breaker
        self._circuit = circuit
        self._endpoint = endpoint
        self._inside = False
        self._answered = False
        self._sent_before = 0

    async def admit(self, exchange: Exchange) -> None:
        waits: list[float | None] = []
        self._change(lambda now: waits.append(self._circuit.enter(now)))
        if waits[0] is not None:
            raise CircuitOpenError(
                f"{self._endpoint} has failed too often, at last with {self._circuit.last}; "
                f"the next attempt is allowed in {waits[0]:.1f} s",
                endpoint=self._endpoint,
                retry_after=waits[0],
            )
        self._inside, self._answered, self._sent_before = True, False, exchange.attempts

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        if status < 400:
            self._answered = True
            self._change(lambda _: self._circuit.answered())

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        self._over(exchange, error)

    async def ended(self, exchange: Exchange, error: BaseException | None) -> None:
        self._over(exchange, error)

    def dropped(self, exchange: Exchange) -> None:
        self._over(exchange, GeneratorExit())

    def _over(self, exchange: Exchange, error: BaseException | None) -> None:
        if not self._inside:
            return
        self._inside = False
        if exchange.attempts == self._sent_before:  # given up before it was sent, by a limiter for example
            self._change(lambda _: self._circuit.leave())
        elif isinstance(error, self._breaker.errors):
            self._change(lambda now: self._circuit.failed(now, error))
        elif error is None or isinstance(error, ModelError) or self._answered:
            self._change(self._circuit.succeeded)
        else:  # cancelled before anything came, or refused by ourselves
            self._change(lambda _: self._circuit.leave())

    def _change(self, act: Callable[[float], None]) -> None:
        self._breaker.changed(self._endpoint, self._circuit, act)


def check_breaker(value: Any) -> None:
    """Refuse what is no breaker."""
    if not isinstance(value, CircuitBreaker):
        raise InputTypeError(f"circuit_breaker must be a CircuitBreaker, not {value!r}")

"""What an exchange is told before it starts, and who may watch it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

    from chatkit.codec import Call, Parser, Request
    from chatkit.errors import ModelError
    from chatkit.net.exchange import Exchange
    from chatkit.net.transport import Transport
    from chatkit.retry import RetryPolicy
    from chatkit.secrets import Secret
    from chatkit.timeouts import Timeouts

__all__ = ["Observer", "Plan"]


class Observer(Protocol):
    """Somebody who watches an exchange: callbacks, the usage ledger, a limiter. Must not raise."""

    async def admit(self, exchange: Exchange) -> None:
        """Called before every attempt; may wait (rate limits).

        When the total clock ends the wait, the error names who was waited for: the attribute `waits_for`, if there is
        one, else "the rate limiter".
        """
        ...

    async def opened(self, exchange: Exchange, status: int, headers: Mapping[str, str]) -> None:
        """A response's head has come, of any status."""
        ...

    async def retrying(self, exchange: Exchange, error: ModelError, delay: float) -> None:
        """An attempt failed and another follows after `delay` seconds."""
        ...

    def ended(self, exchange: Exchange, error: BaseException | None) -> Coroutine[Any, Any, None] | None:
        """The exchange is over: complete (None), failed, cancelled, or closed by its reader (GeneratorExit).

        What it gives is awaited to its end, whatever happens meanwhile; None when there is nothing to wait for.
        """
        ...

    def dropped(self, exchange: Exchange) -> None:
        """The exchange was left by somebody who could not await. Called instead of `ended`."""
        ...


class Plan:
    """Everything that an exchange needs to know, as a model prepared it."""

    __slots__ = (
        "allow_incomplete",
        "as_blocks",
        "call",
        "encode",
        "fail",
        "key",
        "observers",
        "parser",
        "provider",
        "retry",
        "sign",
        "tell_headers",
        "timeouts",
        "transport",
    )

    def __init__(
        self,
        *,
        call: Call,
        provider: str,
        key: Secret | Callable[[], Any] | None,
        encode: Callable[[Call], Request],
        sign: Callable[[Request, Call], Request],
        parser: Callable[[Call], Parser],
        fail: Callable[[int, Mapping[str, str], bytes], ModelError],
        transport: Callable[[], Transport],
        timeouts: Timeouts,
        retry: RetryPolicy,
        observers: Sequence[Observer] = (),
        allow_incomplete: bool = False,
        as_blocks: bool = False,
        tell_headers: bool = False,
    ) -> None:
        self.call = call
        self.provider = provider
        self.key = key
        self.encode = encode
        self.sign = sign
        self.parser = parser
        self.fail = fail
        self.transport = transport
        self.timeouts = timeouts
        self.retry = retry
        self.observers = observers
        self.allow_incomplete = allow_incomplete
        self.as_blocks = as_blocks
        self.tell_headers = tell_headers

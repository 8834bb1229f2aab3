"""`hedge`: a second request when the first output is late; the first that has output is read, the other is closed."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left, insort
from collections import deque
from typing import TYPE_CHECKING, Any

from chatkit.caches import cache_for, through
from chatkit.config import merge_configs
from chatkit.errors import InputError, InputTypeError
from chatkit.model import ChatModel
from chatkit.wrappers.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from chatkit.callbacks.observe import ModelRun
    from chatkit.events import Event
    from chatkit.messages import AIMessage, AIMessageChunk
    from chatkit.net.exchange import Exchange
    from chatkit.net.stream import ChunkStream, EventStream

__all__ = ["HedgedModel", "hedge"]

_QUANTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_KNOWN = 500
_NEEDED = 20
_BURST = 10.0


def hedge(model: ChatModel, *others: ChatModel, after: float | str = "p95", max_extra: float = 0.05) -> HedgedModel:
    """A model that asks a second time when the first output is late. Whoever gives the first output is read.

    Args:
        model: who is asked first.
        others: who is asked when it is late, one after the other; without them the same model again.
        after: seconds to wait for the first output, or a quantile of what was measured so far: "p95" waits as long as
            95 of 100 calls needed. While fewer than 20 calls are known, there are no extra requests.
        max_extra: extra requests may be this share of all calls (and one), so that a slow day does not double the load.

    Raises:
        InputError: a wrong `after` or `max_extra`.
        InputTypeError: something that is no chat model.
    """
    return HedgedModel((model, *(others or (model,))), Pace(after, max_extra))


class Pace:
    """When a call is late, and whether there may be an extra request. Shared by tasks, threads and loops."""

    def __init__(self, after: float | str, max_extra: float) -> None:
        self.after = after
        self.max_extra = max_extra
        self._share = _share_of(after)
        if not 0 < max_extra <= 1:
            raise InputError(f"hedge: max_extra must be a share above 0 and up to 1, not {max_extra!r}")
        self._lock = threading.Lock()
        self._credit = 1.0
        self._latest: deque[float] = deque()
        self._sorted: list[float] = []

    def called(self) -> None:
        """A call begins."""
        with self._lock:
            self._credit = min(_BURST, self._credit + self.max_extra)

    def may_ask_again(self) -> bool:
        """Take the budget of one extra request, if there is one."""
        with self._lock:
            if self._credit < 1.0 - 1e-9:
                return False
            self._credit -= 1.0
            return True

    def seen(self, seconds: float) -> None:
        """A first output took so long."""
        with self._lock:
            self._latest.append(seconds)
            insort(self._sorted, seconds)
            if len(self._latest) > _KNOWN:
                del self._sorted[bisect_left(self._sorted, self._latest.popleft())]

    @property
    def seconds(self) -> float | None:
        """How long to wait now; None while too little is known."""
        if self._share is None:
            return float(self.after)
        with self._lock:
            if len(self._sorted) < _NEEDED:
                return None
            return self._sorted[min(len(self._sorted) - 1, int(self._share * len(self._sorted)))]

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.after, self.max_extra)


def _share_of(after: Any) -> float | None:
    """0.95 for "p95", None for seconds."""
    if isinstance(after, str) and (match := _QUANTILE.fullmatch(after)):
        return float(match[1]) / 100
    if isinstance(after, int | float) and not isinstance(after, bool) and after > 0:
        return None
    raise InputError(f"hedge: after must be seconds above 0 or a quantile such as 'p95', not {after!r}")


class HedgedModel(Wrapper):
    """A chat model that asks again when the first output is late; made by `hedge`.

    Every attempt is a run of its own for callbacks: the one that is closed counts as cancelled in the usage ledger.
    Streams are used inside `ainvoke` too, because only they show early who is alive.
    """

    def __init__(self, models: Sequence[Any], pace: Pace) -> None:
        for model in models:
            if not isinstance(model, ChatModel):
                raise InputTypeError(f"hedge needs chat models, not {type(model).__name__}; hedge first, then wrap")
        self.models: list[ChatModel] = list(models)
        self.pace = pace

    def _inner(self) -> Sequence[Any]:
        return self.models

    def _around(self, inner: Sequence[Any]) -> HedgedModel:
        return HedgedModel(inner, self.pace)

    @property
    def profile(self) -> dict[str, Any] | None:
        """What the first model can do."""
        return self.models[0].profile

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Any:
        """See `ChatModel.with_structured_output`."""
        from chatkit.structured import with_structured_output

        model: Any = self  # it can all that is asked of a model there
        return with_structured_output(model, schema, **kwargs)

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> AIMessage:
        """Ask and wait for the whole answer. Arguments and errors as `ChatModel.ainvoke`."""
        models = self._for_call(kwargs)
        cache = cache_for(models[0].settings.get("cache"))
        if cache is not None:
            return await through(cache, models[0], input, lambda: self._ask(models, input, config))
        return await self._ask(models, input, config)

    async def _ask(self, models: Sequence[ChatModel], input: Any, config: Any) -> AIMessage:
        race, relay = self._race(models, input, config)
        if not relay.wants_streaming:
            return await race.collect()
        from chatkit.net.stream import ChunkStream

        async for _ in ChunkStream(race, relay):
            pass
        return race.message

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> ChunkStream:
        """Ask and get the answer in pieces. Arguments and errors as `ChatModel.astream`."""
        from chatkit.net.stream import ChunkStream

        return ChunkStream(*self._race(self._for_call(kwargs), input, config))

    def open_stream(self, input: Any, config: Any = None, **kwargs: Any) -> EventStream:
        """Ask and get the answer as typed events. Arguments and errors as `ChatModel.open_stream`."""
        from chatkit.net.stream import EventStream

        return EventStream(*self._race(self._for_call(kwargs), input, config))

    def _for_call(self, kwargs: dict[str, Any]) -> Sequence[ChatModel]:
        return [model.bind(**kwargs) for model in self.models] if kwargs else self.models

    def _race(self, models: Sequence[ChatModel], input: Any, config: Any) -> tuple[Any, _Attempts]:
        from chatkit.net.race import Race

        attempts = _Attempts(self.pace, models, input, config)
        return Race(attempts.first, attempts), attempts

    def __repr__(self) -> str:
        return f"hedge({', '.join(map(repr, self.models))}, after={self.pace.after!r}, max_extra={self.pace.max_extra!r})"


class _Attempts:
    """The attempts at one call: starts them for the race, and passes the winner's pieces to the winner's callbacks."""

    def __init__(self, pace: Pace, models: Sequence[ChatModel], input: Any, config: Any) -> None:
        self._pace = pace
        self._rest = list(models)
        self._input = input
        self._config = config
        self._runs: dict[int, ModelRun | None] = {}
        self.first = self._winner = self._make(config)
        run, model = self._runs[id(self.first)], models[0]
        self.hears_pieces = run is not None and run.hears_pieces
        self.wants_streaming = self.hears_pieces and bool(
            model.settings.get("streaming") or (run is not None and run.wants_streaming)
        )
        pace.called()

    def _make(self, config: Any) -> Exchange:
        exchange, run = self._rest.pop(0)._exchange(self._input, config)
        self._runs[id(exchange)] = run
        return exchange

    # For the race.

    def patience(self) -> float | None:
        return self._pace.seconds if self._rest else None

    def another(self) -> Exchange | None:
        if not self._pace.may_ask_again():
            return None
        return self._make({**merge_configs(self._config, {"tags": ["hedge"]}), "run_id": None})

    def won(self, exchange: Exchange, seconds: float) -> None:
        self._winner = exchange
        self._pace.seen(seconds)

    # For the stream.

    def piece(self, chunk: AIMessageChunk) -> Awaitable[None] | None:
        run = self._runs[id(self._winner)]
        return None if run is None else run.piece(chunk)

    def event(self, event: Event) -> Awaitable[None] | None:
        run = self._runs[id(self._winner)]
        return None if run is None else run.event(event)

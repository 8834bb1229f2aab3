"""What a batch is made of, before anything runs: its inputs one by one, their configs, and how far it has come."""

from __future__ import annotations

import time
import warnings
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence, Sized
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, cast

from msgspec import Struct

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object
from chatkit.messages.base import BaseMessage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

__all__ = ["DEFAULT_CONCURRENCY", "Inputs", "Job", "Jobs", "Progress", "Tally"]

DEFAULT_CONCURRENCY = 64
"""Calls of a batch that run at the same time when its config has no `max_concurrency`."""

Output = TypeVar("Output")
Inputs: TypeAlias = Iterable[Any] | AsyncIterable[Any]
Config: TypeAlias = Mapping[str, Any] | Sequence[Any] | None


class Progress(Struct, frozen=True):
    """How far a batch has come.

    Attributes:
        done: inputs that are answered, failed ones included.
        failed: those of them that gave an exception.
        total: number of inputs, None when the inputs do not say it.
        seconds: since the batch began.
        input_tokens, output_tokens: of all answers so far.
    """

    done: int
    failed: int
    total: int | None
    seconds: float
    input_tokens: int
    output_tokens: int

    @property
    def rate(self) -> float:
        """Answers a second, on average."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds that the rest will take at this rate; None when that cannot be told."""
        return (self.total - self.done) / self.rate if self.total is not None and self.rate else None


class Job(Struct):
    """One input of a batch."""

    index: int
    input: Any
    config: Any


class Jobs:
    """The inputs of a batch with their configs, pulled one by one.

    Args:
        inputs: an iterable or async iterable. Nothing is read from it before it is needed.
        config: one RunnableConfig for all inputs, or a list with one for each.
        inherited: `max_concurrency` of surrounding configs.

    Attributes:
        concurrency: how many may run at the same time.
        total: number of inputs, None when they do not say it.

    Raises:
        InputError: `max_concurrency` below 1, or a wrong number of configs.
        InputTypeError: something that is no series of inputs.
    """

    def __init__(self, inputs: Inputs, config: Config = None, inherited: int | None = None) -> None:
        self.source: Iterator[Any] | None = None
        self.async_source: AsyncIterator[Any] | None = None
        if isinstance(inputs, str | bytes | Mapping | BaseMessage):
            raise InputTypeError("a batch needs a list or another iterable of inputs, not a single one")
        if isinstance(inputs, Iterable):
            self.source = iter(inputs)
        elif isinstance(inputs, AsyncIterable):  # pyright: ignore[reportUnnecessaryIsInstance]
            self.async_source = aiter(inputs)
        else:
            raise InputTypeError(f"a batch needs a list or another iterable of inputs, not {type(inputs).__name__}")
        self.total = len(inputs) if isinstance(inputs, Sized) else None
        self._config, self._configs = _sorted(config, self.total)
        self.concurrency = _concurrency(self._configs[0] if self._configs else self._config, inherited)
        self._index = -1

    def job(self, input: Any) -> Job:
        """The next input as a job."""
        self._index += 1
        return Job(self._index, input, self._configs[self._index] if self._configs else self._config_for(self._index))

    def _config_for(self, index: int) -> Any:
        config = self._config
        if not index or not is_object(config) or config.get("run_id") is None:
            return config
        if index == 1:
            warnings.warn("one run_id for several inputs: only the first of them has it", RuntimeWarning, stacklevel=2)
        return {**config, "run_id": None}


def _sorted(config: Any, total: int | None) -> tuple[Any, Sequence[Any] | None]:
    """(one config for all, None) or (None, one config for each)."""
    if config is None or is_object(config):
        return config, None
    if not isinstance(config, Sequence) or isinstance(config, str | bytes):
        raise InputTypeError(f"config must be a dict or a list of dicts, not {type(config).__name__}")
    configs = cast("Sequence[Any]", config)
    if total is None:
        raise InputError("a list of configs needs inputs whose number is known, such as a list")
    if len(configs) != total:
        raise InputError(f"config must be a list of the same length as inputs, but got {len(configs)} configs for {total} inputs")
    return None, configs


def _concurrency(config: Any, inherited: int | None) -> int:
    given = config.get("max_concurrency") if config else None
    given = inherited if given is None else given
    if given is None:
        return DEFAULT_CONCURRENCY
    if not isinstance(given, int) or isinstance(given, bool):
        raise InputTypeError(f"max_concurrency must be a whole number, not {given!r}")
    if given < 1:
        raise InputError(f"max_concurrency must be 1 or more, not {given}")
    return given


class Tally(Generic[Output]):
    """Counts what a batch gives, and tells `on_progress` after each."""

    def __init__(self, total: int | None, on_progress: Callable[[Progress], Any]) -> None:
        self._total = total
        self._tell = on_progress
        self._began = time.monotonic()
        self._done = self._failed = self._input_tokens = self._output_tokens = 0

    def count(self, output: Output | BaseException) -> None:
        """One more is done."""
        self._done += 1
        self._failed += isinstance(output, BaseException)
        usage = getattr(output, "usage_metadata", None)
        if is_object(usage):
            self._input_tokens += usage.get("input_tokens") or 0
            self._output_tokens += usage.get("output_tokens") or 0
        seconds = time.monotonic() - self._began
        self._tell(Progress(self._done, self._failed, self._total, seconds, self._input_tokens, self._output_tokens))

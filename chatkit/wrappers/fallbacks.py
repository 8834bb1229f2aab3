"""`with_fallbacks`: when one fails, the next is asked (spec S232)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.config import merge_configs
from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object
from chatkit.steps.function import as_step
from chatkit.wrappers.attempts import AttemptStream, invoke
from chatkit.wrappers.base import Wrapper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.verbs import Runnable

__all__ = ["RunnableWithFallbacks"]


class RunnableWithFallbacks(Wrapper):
    """Asks one after another until one answers; made by `with_fallbacks`.

    Args:
        runnables: who is asked, in this order.
        exceptions_to_handle: errors that the next one is asked after; others are raised at once.
        exception_key: the input is a dict, and the next one finds the error in it under this key.
        restart: also ask the next one when a stream of message chunks breaks after its first output. Its first chunk
            says that the answer starts again, so that sums of chunks are right.
    """

    def __init__(
        self,
        runnables: Sequence[Any],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
        restart: bool = False,
    ) -> None:
        if len(runnables) < 2:
            raise InputError("with_fallbacks needs at least one fallback")
        self.runnables: list[Runnable[Any]] = [as_step(runnable) for runnable in runnables]
        self.exceptions_to_handle = tuple(exceptions_to_handle)
        self.exception_key = exception_key
        self.restart = restart

    def _inner(self) -> Sequence[Runnable[Any]]:
        return self.runnables

    def _around(self, inner: Sequence[Runnable[Any]]) -> RunnableWithFallbacks:
        return RunnableWithFallbacks(
            inner,
            exceptions_to_handle=self.exceptions_to_handle,
            exception_key=self.exception_key,
            restart=self.restart,
        )

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """The output of the first that gives one.

        Raises:
            Exception: all failed; the error of the first, with the others in its notes.
        """
        return await invoke(_Attempts(self, input, config), kwargs)

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AttemptStream:
        """The pieces of the first that gives one. A stream without any output counts as failed. Errors as `ainvoke`."""
        return AttemptStream(_Attempts(self, input, config), kwargs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.runnables!r})"


class _Attempts:
    needs_output = True

    def __init__(self, owner: RunnableWithFallbacks, input: Any, config: Any) -> None:
        if owner.exception_key is not None and not is_object(input):
            raise InputTypeError(f"with exception_key the input must be a dict, not {type(input).__name__}")
        self.restart = owner.restart
        self._owner = owner
        self._input = input
        self._config = config
        self._errors: list[Exception] = []

    def now(self) -> tuple[Runnable[Any], Any, Any]:
        if not self._errors:
            return self._owner.runnables[0], self._input, self._config
        input, key = self._input, self._owner.exception_key
        if key is not None:
            input = {**input, key: self._errors[-1]}
        config = {**merge_configs(self._config), "run_id": None}  # a run of its own
        return self._owner.runnables[len(self._errors)], input, config

    async def failed(self, error: Exception) -> None:
        if not isinstance(error, self._owner.exceptions_to_handle):
            raise error
        self._errors.append(error)
        if len(self._errors) == len(self._owner.runnables):
            raise self._all_failed() from self._errors[0].__cause__

    def _all_failed(self) -> Exception:
        first, *others = self._errors
        for number, error in enumerate(others, 1):
            first.add_note(f"fallback {number} failed too: {type(error).__name__}: {error}")
        return first

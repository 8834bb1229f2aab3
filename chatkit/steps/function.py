"""Functions as steps of an application: `runnable`, also under LangChain's name `RunnableLambda`."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, overload

from chatkit.callbacks.chain import perform, perform_sync
from chatkit.errors import InputTypeError
from chatkit.jsons import is_object
from chatkit.runs import child_config, open_run
from chatkit.steps.pieces import Once, total
from chatkit.steps.stream import StepStream
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator

    from chatkit.runs import Run

__all__ = ["RunnableLambda", "as_step", "runnable"]

Kind: TypeAlias = Literal["sync", "async", "generator", "async_generator"]
_END = object()


class RunnableLambda(Runnable[Any]):
    """A function as a step.

    Models and tools that the function calls belong to the step: they inherit its tags, metadata and callbacks, and
    whoever streams the step's events sees them.

    Args:
        func: takes the input, and `config` when it has a parameter of that name. A plain function runs in a worker thread
            when it is called from async code. A generator function, sync or async, gives its output in pieces. A function
            that returns another step passes its input on to that.
        afunc: what async code calls instead.
        name: shown in events instead of the function's name.

    Raises:
        InputTypeError: func is no function.
    """

    def __init__(self, func: Callable[..., Any], afunc: Callable[..., Any] | None = None, name: str | None = None) -> None:
        for function in (func, afunc):
            if function is not None and not callable(function):
                raise InputTypeError(f"a step is made of a function, not of {type(function).__name__}")
        self.func = func
        self.afunc = afunc
        self.name = name or _name_of(func)
        self._sync = _Function(func)
        self._async = _Function(afunc) if afunc is not None else self._sync

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """What the function gives for the input.

        Args:
            input: its first argument.
            config: a RunnableConfig dict.
            kwargs: more arguments.
        """
        run = open_run("chain", self.name, config)
        return await perform(run, input, lambda: self._output(input, run, kwargs))

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`ainvoke` for sync code. A plain function runs in the caller's thread."""
        if self._sync.kind != "sync":
            return super().invoke(input, config, **kwargs)
        run = open_run("chain", self.name, config)
        return perform_sync(run, input, lambda: self._output_here(input, run, kwargs))

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> StepStream:
        """The output in pieces, when the function is a generator or returns something that streams; else in one piece."""
        run = open_run("chain", self.name, config)
        return StepStream(run, input, lambda: self._pieces(input, run, kwargs))

    async def _output(self, input: Any, run: Run | None, kwargs: dict[str, Any]) -> Any:
        output = await self._async.call(input, run, kwargs)
        if isinstance(output, Runnable):
            return await cast("Runnable[Any]", output).ainvoke(input)
        if hasattr(output, "__aiter__"):
            return total([piece async for piece in output])
        return output

    def _output_here(self, input: Any, run: Run | None, kwargs: dict[str, Any]) -> Any:
        output = self._sync.call_here(input, run, kwargs)
        if isinstance(output, Runnable):
            return cast("Runnable[Any]", output).invoke(input)
        if inspect.isawaitable(output) or hasattr(output, "__aiter__"):
            from chatkit.net.portal import run as run_in_background

            return run_in_background(lambda: _gathered(output))
        return output

    async def _pieces(self, input: Any, run: Run | None, kwargs: dict[str, Any]) -> AsyncIterable[Any]:
        output = await self._async.call(input, run, kwargs)
        if isinstance(output, Runnable):
            return output.astream(input)
        return output if hasattr(output, "__aiter__") else Once(output)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name})"


async def _gathered(output: Any) -> Any:
    if hasattr(output, "__aiter__"):
        return total([piece async for piece in output])
    return await output


class _Function:
    """A function, and how it wants to be called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.kind = _kind_of(function)
        self._takes_config = _takes_config(function)

    def call_here(self, input: Any, run: Run | None, kwargs: dict[str, Any]) -> Any:
        """Call it in this thread."""
        more = {"config": child_config(run), **kwargs} if self._takes_config else kwargs
        return self.function(input, **more)

    async def call(self, input: Any, run: Run | None, kwargs: dict[str, Any]) -> Any:
        """Call it from async code; generators are given as async iterators."""
        if self.kind == "async":
            return await self.call_here(input, run, kwargs)
        if self.kind == "async_generator":
            return self.call_here(input, run, kwargs)
        if self.kind == "generator":
            return _in_threads(self.call_here(input, run, kwargs))
        from chatkit.net.threads import in_thread

        output = await in_thread(self.call_here, input, run, kwargs)
        return await output if inspect.isawaitable(output) else output


def _kind_of(function: Callable[..., Any]) -> Kind:
    while isinstance(function, functools.partial):
        function = function.func
    if not inspect.isroutine(function):
        function = getattr(function, "__call__", function)  # noqa: B004  # the method itself is looked at
    kinds: list[Kind] = [kind for kind, fits in _KINDS.items() if fits(function)]
    return kinds[0] if kinds else "sync"


_KINDS: dict[Kind, Callable[[Any], bool]] = {
    "async_generator": inspect.isasyncgenfunction,
    "async": inspect.iscoroutinefunction,
    "generator": inspect.isgeneratorfunction,
}


def _takes_config(function: Callable[..., Any]) -> bool:
    try:
        return "config" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        return False


def _name_of(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    name = getattr(function, "__name__", type(function).__name__)
    return "RunnableLambda" if name == "<lambda>" else name


async def _in_threads(iterator: Iterator[Any]) -> AsyncIterator[Any]:
    """The items of a generator, each step of which may block."""
    from chatkit.net.threads import in_thread

    while (item := await in_thread(next, iterator, _END)) is not _END:
        yield item


def as_step(thing: Any) -> Runnable[Any]:
    """What stands on either side of `|`, as a step.

    Raises:
        InputTypeError: it is neither a step nor a function.
    """
    if isinstance(thing, Runnable):
        return cast("Runnable[Any]", thing)
    if callable(getattr(thing, "ainvoke", None)):  # of another library with the same verbs
        return RunnableLambda(thing.ainvoke, name=type(thing).__name__)
    if callable(thing):
        return RunnableLambda(thing)
    hint = "; write a function that returns the dict" if is_object(thing) else ""
    raise InputTypeError(f"a {type(thing).__name__} is no step: `|` takes models, steps and functions{hint}")


@overload
def runnable(function: Callable[..., Any]) -> RunnableLambda: ...


@overload
def runnable(*, name: str) -> Callable[[Callable[..., Any]], RunnableLambda]: ...


def runnable(function: Callable[..., Any] | None = None, *, name: str | None = None) -> Any:
    """Make a function a step: `@runnable` or `@runnable(name="answer")`; see `RunnableLambda`."""
    if function is None:
        return functools.partial(RunnableLambda, name=name)
    return RunnableLambda(function, name=name)

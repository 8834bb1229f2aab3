"""The verbs that everything that can be called has. Whoever writes `ainvoke` and `astream` gets the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, cast, overload

from chatkit.config import merge_configs
from chatkit.errors import InputError
from chatkit.runs import current_run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from chatkit.batch import Inputs, Progress
    from chatkit.config import RunnableConfig
    from chatkit.feeds import BlockStream, EventFeed, StreamEvent
    from chatkit.feeds.sync import SyncBlockStream
    from chatkit.net.batch import Completed
    from chatkit.steps import RunnableSequence
    from chatkit.tools import StructuredTool
    from chatkit.wrappers import RunnableRetry, RunnableWithFallbacks, RunnableWithListeners, RunRecord

__all__ = ["Runnable"]

Output = TypeVar("Output")


class Runnable(Generic[Output]):
    """Something that turns an input into an output: a model, a model with structured output, a fallback chain.

    `config` is a RunnableConfig dict on every verb (spec 1X).
    """

    _config: dict[str, Any] | None = None
    """What `with_config` gave."""

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Output:
        """The output for one input."""
        raise NotImplementedError

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        """The output in pieces, as they come."""
        raise NotImplementedError

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Output:
        """`ainvoke` for sync code. Works anywhere, also under a running event loop (which it blocks)."""
        from chatkit.net.portal import run

        return run(lambda: self.ainvoke(input, config, **kwargs))

    def stream(self, input: Any, config: Any = None, **kwargs: Any) -> Iterator[Any]:
        """`astream` for sync code. Leaving the loop closes the request."""
        from chatkit.net.iterate import iterate

        return iterate(lambda: self.astream(input, config, **kwargs))

    @overload
    def astream_events(
        self,
        input: Any,
        config: Any = None,
        *,
        version: Literal["v2"] = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> EventFeed: ...

    @overload
    def astream_events(self, input: Any, config: Any = None, *, version: Literal["v3"], **kwargs: Any) -> BlockStream: ...

    def astream_events(
        self,
        input: Any,
        config: Any = None,
        *,
        version: str = "v2",
        include_names: Sequence[str] | None = None,
        include_types: Sequence[str] | None = None,
        include_tags: Sequence[str] | None = None,
        exclude_names: Sequence[str] | None = None,
        exclude_types: Sequence[str] | None = None,
        exclude_tags: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> Any:
        """Everything that happens during a call, as event dicts (`async for event in ...`). Leaving the loop stops it.

        Args:
            input, config, kwargs: as `ainvoke`.
            version: "v2" (`on_chat_model_stream` ..., chatkit.feeds.events), or for models "v3" (content-block events
                with views `.text`, `.reasoning`, `.tool_calls`, `.output`, chatkit.feeds.blocks).
            include_names, include_types, include_tags: only events of runs that fit one of these (v2).
            exclude_names, exclude_types, exclude_tags: no events of such runs (v2).

        Raises:
            InputError: there is no such version, or this has no content blocks, or v3 was given v2's lists.
        """
        from chatkit.feeds import BlockStream, event_feed
        from chatkit.feeds.filters import Filters
        from chatkit.feeds.versions import check_version, open_blocks

        include = {"names": include_names, "types": include_types, "tags": include_tags}
        exclude = {"names": exclude_names, "types": exclude_types, "tags": exclude_tags}
        check_version(version, [*include.values(), *exclude.values()])
        if version == "v3":
            return BlockStream(open_blocks(self, input, config, kwargs))
        return event_feed(self, input, config, Filters(include, exclude), kwargs)

    @overload
    def stream_events(
        self, input: Any, config: Any = None, *, version: Literal["v2"] = "v2", **kwargs: Any
    ) -> Iterator[StreamEvent]: ...

    @overload
    def stream_events(self, input: Any, config: Any = None, *, version: Literal["v3"], **kwargs: Any) -> SyncBlockStream: ...

    def stream_events(self, input: Any, config: Any = None, *, version: Any = "v2", **kwargs: Any) -> Any:
        """`astream_events` for sync code, same arguments."""
        from chatkit.feeds.sync import SyncBlockStream
        from chatkit.net.iterate import iterate

        def start() -> Any:
            return cast("Any", self).astream_events(input, config, version=version, **kwargs)

        return SyncBlockStream(start) if version == "v3" else iterate(start)

    def abatch_as_completed(
        self,
        inputs: Inputs,
        config: Any = None,
        *,
        return_exceptions: bool = False,
        on_progress: Callable[[Progress], Any] | None = None,
        **kwargs: Any,
    ) -> Completed[Output]:
        """`(index, output)` of every input as they are done, in any order.

            async for index, message in model.abatch_as_completed(prompts, {"max_concurrency": 20}): ...

        Leaving the loop in any way stops the batch: nothing more starts, running calls are cancelled. In
        `async with model.abatch_as_completed(...) as batch:` the block's end also waits for their clean-up.

        Args:
            inputs: a list, an iterable or an async iterable. Read one by one as they are needed, on the event loop: one
                that blocks holds everything up. Tasks and memory do not grow with their number.
            config: a RunnableConfig for all inputs, or a list with one for each. `max_concurrency` in it (in the first of
                a list) is how many run at the same time, 64 by default.
            return_exceptions: a failed call gives its exception instead of an output. By default the first failure
                cancels the others and is raised.
            on_progress: called with a `Progress` before each result is handed over.
            kwargs: as in `ainvoke`, for every input.

        Raises:
            InputError: `max_concurrency` below 1, or not as many configs as inputs.
        """
        from chatkit.batch import Jobs, Tally
        from chatkit.net.batch import Completed

        jobs = Jobs(inputs, config, self._concurrency())
        tally = None if on_progress is None else Tally[Output](jobs.total, on_progress)
        return Completed(lambda value, own: self.ainvoke(value, own, **kwargs), jobs, return_exceptions, tally)

    def _concurrency(self) -> int | None:
        """`max_concurrency` of `with_config`, or of the run that this is called in."""
        run = current_run.get()
        return (self._config or {}).get("max_concurrency") or (run.shared.get("max_concurrency") if run else None)

    async def abatch(self, inputs: Inputs, config: Any = None, **options: Any) -> list[Output]:
        """The outputs of many inputs, in the order of the inputs. Arguments as `abatch_as_completed`."""
        from chatkit.net.batch import in_order

        return await in_order(self.abatch_as_completed(inputs, config, **options))

    def batch(self, inputs: Inputs, config: Any = None, **options: Any) -> list[Output]:
        """`abatch` for sync code. Arguments as `abatch_as_completed`; `inputs` is read in another thread."""
        outputs = dict(self.batch_as_completed(inputs, config, **options))
        return [outputs[index] for index in range(len(outputs))]

    def batch_as_completed(
        self,
        inputs: Inputs,
        config: Any = None,
        *,
        on_progress: Callable[[Progress], Any] | None = None,
        **options: Any,
    ) -> Iterator[tuple[int, Output]]:
        """`abatch_as_completed` for sync code, same arguments. Leaving the loop stops the batch and waits for its end.

        `inputs` is read in another thread; `on_progress` is called in the caller's.
        """
        from chatkit.net.batch import pairs

        return pairs(self.abatch_as_completed(inputs, config, **options), on_progress)

    def __or__(self, other: Any) -> RunnableSequence:
        """This, then `other`: a step or a function that takes the output of this."""
        from chatkit.steps import RunnableSequence

        return RunnableSequence(self, other)

    def __ror__(self, other: Any) -> RunnableSequence:
        from chatkit.steps import RunnableSequence

        return RunnableSequence(other, self)

    def pipe(self, *others: Any, name: str | None = None) -> RunnableSequence:
        """This, then the others, one after another."""
        from chatkit.steps import RunnableSequence

        return RunnableSequence(self, *others, name=name)

    def with_config(self, config: RunnableConfig | None = None, **more: Any) -> Runnable[Output]:
        """The same with a config for all its calls; the config of a call is merged on top.

        Args:
            config: a RunnableConfig dict.
            more: its keys by name, `with_config(tags=["demo"])`.
        """
        from chatkit.wrappers import RunnableBinding

        return RunnableBinding(self, merge_configs(config, more))

    def bind(self, **kwargs: Any) -> Runnable[Output]:
        """The same with some arguments for all its calls; those of a call win."""
        from chatkit.wrappers import RunnableBinding

        return RunnableBinding(self, None, kwargs)

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[BaseException], ...] = (Exception,),
        wait_exponential_jitter: bool = True,
        exponential_jitter_params: dict[str, float] | None = None,
        stop_after_attempt: int = 3,
    ) -> RunnableRetry:
        """The same, called again when it fails. A stream is begun again only before its first output.

        Args:
            retry_if_exception_type: errors to call again after. By default all but hopeless ones: wrong input, and what
                the provider marks as not worth repeating.
            wait_exponential_jitter: wait between attempts, longer each time, and at least as long as the provider asks.
            exponential_jitter_params: `initial` (1 s), `max` (60 s), `exp_base` (2) and `jitter` (up to 1 s more).
            stop_after_attempt: how many attempts there are at most, the first included.

        Raises:
            InputError: no attempts, or an unknown name in exponential_jitter_params.
        """
        from chatkit.wrappers.retry import RetryRules, RunnableRetry

        waits = exponential_jitter_params or {}
        unknown = sorted(set(waits) - {"initial", "max", "exp_base", "jitter"})
        if unknown:
            raise InputError(f"exponential_jitter_params has no {unknown}; it has initial, max, exp_base and jitter")
        return RunnableRetry(
            self, RetryRules(tuple(retry_if_exception_type), stop_after_attempt, wait_exponential_jitter, **waits)
        )

    def with_fallbacks(
        self,
        fallbacks: Sequence[Any],
        *,
        exceptions_to_handle: tuple[type[BaseException], ...] = (Exception,),
        exception_key: str | None = None,
        restart: bool = False,
    ) -> RunnableWithFallbacks:
        """The same, with others that are asked when it fails; see `RunnableWithFallbacks` for the arguments.

        A stream goes over to a fallback only before its first output, unless `restart` is set.
        """
        from chatkit.wrappers import RunnableWithFallbacks

        return RunnableWithFallbacks(
            [self, *fallbacks], exceptions_to_handle=exceptions_to_handle, exception_key=exception_key, restart=restart
        )

    def as_tool(
        self,
        args_schema: Any = None,
        *,
        name: str | None = None,
        description: str | None = None,
        arg_types: dict[str, Any] | None = None,
    ) -> StructuredTool:
        """The same as a tool that a model can call.

        Args:
            args_schema: a class or JSON Schema of the arguments, which come as one dict. Without it, the annotation of the
                function's first parameter; `str` makes a tool that takes one text, and so does a model.
            name: without it the step's own.
            description: for the model; without it the function's docstring, or that of `args_schema`.
            arg_types: arguments and their types, instead of a schema.

        Raises:
            InputError: nothing says what it takes, or what it does.
        """
        from chatkit.tools.steps import tool_of_step

        return tool_of_step(self, args_schema, name=name, description=description, arg_types=arg_types)

    def with_listeners(
        self,
        *,
        on_start: Callable[[RunRecord], Any] | None = None,
        on_end: Callable[[RunRecord], Any] | None = None,
        on_error: Callable[[RunRecord], Any] | None = None,
    ) -> RunnableWithListeners:
        """The same, with functions that are told when a call starts, ends and fails."""
        from chatkit.wrappers import RunnableWithListeners

        return RunnableWithListeners(self, on_start, on_end, on_error)

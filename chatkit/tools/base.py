"""`BaseTool`: a name, a description, arguments, and something that runs (spec 1M)."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any, Literal, Self

from chatkit.codec import ToolSpec
from chatkit.config import merge_configs
from chatkit.errors import InputError, InputTypeError
from chatkit.schema.annotations import is_field_info
from chatkit.schema.functions import Parameters, read_function
from chatkit.tools.arguments import Arguments
from chatkit.tools.use import Use
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from chatkit.schema.functions import Injection
    from chatkit.tools.errors import ToolException, ToolInputError

__all__ = ["BaseTool"]


class BaseTool(Runnable[Any]):
    """Something that a model can call. Subclasses write `_run` or `_arun`, or both; `@tool` makes one of a function.

    Args (all by name; subclasses may declare more by annotating them):
        name: what the model calls it.
        description: what it does, for the model.
        args_schema: what the arguments are: a class (pydantic, TypedDict, dataclass, Struct) or a JSON Schema dict, whose
            arguments are not checked. None: read from the signature.
        return_direct: `run_tools` stops after this tool, its result is the answer.
        response_format: "content", or "content_and_artifact": the tool returns (content, artifact); only the first is
            for the model.
        handle_tool_error: what becomes of a `ToolException`: False raises it, True makes its text the (error) result,
            a str is the result, a function makes the result from the exception.
        handle_validation_error: the same for arguments that do not fit (`ToolInputError`).
        extras: what only some providers know (cache_control, defer_loading, provider_tool_definition ...).
        callbacks: handlers that are told when this tool starts, ends and fails, beside those of the config.
        tags, metadata: shown to handlers. verbose: kept for the caller.

    Raises:
        InputError: an unknown field, or one that has no value.
    """

    name: str = ""
    description: str = ""
    args_schema: Any = None
    return_direct: bool = False
    response_format: Literal["content", "content_and_artifact"] = "content"
    handle_tool_error: bool | str | Callable[[ToolException], Any] | None = False
    handle_validation_error: bool | str | Callable[[ToolInputError], Any] | None = False
    extras: dict[str, Any] | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    callbacks: Any = None
    verbose: bool = False

    def __init__(self, **fields: Any) -> None:
        known = _field_names(type(self))
        unknown = [name for name in fields if name not in known]
        if unknown:
            close = difflib.get_close_matches(unknown[0], known, n=1)
            raise InputError(
                f"{type(self).__name__} has no field {unknown[0]!r}"
                + (f"; did you mean {close[0]!r}?" if close else f"; it has {known}")
            )
        for name in known:
            self._set(name, fields)
        for name, declared in _private_attributes(type(self)).items():
            setattr(self, name, declared.get_default())
        if not self.name:
            raise InputError(f"{type(self).__name__} needs a name")
        if self.response_format not in ("content", "content_and_artifact"):
            raise InputError(f"response_format must be 'content' or 'content_and_artifact', not {self.response_format!r}")

    def _set(self, name: str, fields: dict[str, Any]) -> None:
        declared = getattr(type(self), name, ...)
        if name in fields:
            setattr(self, name, fields[name])
        elif declared is ... or (is_field_info(declared) and declared.is_required()):
            raise InputError(f"{type(self).__name__} needs {name!r}")
        elif is_field_info(declared):  # `n: int = Field(default=3)`, as tools for LangChain are written
            setattr(self, name, declared.get_default(call_default_factory=True))
        elif isinstance(declared, list | dict | set):
            setattr(self, name, declared.copy())  # not shared between tools

    # What subclasses write.

    def _run(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work. Without it, `_arun` is run in the background loop."""
        self._need("_arun")
        from chatkit.net.portal import run

        return run(lambda: self._arun(*args, **kwargs))

    async def _arun(self, *args: Any, **kwargs: Any) -> Any:
        """Do the work, async. Without it, `_run` runs in a worker thread; see `in_thread` for what cancelling does."""
        self._need("_run")
        from chatkit.net.threads import in_thread

        return await in_thread(self._run, *args, **kwargs)

    def _need(self, method: str) -> None:
        if getattr(type(self), method) is getattr(BaseTool, method):
            raise InputTypeError(f"{type(self).__name__} has neither _run nor _arun")

    def _function(self) -> Callable[..., Any]:
        """The function whose signature says what the arguments are."""
        return self._arun if type(self)._run is BaseTool._run else self._run

    # What users call.

    def invoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """Run the tool.

        Args:
            input: a tool call of a model (then a ToolMessage comes back), a dict of arguments, or, for tools with one
                argument, that argument as str (then the plain result comes back).
            config: a RunnableConfig dict; handed to a parameter that is annotated as RunnableConfig.
            kwargs: `tool_call_id`, for arguments that are given as dict.

        Raises:
            ToolInputError: the arguments do not fit, unless `handle_validation_error` is set.
            ToolException: raised by the tool, unless `handle_tool_error` is set. Other exceptions pass as they are.
        """
        return Use(self, input, config, **kwargs).perform()

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`invoke` for async code. A tool that is only sync runs in a worker thread."""
        return await Use(self, input, config, **kwargs).aperform()

    async def astream(self, input: Any, config: Any = None, **kwargs: Any) -> AsyncIterator[Any]:
        """The result, in one piece."""
        yield await self.ainvoke(input, config, **kwargs)

    def run(self, tool_input: Any, *, tool_call_id: str | None = None, config: Any = None, **more: Any) -> Any:
        """`invoke` under its older name; keys of the config may be given by name (callbacks, tags, run_name ...)."""
        return self.invoke(tool_input, merge_configs(config, more) or None, tool_call_id=tool_call_id)

    async def arun(self, tool_input: Any, *, tool_call_id: str | None = None, config: Any = None, **more: Any) -> Any:
        """`ainvoke` under its older name."""
        return await self.ainvoke(tool_input, merge_configs(config, more) or None, tool_call_id=tool_call_id)

    def model_copy(self, *, update: dict[str, Any] | None = None) -> Self:
        """A copy with some fields changed, as pydantic models have it."""
        copy = object.__new__(type(self))
        copy.__dict__.update({name: value for name, value in self.__dict__.items() if name not in ("_arguments", "_parameters")})
        copy.__dict__.update(update or {})
        return copy

    @property
    def args(self) -> dict[str, Any]:
        """The JSON Schemas of the arguments that the model fills in, by name."""
        return self.tool_call_schema["properties"]

    @property
    def tool_call_schema(self) -> dict[str, Any]:
        """The JSON Schema of the arguments that the model fills in; injected ones are not in it."""
        return self._arguments.schema

    @property
    def injected(self) -> dict[str, Injection]:
        """Arguments that the model does not see, and what is put into them."""
        return self._arguments.injected

    @property
    def optional(self) -> frozenset[str]:
        """Arguments that need no value."""
        return self._arguments.optional

    @property
    def spec(self) -> ToolSpec:
        """The tool as models get it."""
        extras = {key: value for key, value in (self.extras or {}).items() if key != "provider_tool_definition"}
        return ToolSpec(self.name, self.description, self.tool_call_schema, extras=extras or None)

    @functools.cached_property
    def _arguments(self) -> Arguments:
        return Arguments.of(self._parameters, self.args_schema)

    @functools.cached_property
    def _parameters(self) -> Parameters:
        return read_function(self._function(), describe=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, description={self.description!r}, args={self.args!r})"


@functools.cache
def _field_names(cls: type) -> list[str]:
    names = [
        name for base in reversed(cls.__mro__) if issubclass(base, BaseTool) for name in getattr(base, "__annotations__", {})
    ]
    return [name for name in dict.fromkeys(names) if not name.startswith("_")]


@functools.cache
def _private_attributes(cls: type) -> dict[str, Any]:
    """What a subclass declares with pydantic's `PrivateAttr`."""
    declared = {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items()}
    return {name: value for name, value in declared.items() if type(value).__name__ == "ModelPrivateAttr"}

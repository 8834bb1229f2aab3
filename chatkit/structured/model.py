"""`with_structured_output`: how a model is asked for an object, method by method (spec S163-S174)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from chatkit.codec import NamedTool, OutputSchema, ToolSpec
from chatkit.errors import InputError, OutputParserError
from chatkit.schema.shapes import Shape, shape_of
from chatkit.schema.transform import can_be_strict, strict_schema
from chatkit.structured.answer import Reader
from chatkit.structured.stream import StructuredStream
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chatkit.config import RunnableConfig
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

__all__ = ["StructuredModel", "output_schema", "with_structured_output"]


T = TypeVar("T")
_ANY_OBJECT = Shape("answer", "", {"type": "object"})


@overload
def with_structured_output(
    model: ChatModel, schema: type[T], *, include_raw: Literal[False] = False, tools: None = None, **kwargs: Any
) -> StructuredModel[T]: ...


@overload
def with_structured_output(model: ChatModel, schema: Any = None, **kwargs: Any) -> StructuredModel[Any]: ...


def with_structured_output(
    model: ChatModel,
    schema: Any = None,
    *,
    include_raw: bool = False,
    method: str | None = None,
    strict: bool | None = None,
    tools: Sequence[Any] | None = None,
    **kwargs: Any,
) -> StructuredModel[Any]:
    """A model whose answers are objects.

    Args:
        model: the model that is asked.
        schema: a pydantic model, dataclass or Struct (answers are instances), a TypedDict (checked dicts), a JSON Schema
            or tool dict (dicts as they come), or another type (`list[Movie]`, a union, an enum). None: with "json_mode",
            whatever object the model gives.
        include_raw: answers are {"raw": message, "parsed": object or None, "parsing_error": error or None}.
        method: "json_schema" (the provider holds the answer to the schema), "function_calling" (a forced tool call),
            "json_mode" (any JSON object; the prompt must say which). None: what suits the provider and model.
        strict: the provider must keep the schema exactly. With "json_schema" classes are strict when they can be.
        tools: more tools that the model may call instead of answering; then "parsed" is None and "raw" has the calls.
        kwargs: parameters of the model.

    Raises:
        InputError: an unknown method, a contradiction, something that no schema can be made of.
    """
    method = method or default_method(model)
    if method not in _METHODS:
        raise InputError(f"method must be one of {', '.join(_METHODS)}, not {method!r}")
    if schema is None and method != "json_mode":
        raise InputError(f"{method} needs a schema; only json_mode can do without one")
    shape = _ANY_OBJECT if schema is None else shape_of(schema)
    bound = _METHODS[method](model, shape, _agreed(shape, strict), list(tools or ()))
    reader = Reader(shape, as_call=method == "function_calling", other_tools=bool(tools))
    return StructuredModel(bound.bind(**kwargs) if kwargs else bound, reader, include_raw)


def default_method(model: ChatModel) -> str:
    """The provider's method, unless the model, as its profile and parameters say, has only the other one."""
    method, profile = model.structured_method, model.profile or {}
    if method == "json_schema" and profile.get("structured_output") is False:
        return "function_calling"
    can_be_forced = profile.get("tool_calling") is not False and model.forces_calls
    if method == "function_calling" and not can_be_forced and profile.get("structured_output"):
        return "json_schema"
    return method


def output_schema(schema: Any, strict: bool | None = None) -> OutputSchema:
    """Anything that describes an object as `response_format`; classes are strict when they can be.

    Raises:
        InputError: no schema can be made of it, or it cannot be strict although `strict` is True.
    """
    shape = shape_of(schema)
    return _output_schema(shape, _agreed(shape, strict))


def _agreed(shape: Shape, strict: bool | None) -> bool | None:
    if strict is not None and shape.strict is not None and strict != shape.strict:
        raise InputError(f"the schema {shape.name!r} says strict={shape.strict}, but strict={strict} was asked for")
    return shape.strict if strict is None else strict


def _output_schema(shape: Shape, strict: bool | None) -> OutputSchema:
    if strict is None and not shape.is_dict and can_be_strict(shape.schema):
        strict = True
    schema = strict_schema(shape.schema) if strict else shape.schema
    return OutputSchema(shape.name, schema, shape.description, strict)


def _json_schema(model: ChatModel, shape: Shape, strict: bool | None, tools: list[Any]) -> ChatModel:
    bound = model.bind(response_format=_output_schema(shape, strict))
    return bound.bind_tools(tools) if tools else bound


def _function_calling(model: ChatModel, shape: Shape, strict: bool | None, tools: list[Any]) -> ChatModel:
    schema = strict_schema(shape.schema) if strict else shape.schema
    spec = ToolSpec(shape.name, shape.description, schema, strict)
    return model.bind_tools([spec, *tools], tool_choice="any" if tools else NamedTool(shape.name))


def _json_mode(model: ChatModel, _shape: Shape, strict: bool | None, tools: list[Any]) -> ChatModel:
    if strict is not None:
        raise InputError("strict needs a schema; json_mode sends none. Use method='json_schema' or 'function_calling'")
    bound = model.bind(response_format={"type": "json_object"})
    return bound.bind_tools(tools) if tools else bound


_METHODS: dict[str, Callable[[ChatModel, Shape, bool | None, list[Any]], ChatModel]] = {
    "json_schema": _json_schema,
    "function_calling": _function_calling,
    "json_mode": _json_mode,
}


class StructuredModel(Runnable[T], Generic[T]):
    """A model with structured output; made by `with_structured_output`.

    Attributes:
        model: the model with what was bound for it.
    """

    def __init__(self, model: ChatModel, reader: Reader, include_raw: bool) -> None:
        self.model = model
        self._reader = reader
        self._include_raw = include_raw

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> T:
        """Ask and get the object.

        Arguments and errors as the model's `ainvoke`, and:

        Raises:
            OutputParserError: the model refused, or its answer does not fit; not with `include_raw`.
        """
        return self._parsed(await self.model.ainvoke(input, config, **kwargs))

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> StructuredStream:
        """Ask and get the object while it grows; see `StructuredStream`."""
        return StructuredStream(self.model.open_stream(input, config, **kwargs), self._reader, self._include_raw)

    def _parsed(self, message: AIMessage) -> Any:
        try:
            parsed, error = self._reader.read(message), None
        except OutputParserError as problem:
            if not self._include_raw:
                raise
            parsed, error = None, problem
        return {"raw": message, "parsed": parsed, "parsing_error": error} if self._include_raw else parsed

    def bind(self, **kwargs: Any) -> StructuredModel[T]:
        """The same with some parameters of the model changed."""
        return StructuredModel(self.model.bind(**kwargs), self._reader, self._include_raw)

    def with_config(self, config: RunnableConfig | None = None, **more: Any) -> StructuredModel[T]:
        """The same with a config for all its calls, see `ChatModel.with_config`."""
        return StructuredModel(self.model.with_config(config, **more), self._reader, self._include_raw)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._reader.shape.name!r}, {self.model!r})"

"""Messages: what goes to a model and comes back (spec 1E). Plain values: print, compare, copy, pickle, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias, cast

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import decode_object, dumps, excerpt, is_object
from chatkit.messages.foreign import standard_block

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

    from chatkit.messages.blocks import ContentBlock

__all__ = ["BaseMessage", "Content", "HumanMessage", "SystemMessage", "ToolMessage"]

Content: TypeAlias = str | list[str | dict[str, Any]]


class BaseMessage:
    """What all messages share.

    Args:
        content: text, or a list of content blocks (standard, OpenAI's or the provider's own; str counts as text).
        content_blocks: the same as standard blocks, instead of `content`.
        name: name of the speaker.
        id: identity of the message.
        additional_kwargs: more for the provider, kept as it is.
        response_metadata: what the provider said about the answer.
        type: the class's own `type`, so that `HumanMessage(**message.model_dump())` is the message again.

    Raises:
        InputTypeError: the content is neither str nor a list of str and dict.
        InputError: another class's `type`.
    """

    __slots__ = ("additional_kwargs", "content", "id", "name", "response_metadata")

    type: ClassVar[str] = "base"
    role: ClassVar[str] = "user"
    FIELDS: ClassVar[tuple[str, ...]] = ("content", "additional_kwargs", "response_metadata", "name", "id")

    content: Content
    additional_kwargs: dict[str, Any]
    response_metadata: dict[str, Any]
    name: str | None
    id: str | None

    def __init__(
        self,
        content: str | list[Any] | None = None,
        *,
        content_blocks: list[ContentBlock] | list[dict[str, Any]] | None = None,
        name: str | None = None,
        id: str | None = None,
        additional_kwargs: dict[str, Any] | None = None,
        response_metadata: dict[str, Any] | None = None,
        type: str | None = None,
    ) -> None:
        if type is not None and type != self.type:
            raise InputError(f"the type of a {self.__class__.__name__} is {self.type!r}, not {type!r}")
        if content_blocks is not None:
            if content is not None and content != "":
                raise InputError("give either content or content_blocks, not both")
            content = cast("list[Any]", content_blocks)
        self.content = _checked(self.__class__, "" if content is None else content)
        self.additional_kwargs = _object("additional_kwargs", additional_kwargs)
        self.response_metadata = _object("response_metadata", response_metadata)
        self.name = name
        self.id = id

    @property
    def text(self) -> str:
        """The text of the content: strings and `text` blocks, joined without separators."""
        if isinstance(self.content, str):
            return self.content
        return "".join(
            [
                item if isinstance(item, str) else str(item.get("text") or "")
                for item in self.content
                if isinstance(item, str) or item.get("type") == "text"
            ]
        )

    @property
    def content_blocks(self) -> list[dict[str, Any]]:
        """The content as standard blocks; what has no standard form stands in `non_standard` blocks."""
        if isinstance(self.content, str):
            return [{"type": "text", "text": self.content}] if self.content else []
        return [standard_block(item) for item in self.content]

    def model_dump(self) -> dict[str, Any]:
        """The message as a dict of JSON values with its `type`; `messages_from_dict` reads it."""
        out: dict[str, Any] = {"type": self.type}
        out.update((field, getattr(self, field)) for field in self.FIELDS)
        return out

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """`model_dump()` as JSON text.

        Raises:
            InputError: an `artifact` or an argument of a call cannot be written as JSON.
        """
        text = dumps(self.model_dump())
        return text if indent is None else json.dumps(json.loads(text), indent=indent, ensure_ascii=False)

    @classmethod
    def model_validate(cls, obj: Any) -> Self:
        """The message that a `model_dump()` holds; a message of this class is given back as it is.

        Raises:
            InputError: it is no message, or one of another class.
        """
        from chatkit.messages.validate import validated

        return validated(cls, obj)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes) -> Self:
        """The message that a `model_dump_json()` holds.

        Raises:
            InputError: it is not JSON, no message, or one of another class.
        """
        fields = decode_object(json_data)
        if fields is None:
            raise InputError(f"this is not the JSON of a message: {excerpt(json_data)}")
        return cls.model_validate(fields)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        from chatkit.messages.validate import core_schema

        return core_schema(cls)

    def model_copy(self, *, update: dict[str, Any] | None = None) -> Self:
        """A copy with some fields replaced."""
        fields = {field: getattr(self, field) for field in self.FIELDS}
        unknown = set(update or {}) - set(fields)
        if unknown:
            raise InputError(f"{type(self).__name__} has no field {sorted(unknown)}; its fields are {sorted(fields)}")
        return type(self)(**{**fields, **(update or {})})

    def pretty_repr(self, html: bool = False) -> str:
        """The message under a title line, for people."""
        title = f" {self.type.capitalize()} Message "
        head = title.center(80, "=")
        name = f"\nName: {self.name}" if self.name else ""
        return f"{head}{name}\n\n{self.content}"

    def pretty_print(self) -> None:
        """Print `pretty_repr()`."""
        print(self.pretty_repr())  # noqa: T201

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, field) == getattr(other, field) for field in self.FIELDS)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        fields = {field: getattr(self, field) for field in self.FIELDS}
        shown = ", ".join(f"{field}={value!r}" for field, value in fields.items() if field == "content" or value)
        return f"{type(self).__name__}({shown})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), {field: getattr(self, field) for field in self.FIELDS})


def _object(name: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not is_object(value):
        raise InputTypeError(f"{name} must be a dict, not {type(value).__name__}")
    return value


def _rebuild(cls: type[BaseMessage], fields: dict[str, Any]) -> BaseMessage:
    return cls(**fields)


def _checked(cls: type, content: Any) -> Content:
    if isinstance(content, str):
        return content
    if isinstance(content, list | tuple):
        items = list(cast("list[Any]", content))
        wrong = [type(item).__name__ for item in items if not isinstance(item, str) and not is_object(item)]
        if wrong:
            raise InputTypeError(f"{cls.__name__} content items must be str or dict, not {wrong[0]}")
        return items
    raise InputTypeError(f"{cls.__name__} content must be str or a list of blocks, not {type(content).__name__}")


class SystemMessage(BaseMessage):
    """Instructions to the model."""

    __slots__ = ()
    type = "system"
    role = "system"


class HumanMessage(BaseMessage):
    """What the user says."""

    __slots__ = ()
    type = "human"
    role = "user"


def _as_result(content: Any) -> Any:
    """What a tool gave back as content: numbers and other objects as text, also one by one in a list."""
    if isinstance(content, list | tuple):
        items = cast("list[Any]", content)
        return [item if isinstance(item, str) or is_object(item) else str(item) for item in items]
    return content if content is None or isinstance(content, str) else str(content)


class ToolMessage(BaseMessage):
    """The result of a tool call.

    Args:
        tool_call_id: the `id` of the call that this answers.
        status: "success" or "error".
        artifact: something for the application that the model does not see.
    """

    __slots__ = ("artifact", "status", "tool_call_id")
    type = "tool"
    role = "tool"
    FIELDS = (*BaseMessage.FIELDS, "tool_call_id", "artifact", "status")

    tool_call_id: str
    artifact: Any
    status: Literal["success", "error"]

    def __init__(
        self,
        content: Any = None,
        *,
        tool_call_id: Any,
        artifact: Any = None,
        status: Literal["success", "error"] = "success",
        **fields: Any,
    ) -> None:
        content = _as_result(content)
        super().__init__(content, **fields)
        if tool_call_id is None:
            raise InputError("a ToolMessage needs the tool_call_id of the call that it answers")
        if status not in ("success", "error"):
            raise InputError(f"ToolMessage status must be 'success' or 'error', not {status!r}")
        self.tool_call_id = str(tool_call_id)
        self.artifact = artifact
        self.status = status

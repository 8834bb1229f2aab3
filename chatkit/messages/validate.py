"""Messages out of what was stored: the other half of `model_dump`, also inside of pydantic models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from chatkit.errors import InputError
from chatkit.messages.base import BaseMessage
from chatkit.messages.coerce import convert_to_messages

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

__all__ = ["core_schema", "validated"]

Message = TypeVar("Message", bound=BaseMessage)


def validated(cls: type[Message], value: Any) -> Message:
    """The message of a class that a value is.

    Raises:
        InputError: it is none, or one of another class.
    """
    message = convert_to_messages([value])[0]
    if not isinstance(message, cls):
        raise InputError(f"not a {cls.__name__}, but {type(message).__name__}")
    return message


def core_schema(cls: type[BaseMessage]) -> CoreSchema:
    """What pydantic wants to know of a class that is the type of a field: how it is read and written."""
    from pydantic_core import core_schema as core

    fields = core.dict_schema()
    written = core.plain_serializer_function_ser_schema(lambda message: message.model_dump(), return_schema=fields)
    return core.no_info_plain_validator_function(cls.model_validate, json_schema_input_schema=fields, serialization=written)

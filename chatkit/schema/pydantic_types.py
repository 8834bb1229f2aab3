"""Pydantic's models and types, when the user has it. Known by their methods; pydantic is never imported here."""

from __future__ import annotations

import sys
from typing import Any, cast

from chatkit.schema.transform import inline_refs

__all__ = ["Misfit", "is_pydantic", "is_pydantic_model", "pydantic_convert", "pydantic_schema"]


class Misfit(Exception):
    """A value does not fit a type; `errors` says where and why. Becomes InputError or OutputParserError further up."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def is_pydantic_model(cls: Any) -> bool:
    """A model class, of version 2 or 1."""
    return isinstance(cls, type) and (hasattr(cls, "model_json_schema") or _is_v1(cls))


def is_pydantic(cls: Any) -> bool:
    """A model, or any class that tells pydantic how to read it (EmailStr, pydantic dataclasses ...)."""
    return is_pydantic_model(cls) or (
        isinstance(cls, type) and (hasattr(cls, "__get_pydantic_core_schema__") or "__pydantic_core_schema__" in vars(cls))
    )


def _is_v1(cls: type) -> bool:
    return not hasattr(cls, "model_validate") and hasattr(cls, "parse_obj") and hasattr(cls, "__fields__")


def pydantic_schema(cls: Any) -> dict[str, Any]:
    """The JSON Schema that pydantic gives, with `$defs`."""
    if not is_pydantic_model(cls):
        return _adapter(cls).json_schema()
    return inline_refs(cls.schema()) if _is_v1(cls) else cls.model_json_schema()


def pydantic_convert(value: Any, cls: Any) -> Any:
    """The instance that pydantic makes of a value.

    Raises:
        Misfit: pydantic's validation failed; the cause is its ValidationError.
    """
    try:
        if not is_pydantic_model(cls):
            return _adapter(cls).validate_python(value)
        return cls.parse_obj(value) if _is_v1(cls) else cls.model_validate(value)
    except ValueError as error:
        errors = getattr(error, "errors", None)
        if not callable(errors):
            raise
        found = cast("list[dict[str, Any]]", errors())
        raise Misfit([_line(item) for item in found]) from error


def _adapter(cls: Any) -> Any:
    return sys.modules["pydantic"].TypeAdapter(cls)


def _line(error: dict[str, Any]) -> str:
    place = ".".join(str(step) for step in error.get("loc", ()))
    return f"{place}: {error.get('msg', 'does not fit')}" if place else str(error.get("msg", "does not fit"))

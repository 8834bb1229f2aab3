"""JSON in and out: orjson writes, msgspec reads."""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

import msgspec
import orjson

from chatkit.errors import InputError, InvalidResponseError

__all__ = [
    "as_object",
    "decode",
    "decode_object",
    "dumps",
    "encode",
    "excerpt",
    "is_list",
    "is_object",
    "is_truncated",
    "not_json",
]

_PLACE = re.compile(r"\(byte (\d+)\)")


def decode(data: bytes | str, type: Any = Any) -> Any:
    """Bytes or text to Python values.

    Raises:
        msgspec.DecodeError: it is not JSON, or nested deeper than anybody can read.
        UnicodeDecodeError: it is not UTF-8.
    """
    try:
        return msgspec.json.decode(data, type=type)
    except RecursionError:
        raise msgspec.DecodeError("JSON is nested too deeply") from None


def _default(value: Any) -> Any:
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump()
    return msgspec.to_builtins(value)


def encode(value: Any) -> bytes:
    """Python values to JSON bytes; Structs, dataclasses and pydantic models become objects."""
    try:
        return orjson.dumps(value, default=_default, option=orjson.OPT_NON_STR_KEYS)
    except TypeError as error:
        if "64-bit" in str(error):
            return _with_large_numbers(value)
        raise InputError(f"cannot be written as JSON: {error}; use str, int, float, bool, None, list and dict") from error


def _with_large_numbers(value: Any) -> bytes:
    """What holds integers that orjson refuses, as a model may write them into the arguments of a call."""
    try:
        return json.dumps(value, default=_default, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"cannot be written as JSON: {error}; use str, int, float, bool, None, list and dict") from error


def dumps(value: Any) -> str:
    """Python values to JSON text."""
    return encode(value).decode()


def decode_object(text: str | bytes) -> dict[str, Any] | None:
    """The object that a JSON text holds; None when it is not JSON or not an object."""
    try:
        value = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return value if is_object(value) else None


def is_object(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether the value is a JSON object; tells the type checker that its keys are strings."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether the value is a JSON array."""
    return isinstance(value, list)


def as_object(value: Any) -> dict[str, Any]:
    """The value when it is a JSON object, else an empty one: for reading fields that may be missing or null."""
    return value if is_object(value) else {}


def excerpt(body: bytes | str, size: int = 200) -> str:
    """The beginning of a body for an error message, on one line."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    text = " ".join(text.split())
    return repr(text[:size] + ("..." if len(text) > size else ""))


def is_truncated(body: bytes) -> bool:
    """Whether a JSON text lacks nothing but its end."""
    try:
        decode(body)
    except UnicodeDecodeError:
        return False
    except msgspec.DecodeError as error:
        place = _PLACE.search(str(error))
        return "truncated" in str(error) or (place is not None and int(place[1]) == len(body))
    return False


def not_json(body: bytes, why: object) -> InvalidResponseError:
    """The error for a body or frame that is not the JSON that a format asks for."""
    if body.lstrip().startswith(b"<"):
        return InvalidResponseError(f"the answer is a web page, not JSON; check base_url. It begins: {excerpt(body)}")
    return InvalidResponseError(f"the answer is not the JSON that this API sends ({why}); it begins: {excerpt(body)}")

"""`config=`: run-time control of a call (spec 1X). `chatkit.runs` has how nested calls inherit it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, TypedDict, cast

from chatkit.errors import InputTypeError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.runs import Run

__all__ = ["Handlers", "RunnableConfig", "distinct", "handlers_of", "known_config", "merge_configs"]


class RunnableConfig(TypedDict, total=False):
    """What a call can be told besides its input.

    Attributes:
        run_name: name of this run in events and logs; not inherited.
        tags, metadata: inherited by calls inside this one.
        callbacks: handlers (chatkit.callbacks); inherited.
        max_concurrency: parallel calls of `batch` and its kin; inherited.
        recursion_limit: how deep calls may nest (default 25); inherited.
        configurable: values for models made with `configurable_fields`; inherited.
        run_id: a UUID for this run; not inherited.
    """

    run_name: str | None
    tags: list[str] | None
    metadata: dict[str, Any] | None
    callbacks: Any
    max_concurrency: int | None
    recursion_limit: int
    configurable: dict[str, Any] | None
    run_id: uuid.UUID | str | None


_KEYS = frozenset(RunnableConfig.__annotations__)
_MERGED = ("metadata", "configurable")
_SHAPES: dict[str, tuple[Any, str]] = {
    "run_name": (str, "a str"),
    "tags": ((list, tuple, set, frozenset), "a list of str"),
    "metadata": (dict, "a dict"),
    "configurable": (dict, "a dict"),
    "recursion_limit": (int, "a whole number"),
    "run_id": (str | uuid.UUID, "a UUID"),
}
"""Key of a config -> (types, how they are called in errors). Whoever reads another key checks it."""

HOOKS = (
    "on_chat_model_start",
    "on_llm_start",
    "on_llm_new_token",
    "on_stream_event",
    "on_llm_end",
    "on_llm_error",
    "on_retry",
    "on_chain_start",
    "on_chain_stream",
    "on_chain_end",
    "on_chain_error",
    "on_tool_start",
    "on_tool_end",
    "on_tool_error",
    "on_custom_event",
)
"""What handlers are called for; who has none of these methods is no handler."""


class Handlers(list[Any]):
    """The callbacks of a config that belongs to a run: calls made with it are inside that run, in any thread."""

    run: Run | None = None


def known_config(config: Any) -> dict[str, Any]:
    """The config as a dict of known keys; unknown keys move under `configurable` (spec S216).

    Raises:
        InputTypeError: config, or something in it, is of a wrong type.
    """
    if config is None:
        return {}
    if not is_object(config):
        raise InputTypeError(f"config must be a dict such as {{'tags': [...], 'callbacks': [...]}}, not {type(config).__name__}")
    for key, value in config.items():
        if value is not None and key in _SHAPES and not isinstance(value, _SHAPES[key][0]):
            raise InputTypeError(f"config[{key!r}] must be {_SHAPES[key][1]}, not {value!r:.80}")
    unknown = {key: value for key, value in config.items() if key not in _KEYS}
    if not unknown:
        return config
    known = {key: value for key, value in config.items() if key in _KEYS}
    return {**known, "configurable": {**unknown, **(config.get("configurable") or {})}}


def merge_configs(*configs: Any) -> dict[str, Any]:
    """Several configs as one: tags and callbacks add up, metadata and configurable merge, the rest is replaced."""
    merged: dict[str, Any] = {}
    for config in configs:
        for key, value in known_config(config).items():
            old = merged.get(key)
            if value is None:
                continue
            if key in _MERGED:
                merged[key] = {**(old or {}), **value}
            elif key == "tags":
                merged[key] = list(dict.fromkeys([*(old or ()), *value]))
            elif key == "callbacks":
                merged[key] = Handlers(distinct([*handlers_of(old), *handlers_of(value)]))
                merged[key].run = getattr(value, "run", None) or getattr(old, "run", None)
            else:
                merged[key] = value
    return merged


def handlers_of(callbacks: Any) -> list[Any]:
    """Handlers from a list, a single handler, or an object with `.handlers`.

    Raises:
        InputTypeError: something that is no handler, or the class of one instead of a handler.
    """
    if callbacks is None:
        return []
    if not isinstance(callbacks, list | tuple):
        callbacks = getattr(callbacks, "handlers", None) if hasattr(callbacks, "handlers") else [callbacks]
    handlers = list(cast("Iterable[Any]", callbacks or ()))
    for handler in handlers:
        if isinstance(handler, type):
            raise InputTypeError(f"callbacks holds the class {handler.__name__}; make a handler of it: {handler.__name__}()")
        if not any(hasattr(handler, hook) for hook in HOOKS):
            raise InputTypeError(f"callbacks holds {handler!r:.80}, which is no handler: it has no method such as on_llm_end")
    return handlers


def distinct(handlers: Iterable[Any]) -> list[Any]:
    """The handlers, each once. By identity: handlers need not be hashable, and equal ones are still two."""
    return list({id(handler): handler for handler in handlers}.values())

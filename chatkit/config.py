"""`config=`: run-time control of a call (spec 1X), and how nested calls inherit it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypedDict, cast

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

__all__ = ["Handlers", "Run", "RunnableConfig", "child_config", "ensure_config", "entered", "merge_configs", "open_run"]


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
DEFAULT_RECURSION_LIMIT = 25


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


def ensure_config(config: Any = None) -> RunnableConfig:
    """The whole config that holds for a call made here: what surrounding runs pass on, and the given one on top."""
    run = current_run.get()
    inherited = child_config(run) if run is not None else None
    return cast("RunnableConfig", merge_configs(inherited, config))


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


class Run:
    """One call as handlers see it.

    Attributes:
        kind: "chat_model", "chain" or "tool".
        handlers: all who listen, inherited ones first.
        tags, metadata: what handlers are told.
        depth: how many runs are around this one.
        shared: the config that calls inside this one inherit.
    """

    __slots__ = ("depth", "handlers", "id", "kind", "metadata", "name", "parent", "shared", "tags")

    def __init__(self, kind: str, name: str, id: uuid.UUID, parent: Run | None) -> None:
        self.kind = kind
        self.name = name
        self.id = id
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.handlers: list[Any] = []
        self.tags: list[str] = []
        self.metadata: dict[str, Any] = {}
        self.shared: dict[str, Any] = {}

    @property
    def parent_id(self) -> uuid.UUID | None:
        """Id of the run around this one, None for the outermost."""
        return self.parent.id if self.parent is not None else None

    @property
    def parent_ids(self) -> list[str]:
        """Ids of the runs around this one, the outermost first."""
        ids: list[str] = []
        run = self.parent
        while run is not None:
            ids.append(str(run.id))
            run = run.parent
        return ids[::-1]


current_run: ContextVar[Run | None] = ContextVar("chatkit_current_run", default=None)
"""The run that the code being executed belongs to: a step or a tool that may call a model."""

ambient_handlers: ContextVar[tuple[Any, ...]] = ContextVar("chatkit_ambient_handlers", default=())
"""Handlers for every call in a context, such as `get_usage_metadata_callback` sets up."""


def open_run(
    kind: str,
    name: str,
    config: Any,
    *,
    own: Any = None,
    tags: Iterable[str] | None = None,
    metadata: dict[str, Any] | None = None,
    always: bool = False,
) -> Run | None:
    """The run of a call, or None when it would make no difference.

    Args:
        kind: "chat_model", "chain" or "tool". A model's run is for those who listen; the others also pass on tags,
            metadata and the rest of their config to the calls inside.
        name: name when the config has no run_name.
        config: the caller's config.
        own: handlers of the called object itself; not inherited by calls inside.
        tags, metadata: of the called object itself; not inherited either.
        always: make a run even if nobody listens.

    Raises:
        InputTypeError: the config, or something in it, is of a wrong type.
        InputError: run_id is no UUID, or calls nest deeper than `recursion_limit`.
    """
    parent, ambient = current_run.get(), ambient_handlers.get()
    if config is None and parent is None and not ambient and not own and not always:
        return None
    config = known_config(config)
    given, id = config.get("callbacks"), _run_id(config.get("run_id"))
    parent = parent or getattr(given, "run", None)
    inherited = distinct([*(parent.shared["callbacks"] if parent else ()), *ambient, *handlers_of(given)])
    handlers = distinct([*inherited, *handlers_of(own)])
    if not handlers and not always and kind == "chat_model":
        return None
    run = Run(kind, config.get("run_name") or name, id or uuid.uuid4(), parent)
    run.handlers = handlers
    run.shared = _shared(run, config, inherited)
    run.tags = list(dict.fromkeys([*run.shared["tags"], *(tags or ())]))
    run.metadata = {**run.shared["metadata"], **(metadata or {})}
    return run


def _shared(run: Run, config: dict[str, Any], handlers: list[Any]) -> dict[str, Any]:
    """What calls inside a run inherit: the config without run_name and run_id, merged with what is inherited itself."""
    mirrored = {"metadata": _mirrored(config)}
    shared = merge_configs(run.parent.shared if run.parent else None, mirrored, {**config, "callbacks": None})
    shared.setdefault("tags", [])
    shared.pop("run_name", None)
    shared.pop("run_id", None)
    shared["callbacks"] = Handlers(handlers)
    shared["callbacks"].run = run
    limit = shared.setdefault("recursion_limit", DEFAULT_RECURSION_LIMIT)
    if run.depth >= limit:
        raise InputError(f"calls nest deeper than recursion_limit={limit}; raise it in the config if that is meant")
    return shared


def child_config(run: Run | None) -> dict[str, Any]:
    """The config for calls inside a run, as functions with a `config` parameter get it."""
    if run is None:
        return {}
    return {**run.shared, "tags": list(run.shared["tags"]), "metadata": dict(run.shared["metadata"])}


def _run_id(given: Any) -> uuid.UUID | None:
    if given is None or isinstance(given, uuid.UUID):
        return given
    try:
        return uuid.UUID(given)
    except ValueError:
        raise InputError(f"config['run_id'] must be a UUID, not {given!r}") from None


def _mirrored(config: dict[str, Any]) -> dict[str, Any]:
    """Simple `configurable` values show in the metadata, keys do not (spec S216)."""
    values: dict[str, Any] = config.get("configurable") or {}
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, str | int | float | bool) and not key.startswith("__") and not key.endswith("api_key")
    }


@contextmanager
def entered(run: Run | None) -> Generator[None]:
    """Calls made inside belong to the run. Never held across a `yield` to a consumer."""
    if run is None:
        yield
        return
    token = current_run.set(run)
    try:
        yield
    finally:
        current_run.reset(token)

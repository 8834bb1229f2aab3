"""`config=`: run-time control of a call (spec 1X), and how nested calls inherit it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypedDict

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Run", "RunnableConfig", "ensure_config", "entered", "merge_configs", "open_run"]


class RunnableConfig(TypedDict, total=False):
    """What a call can be told besides its input.

    Attributes:
        run_name: name of this run in events and logs; not inherited.
        tags, metadata: inherited by calls inside this one.
        callbacks: handlers (chatkit.callbacks); inherited.
        max_concurrency: parallel calls of `batch` and its kin.
        recursion_limit: how deep calls may nest (default 25).
        configurable: values for models made with `configurable_fields`.
        run_id: a UUID for this run.
    """

    run_name: str
    tags: list[str]
    metadata: dict[str, Any]
    callbacks: Any
    max_concurrency: int | None
    recursion_limit: int
    configurable: dict[str, Any]
    run_id: uuid.UUID | str


_KEYS = frozenset(RunnableConfig.__annotations__)
DEFAULT_RECURSION_LIMIT = 25


def ensure_config(config: Any) -> dict[str, Any]:
    """The config as a dict of known keys; unknown keys move under `configurable`, as in LangChain."""
    if config is None:
        return {}
    if not is_object(config):
        raise InputTypeError(f"config must be a dict such as {{'tags': [...], 'callbacks': [...]}}, not {type(config).__name__}")
    unknown = {key: value for key, value in config.items() if key not in _KEYS}
    if not unknown:
        return config
    known = {key: value for key, value in config.items() if key in _KEYS}
    return {**known, "configurable": {**unknown, **(config.get("configurable") or {})}}


def merge_configs(*configs: Any) -> dict[str, Any]:
    """Several configs as one: tags and callbacks add up, metadata and configurable merge, the rest is replaced."""
    merged: dict[str, Any] = {}
    for config in configs:
        for key, value in ensure_config(config).items():
            old = merged.get(key)
            if value is None:
                continue
            if key in ("metadata", "configurable"):
                merged[key] = {**(old or {}), **value}
            elif key == "tags":
                merged[key] = _unique([*(old or []), *value])
            elif key == "callbacks":
                merged[key] = [*handlers_of(old), *handlers_of(value)]
            else:
                merged[key] = value
    return merged


def handlers_of(callbacks: Any) -> list[Any]:
    """Handlers from a list, a single handler, or an object with `.handlers`."""
    if callbacks is None:
        return []
    if isinstance(callbacks, list | tuple):
        return list(callbacks)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return list(getattr(callbacks, "handlers", None) or [callbacks])


def _unique(items: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


class Run:
    """One call as handlers see it.

    Attributes:
        kind: "chat_model", "chain" or "tool".
        handlers: all who listen, inherited ones first.
        inherited: those that calls inside this one inherit.
    """

    __slots__ = (
        "depth_limit",
        "handlers",
        "id",
        "inherited",
        "kind",
        "metadata",
        "name",
        "parent",
        "shared_metadata",
        "shared_tags",
        "tags",
    )

    def __init__(self, kind: str, name: str, id: uuid.UUID, parent: Run | None) -> None:
        self.kind = kind
        self.name = name
        self.id = id
        self.parent = parent
        self.handlers: list[Any] = []
        self.inherited: list[Any] = []
        self.tags: list[str] = []
        self.shared_tags: list[str] = []
        self.metadata: dict[str, Any] = {}
        self.shared_metadata: dict[str, Any] = {}
        self.depth_limit = DEFAULT_RECURSION_LIMIT

    @property
    def parent_id(self) -> uuid.UUID | None:
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
    tags: Any = None,
    metadata: dict[str, Any] | None = None,
    always: bool = False,
) -> Run | None:
    """The run of a call, or None when nobody listens.

    Args:
        kind: "chat_model", "chain" or "tool".
        name: name when the config has no run_name.
        config: the caller's config.
        own: handlers of the called object itself; not inherited by calls inside.
        tags, metadata: of the called object itself.
        always: make a run even if nobody listens, for calls inside to inherit tags and metadata.

    Raises:
        InputTypeError: config is no dict.
        InputError: calls nest deeper than `recursion_limit`.
    """
    parent, ambient = current_run.get(), ambient_handlers.get()
    if config is None and parent is None and not ambient and not own and not always:
        return None
    config = ensure_config(config)
    inherited = _unique([*(parent.inherited if parent else ()), *ambient, *handlers_of(config.get("callbacks"))])
    handlers = _unique([*inherited, *handlers_of(own)])
    if not handlers and not always:
        return None
    run = Run(kind, config.get("run_name") or name, _run_id(config.get("run_id")), parent)
    run.handlers, run.inherited = handlers, inherited
    run.shared_tags = _unique([*(parent.shared_tags if parent else ()), *(config.get("tags") or ())])
    run.tags = _unique([*run.shared_tags, *(tags or ())])
    run.shared_metadata = {**(parent.shared_metadata if parent else {}), **_mirrored(config), **(config.get("metadata") or {})}
    run.metadata = {**run.shared_metadata, **(metadata or {})}
    run.depth_limit = config.get("recursion_limit") or (parent.depth_limit if parent else DEFAULT_RECURSION_LIMIT)
    if len(run.parent_ids) >= run.depth_limit:
        raise InputError(f"calls nest deeper than recursion_limit={run.depth_limit}; raise it in the config if that is meant")
    return run


def _run_id(given: Any) -> uuid.UUID:
    if given is None:
        return uuid.uuid4()
    return given if isinstance(given, uuid.UUID) else uuid.UUID(str(given))


def _mirrored(config: dict[str, Any]) -> dict[str, Any]:
    """Simple `configurable` values show in the metadata, keys do not."""
    values = config.get("configurable") or {}
    return {
        k: v
        for k, v in values.items()
        if isinstance(v, str | int | float | bool) and not k.startswith("__") and not k.endswith("api_key")
    }


@contextmanager
def entered(run: Run | None) -> Iterator[None]:
    """Calls made inside belong to the run. Never held across a `yield` to a consumer."""
    if run is None:
        yield
        return
    token = current_run.set(run)
    try:
        yield
    finally:
        current_run.reset(token)

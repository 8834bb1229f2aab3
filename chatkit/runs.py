"""Runs: calls as those who listen see them, and what calls inside a call inherit from it (spec 1X)."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from chatkit.config import Handlers, distinct, handlers_of, known_config, merge_configs
from chatkit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from chatkit.config import RunnableConfig

__all__ = ["Run", "ambient_handlers", "child_config", "current_run", "ensure_config", "entered", "open_run"]

DEFAULT_RECURSION_LIMIT = 25


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


def ensure_config(config: Any = None) -> RunnableConfig:
    """The whole config that holds for a call made here: what surrounding runs pass on, and the given one on top."""
    run = current_run.get()
    inherited = child_config(run) if run is not None else None
    return cast("RunnableConfig", merge_configs(inherited, config))


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

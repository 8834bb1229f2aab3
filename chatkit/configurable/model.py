"""Models whose model, or parameters, are chosen when they are called (spec 1Y)."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Self, cast

from chatkit.config import known_config, merge_configs
from chatkit.configurable.keys import belongs_elsewhere, check_foreign, note_prefix, provider_of
from chatkit.errors import InputTypeError
from chatkit.registry import build
from chatkit.runs import current_run
from chatkit.verbs import Runnable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.config import RunnableConfig

__all__ = ["ConfigurableModel", "configurable_model"]

DEFAULT_FIELDS = ("model", "model_provider")
KEPT_MODELS = 128
"""Built models that are kept, so that the next call with the same values costs microseconds."""

Operation = tuple[str, tuple[Any, ...], dict[str, Any]]


def configurable_model(
    model: str | None, model_provider: str | None, fields: Any, prefix: str | None, kwargs: dict[str, Any]
) -> ConfigurableModel:
    """The model that `init_chat_model` gives when something is left open.

    Args:
        model, model_provider: the default, None when there is none.
        fields: what may be configured: names, or "any" (also keys and addresses: only for trusted configs).
        prefix: beginning of the names in the config.
        kwargs: the default's parameters and settings.
    """
    if fields is None:
        fields = DEFAULT_FIELDS
    elif fields != "any":
        if isinstance(fields, str):
            raise InputTypeError(f"configurable_fields must be a list of names, or 'any', not {fields!r}")
        fields = tuple(cast("list[str]", fields))
    defaults = {"model": model, "model_provider": model_provider, **kwargs}
    return ConfigurableModel({name: value for name, value in defaults.items() if value is not None}, fields, prefix or "")


class ConfigurableModel(Runnable[Any]):
    """Makes the model that a call's config asks for, and calls it.

    `bind_tools`, `with_structured_output`, `bind`, `with_retry` ... are kept and done to each model that is made.
    """

    def __init__(
        self,
        defaults: dict[str, Any],
        fields: tuple[str, ...] | str,
        prefix: str,
        operations: tuple[Operation, ...] = (),
        config: dict[str, Any] | None = None,
    ) -> None:
        self._defaults = defaults
        self._fields = fields
        self._prefix = f"{prefix.removesuffix('_')}_" if prefix else ""
        note_prefix(self._prefix)
        self._operations = operations
        self._config = config
        self._made: OrderedDict[Any, Runnable[Any]] = OrderedDict()

    # What is kept for later.

    def _then(self, operation: str, *args: Any, **kwargs: Any) -> Self:
        return self._copy((*self._operations, (operation, args, kwargs)), self._config)

    def _copy(self, operations: tuple[Operation, ...], config: dict[str, Any] | None) -> Self:
        return type(self)(self._defaults, self._fields, self._prefix, operations, config)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Self:
        """Bind tools to whichever model is made."""
        return self._then("bind_tools", tools, **kwargs)

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Self:
        """Objects as answers of whichever model is made."""
        return self._then("with_structured_output", schema, **kwargs)

    def bind(self, **kwargs: Any) -> Self:
        """Parameters of whichever model is made."""
        return self._then("bind", **kwargs)

    def with_retry(self, **kwargs: Any) -> Any:
        """Retries of whichever model is made."""
        return self._then("with_retry", **kwargs)

    def with_fallbacks(self, fallbacks: Any, **kwargs: Any) -> Any:
        """Fallbacks of whichever model is made."""
        return self._then("with_fallbacks", fallbacks, **kwargs)

    def with_config(self, config: RunnableConfig | None = None, **more: Any) -> Self:
        """Config beneath that of each call; its `configurable` values are new defaults."""
        whole = merge_configs(self._config, config, more)
        self._values(whole, direct=True)  # what is wrong is said now
        return self._copy(self._operations, whole)

    def with_configurable(self, **values: Any) -> Self:
        """New defaults by name, without the prefix: `model.with_configurable(model="gpt-5-nano")`.

        Raises:
            InputError: a name that is not configurable.
        """
        return self.with_config({"configurable": {f"{self._prefix}{name}": value for name, value in values.items()}})

    # What is called.

    async def ainvoke(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`ainvoke` of the model that the config asks for."""
        model, config = self._chosen(config)
        return await model.ainvoke(input, config, **kwargs)

    def astream(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`astream` of the model that the config asks for."""
        model, config = self._chosen(config)
        return model.astream(input, config, **kwargs)

    def open_stream(self, input: Any, config: Any = None, **kwargs: Any) -> Any:
        """`open_stream` of the model that the config asks for."""
        model, config = self._chosen(config)
        return cast("Any", model).open_stream(input, config, **kwargs)

    def astream_events(self, input: Any, config: Any = None, **options: Any) -> Any:
        """`astream_events` of the model that the config asks for."""
        model, config = self._chosen(config)
        return cast("Any", model).astream_events(input, config, **options)

    def __getattr__(self, name: str) -> Any:
        """Other attributes are the default model's."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if self._values(self._config or {}, direct=True).get("model") is None and "model" not in self._defaults:
            raise AttributeError(f"{name!r} can only be read when there is a default model; give init_chat_model one")
        return getattr(self._chosen(None)[0], name)

    def _chosen(self, config: Any) -> tuple[Runnable[Any], dict[str, Any] | None]:
        """The model for a call with this config, and the config that it is called with."""
        whole = merge_configs(self._config, config) if self._config else config
        outer = current_run.get()
        values = self._values(whole or {}, direct=outer is None)
        if outer is not None and outer.shared.get("configurable"):
            values = {**self._values(outer.shared, direct=False), **values}
        return self._model(values), whole

    def _values(self, config: Mapping[str, Any], *, direct: bool) -> dict[str, Any]:
        """What a config sets, by the names of parameters.

        Args:
            config: a RunnableConfig.
            direct: it was given to this model, not to something around it.
        """
        given: dict[str, Any] = known_config(config).get("configurable") or {}
        values: dict[str, Any] = {}
        for key, value in given.items():
            name = key.removeprefix(self._prefix)
            if key.startswith(self._prefix) and (self._fields == "any" or name in self._fields):
                if not belongs_elsewhere(key, self._prefix):
                    values[name] = value
            elif not key.startswith("__"):
                check_foreign(key, self._prefix, self._fields, direct=direct)
        return values

    def _model(self, values: dict[str, Any]) -> Runnable[Any]:
        key = _key_of(values)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._build({**self._defaults, **values}, values)
            if len(self._made) > KEPT_MODELS:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(key)
        return made

    def _build(self, values: dict[str, Any], chosen: dict[str, Any]) -> Runnable[Any]:
        name, provider = values.pop("model", None), values.pop("model_provider", None)
        if name is None:
            raise InputTypeError(  # a TypeError, as a missing argument is (spec S223)
                f"no model is set: give init_chat_model a default, or config={{'configurable': {{'{self._prefix}model': ...}}}}"
            )
        if "model" in chosen and "model_provider" not in chosen:
            provider = provider_of(name, provider, own_address="base_url" in values)
        model: Any = build(name, provider, values)
        for operation, args, kwargs in self._operations:
            model = getattr(model, operation)(*args, **kwargs)
        return model

    def __repr__(self) -> str:
        return f"ConfigurableModel(model={self._defaults.get('model')!r}, configurable_fields={self._fields!r})"


def _key_of(values: dict[str, Any]) -> Any:
    """A key for what a config chose. 1 and True are not the same, and lists count by what is in them."""
    items: tuple[Any, ...] = tuple((name, type(values[name]), values[name]) for name in sorted(values))
    try:
        hash(items)
    except TypeError:
        return repr(items)
    return items

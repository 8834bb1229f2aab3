"""Models whose model, or parameters, are chosen when they are called (spec 1Y)."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Self, cast

from chatkit.config import ensure_config, merge_configs
from chatkit.errors import InputError, InputTypeError
from chatkit.params import CommonParams, CommonSettings, names_of
from chatkit.registry import build, provider_class, split_name
from chatkit.runnable import Runnable

if TYPE_CHECKING:
    from collections.abc import Mapping

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
        self._operations = operations
        self._config = config or {}
        self._made: OrderedDict[Any, Runnable[Any]] = OrderedDict()

    # What is kept for later.

    def _then(self, operation: str, *args: Any, **kwargs: Any) -> Self:
        return self._copy(operations=(*self._operations, (operation, args, kwargs)))

    def _copy(self, **changes: Any) -> Self:
        given = {"operations": self._operations, "config": self._config, **changes}
        return type(self)(self._defaults, self._fields, self._prefix, **given)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Self:
        """Bind tools to whichever model is made."""
        return self._then("bind_tools", tools, **kwargs)

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Self:
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

    def with_config(self, config: Any = None, **kwargs: Any) -> Self:
        """Config beneath that of each call; its `configurable` values are new defaults."""
        return self._copy(config=merge_configs(self._config, config, kwargs))

    def with_configurable(self, **values: Any) -> Self:
        """New defaults by name, without the prefix: `model.with_configurable(model="gpt-5-nano")`."""
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

    def __getattr__(self, name: str) -> Any:
        """Other attributes are the default model's."""
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        if "model" not in self._values(self._config):
            raise AttributeError(f"{name!r} can only be read when a default model was given to init_chat_model")
        return getattr(self._chosen(None)[0], name)

    def _chosen(self, config: Any) -> tuple[Runnable[Any], dict[str, Any] | None]:
        merged = merge_configs(self._config, config) if self._config else config
        values = self._values(ensure_config(merged))
        return self._model(values), merged

    def _values(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """What a config sets, by the names of parameters."""
        given: dict[str, Any] = config.get("configurable") or {}
        values: dict[str, Any] = {}
        for key, value in given.items():
            name = key.removeprefix(self._prefix)
            if key.startswith(self._prefix) and (self._fields == "any" or name in self._fields):
                values[name] = value
            else:
                self._check_foreign(key, name)
        return {**self._defaults, **values}

    def _check_foreign(self, key: str, name: str) -> None:
        """A key that is not ours is another's, unless it looks as if it was meant for us."""
        ours = key.startswith(self._prefix)
        fields = () if isinstance(self._fields, str) else self._fields
        known = {*names_of(CommonSettings), *names_of(CommonParams), *DEFAULT_FIELDS}
        close = difflib.get_close_matches(name, fields, n=1, cutoff=0.8)
        if (self._prefix and ours) or (ours and (name in known or close)):
            allowed = ", ".join(f"{self._prefix}{field}" for field in fields) or "nothing"
            hint = f" Did you mean {self._prefix + close[0]!r}?" if close else ""
            raise InputError(f"{key!r} is not configurable here; configurable: {allowed}.{hint}")

    def _model(self, values: dict[str, Any]) -> Runnable[Any]:
        key = _key_of(values)
        if key is not None and key in self._made:
            self._made.move_to_end(key)
            return self._made[key]
        model = self._build(values)
        if key is not None:
            self._made[key] = model
            if len(self._made) > KEPT_MODELS:
                self._made.popitem(last=False)
        return model

    def _build(self, values: dict[str, Any]) -> Runnable[Any]:
        values = dict(values)
        name, provider = values.pop("model", None), values.pop("model_provider", None)
        if name is None:
            raise InputError(
                f"no model is set: give init_chat_model a default, or config={{'configurable': {{'{self._prefix}model': ...}}}}"
            )
        if name != self._defaults.get("model") and provider == self._defaults.get("model_provider"):
            provider = None if _has_provider(name) else provider
        model: Any = build(name, provider, values)
        for operation, args, kwargs in self._operations:
            model = getattr(model, operation)(*args, **kwargs)
        return model

    def __repr__(self) -> str:
        return f"ConfigurableModel(model={self._defaults.get('model')!r}, configurable_fields={self._fields!r})"


def _has_provider(name: str) -> bool:
    """Whether a name tells its provider by itself, so that the default's provider is not meant."""
    try:
        provider_class(split_name(name)[0])
    except InputError:
        return False
    return True


def _key_of(values: dict[str, Any]) -> Any:
    """A key for values that can be one; models with others (clients, lists) are made anew each time."""
    items = tuple(sorted(values.items()))
    try:
        hash(items)
    except TypeError:
        return repr(items) if all(isinstance(v, str | int | float | bool | list | dict | None) for v in values.values()) else None
    return items

"""What a call is made of, beside its messages: parameters in neutral forms, its run, and who watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit.codec import OutputSchema
from chatkit.config import merge_configs
from chatkit.runs import ambient_handlers, current_run, open_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.callbacks.observe import ModelRun
    from chatkit.codec import Call
    from chatkit.model import ChatModel
    from chatkit.net.plan import Observer

__all__ = ["neutral_params", "observers_of", "run_of"]


def neutral_params(params: dict[str, Any]) -> dict[str, Any]:
    """A model's parameters in the forms that every provider translates (chatkit.codec.Call)."""
    if isinstance(params.get("stop"), str):
        params = {**params, "stop": [params["stop"]]}
    if params.get("tools") is not None or params.get("tool_choice") is not None:
        from chatkit.tools import normalize_tool_choice, normalize_tools

        tools = normalize_tools(params.get("tools") or [])
        params = {**params, "tools": tools, "tool_choice": normalize_tool_choice(params.get("tool_choice"), tools)}
        params = {name: value for name, value in params.items() if value is not None and value != []}
    response_format = params.get("response_format")
    if response_format is not None and not isinstance(response_format, OutputSchema | dict):
        from chatkit.structured import output_schema

        params = {**params, "response_format": output_schema(response_format)}
    return params


def run_of(model: ChatModel, call: Call, config: Any, *, always: bool = False) -> ModelRun | None:
    """The run that tells handlers of a call; None when nobody listens, unless it is wanted `always`."""
    settings = model.settings
    if model._config is not None:
        config = merge_configs(model._config, config)
    heard = config is not None or "callbacks" in settings or current_run.get() is not None or ambient_handlers.get()
    if not heard and not always:
        return None
    run = open_run(
        "chat_model",
        settings.get("name") or type(model).__name__,
        config,
        own=settings.get("callbacks"),
        tags=settings.get("tags"),
        metadata={**_described(model), **(settings.get("metadata") or {})},
        always=always,
    )
    if run is None:
        return None
    from chatkit.callbacks.observe import ModelRun

    return ModelRun(run, call)


def _described(model: ChatModel) -> dict[str, Any]:
    """Metadata of a run, under the names that tracing tools know."""
    described = {"ls_provider": model.provider, "ls_model_name": model.model, "ls_model_type": "chat"}
    for key, name in (("ls_temperature", "temperature"), ("ls_max_tokens", "max_tokens"), ("ls_stop", "stop")):
        if model.params.get(name) is not None:
            described[key] = model.params[name]
    return described


def observers_of(model: ChatModel, call: Call, run: ModelRun | None) -> Sequence[Observer]:
    """Who watches a call: its run, a circuit breaker, a limiter."""
    observers: list[Observer] = [run] if run is not None else []
    breaker = model.settings.get("circuit_breaker")
    if breaker is not None:
        observers.append(breaker.observer(model.base_url, call.model))
    limiter = model.settings.get("rate_limiter")
    if limiter is not None:
        from chatkit.limits import observer_of

        observers.append(observer_of(limiter, call))
    return observers

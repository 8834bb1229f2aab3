"""A call as a request of the Messages API (wire sheet: anthropic §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.codec import OutputSchema
from chatkit.dialects.anthropic.betas import all_betas
from chatkit.dialects.anthropic.conversation import conversation
from chatkit.dialects.anthropic.models import default_max_tokens, hears_later_system, thinks_adaptively
from chatkit.dialects.anthropic.schema import closed
from chatkit.dialects.anthropic.tools import tool_choice, tools
from chatkit.errors import UnsupportedFeatureError
from chatkit.jsons import as_object, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call
    from chatkit.dialects.anthropic.route import Route
    from chatkit.messages import BaseMessage

__all__ = ["AnthropicRequest", "countable", "encode"]

_AS_THEY_ARE = (
    *("temperature", "top_p", "top_k", "context_management", "mcp_servers"),
    *("service_tier", "speed", "inference_geo", "fallbacks", "user_profile_id", "compaction", "thread", "diagnostics"),
)
_SAMPLING = ("temperature", "top_p", "top_k")
_WITHOUT_SAMPLING = "2026-10-21"
_EFFORTS = {"none": None, "minimal": "low"}
_COUNTED = (
    *("model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control"),
    *("context_management", "mcp_servers", "speed", "user_profile_id", "anthropic_version"),
)
_NEVER_CACHED = frozenset({"thinking", "redacted_thinking"})


class AnthropicRequest(Struct, frozen=True):
    """What a request consists of, before it gets an address and a key.

    Attributes:
        fields: of the body.
        headers: `anthropic-version` and `anthropic-beta`, where the route wants them as headers.
    """

    fields: dict[str, Any]
    headers: dict[str, str]


def encode(call: Call, route: Route, *, version: str | None = None, profile: Mapping[str, Any] | None = None) -> AnthropicRequest:
    """The request for a call.

    Args:
        call: the call.
        route: how this home of the API differs.
        version: API version, instead of the route's.
        profile: what the model can do, where it is known.

    Raises:
        InputError, UnsupportedFeatureError: the call has something that the API does not take.
    """
    version = version or route.version
    _refuse(call.params, version)
    fields = _fields(call, route, profile)
    betas = all_betas(call.params.get("betas") or (), fields)
    if route.version_in_body:
        fields["anthropic_version"] = version
    if route.betas_in_body and betas:
        fields["anthropic_beta"] = betas
    headers = {} if route.version_in_body else {"anthropic-version": version}
    if betas and not route.betas_in_body:
        headers["anthropic-beta"] = ",".join(betas)
    return AnthropicRequest(fields, headers)


def countable(fields: dict[str, Any]) -> dict[str, Any]:
    """What of a body the endpoint that counts tokens takes (wire sheet §1); it refuses max_tokens and sampling."""
    return {name: fields[name] for name in _COUNTED if name in fields}


def _refuse(params: dict[str, Any], version: str) -> None:
    if "seed" in params:
        raise UnsupportedFeatureError("Anthropic's API has no `seed`; leave it out")
    sampling = [name for name in _SAMPLING if name in params]
    if sampling and version.endswith(_WITHOUT_SAMPLING):
        names = ", ".join(sampling)
        raise UnsupportedFeatureError(f"version {version} of the API has no {names}; leave it out or use an older api_version")


def _fields(call: Call, route: Route, profile: Mapping[str, Any] | None) -> dict[str, Any]:
    params = call.params
    system, messages = conversation(call.messages, route, later_system=hears_later_system(call.model, profile))
    thinking = _thinking(call)
    fields: dict[str, Any] = {
        "model": call.model if route.model_in_body else None,
        "max_tokens": params.get("max_tokens") or default_max_tokens(call.model, profile, thinking),
        "system": system,
        "messages": messages,
        "tools": tools(params.get("tools")),
        "tool_choice": tool_choice(params, thinking),
        "thinking": thinking,
        "output_config": _output_config(params) or None,
        "stop_sequences": params.get("stop") or None,
        "container": _container(call.messages, params),
        "metadata": {"user_id": params["user_id"]} if "user_id" in params else None,
        "stream": True if call.stream and route.stream_in_body else None,
        **{name: params.get(name) for name in _AS_THEY_ARE},
    }
    if "cache_control" in params:
        _cache(fields, route, params["cache_control"])
    return {name: value for name, value in fields.items() if value is not None}


def _thinking(call: Call) -> dict[str, Any] | None:
    """`thinking` as given; without it an effort switches adaptive thinking on where the model has it (spec S186)."""
    params = call.params
    effort = params.get("reasoning_effort")
    if "thinking" in params or effort is None:
        return params.get("thinking")
    if effort == "none":
        return {"type": "disabled"}
    forced = params.get("tool_choice") not in (None, "auto", "none")
    return {"type": "adaptive", "display": "summarized"} if thinks_adaptively(call.model) and not forced else None


def _output_config(params: dict[str, Any]) -> dict[str, Any]:
    config = dict(params.get("output_config") or {})
    effort = params.get("reasoning_effort")
    if effort is not None and _EFFORTS.get(effort, effort) is not None:
        config["effort"] = _EFFORTS.get(effort, effort)
    wanted = params.get("response_format")
    if wanted is not None:
        config["format"] = _format(wanted)
    return config


def _format(wanted: OutputSchema | dict[str, Any]) -> dict[str, Any]:
    """The form of the answer. A dict is the API's own, or OpenAI's with a schema; "any JSON object" does not exist here."""
    if isinstance(wanted, OutputSchema):
        return {"type": "json_schema", "schema": closed(wanted.schema)}
    if is_object(wanted.get("json_schema")):
        return {"type": "json_schema", "schema": closed(wanted["json_schema"]["schema"])}
    if "schema" not in wanted:
        raise UnsupportedFeatureError(
            f"Anthropic's API has no response format {wanted.get('type')!r}; give a JSON Schema, or ask for JSON in the prompt"
        )
    return wanted


def _container(messages: list[BaseMessage], params: dict[str, Any]) -> Any:
    container = params.get("container")
    if not params.get("reuse_last_container") or isinstance(container, str) or as_object(container).get("id"):
        return container
    used = (message.response_metadata.get("container") for message in reversed(messages))
    last = next((id for found in used if (id := as_object(found).get("id"))), None)
    return {**container, "id": last} if container and last else last or container


def _cache(fields: dict[str, Any], route: Route, control: dict[str, Any]) -> None:
    """`cache_control` of the whole request: the API's own field, or a mark on the last block that can carry one."""
    if route.automatic_cache:
        fields["cache_control"] = control
        return
    last = fields["messages"][-1]
    if isinstance(last["content"], str):
        last["content"] = [{"type": "text", "text": last["content"]}]
    block = next((block for block in reversed(last["content"]) if block["type"] not in _NEVER_CACHED), None)
    if block is not None:
        block["cache_control"] = control

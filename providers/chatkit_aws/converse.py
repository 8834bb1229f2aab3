"""`ChatBedrockConverse`: the Converse API of Amazon Bedrock (wire sheet: bedrock_converse)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from chatkit import jsons
from chatkit.codec import Request
from chatkit.params import CommonParams
from chatkit_aws.bedrock import BedrockModel, BedrockSettings
from chatkit_aws.blocks_out import cache_point
from chatkit_aws.encode import converse_fields
from chatkit_aws.parse import ConverseParser

if TYPE_CHECKING:
    from chatkit.codec import Call, Parser

__all__ = ["ChatBedrockConverse", "ConverseOptions", "ConverseParams", "converse_count_request", "converse_request"]

_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


class ConverseParams(CommonParams, total=False):
    """What Converse takes beyond the common parameters.

    Attributes:
        top_k: sample from the k likeliest tokens; said in the model family's own way.
        thinking: Claude's thinking: {"type": "adaptive"}, {"type": "enabled", "budget_tokens": 1024 or more}.
        additional_model_request_fields: the model's own request fields.
        additional_model_response_field_paths: JSON pointers of the model's own response fields to return, e.g. "/usage".
        guardrail_config: {"guardrailIdentifier", "guardrailVersion", "trace": "enabled" | "disabled" | "enabled_full"};
            for streams also "streamProcessingMode".
        performance_config: {"latency": "standard" | "optimized"}.
        service_tier: "default", "priority", "flex" or "reserved".
        request_metadata: labels for the invocation logs, str -> str.
        prompt_variables: values for a prompt of Prompt Management, whose ARN is the model.
        output_config: more of `outputConfig`, e.g. {"effort": "high"}; `response_format` goes into it.
        cache_control: {"type": "ephemeral", "ttl": "5m" or "1h"}: cache up to the end of the last message.
    """

    top_k: int | None
    thinking: dict[str, Any] | None
    additional_model_request_fields: dict[str, Any] | None
    additional_model_response_field_paths: list[str] | None
    guardrail_config: dict[str, Any] | None
    performance_config: dict[str, Any] | None
    service_tier: str | None
    request_metadata: dict[str, str] | None
    prompt_variables: dict[str, Any] | None
    output_config: dict[str, Any] | None
    cache_control: dict[str, Any] | None


class ConverseOptions(ConverseParams, BedrockSettings, total=False):
    """Every keyword argument of `ChatBedrockConverse`."""


class ChatBedrockConverse(BedrockModel):
    """Any chat model of Amazon Bedrock, over the Converse API.

    Args:
        model: model id, inference profile or ARN, e.g. "us.anthropic.claude-sonnet-4-6", "amazon.nova-lite-v1:0".
        region_name: AWS region (AWS_REGION, AWS_DEFAULT_REGION, or the profile's).
        base_url, endpoint_url: another address (AWS_ENDPOINT_URL_BEDROCK_RUNTIME, AWS_ENDPOINT_URL; default: the region's).
        api_key: a Bedrock API key, str or a function that returns one (AWS_BEARER_TOKEN_BEDROCK).
        aws_access_key_id, aws_secret_access_key, aws_session_token: access keys (AWS_ACCESS_KEY_ID ...).
        credentials_profile_name: profile of the AWS profile files (AWS_PROFILE, or "default").
        max_tokens: longest answer in tokens (default: the model's own).
        **kwargs: see `ConverseParams`, `BedrockSettings` and `chatkit.params`.

    Raises:
        InputError: no region is given or known.
        MissingKeyError: no credentials are given or known.
    """

    provider = "bedrock_converse"
    Params = ConverseParams

    def __init__(self, model: str = "", **kwargs: Unpack[ConverseOptions]) -> None:
        super().__init__(model, **kwargs)

    @classmethod
    def create_cache_point(cls, cache_type: str = "default", ttl: str | None = None) -> dict[str, Any]:
        """A content block: everything before it is cached. Goes into the content of a message, or among the tools.

        Args:
            ttl: how long, "5m" (Bedrock's default) or "1h".
        """
        point = cache_point({"ttl": ttl})
        point["cachePoint"]["type"] = cache_type
        return point

    def _encode(self, call: Call) -> Request:
        return converse_request(self, call)

    def _count_request(self, call: Call) -> Request:
        return converse_count_request(self, call)

    def _parser(self, call: Call) -> Parser:
        return ConverseParser(call.model)


def converse_request(model: BedrockModel, call: Call) -> Request:
    """The request for a call over Converse, or ConverseStream."""
    accept = "application/vnd.amazon.eventstream" if call.stream else "application/json"
    action = "converse-stream" if call.stream else "converse"
    return Request(model._model_url(call.model, action), model.body(_fields(model, call)), model.headers(accept=accept))


def converse_count_request(model: BedrockModel, call: Call) -> Request:
    """The request that asks how many tokens a call has, as Converse would count them."""
    fields = _fields(model, call)
    counted = {name: fields[name] for name in _COUNTED if fields.get(name) is not None}
    return Request(
        model._count_url(call.model), jsons.encode({"input": {"converse": counted}}), model.headers(accept="application/json")
    )


def _fields(model: BedrockModel, call: Call) -> dict[str, Any]:
    return converse_fields(
        call,
        provider=model.provider,
        owner=type(model).__name__,
        base_model=model.settings.get("base_model"),
        tool_choices=model.settings.get("supports_tool_choice_values"),
    )

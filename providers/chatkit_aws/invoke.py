"""`ChatBedrock`: Claude over InvokeModel, in Anthropic's own format (wire sheet: bedrock_invoke_anthropic)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

import msgspec
from msgspec import Struct, structs

from chatkit import jsons
from chatkit.codec import Request
from chatkit.dialects.anthropic import ALIASES as ANTHROPIC_ALIASES
from chatkit.dialects.anthropic import BEDROCK, AnthropicParams, AnthropicReader, encode
from chatkit.errors import UnsupportedFeatureError
from chatkit.params import CommonParams, names_of
from chatkit_aws.bedrock import ALIASES, BedrockModel, BedrockSettings
from chatkit_aws.converse import ConverseParams, converse_count_request, converse_request
from chatkit_aws.frames import FrameParser
from chatkit_aws.parse import ConverseParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser
    from chatkit.events import Event

__all__ = ["ChatBedrock", "InvokeParams", "InvokeParser"]

_GUARDRAIL_MODES = {"sync": "SYNCHRONOUS", "async": "ASYNCHRONOUS"}
"""How a guardrail looks at a stream: Converse's word -> InvokeModel's, which goes into the body."""


class InvokeParams(AnthropicParams, ConverseParams, total=False):
    """What `ChatBedrock` takes beyond the common parameters: Anthropic's for Claude, Converse's for other models."""


class InvokeSettings(BedrockSettings, total=False):
    """Settings of `ChatBedrock` beyond `BedrockSettings`.

    Attributes:
        beta_use_converse_api: True sends Claude over Converse too, False everything over InvokeModel.
        api_version: `anthropic_version` of the body (default "bedrock-2023-05-31").
    """

    beta_use_converse_api: bool | None
    api_version: str | None


class InvokeOptions(InvokeParams, InvokeSettings, total=False):
    """Every keyword argument of `ChatBedrock`."""


class ChatBedrock(BedrockModel):
    """A chat model of Amazon Bedrock: Claude over InvokeModel in Anthropic's format, other models over Converse.

    Args:
        model: model id, inference profile or ARN, e.g. "anthropic.claude-3-5-sonnet-20240620-v1:0". For an ARN that
            does not name its model pass `base_model` too.
        region_name, base_url, endpoint_url, api_key, aws_access_key_id, aws_secret_access_key, aws_session_token,
            credentials_profile_name: as in `ChatBedrockConverse`.
        max_tokens: longest answer in tokens (default for Claude: the longest that it can give).
        **kwargs: see `InvokeParams`, `InvokeSettings` and `chatkit.params`.

    Raises:
        InputError: no region is given or known.
        MissingKeyError: no credentials are given or known.
    """

    provider = "bedrock"
    Params = InvokeParams
    Settings = InvokeSettings
    aliases: ClassVar[Mapping[str, str]] = {**ANTHROPIC_ALIASES, **ALIASES}

    def __init__(self, model: str = "", **kwargs: Unpack[InvokeOptions]) -> None:
        super().__init__(model, **kwargs)

    @property
    def _over_converse(self) -> bool:
        chosen = self.settings.get("beta_use_converse_api")
        return "claude" not in self._family_name if chosen is None else chosen

    def _encode(self, call: Call) -> Request:
        if self._over_converse:
            _refuse(call.params, ConverseParams, "Converse")
            return converse_request(self, call)
        headers, body = self._native(call)
        action = "invoke-with-response-stream" if call.stream else "invoke"
        return Request(self._model_url(call.model, action), body, self.headers(accept="application/json", **headers))

    def _count_request(self, call: Call) -> Request:
        if self._over_converse:
            return converse_count_request(self, call)
        _, body = self._native(call)
        counted = jsons.encode({"input": {"invokeModel": {"body": base64.b64encode(body).decode()}}})
        return Request(self._count_url(call.model), counted, self.headers(accept="application/json"))

    def _native(self, call: Call) -> tuple[dict[str, str], bytes]:
        """(headers, body) in Anthropic's own format."""
        headers, params = _as_headers(call.params)
        _refuse(params, AnthropicParams, "InvokeModel")
        asked = structs.replace(call, model=self._family_name, params=params)
        request = encode(asked, BEDROCK, version=self.settings.get("api_version"), profile=self.profile)
        more = {**_guardrail_fields(call), **params.get("additional_model_request_fields", {})}
        return headers, self.body({**request.fields, **more})

    def _parser(self, call: Call) -> Parser:
        return ConverseParser(call.model) if self._over_converse else InvokeParser()


def _refuse(params: dict[str, Any], known: type, api: str) -> None:
    """Parameters that only the other of the two APIs has must not be lost silently."""
    foreign = set(params) - set(names_of(known)) - set(names_of(CommonParams)) - {"additional_model_request_fields"}
    if foreign:
        raise UnsupportedFeatureError(f"ChatBedrock asks this model over {api}, which has no {', '.join(sorted(foreign))}")


def _as_headers(params: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """What Converse takes in the body, InvokeModel takes as headers: (headers, the other parameters)."""
    rest = dict(params)
    guardrail: dict[str, Any] = rest.pop("guardrail_config", {})
    wanted = {
        "x_amzn_bedrock_guardrailidentifier": guardrail.get("guardrailIdentifier"),
        "x_amzn_bedrock_guardrailversion": guardrail.get("guardrailVersion"),
        "x_amzn_bedrock_trace": (guardrail.get("trace") or "").upper() or None,
        "x_amzn_bedrock_performanceconfig_latency": rest.pop("performance_config", {}).get("latency"),
        "x_amzn_bedrock_service_tier": rest.pop("service_tier", None),
        "x_amzn_bedrock_request_metadata": jsons.dumps(rest.pop("request_metadata")) if "request_metadata" in rest else None,
    }
    return {name: value for name, value in wanted.items() if value is not None}, rest


def _guardrail_fields(call: Call) -> dict[str, Any]:
    """What of a guardrail goes into the body: how it looks at a stream."""
    mode = _GUARDRAIL_MODES.get(call.params.get("guardrail_config", {}).get("streamProcessingMode"))
    return {"amazon-bedrock-guardrailConfig": {"streamProcessingMode": mode}} if mode and call.stream else {}


class _Chunk(Struct, gc=False):
    bytes: str = ""


_decode_chunk = msgspec.json.Decoder(_Chunk).decode


class InvokeParser(FrameParser):
    """Reads an answer in Anthropic's format; in a stream each message holds one of its JSON objects as base64."""

    def __init__(self) -> None:
        super().__init__()
        self._reader = AnthropicReader()

    def frame(self, kind: str, payload: bytes) -> list[Event]:
        """Events of one message of the stream."""
        if kind != "chunk":
            return []
        events = self._reader.read(base64.b64decode(_decode_chunk(payload).bytes))
        self.done = self._reader.done
        return events

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole answer."""
        return self._reader.read_whole(body)

    def end(self) -> list[Event]:
        """Nothing more, or IncompleteStreamError when `message_stop` is missing."""
        return self._reader.end()

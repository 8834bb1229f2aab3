"""What both Bedrock classes share: region, address, credentials and signatures (wire sheet: bedrock_converse §1, §2)."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlsplit

from chatkit.codec import Request
from chatkit.errors import InputError
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.secrets import Secret
from chatkit.settings import checked_key
from chatkit_aws.credentials import Credentials, ProfileKeys, explicit_credentials, find_credentials
from chatkit_aws.profiles import read_profile
from chatkit_aws.sigv4 import signature_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chatkit.codec import Call

__all__ = ["ALIASES", "BedrockModel", "BedrockSettings"]

ALIASES = {
    "model_id": "model",
    "model_name": "model",
    "endpoint_url": "base_url",
    "bedrock_api_key": "api_key",
    "region": "region_name",
    "aws_region": "region_name",
    "base_model_id": "base_model",
    "stop_sequences": "stop",
    "guardrails": "guardrail_config",
}
"""Other names of parameters, as LangChain and boto3 have them (spec S12)."""

_SECRETS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_PROFILE_REGION = re.compile(r"^(?:us|us-gov|eu|apac|jp|au|ca|sa|me|af|global)\.(?=[a-z0-9-]+\.)")
_HOST_REGION = re.compile(r"\bbedrock-runtime(?:-fips)?\.([a-z0-9-]+)\.")


class BedrockSettings(CommonSettings, total=False):
    """Settings of the Bedrock classes beyond the common ones.

    Attributes:
        region_name: AWS region, e.g. "us-east-1".
        credentials_profile_name: profile of `~/.aws/credentials` or `~/.aws/config`.
        aws_access_key_id, aws_secret_access_key, aws_session_token: access keys (str or SecretStr).
        base_model: the model behind an ARN, where the ARN does not name it, e.g. "anthropic.claude-sonnet-4-6".
        supports_tool_choice_values: what the model can be told of "auto", "any" and "tool", when chatkit has it wrong.
    """

    region_name: str | None
    credentials_profile_name: str | None
    aws_access_key_id: Any
    aws_secret_access_key: Any
    aws_session_token: Any
    base_model: str | None
    supports_tool_choice_values: list[str] | None


class BedrockModel(ChatModel):
    """Base of the Bedrock classes: finds region, address and credentials, and signs requests."""

    Settings = BedrockSettings
    aliases: ClassVar[Mapping[str, str]] = ALIASES
    api_key_env = ("AWS_BEARER_TOKEN_BEDROCK",)
    base_url_env = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "AWS_ENDPOINT_URL")
    default_base_url = "https://bedrock-runtime.us-east-1.amazonaws.com"

    @property
    def _family_name(self) -> str:
        """What the model is, for what differs between families."""
        return self.settings.get("base_model") or self.model

    def _find_base_url(self) -> str:
        self._region = self._find_region()
        url = self.settings.get("base_url") or next(filter(None, map(os.environ.get, self.base_url_env)), None)
        if url:
            address = super()._find_base_url()
            self._region = self._region or _region_in(address)
            return address
        if not self._region:
            raise InputError(f"{type(self).__name__} needs a region: pass region_name=... or set AWS_REGION")
        end = ".cn" if self._region.startswith("cn-") else ""
        return f"https://bedrock-runtime.{self._region}.amazonaws.com{end}"

    def _find_region(self) -> str | None:
        given = self.settings.get("region_name") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        return given or read_profile(self.settings.get("credentials_profile_name")).get("region")

    def _find_key(self) -> Secret | Callable[[], Any] | None:
        """What was passed counts before the environment, a Bedrock API key before access keys."""
        for name in _SECRETS:
            if self.settings.get(name):
                self.settings[name] = checked_key(self.settings[name])
        owner, profile = type(self).__name__, self.settings.get("credentials_profile_name")
        if self.settings.get("api_key"):
            return super()._find_key()
        found = explicit_credentials(self.settings, owner) or (ProfileKeys(profile, owner) if profile else None)
        if found is None and (token := os.environ.get(self.api_key_env[0])):
            return Secret(token)
        found = found or find_credentials(owner)
        if not self._region:
            raise InputError(f"{owner} needs a region to sign requests: pass region_name=... or set AWS_REGION")
        if isinstance(found, Credentials):
            return Secret(found.packed())
        return found

    def _model_url(self, model: str, action: str) -> str:
        """The address of an action on a model; ids with ":" and ARNs with "/" are one segment of the path."""
        return self.url(f"/model/{quote(model, safe='')}/{action}")

    def _count_url(self, model: str) -> str:
        """Tokens are counted by the models themselves; their regional inference profiles cannot count."""
        return self._model_url(_PROFILE_REGION.sub("", model), "count-tokens")

    def _sign(self, request: Request, call: Call) -> Request:
        """Put the API key or a fresh signature on a request; the user's own `authorization` header is left alone."""
        key = call.api_key
        if key is None or "authorization" in request.headers:
            return request
        credentials = Credentials.unpacked(key)
        if credentials is None:
            added = {"authorization": f"Bearer {key}"}
        else:
            added = signature_headers(request, credentials, region=self._region or "", now=datetime.now(UTC))
        return Request(request.url, request.body, {**request.headers, **added}, request.method)


def _region_in(url: str) -> str | None:
    """The region that an address of AWS's own names."""
    match = _HOST_REGION.search(urlsplit(url).hostname or "")
    return match[1] if match else None
